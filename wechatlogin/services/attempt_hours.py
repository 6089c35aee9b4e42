"""How many attempts began when, and how far they got, for the status page.

An hour is over once nothing in it can change any more. Then it is counted once by each process,
which keeps the sums: the page costs as much as the last hours hold, not the last week.

    count_since    everything that began since a moment, in tallies that are to be added up

Who is erased takes their attempts along, so the kept sums count only as long as there are as many
attempts as they say.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import ColumnElement, Engine, Select, and_, case, extract, func, or_, select

from wechatlogin.extensions import db
from wechatlogin.models import Attempt, Status
from wechatlogin.services.attempts import CLAIM_GRACE

HOUR = timedelta(hours=1)
#: Nobody looks back further than a week; what is older is forgotten.
MEMORY = timedelta(days=8)
_OPEN = (Status.PENDING, Status.SCANNED, Status.CONFIRMED)
_PARTS = tuple(extract(part, Attempt.created_at) for part in ("month", "day", "hour"))


@dataclass(frozen=True)
class Tally:
    """Attempts of one way, app, purpose and reason of failure that began in some time."""

    way: str
    appid: str | None
    purpose: str
    failure: str | None
    started: int
    scanned: int
    confirmed: int
    claimed: int
    declined: int
    failed: int
    expired_unscanned: int
    expired_scanned: int


Tallies = tuple[Tally, ...]
Hours = dict[datetime, Tallies]

#: What this process has counted of hours that are over, by database.
_known: WeakKeyDictionary[Engine, Hours] = WeakKeyDictionary()


def count_since(since: datetime, *, now: datetime) -> list[Tally]:
    """Return tallies of all attempts that began at a moment or later."""
    since, now = since.astimezone(UTC), now.astimezone(UTC)
    first = _hour_of(since + HOUR - datetime.resolution)
    hours = [first + number * HOUR for number in range((_hour_of(now) - first) // HOUR)]
    over = _get_over(hours, now)
    if not over:
        return _count(Attempt.created_at >= since, now=now)
    edges = [Attempt.created_at >= first + len(over) * HOUR]
    if since < first:
        edges.append(and_(Attempt.created_at >= since, Attempt.created_at < first))
    counted = [tally for edge in edges for tally in _count(edge, now=now)]
    return [*counted, *chain.from_iterable(over)]


def _get_over(hours: list[datetime], now: datetime) -> list[Tallies]:
    """Return what is known of some hours, up to the first that is not over."""
    known = _known.setdefault(db.engine, {})
    over = _learn(known, hours, now)
    counted = sum(tally.started for tally in chain.from_iterable(over))
    if not over or _count_all(hours[: len(over)]) == counted:
        return over
    for hour in hours:
        known.pop(hour, None)
    return _learn(known, hours, now)


def _learn(known: Hours, hours: list[datetime], now: datetime) -> list[Tallies]:
    missing = next((place for place, hour in enumerate(hours) if hour not in known), None)
    if missing is not None:
        known.update(_count_hours(hours[missing:], now))
        for hour in [hour for hour in list(known) if hour < now - MEMORY]:
            known.pop(hour, None)
    over = []
    for hour in hours:
        # Another thread may have taken away what it found outdated.
        if (tallies := known.get(hour)) is None:
            break
        over.append(tallies)
    return over


def _count_hours(hours: list[datetime], now: datetime) -> Hours:
    """Return the tallies of hours that follow one another, as far as they are over."""
    last_open = func.max(case((Attempt.status.in_(_OPEN), Attempt.expires_at)))
    during = (Attempt.created_at >= hours[0], Attempt.created_at < hours[-1] + HOUR)
    query = _tally(now).add_columns(last_open, *_PARTS).where(*during).group_by(*_PARTS)
    by_parts = {(hour.month, hour.day, hour.hour): hour for hour in hours}
    tallies: dict[datetime, list[Tally]] = {hour: [] for hour in hours}
    for *counted, ends_at, month, day, hour_of_day in db.session.execute(query):
        hour = by_parts[int(month), int(day), int(hour_of_day)]
        if ends_at is None or ends_at + CLAIM_GRACE <= now:
            tallies.get(hour, []).append(Tally(*counted))
        else:
            # One that may still change makes the hour another one than those that are over.
            tallies.pop(hour, None)
    return {hour: tuple(found) for hour, found in tallies.items()}


def _count(*during: ColumnElement[bool], now: datetime) -> list[Tally]:
    return [Tally(*row) for row in db.session.execute(_tally(now).where(*during))]


def _count_all(hours: list[datetime]) -> int:
    """Return how many attempts began in hours that follow one another: from the index alone."""
    during = (Attempt.created_at >= hours[0], Attempt.created_at < hours[-1] + HOUR)
    return db.session.scalar(select(func.count()).select_from(Attempt).where(*during)) or 0


def _tally(now: datetime) -> Select[Any]:
    is_over = or_(
        Attempt.status == Status.EXPIRED,
        and_(Attempt.status.in_(_OPEN), Attempt.expires_at <= now),
    )
    kinds: list[ColumnElement[Any]] = [
        column.expression
        for column in (Attempt.way, Attempt.appid, Attempt.purpose, Attempt.failure)
    ]
    counts: list[ColumnElement[Any]] = [
        func.count(),
        func.count(Attempt.scanned_at),
        func.count(Attempt.confirmed_at),
        func.count(Attempt.claimed_at),
        _count_if(Attempt.status == Status.DECLINED),
        _count_if(Attempt.status == Status.FAILED),
        _count_if(and_(is_over, Attempt.scanned_at.is_(None))),
        _count_if(and_(is_over, Attempt.scanned_at.is_not(None))),
    ]
    return select(*kinds, *counts).group_by(*kinds)


def _count_if(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count(case((condition, 1)))


def _hour_of(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
