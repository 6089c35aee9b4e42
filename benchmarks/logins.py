"""Target 7: a whole login by QR on each database, beside the same SQL statements alone.

What they take in Flask views that do nothing else is told too: with them less is not to be had.
"""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Engine, create_engine

from benchmarks import bare, results, statements
from benchmarks.clients import Answer, Request, Visitor, is_ok, verify
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
from benchmarks.statements import Recording, Step
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
        recorded, shares = _record(house)
        with _engine(house) as engine, house.app.app_context():
            connection = db.engine.raw_connection()
            compared = compare(
                lambda: _log_in(house, program, engine, count),
                lambda: _replay(recorded, connection, count),
                rounds=effort.rounds,
            )
            connection.close()
            rates = [_rate(house, program, engine, count) for _ in range(effort.rounds)]
        with bare.serving(house, shares) as views:
            least = [_visit(views, shares, count).wall for _ in range(effort.rounds + 1)][1:]
    ours, theirs = (tuple(one.wall for one in side) for side in (compared.ours, compared.theirs))
    ratio, (number, commits) = compared.wall_ratio, recorded.counts
    return Line(
        target=7,
        what=f"a whole login by QR on {kind}: time",
        baseline=f"its {number} statements and {commits} commits alone",
        measured=f"{results.ratio_text(ratio)}, {_ms(ours)} to {_ms(theirs)} ms, "
        f"{_ms(least)} in bare Flask views; "
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


@dataclass
class _Marking:
    """A sender that notes where each request ends among the steps."""

    sender: InProcess
    steps: Sequence[Step]
    ends: list[int] = field(default_factory=list)

    def send(self, request: Request) -> Answer:
        """Send a request and return its answer."""
        answer = self.sender.send(request)
        self.ends.append(len(self.steps))
        return answer


def _record(house: Installed) -> tuple[Recording, list[Recording]]:
    """Record a login that finds WeChat's token in place, as most do: whole, and by request."""
    with _engine(house) as engine, house.app.app_context():
        recorded = []
        own = db.engine
        for _ in range(3):
            with statements.recording(own) as steps:
                sender = InProcess(house.app.test_client(), house.settings.public_url)
                marking = _Marking(sender, steps)
                Desktop(marking, house.account, engine).log_in()
            recorded.append(steps)
    whole = statements.combine(*recorded[1:])
    return whole, whole.cut(marking.ends)


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


def _visit(program: Program, shares: Sequence[Recording], count: int) -> Cost:
    """Run the statements of so many logins in bare views, one after the other."""
    watch = Stopwatch()
    for _ in range(count):
        visitor = Visitor(program.url)
        for request in bare.requests_for(shares):
            with watch.running():
                answer = visitor.send(request)
            verify(answer, is_ok)
        visitor.close()
    return Cost(count, watch.wall_seconds, watch.cpu_seconds)


def _rate(house: Installed, program: Program, engine: Engine, count: int) -> float:
    """Return the logins of a second, several desktops at a time."""
    began = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(lambda _: _log_in(house, program, engine, 1), range(count)))
    return count / (time.perf_counter() - began)


def _ms(micros: Sequence[float]) -> str:
    return f"{Spread.of(tuple(micros)).median / 1000:.1f}"
