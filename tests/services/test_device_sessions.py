"""What a device's login hangs on, and what ends it, on each of the three databases."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from tests.services.devices import (
    APPID,
    LONG_AGO,
    NOW,
    OTHER_APPID,
    SECOND,
    Person,
    a_person,
    an_application,
    poll,
    shown,
    start,
)
from tests.stories import an_account, an_identity
from wechatlogin.config import FollowPolicy
from wechatlogin.errors import (
    ApplicationDisabled,
    AttemptDeclined,
    AttemptNotFound,
    AttemptNotReady,
    AttemptTaken,
    LoginRequired,
    UserBanned,
    UserCodeWrong,
)
from wechatlogin.extensions import db
from wechatlogin.models import (
    Application,
    MergeReason,
    Status,
    User,
)
from wechatlogin.services import (
    accounts,
    applications,
    attempts,
    consents,
    device_login,
    merging,
    sessions,
)
from wechatlogin.services.site import Browser, Site


@pytest.fixture
def tv(storage: Site) -> Application:
    return an_application(storage)


@pytest.fixture
def lin(storage: Site) -> Person:
    return a_person(storage, "o-lin")


@pytest.fixture
def chen(storage: Site) -> Person:
    return a_person(storage, "o-chen")


def test_who_logs_out_takes_back_what_the_device_has_not_used_yet(
    storage: Site, tv: Application, lin: Person
) -> None:
    started = start(tv)
    device_login.confirm(storage, shown(started), lin.session, now=NOW)

    sessions.end_all(lin.user_id, now=NOW)

    with pytest.raises(AttemptNotFound):
        poll(started, tv)
    with pytest.raises(UserCodeWrong):
        shown(started)


def test_a_session_that_has_just_ended_confirms_and_refuses_nothing(
    storage: Site, tv: Application, lin: Person
) -> None:
    started = start(tv)
    login = shown(started)
    sessions.end_all(lin.user_id, now=NOW)

    with pytest.raises(LoginRequired):
        device_login.confirm(storage, login, lin.session, now=NOW)
    with pytest.raises(LoginRequired):
        device_login.decline(login, lin.session, now=NOW)

    assert attempts.status_at(shown(started).attempt, NOW) == Status.PENDING


def test_the_devices_session_outlives_the_browsers_and_ends_with_all(
    storage: Site, tv: Application, lin: Person
) -> None:
    started = start(tv)
    device_login.confirm(storage, shown(started), lin.session, now=NOW)
    session = poll(started, tv).session

    sessions.end_by_key(lin.session.key_hash, now=NOW)
    of_device = [one.public_id for one in sessions.get_all(lin.user_id, storage.settings, now=NOW)]
    sessions.end_all(lin.user_id, now=NOW)

    assert of_device == [session.public_id]
    assert sessions.get_all(lin.user_id, storage.settings, now=NOW) == []


def test_to_take_the_consent_back_ends_the_devices_session(
    storage: Site, tv: Application, lin: Person
) -> None:
    started = start(tv)
    device_login.confirm(storage, shown(started), lin.session, now=NOW)
    poll(started, tv)

    consents.revoke(lin.user_id, tv.id, now=NOW)

    left = sessions.get_all(lin.user_id, storage.settings, now=NOW)
    assert [one.key_hash for one in left] == [lin.session.key_hash]


def test_to_take_the_consent_back_is_in_time_until_the_device_asks(
    storage: Site, tv: Application, lin: Person
) -> None:
    started = start(tv)
    device_login.confirm(storage, shown(started), lin.session, now=NOW)

    consents.revoke(lin.user_id, tv.id, now=NOW)

    with pytest.raises(AttemptDeclined):
        poll(started, tv)


def test_who_logs_in_again_in_the_browser_has_still_confirmed(
    storage: Site, tv: Application, lin: Person
) -> None:
    started = start(tv)
    device_login.confirm(storage, shown(started), lin.session, now=NOW)

    sessions.start(
        "a new session",
        sessions.Owner(user_id=lin.user_id),
        browser=Browser(
            binding="",
            is_bound=True,
            name="iPhone",
            ip=None,
            session_token=f"the session of o-lin in {APPID}",
        ),
        way="scan",
        lifetime=timedelta(days=7),
        now=NOW,
    )

    assert poll(started, tv).session.user_id == lin.user_id


def test_a_banned_person_confirms_nothing_and_is_told_to_no_device(
    storage: Site, tv: Application, lin: Person
) -> None:
    confirmed, waiting = start(tv), start(tv)
    device_login.confirm(storage, shown(confirmed), lin.session, now=NOW)
    db.session.execute(update(User).where(User.id == lin.user_id).values(banned_at=NOW))
    db.session.commit()

    with pytest.raises(UserBanned):
        device_login.confirm(storage, shown(waiting), lin.session, now=NOW)
    with pytest.raises(UserBanned):
        poll(confirmed, tv)


def test_a_disabled_application_logs_nobody_in(storage: Site, tv: Application, lin: Person) -> None:
    started = start(tv)
    applications.save_disabled(tv, is_disabled=True, now=NOW)
    db.session.refresh(tv)

    with pytest.raises(ApplicationDisabled):
        start(tv)
    with pytest.raises(ApplicationDisabled):
        shown(started)
    with pytest.raises(ApplicationDisabled):
        poll(started, tv)


def test_who_is_erased_before_the_device_asks_is_nobody(
    storage: Site, tv: Application, lin: Person
) -> None:
    started = start(tv)
    device_login.confirm(storage, shown(started), lin.session, now=NOW)

    accounts.erase_identity(APPID, "o-lin", now=NOW)

    with pytest.raises(AttemptNotFound):
        poll(started, tv)


def test_who_was_merged_before_the_device_asks_is_the_one_who_stayed(
    storage: Site, tv: Application, lin: Person
) -> None:
    elder = an_identity(an_account(storage, now=NOW, appid=OTHER_APPID), "o-there", now=LONG_AGO)
    started = start(tv)
    device_login.confirm(storage, shown(started), lin.session, now=NOW)

    merging.combine(elder.user_id, lin.user_id, reason=MergeReason.LINKED, now=NOW)

    assert lin.user_id != elder.user_id
    assert poll(started, tv).session.user_id == elder.user_id


def test_an_application_with_apps_of_its_own_is_told_of_the_person_there(
    storage: Site, lin: Person
) -> None:
    other_row = an_account(storage, now=NOW, appid=OTHER_APPID)
    there = an_identity(other_row, "o-there", now=NOW)
    merging.combine(lin.user_id, there.user_id, reason=MergeReason.LINKED, now=NOW)
    tv = an_application(storage, appids=(OTHER_APPID,))
    started = start(tv)

    device_login.confirm(storage, shown(started), lin.session, now=NOW)

    attempt = shown(started).attempt
    assert (attempt.appid, attempt.openid) == (OTHER_APPID, "o-there")
    assert poll(started, tv).session.user_id == lin.user_id


def test_where_a_follower_is_required_the_device_waits_until_they_follow(
    storage: Site, lin: Person, chen: Person
) -> None:
    tv = an_application(storage, follow=FollowPolicy.REQUIRE)
    accounts.note_follow_answer(APPID, "o-lin", follows=False, now=NOW)
    started = start(tv)
    device_login.confirm(storage, shown(started), lin.session, now=NOW)
    waiting = shown(started)
    awaited = waiting.attempt.awaits_follow
    with pytest.raises(AttemptTaken):
        device_login.confirm(storage, waiting, chen.session, now=NOW)
    with pytest.raises(AttemptNotReady):
        poll(started, tv)

    accounts.note_follow_answer(APPID, "o-lin", follows=True, now=NOW + SECOND)
    device_login.confirm(storage, waiting, lin.session, now=NOW + SECOND)

    assert awaited
    assert poll(started, tv, NOW + 5 * SECOND).session.user_id == lin.user_id
