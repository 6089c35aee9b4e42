"""Sessions on the server: they end when they are ended, when nobody comes, and in any case."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.servers import settings_for_tests
from tests.stories import a_browser, a_user
from wechatlogin.services import applications, sessions
from wechatlogin.services.applications import NewApplication
from wechatlogin.services.sessions import Owner
from wechatlogin.services.site import Site

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
IDLE = timedelta(hours=1)
LIFETIME = timedelta(days=7)


def start(token: str, user_id: str, *, replaces: str | None = None, now: datetime = NOW) -> str:
    browser = a_browser(session_token=replaces)
    owner = Owner(user_id=user_id)
    return sessions.start(
        token, owner, browser=browser, way="scan", lifetime=LIFETIME, now=now
    ).public_id


def is_live(token: str, now: datetime) -> bool:
    return sessions.get(token, idle=IDLE, now=now) is not None


@pytest.fixture
def user_id(storage: Site) -> str:
    return a_user(NOW)


def test_a_session_is_found_by_its_token_alone(user_id: str) -> None:
    public_id = start("token", user_id)

    assert is_live("token", NOW)
    assert not is_live("another", NOW)
    assert not is_live(public_id, NOW)


def test_a_login_ends_the_session_that_the_browser_was_in(user_id: str) -> None:
    start("old", user_id)

    start("new", user_id, replaces="old")

    assert is_live("new", NOW)
    assert not is_live("old", NOW)


def test_a_session_ends_when_nobody_comes(user_id: str) -> None:
    start("token", user_id)

    assert is_live("token", NOW + timedelta(minutes=50))
    assert is_live("token", NOW + timedelta(minutes=100))
    assert not is_live("token", NOW + timedelta(minutes=160))


def test_a_session_ends_in_any_case(user_id: str) -> None:
    start("token", user_id)
    at = NOW
    while at < NOW + LIFETIME - IDLE:
        at += timedelta(minutes=45)
        assert is_live("token", at)

    assert not is_live("token", NOW + LIFETIME)


@pytest.mark.fault("C-23")
def test_a_clock_that_goes_back_does_not_lengthen_a_session(user_id: str) -> None:
    start("token", user_id)

    assert is_live("token", NOW - timedelta(hours=2))
    assert not is_live("token", NOW + IDLE)


def test_people_end_their_own_sessions_only(user_id: str) -> None:
    mine, theirs = start("mine", user_id), start("theirs", a_user(NOW))

    assert not sessions.end_one(user_id, theirs, now=NOW)
    assert sessions.end_one(user_id, mine, now=NOW)
    assert not is_live("mine", NOW)
    assert is_live("theirs", NOW)


def test_a_person_sees_live_sessions_the_last_used_first(user_id: str) -> None:
    first, second = start("one", user_id), start("two", user_id, now=NOW + timedelta(minutes=5))
    start("of somebody else", a_user(NOW))
    settings = settings_for_tests(session_idle_seconds=3600)

    listed = sessions.get_all(user_id, settings, now=NOW + timedelta(minutes=10))
    much_later = sessions.get_all(user_id, settings, now=NOW + timedelta(minutes=62))

    assert [session.public_id for session in listed] == [second, first]
    assert [session.public_id for session in much_later] == [second]


def test_a_program_that_sleeps_is_seen_as_long_as_its_session_lives(
    storage: Site, user_id: str
) -> None:
    made = applications.create(storage.vault, NewApplication("书店"), now=NOW)
    holder, owner = applications.verify(made.client_id), Owner(user_id=user_id)
    program = sessions.start(
        "program",
        owner,
        browser=a_browser(),
        way="scan",
        lifetime=LIFETIME,
        application_id=holder.id,
        now=NOW,
    )
    settings = settings_for_tests(session_idle_seconds=3600)

    asleep = sessions.get_all(user_id, settings, now=NOW + LIFETIME - timedelta(seconds=1))

    assert [session.public_id for session in asleep] == [program.public_id]
    assert sessions.get_all(user_id, settings, now=NOW + LIFETIME) == []
