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

from sqlalchemy import select

from wechatlogin.extensions import db
from wechatlogin.models import NO_LOGINS, Attempt, Way
from wechatlogin.services import attempt_hours
from wechatlogin.services.attempt_hours import Tally

#: Of so many logins, the latest, the times are taken.
MOST_TIMES = 1000
#: The ways in which a phone takes up what a desktop shows.
SCANNED_WAYS = frozenset({Way.SCAN, Way.PAGE, Way.NUMBER})


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
    by_way: dict[str, list[Tally]] = {}
    for tally in attempt_hours.count_since(since, now=now):
        if tally.purpose not in NO_LOGINS:
            by_way.setdefault(tally.way, []).append(tally)
    funnels = [_add_up(way, tallies) for way, tallies in by_way.items()]
    return sorted(funnels, key=lambda one: (-one.started, one.way))


def get_times(*, since: datetime) -> LoginTimes | None:
    """Return how long people took from the scan to the login; None where nobody has scanned."""
    query = (
        select(Attempt.scanned_at, Attempt.claimed_at)
        .where(Attempt.claimed_at > since, Attempt.purpose.not_in(NO_LOGINS))
        .where(Attempt.scanned_at.is_not(None))
        .order_by(Attempt.claimed_at.desc())
        .limit(MOST_TIMES)
    )
    times = sorted(row.claimed_at - row.scanned_at for row in db.session.execute(query))
    if not times:
        return None
    return LoginTimes(len(times), _share(times, 50), _share(times, 95))


def _share(times: list[timedelta], percent: int) -> timedelta:
    """Return the time that so many per cent kept to, by the nearest rank."""
    return times[max(0, -(-len(times) * percent // 100) - 1)]


def _add_up(way: str, tallies: list[Tally]) -> Funnel:
    failed: dict[str, int] = {}
    for tally in tallies:
        if tally.failed:
            reason = tally.failure or ""
            failed[reason] = failed.get(reason, 0) + tally.failed
    return Funnel(
        way=way,
        started=sum(tally.started for tally in tallies),
        scanned=sum(tally.scanned for tally in tallies),
        confirmed=sum(tally.confirmed for tally in tallies),
        claimed=sum(tally.claimed for tally in tallies),
        declined=sum(tally.declined for tally in tallies),
        expired_unscanned=sum(tally.expired_unscanned for tally in tallies),
        expired_scanned=sum(tally.expired_scanned for tally in tallies),
        failed=failed,
    )
