"""Target 7: a whole login by QR on each database, beside the same SQL statements alone."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from sqlalchemy import Engine, create_engine

from benchmarks import results, statements
from benchmarks.clients import Visitor
from benchmarks.journeys import Desktop, InProcess
from benchmarks.measuring import Cost, Effort, Spread, Stopwatch, compare
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
from benchmarks.statements import Recording
from tests.databases import KINDS
from wechatlogin.extensions import db

LOGINS = 100
#: Desktops at the same time, for the logins in a second.
AT_ONCE = 8
MOST = 4.0


def measure(effort: Effort, kinds: Sequence[str] = KINDS) -> list[Line]:
    """Measure and return a line of the table for each database that runs here."""
    lines = []
    for kind in kinds:
        with where_installed("logins"):
            lines.append(_measure_on(kind, effort))
    return lines


def _measure_on(kind: str, effort: Effort) -> Line:
    count = effort.times(LOGINS)
    with _house(kind) as house, serving(SERVICE, house.settings) as program:
        recorded = _record(house)
        with _engine(house) as engine, house.app.app_context():
            connection = db.engine.raw_connection()
            compared = compare(
                lambda: _log_in(house, program, engine, count),
                lambda: _replay(recorded, connection, count),
                rounds=effort.rounds,
            )
            connection.close()
            rates = [_rate(house, program, engine, count) for _ in range(effort.rounds)]
    ours, theirs = (tuple(one.wall for one in side) for side in (compared.ours, compared.theirs))
    ratio, (number, commits) = compared.wall_ratio, recorded.counts
    return Line(
        target=7,
        what=f"a whole login by QR on {kind}: time",
        baseline=f"its {number} statements and {commits} commits alone",
        measured=f"{results.ratio_text(ratio)}, {_ms(ours)} to {_ms(theirs)} ms; "
        f"{Spread.of(rates).written('a second', 0)} on one process",
        aim=f"at most {MOST:g} x their time",
        is_met=results.check_at_most(ratio, MOST),
        ours=ours,
        theirs=theirs,
    )


@contextmanager
def _house(kind: str) -> Iterator[Installed]:
    """Install over a database of a kind, with a WeChat that answers at once."""
    with (
        answering_at_once() as platform,
        installed(kind, platform=platform.url) as house,
    ):
        yield house


@contextmanager
def _engine(house: Installed) -> Iterator[Engine]:
    engine = create_engine(house.settings.database_url)
    yield engine
    engine.dispose()


def _record(house: Installed) -> Recording:
    """Record a login that finds WeChat's token in place, as nearly all do."""
    with _engine(house) as engine, house.app.app_context():
        recorded = []
        own = db.engine
        for _ in range(3):
            sender = InProcess(house.app.test_client(), house.settings.public_url)
            with statements.recording(own) as steps:
                Desktop(sender, house.account, engine).log_in()
            recorded.append(steps)
    return statements.combine(*recorded[1:])


def _log_in(house: Installed, program: Program, engine: Engine, count: int) -> Cost:
    watch = Stopwatch()
    for _ in range(count):
        visitor = Visitor(program.url)
        Desktop(visitor, house.account, engine, watch).log_in()
        visitor.close()
    return Cost(count, watch.wall_seconds, watch.cpu_seconds)


def _replay(recorded: Recording, connection: object, count: int) -> Cost:
    watch = Stopwatch()
    for _ in range(count):
        with watch.running():
            recorded.replay(connection)
    return watch.cost


def _rate(house: Installed, program: Program, engine: Engine, count: int) -> float:
    """Return the logins of a second, several desktops at a time."""
    began = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(lambda _: _log_in(house, program, engine, 1), range(count)))
    return count / (time.perf_counter() - began)


def _ms(micros: Sequence[float]) -> str:
    return f"{Spread.of(tuple(micros)).median / 1000:.1f}"
