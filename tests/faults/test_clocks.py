"""Clocks that are wrong, that jump, and that come to 2038."""

import secrets
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.stories import (
    BINDING,
    LIFETIME,
    a_browser,
    a_program,
    a_user,
    an_account,
    an_identity,
    start_attempt,
)
from wechatlogin.errors import AttemptError
from wechatlogin.extensions import db
from wechatlogin.models import Session, Status
from wechatlogin.services import (
    access_tokens,
    attempt_status,
    attempts,
    codes,
    refresh_tokens,
    retention,
    sessions,
)
from wechatlogin.services.site import Site
from wechatlogin.vault import sha256_hex

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
IDLE, DAY = timedelta(hours=12), timedelta(days=1)
JUMPS = [timedelta(hours=-1), timedelta(minutes=-5), timedelta(minutes=5), timedelta(hours=1)]
#: The last second that 32 bits can count, and one that they cannot.
MOMENTS = [datetime(2038, 1, 19, 3, 14, 7, tzinfo=UTC), datetime(2040, 2, 29, tzinfo=UTC)]


def start_session(user_id: str, now: datetime) -> str:
    token = secrets.token_urlsafe(16)
    owner = sessions.Owner(user_id=user_id)
    sessions.start(token, owner, browser=a_browser(), way="scan", lifetime=DAY, now=now)
    return token


def log_in(openid: str, now: datetime, user_id: str) -> Status:
    """Lead an attempt from its beginning to its claim, and return where it ended."""
    attempt_id = start_attempt(now=now).id
    moments = [now + timedelta(seconds=second) for second in range(1, 4)]
    attempts.scan(
        attempt_id, openid, confirm_hash=sha256_hex(attempt_id), lifetime=LIFETIME, now=moments[0]
    )
    attempts.confirm(attempt_id, openid, user_id=user_id, now=moments[1])
    claimed, is_first = attempts.claim(attempt_id, binding_hash=BINDING, now=moments[2])
    assert is_first
    return attempts.status_at(claimed, moments[2])


@pytest.mark.fault("C-23")
@pytest.mark.parametrize("jump", JUMPS, ids=str)
def test_no_jump_of_the_clock_makes_a_session_longer(storage: Site, jump: timedelta) -> None:
    token = start_session(a_user(NOW), NOW)
    before = sessions.get(token, idle=IDLE, now=NOW)
    assert before is not None
    ends_at = before.expires_at

    # It is used while the clock is wrong, and again when it has been set right.
    sessions.get(token, idle=IDLE, now=NOW + jump)
    sessions.get(token, idle=IDLE, now=NOW + timedelta(minutes=1))

    kept = db.session.get(Session, before.key_hash, populate_existing=True)
    assert kept is not None
    assert kept.expires_at == ends_at
    assert sessions.get(token, idle=DAY * 9, now=ends_at) is None
    last = NOW + max(jump, timedelta(minutes=1))
    assert sessions.get(token, idle=IDLE, now=last + IDLE) is None


@pytest.mark.fault("C-23")
@pytest.mark.parametrize("jump", JUMPS, ids=str)
def test_no_jump_of_the_clock_makes_a_page_count_below_nothing(
    storage: Site, jump: timedelta
) -> None:
    attempt_id = start_attempt(now=NOW).id

    told = attempt_status.get_status(db.engine, attempt_id, now=NOW + jump)

    assert told is not None
    assert told.expires_in >= 0
    assert (told.status == Status.EXPIRED) == (jump >= LIFETIME)


@pytest.mark.fault("C-23")
@pytest.mark.parametrize("jump", JUMPS, ids=str)
def test_a_jump_in_the_middle_of_a_login_ends_it_or_lets_it_go_on(
    storage: Site, jump: timedelta
) -> None:
    user_id = a_user(NOW)
    attempt_id = start_attempt(now=NOW).id
    attempts.scan(attempt_id, "o-lin", confirm_hash="c", lifetime=LIFETIME, now=NOW)

    try:
        attempts.confirm(attempt_id, "o-lin", user_id=user_id, now=NOW + jump)
        _, is_first = attempts.claim(attempt_id, binding_hash=BINDING, now=NOW + jump)
    except AttemptError:
        assert jump >= LIFETIME
    else:
        assert is_first
        assert jump < LIFETIME


@pytest.mark.fault("C-23")
@pytest.mark.parametrize("now", MOMENTS, ids=str)
def test_people_log_in_after_the_seconds_no_longer_fit_into_32_bits(
    storage: Site, now: datetime
) -> None:
    identity = an_identity(an_account(storage, now=now), "o-lin", now=now)

    assert log_in("o-lin", now, identity.user_id) is Status.CLAIMED
    token = start_session(identity.user_id, now)
    session = sessions.get(token, idle=IDLE, now=now + timedelta(hours=1))
    assert session is not None
    assert session.expires_at == now + DAY
    code = codes.issue(storage, identity, now=now)
    assert codes.spend(storage, code.digits.get_secret_value(), now=now).id == identity.id
    program, held = a_program(storage, now=now)
    access = access_tokens.issue(storage, program, held, subject="s", scope="openid", now=now)
    assert access_tokens.verify(storage, access.get_secret_value(), now=now).claims["sub"] == "s"
    refresh = refresh_tokens.issue(storage, held, scope="openid", lifetime=DAY, now=now)
    rotated = refresh_tokens.rotate(storage, refresh.get_secret_value(), lifetime=DAY, now=now)
    assert rotated.expires_at == now + DAY
    retention.purge(storage, now=now)
    assert sessions.get(token, idle=IDLE, now=now + timedelta(hours=2)) is not None


@pytest.fixture(params=["America/New_York", "Asia/Shanghai"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The machine's own time is that of a place, where clocks may be set twice a year."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


@pytest.mark.fault("C-23")
@pytest.mark.usefixtures("zone")
@pytest.mark.parametrize(
    "change",
    [datetime(2026, 11, 1, 6, tzinfo=UTC), datetime(2027, 3, 14, 7, tzinfo=UTC)],
    ids=["an hour comes twice", "an hour is left out"],
)
def test_an_hour_that_comes_twice_or_not_at_all_is_an_hour_like_any_other(
    storage: Site, change: datetime
) -> None:
    user_id = a_user(change)
    for minutes in (-30, 30):
        now = change + timedelta(minutes=minutes)
        attempt = start_attempt(now=now)
        db.session.expire_all()
        kept = attempts.get(attempt.id)
        assert kept is not None
        assert (kept.created_at, kept.expires_at) == (now, now + LIFETIME)
    token = start_session(user_id, change - timedelta(minutes=30))
    assert sessions.get(token, idle=timedelta(minutes=61), now=change + timedelta(minutes=30))
    assert not sessions.get(token, idle=timedelta(minutes=59), now=change + timedelta(minutes=90))
