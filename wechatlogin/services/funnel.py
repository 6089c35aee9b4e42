"""How far logins get, way by way, and where they are lost.

    started      a browser was offered something to scan, to send, or WeChat's page to go through
    scanned      a phone has scanned it, or has sent the number
    confirmed    the person has said yes
    claimed      the browser is logged in

An attempt that proves who holds a phone is part of another one, and a relayed one is another
site's login: neither is counted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, func, or_, select

from wechatlogin.extensions import db
from wechatlogin.models import NO_LOGINS, Attempt, Status, Way

#: Of so many logins, the latest, the times are taken.
MOST_TIMES = 1000
#: The ways in which a phone takes up what a desktop shows.
SCANNED_WAYS = frozenset({Way.SCAN, Way.PAGE, Way.NUMBER})

_OPEN = (Status.PENDING, Status.SCANNED, Status.CONFIRMED)


@dataclass(frozen=True)
class Funnel:
    """How many attempts of one way got how far, and where the others were lost."""

    way: str
    started: int
    scanned: int
    confirmed: int
    claimed: int
    declined: int
    expired_unscanned: int
    expired_scanned: int
    #: By the reason that was written down.
    failed: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class LoginTimes:
    """From the scan to the login: half of the people needed at most `p50`."""

    count: int
    p50: timedelta
    p95: timedelta


def get_funnels(*, since: datetime, now: datetime) -> list[Funnel]:
    """Return the funnel of each way that somebody has used, the most used first."""
    is_over = or_(
        Attempt.status == Status.EXPIRED,
        and_(Attempt.status.in_(_OPEN), Attempt.expires_at <= now),
    )
    query = (
        select(
            Attempt.way,
            func.count(Attempt.id),
            func.count(Attempt.scanned_at),
            func.count(Attempt.confirmed_at),
            func.count(Attempt.claimed_at),
            _count_if(Attempt.status == Status.DECLINED),
            _count_if(and_(is_over, Attempt.scanned_at.is_(None))),
            _count_if(and_(is_over, Attempt.scanned_at.is_not(None))),
        )
        .where(*_counted(since))
        .group_by(Attempt.way)
        .order_by(func.count(Attempt.id).desc(), Attempt.way)
    )
    failed = _get_failed(since)
    return [Funnel(*row, failed=failed.get(row[0], {})) for row in db.session.execute(query)]


def get_times(*, since: datetime) -> LoginTimes | None:
    """Return how long people took from the scan to the login; None where nobody has scanned."""
    query = (
        select(Attempt.scanned_at, Attempt.claimed_at)
        .where(*_counted(since), Attempt.claimed_at.is_not(None), Attempt.scanned_at.is_not(None))
        .order_by(Attempt.created_at.desc())
        .limit(MOST_TIMES)
    )
    times = sorted(row.claimed_at - row.scanned_at for row in db.session.execute(query))
    if not times:
        return None
    return LoginTimes(len(times), _share(times, 50), _share(times, 95))


def _share(times: list[timedelta], percent: int) -> timedelta:
    """Return the time that so many per cent kept to, by the nearest rank."""
    return times[max(0, -(-len(times) * percent // 100) - 1)]


def _get_failed(since: datetime) -> dict[str, dict[str, int]]:
    query = (
        select(Attempt.way, Attempt.failure, func.count(Attempt.id))
        .where(*_counted(since), Attempt.status == Status.FAILED)
        .group_by(Attempt.way, Attempt.failure)
    )
    failed: dict[str, dict[str, int]] = {}
    for way, reason, count in db.session.execute(query):
        failed.setdefault(way, {})[reason or ""] = count
    return failed


def _counted(since: datetime) -> tuple[ColumnElement[bool], ...]:
    return (Attempt.created_at > since, Attempt.purpose.not_in(NO_LOGINS))


def _count_if(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count(case((condition, 1)))
