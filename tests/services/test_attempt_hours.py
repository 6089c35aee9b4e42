"""Attempts by the hour: what is over is counted once, and what is not, each time."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, event, update

from tests.stories import start_attempt
from wechatlogin.extensions import db
from wechatlogin.models import Attempt, Status, Way
from wechatlogin.models.transaction import write
from wechatlogin.services import attempt_hours
from wechatlogin.services.site import Site

NOW = datetime(2026, 11, 21, 3, 20, tzinfo=UTC)
A_DAY_AGO = NOW - timedelta(days=1)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture(autouse=True)
def nothing_known() -> Iterator[None]:
    attempt_hours._known.clear()
    yield
    attempt_hours._known.clear()


def started(since: datetime = A_DAY_AGO, now: datetime = NOW) -> int:
    return sum(tally.started for tally in attempt_hours.count_since(since, now=now))


def expired(now: datetime = NOW) -> int:
    return sum(tally.expired_unscanned for tally in attempt_hours.count_since(A_DAY_AGO, now=now))


@contextmanager
def asked() -> Iterator[list[Any]]:
    """Write down the moments between which attempts are added up meanwhile."""
    seen: list[Any] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        if "attempts.way" in statement:
            seen.append(values)

    engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def test_everything_since_a_moment_is_counted_once(storage: Site) -> None:
    for begun in (
        A_DAY_AGO - MINUTE,
        A_DAY_AGO,
        A_DAY_AGO + MINUTE,
        NOW - 12 * HOUR,
        NOW.replace(minute=0) - timedelta(microseconds=1),
        NOW.replace(minute=0),
        NOW - MINUTE,
    ):
        start_attempt(now=begun)

    assert [started(), started()] == [6, 6]
    assert started(since=NOW - HOUR) == 3
    assert started(since=NOW.replace(minute=0)) == 2


def test_hours_that_are_over_are_not_added_up_again(storage: Site) -> None:
    start_attempt(now=NOW - 5 * HOUR)
    with asked() as first:
        started()

    with asked() as again:
        assert started() == 1

    # The hours together and both edges; then the edges alone.
    assert [len(first), len(again)] == [3, 2]


def test_an_hour_with_an_open_attempt_is_not_over(storage: Site) -> None:
    attempt = start_attempt(now=NOW - 2 * HOUR, lifetime=3 * HOUR)
    assert expired() == 0

    with write() as session:
        session.execute(update(Attempt).values(expires_at=NOW - HOUR))

    assert expired() == 1
    assert attempt.status == Status.PENDING


def test_a_confirmed_one_may_be_claimed_in_its_grace(storage: Site) -> None:
    start_attempt(now=NOW - 2 * HOUR)
    with write() as session:
        given = {"status": Status.CONFIRMED, "openid": "o", "confirmed_at": NOW}
        session.execute(update(Attempt).values(**given, expires_at=NOW - timedelta(seconds=5)))
    attempt_hours.count_since(A_DAY_AGO, now=NOW)

    with write() as session:
        session.execute(update(Attempt).values(status=Status.CLAIMED, claimed_at=NOW))

    [tally] = attempt_hours.count_since(A_DAY_AGO, now=NOW)
    assert (tally.claimed, tally.expired_unscanned) == (1, 0)


def test_who_was_erased_is_no_longer_counted(storage: Site) -> None:
    for hours in (3, 3, 7):
        start_attempt(now=NOW - hours * HOUR)
    assert started() == 3

    with write() as session:
        session.execute(delete(Attempt).where(Attempt.created_at == NOW - 7 * HOUR))

    assert started() == 2


def test_time_goes_on_and_hours_join_those_that_are_over(storage: Site) -> None:
    start_attempt(now=NOW - MINUTE)
    assert started() == 1

    later = NOW + 2 * HOUR
    start_attempt(now=later - MINUTE)

    assert started(now=later) == 2
    with asked() as again:
        assert started(now=later) == 2
    assert len(again) == 2


def test_kinds_are_told_apart(storage: Site) -> None:
    start_attempt(now=NOW - 3 * HOUR, way=Way.PAGE)
    start_attempt(now=NOW - 3 * HOUR, way=Way.SCAN, appid="wx1")
    start_attempt(now=NOW - 3 * HOUR, way=Way.SCAN, appid="wx2")

    found = {(tally.way, tally.appid) for tally in attempt_hours.count_since(A_DAY_AGO, now=NOW)}

    assert found == {(Way.PAGE, None), (Way.SCAN, "wx1"), (Way.SCAN, "wx2")}


def test_a_week_ago_is_forgotten_in_time(storage: Site) -> None:
    started()
    known = attempt_hours._known[db.engine]

    started(since=NOW + 9 * 24 * HOUR, now=NOW + 10 * 24 * HOUR)

    assert min(known) > NOW
