"""A device's login, moment by moment, on each of the three databases."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from tests.services.devices import (
    EARLIER,
    NOW,
    OTHER_APPID,
    SCOPE,
    SECOND,
    Person,
    a_person,
    an_application,
    poll,
    shown,
    start,
)
from wechatlogin.errors import (
    AttemptDeclined,
    AttemptExpired,
    AttemptNotFound,
    AttemptNotReady,
    AttemptSpent,
    AttemptTaken,
    LoginError,
    UserCodeWrong,
)
from wechatlogin.extensions import db
from wechatlogin.models import (
    Application,
    ApplicationUser,
    AuditEntry,
    AuditTag,
    Session,
    Status,
)
from wechatlogin.services import (
    applications,
    attempts,
    consents,
    device_login,
)
from wechatlogin.services.site import Site


@pytest.fixture
def tv(storage: Site) -> Application:
    return an_application(storage)


@pytest.fixture
def lin(storage: Site) -> Person:
    return a_person(storage, "o-lin")


@pytest.fixture
def chen(storage: Site) -> Person:
    return a_person(storage, "o-chen")


def test_a_person_confirms_and_the_device_is_told_who_it_is(
    storage: Site, tv: Application, lin: Person
) -> None:
    started = start(tv)
    with pytest.raises(AttemptNotReady):
        poll(started, tv)

    device_login.confirm(storage, shown(started), lin.session, now=NOW + SECOND)
    granted = poll(started, tv, NOW + 6 * SECOND)

    assert granted.scope == SCOPE
    session = granted.session
    assert (session.user_id, session.application_id) == (lin.user_id, tv.id)
    assert session.parent_key is None
    assert (session.browser, session.ip) == ("电视", "203.0.113.7")
    # Confirming is not logging in once more.
    assert (session.way, session.auth_time) == ("in_wechat", EARLIER)
    assert session.expires_at == NOW + 6 * SECOND + timedelta(days=30)


def test_the_application_knows_the_person_from_then_on(
    storage: Site, tv: Application, lin: Person
) -> None:
    started = start(tv)
    device_login.confirm(storage, shown(started), lin.session, now=NOW)
    known_before = db.session.scalars(select(ApplicationUser)).all()

    poll(started, tv)

    [known] = db.session.scalars(select(ApplicationUser))
    assert known_before == []
    assert (known.application_id, known.user_id) == (tv.id, lin.user_id)
    tags = set(db.session.scalars(select(AuditEntry.tag).where(AuditEntry.user_id == lin.user_id)))
    assert {AuditTag.USER_LOGIN, AuditTag.CONSENT_GRANTED} <= tags


def test_without_a_refresh_token_the_session_lives_as_long_as_its_access_token(
    storage: Site, tv: Application, lin: Person
) -> None:
    started = device_login.start(tv, "openid", name="Linux", ip=None, now=NOW)

    device_login.confirm(storage, shown(started), lin.session, now=NOW)

    assert poll(started, tv).session.expires_at == NOW + timedelta(hours=1)


def test_to_confirm_is_to_consent_to_what_the_page_has_named(
    storage: Site, tv: Application, lin: Person
) -> None:
    started = start(tv)

    device_login.confirm(storage, shown(started), lin.session, now=NOW)

    assert consents.get_missing(tv, lin.user_id, SCOPE) == ()
    assert consents.get_missing(tv, lin.user_id, "wechat") == ("wechat",)


def test_the_owners_own_application_needs_no_consent(storage: Site, lin: Person) -> None:
    own = an_application(storage, is_first_party=True)
    started = start(own)

    device_login.confirm(storage, shown(started), lin.session, now=NOW)

    assert consents.get_all(lin.user_id) == []
    assert poll(started, own).session.user_id == lin.user_id


def test_the_first_person_who_confirms_owns_it(
    storage: Site, tv: Application, lin: Person, chen: Person
) -> None:
    started = start(tv)
    seen_by_both = shown(started)
    device_login.confirm(storage, seen_by_both, lin.session, now=NOW)

    with pytest.raises(AttemptTaken):
        device_login.confirm(storage, seen_by_both, chen.session, now=NOW)
    with pytest.raises(AttemptTaken):
        device_login.decline(seen_by_both, chen.session, now=NOW)

    login = shown(started)
    assert device_login.check_owner(login, lin.user_id)
    assert not device_login.check_owner(login, chen.user_id)
    assert consents.get_all(chen.user_id) == []
    assert poll(started, tv).session.user_id == lin.user_id


def test_an_openid_of_another_app_is_another_person(
    storage: Site, tv: Application, lin: Person
) -> None:
    namesake = a_person(storage, "o-lin", appid=OTHER_APPID)
    started = start(tv)
    device_login.confirm(storage, shown(started), lin.session, now=NOW)

    with pytest.raises(AttemptTaken):
        device_login.confirm(storage, shown(started), namesake.session, now=NOW)

    assert not device_login.check_owner(shown(started), namesake.user_id)
    assert poll(started, tv).session.user_id == lin.user_id


def test_a_refusal_ends_it_for_the_device_and_for_everybody(
    storage: Site, tv: Application, lin: Person, chen: Person
) -> None:
    started = start(tv)
    login = shown(started)

    device_login.decline(login, lin.session, now=NOW)

    with pytest.raises(AttemptDeclined):
        poll(started, tv)
    with pytest.raises(AttemptDeclined):
        device_login.confirm(storage, login, lin.session, now=NOW)
    with pytest.raises(AttemptTaken):
        device_login.confirm(storage, login, chen.session, now=NOW)
    refusal = select(AuditEntry).where(AuditEntry.tag == AuditTag.ATTEMPT_DECLINED)
    assert db.session.scalars(refusal).one().user_id == lin.user_id


def test_a_confirmation_cannot_be_taken_back_by_a_refusal(
    storage: Site, tv: Application, lin: Person
) -> None:
    started = start(tv)
    login = shown(started)
    device_login.confirm(storage, login, lin.session, now=NOW)

    device_login.decline(login, lin.session, now=NOW)

    assert attempts.status_at(shown(started).attempt, NOW) == Status.CONFIRMED


def test_the_device_is_told_once(storage: Site, tv: Application, lin: Person) -> None:
    started = start(tv)
    device_login.confirm(storage, shown(started), lin.session, now=NOW)
    poll(started, tv)

    with pytest.raises(AttemptSpent):
        poll(started, tv)
    with pytest.raises(AttemptSpent):
        poll(started, tv, NOW + timedelta(hours=1))

    held = db.session.scalars(select(Session).where(Session.application_id == tv.id)).all()
    assert len(held) == 1


def test_of_two_that_ask_at_once_one_is_told(
    storage: Site, stored_app: Flask, tv: Application, lin: Person
) -> None:
    started = start(tv)
    device_login.confirm(storage, shown(started), lin.session, now=NOW)
    client_id = tv.client_id

    def ask(_number: int) -> str:
        with stored_app.app_context():
            try:
                return str(poll(started, applications.verify(client_id)).session.user_id)
            except LoginError as err:
                return err.code
            finally:
                db.session.remove()

    with ThreadPoolExecutor(4) as pool:
        told = sorted(pool.map(ask, range(4)))

    assert told == sorted([lin.user_id, *["attempt_spent"] * 3])


def test_of_two_people_at_once_one_owns_it(
    storage: Site, stored_app: Flask, tv: Application, lin: Person, chen: Person
) -> None:
    started = start(tv)
    keys = {"lin": lin.session.key_hash, "chen": chen.session.key_hash}

    def say_yes(name: str) -> str:
        with stored_app.app_context():
            try:
                session = db.session.get_one(Session, keys[name])
                device_login.confirm(storage, shown(started), session, now=NOW)
            except LoginError as err:
                return err.code
            else:
                return name
            finally:
                db.session.remove()

    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(say_yes, keys))

    assert told.count("attempt_taken") == 1
    winner = next(name for name in told if name in keys)
    assert poll(started, tv).session.user_id == {"lin": lin, "chen": chen}[winner].user_id


def test_another_applications_code_is_unknown(storage: Site, tv: Application, lin: Person) -> None:
    started, other = start(tv), an_application(storage)
    device_login.confirm(storage, shown(started), lin.session, now=NOW)

    with pytest.raises(AttemptNotFound):
        poll(started, other)
    with pytest.raises(AttemptNotFound):
        device_login.poll("no code", tv, now=NOW)

    assert poll(started, tv).session.user_id == lin.user_id


def test_a_device_that_asked_too_soon_is_told_of_a_confirmation_all_the_same(
    storage: Site, tv: Application, lin: Person
) -> None:
    started = start(tv)
    with pytest.raises(AttemptNotReady):
        poll(started, tv)

    device_login.confirm(storage, shown(started), lin.session, now=NOW)

    assert poll(started, tv, NOW + SECOND).session.user_id == lin.user_id


def test_after_ten_minutes_both_codes_are_worth_nothing(
    storage: Site, tv: Application, lin: Person
) -> None:
    started = start(tv)
    over = NOW + timedelta(minutes=10)
    late = shown(started, over - SECOND)

    with pytest.raises(UserCodeWrong):
        shown(started, over)
    with pytest.raises(AttemptExpired):
        device_login.confirm(storage, late, lin.session, now=over)
    with pytest.raises(AttemptExpired):
        poll(started, tv, over)


def test_a_confirmation_in_the_last_second_is_still_told(
    storage: Site, tv: Application, lin: Person
) -> None:
    started = start(tv)
    over = NOW + timedelta(minutes=10)
    device_login.confirm(storage, shown(started), lin.session, now=over - SECOND)

    assert poll(started, tv, over + 9 * SECOND).session.user_id == lin.user_id


def test_a_confirmation_that_nobody_asked_for_in_time_is_over(
    storage: Site, tv: Application, lin: Person
) -> None:
    started = start(tv)
    device_login.confirm(storage, shown(started), lin.session, now=NOW)

    with pytest.raises(AttemptExpired):
        poll(started, tv, NOW + timedelta(minutes=10, seconds=10))
