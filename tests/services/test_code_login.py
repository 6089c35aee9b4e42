"""A login by code alone: its token, how long it lasts, and what ends it."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from tests.servers import settings_for_tests
from tests.stories import a_browser, an_account, an_identity
from wechatlogin.errors import CodeWrong, TokenInvalid
from wechatlogin.extensions import db
from wechatlogin.models import AuditEntry, AuditTag, Identity, Session
from wechatlogin.services import accounts, code_login, codes, sessions
from wechatlogin.services.code_login import LoggedIn
from wechatlogin.services.site import Site

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
ALMOST = timedelta(days=30) - timedelta(seconds=1)


@pytest.fixture
def lin(storage: Site) -> Identity:
    return an_identity(an_account(storage, now=NOW), "o-lin", now=NOW)


def log_in(site: Site, identity: Identity, former: str | None = None) -> LoggedIn:
    digits = codes.issue(site, identity, now=NOW).digits.get_secret_value()
    return code_login.log_in(site, a_browser(), digits, former=former, now=NOW)


def check(site: Site, person: LoggedIn, now: datetime) -> bool:
    try:
        code_login.verify(site, person.token.get_secret_value(), now=now)
    except TokenInvalid:
        return False
    return True


def tags() -> list[str]:
    return list(db.session.scalars(select(AuditEntry.tag).order_by(AuditEntry.id)))


def test_a_token_is_good_for_thirty_days_without_a_visit(storage: Site, lin: Identity) -> None:
    person = log_in(storage, lin)

    assert check(storage, person, NOW + ALMOST)
    assert not check(storage, person, NOW + timedelta(days=30))
    assert tags()[-1] == AuditTag.USER_LOGIN


def test_the_session_is_seen_by_its_person_however_long_it_sleeps(
    storage: Site, lin: Identity
) -> None:
    person = log_in(storage, lin)

    seen = sessions.get_all(lin.user_id, settings_for_tests(), now=NOW + ALMOST)

    assert [one.public_id for one in seen] == [person.session.public_id]


def test_only_the_last_hour_renews_and_then_for_a_day(storage: Site, lin: Identity) -> None:
    person = log_in(storage, lin)
    too_early, late = person.ends_at - timedelta(hours=1), person.ends_at - timedelta(minutes=59)

    assert code_login.renew(storage, person, now=too_early) is None
    renewed = code_login.renew(storage, person, now=late)

    assert renewed is not None
    assert renewed.ends_at == late + timedelta(hours=24)
    assert check(storage, renewed, renewed.ends_at - timedelta(seconds=1))
    assert not check(storage, renewed, renewed.ends_at)
    assert not check(storage, person, person.ends_at)


def test_a_log_out_ends_every_token_of_the_session(storage: Site, lin: Identity) -> None:
    person = log_in(storage, lin)
    late = person.ends_at - timedelta(minutes=1)
    renewed = code_login.renew(storage, person, now=late)
    assert renewed is not None

    code_login.log_out(storage, person.token.get_secret_value(), ip=None, now=late)

    assert not check(storage, renewed, late)
    assert db.session.scalar(select(Session)) is None
    assert tags()[-1] == AuditTag.SESSION_ENDED
    # There is nothing left to end.
    code_login.log_out(storage, renewed.token.get_secret_value(), ip=None, now=late)
    assert tags().count(AuditTag.SESSION_ENDED) == 1


def test_all_sessions_of_a_person_end_with_their_tokens(storage: Site, lin: Identity) -> None:
    people = [log_in(storage, lin) for _ in range(2)]

    sessions.end_all(lin.user_id, now=NOW)

    assert not any(check(storage, person, NOW) for person in people)


def test_a_login_ends_the_session_of_the_former_token_alone(storage: Site, lin: Identity) -> None:
    other, former = log_in(storage, lin), log_in(storage, lin)

    log_in(storage, lin, former=former.token.get_secret_value())

    assert check(storage, other, NOW)
    assert not check(storage, former, NOW)


def test_whoever_is_erased_is_not_logged_in_by_a_code_from_before(
    storage: Site, lin: Identity
) -> None:
    person = log_in(storage, lin)
    digits = codes.issue(storage, lin, now=NOW).digits.get_secret_value()
    accounts.erase_identity(lin.appid, "o-lin", now=NOW)

    with pytest.raises(CodeWrong):
        code_login.log_in(storage, a_browser(), digits, now=NOW)
    assert not check(storage, person, NOW)


def test_a_number_is_stable_and_whole_in_javascript() -> None:
    numbers = {code_login.number_of(f"{n:032x}") for n in range(2000)}

    assert len(numbers) == 2000
    assert max(numbers) < 2**53
    assert code_login.number_of("0" * 32) == 2405697205190632
