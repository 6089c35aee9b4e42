"""Target 10: logins, the status page and a purge after years, beside the same where all is new."""

import gc
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace

from pydantic import SecretStr
from sqlalchemy import create_engine, func, select

from benchmarks import filling, results
from benchmarks.clients import Request, Unexpected, Visitor, find, is_ok, verify
from benchmarks.filling import Crowd
from benchmarks.journeys import Desktop
from benchmarks.measuring import Comparison, Cost, Effort, Spread, Stopwatch, compare
from benchmarks.results import Line
from benchmarks.services import (
    SERVICE,
    Installed,
    Program,
    answering_at_once,
    installed,
    serving,
    where_installed,
)
from tests.servers import free_port
from wechatlogin import clock
from wechatlogin.extensions import db
from wechatlogin.models import Attempt, Role
from wechatlogin.services import operator_logins, operators, retention, timers
from wechatlogin.services.audit import COMMAND_LINE
from wechatlogin.services.site import Browser
from wechatlogin.web import cookies
from wechatlogin.web.timers import PURGE, PURGE_EVERY

YEARS = Crowd(people=1_000_000, audit=10_000_000, expired=1_000_000)
LOGINS = 60
VIEWS = 60
#: Units of writes that are measured of each purge; the first four to six are on their way to the
#: time that a unit is to take.
UNITS = 24
#: What all rounds of that take is all that a new database has to be purged of.
EXPIRED_WHEN_NEW = 80_000
#: Units of one long purge, for the longest lock.
MANY_UNITS = 300
MOST, LONGEST_MS = 1.3, 100
PASSWORD = SecretStr("canary-of-a-benchmark")


class Enough(Exception):
    """So many units of a purge are measured."""


@dataclass
class Units:
    """The units of a purge that is cut off, as what it rests with hears of them."""

    most: int
    seconds: list[float] = field(default_factory=list)

    def rest(self, seconds: float) -> None:
        """Note a unit that held the lock for so long, and give way for as long.

        :raise Enough: after the last one.
        """
        self.seconds.append(seconds)
        if len(self.seconds) == self.most:
            raise Enough
        time.sleep(seconds)


@dataclass(frozen=True)
class Side:
    """One of two databases, with the service that runs over it."""

    house: Installed
    program: Program
    operator: Visitor
    #: What a row took in each round of a purge.
    row_micros: list[float] = field(default_factory=list)


def measure(effort: Effort, kind: str) -> Iterator[Line]:
    """Measure and return the lines of the table, if the database runs here."""
    with where_installed("growth"):
        yield from _measure_on(kind, effort)


def _measure_on(kind: str, effort: Effort) -> Iterator[Line]:
    crowd = Crowd(*map(effort.times, (YEARS.people, YEARS.audit, YEARS.expired)))
    with _side(kind, crowd) as grown, _side(kind, Crowd(0, 0, EXPIRED_WHEN_NEW)) as new:
        rounds, count, views = effort.rounds, effort.times(LOGINS), effort.times(VIEWS)
        logins = compare(lambda: _log_in(grown, count), lambda: _log_in(new, count), rounds=rounds)
        yield _line(f"a login on {kind}, after years: time", logins)
        pages = compare(lambda: _look(grown, views), lambda: _look(new, views), rounds=rounds)
        yield _line(f"the status page on {kind}, after years: time", pages)
        units = effort.times(UNITS)
        purges = compare(lambda: _purge(grown, units), lambda: _purge(new, units), rounds=rounds)
        longest = max(_begin_to_purge(grown, effort.times(MANY_UNITS)).seconds)
        rows = f"a row {_ms(grown.row_micros[1:])} to {_ms(new.row_micros[1:])} ms"
        yield _purge_line(
            f"a batch of a purge on {kind}, after years", purges, rows, longest * 1000
        )


def _line(what: str, compared: Comparison) -> Line:
    ours, theirs = (tuple(one.wall for one in side) for side in (compared.ours, compared.theirs))
    return Line(
        target=10,
        what=what,
        baseline="the same over a new database",
        measured=f"{results.ratio_text(compared.wall_ratio)}, {_ms(ours)} to {_ms(theirs)} ms",
        aim=f"at most {MOST:g} x",
        is_met=results.check_at_most(compared.wall_ratio, MOST),
        ours=ours,
        theirs=theirs,
    )


def _purge_line(what: str, compared: Comparison, rows: str, longest_ms: float) -> Line:
    line = _line(what, compared)
    return replace(
        line,
        measured=f"{line.measured}; {rows}; longest lock {longest_ms:.0f} ms",
        aim=f"{line.aim}, no lock over {LONGEST_MS} ms",
        is_met=bool(line.is_met) and longest_ms <= LONGEST_MS,
    )


def _ms(micros: Sequence[float]) -> str:
    return f"{Spread.of(tuple(micros)).median / 1000:.3g}"


@contextmanager
def _side(kind: str, crowd: Crowd) -> Iterator[Side]:
    with (
        answering_at_once() as platform,
        installed(kind, platform=platform.url) as house,
    ):
        # What the service's own connections wait for ends after seconds.
        engine = create_engine(house.settings.database_url)
        filling.fill(engine, crowd, appid=house.account.appid, now=clock.now())
        engine.dispose()
        with house.app.app_context():
            token = _operator()
            # After a minute the service would begin to purge by itself, once in an hour.
            timers.claim(PURGE, every=PURGE_EVERY, now=clock.now())
            db.session.remove()
        # The port that was free before all was written may be somebody's by now.
        bind = f"127.0.0.1:{free_port()}"
        here = {"bind": bind, "public_url": f"http://{bind}"}
        settings = house.settings.model_copy(update=here)
        with serving(SERVICE, settings) as program:
            operator = Visitor(program.url, {cookies.OPERATOR: token})
            yield Side(house, program, operator)
            operator.close()


def _operator() -> str:
    now, browser = clock.now(), Browser("", False, "Windows · Edge", "203.0.113.7")
    operators.create("lin", PASSWORD, role=Role.ADMIN, by=COMMAND_LINE, now=now)
    return operator_logins.log_in("lin", PASSWORD, browser=browser, now=now).get_secret_value()


def _log_in(side: Side, count: int) -> Cost:
    watch, engine = Stopwatch(), create_engine(side.house.settings.database_url)
    for _ in range(count):
        visitor = Visitor(side.program.url)
        Desktop(visitor, side.house.account, engine, watch).log_in()
        visitor.close()
    engine.dispose()
    return Cost(count, watch.wall_seconds, watch.cpu_seconds)


def _look(side: Side, count: int) -> Cost:
    watch = Stopwatch()
    for _ in range(count):
        with watch.running():
            page = side.operator.send(Request("/operator/status"))
        find("(data-board)", verify(page, is_ok))
    return watch.cost


def _purge(side: Side, units: int) -> Cost:
    """Begin to purge, and return how long its batches held the lock.

    :raise Unexpected: if there was nothing to purge.
    """
    before = _count_attempts(side)
    batches = _begin_to_purge(side, units).seconds
    gone = before - _count_attempts(side)
    if not gone:
        raise Unexpected("there is nothing left to purge")
    side.row_micros.append(sum(batches) / gone * 1e6)
    return Cost(len(batches), sum(batches), 0.0)


def _begin_to_purge(side: Side, most: int) -> Units:
    units = Units(most)
    # As in the service's processes (`gunicorn.conf.py`).
    gc.freeze()
    with side.house.app.app_context():
        with suppress(Enough):
            retention.purge(side.house.site, now=clock.now(), rest=units.rest)
        db.session.remove()
    gc.unfreeze()
    return units


def _count_attempts(side: Side) -> int:
    with side.house.app.app_context():
        count = db.session.scalar(select(func.count()).select_from(Attempt))
        db.session.remove()
    return count or 0
