"""Target 3: what ten thousand desktops cost while nothing happens, and under a held write lock."""

import multiprocessing
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.synchronize import Event

from benchmarks import delays, halls, stamps
from benchmarks.delays import Delay, Delays
from benchmarks.halls import Hall
from benchmarks.measuring import Effort, Spread, cpu_of_tree
from benchmarks.results import Line
from benchmarks.services import SERVICE
from benchmarks.stamps import Stamps
from benchmarks.waiting import CONFIRMATIONS, DESKTOPS

MOST_PERCENT = 2.0
MOST_P99 = 10.0
IDLE_SECONDS = 4.0
#: How long another process holds the lock, and how long it then lets go: 30 % of the time.
HELD_SECONDS, FREE_SECONDS = 0.03, 0.07
#: It does not begin until it is there.
START_SECONDS = 10
_FORKS = multiprocessing.get_context("fork")


def measure(effort: Effort) -> list[Line]:
    """Measure and return the two lines of the table."""
    with stamps.kept() as stamped:
        return [_measure_idle(effort, stamped), _measure_locked(effort, stamped)]


def _measure_idle(effort: Effort, stamped: Stamps) -> Line:
    number, seconds = max(20, effort.times(DESKTOPS)), max(0.1, IDLE_SECONDS * effort.share)
    with (
        halls.of_service(stamped, app=SERVICE) as ours,
        halls.of_service(stamped, app=SERVICE) as theirs,
    ):
        ours.fill(number)
        theirs.fill(1)
        pairs = [_percent_of_core((ours, theirs), seconds) for _ in range(effort.rounds)]
    busy, empty = tuple(one for one, _ in pairs), tuple(other for _, other in pairs)
    return Line(
        target=3,
        what=f"{number:,} desktops wait and nothing happens: CPU",
        baseline="one desktop",
        measured=f"{Spread.of(busy).written('%', 1)} of a core to {Spread.of(empty).median:.1f} %",
        aim=f"under {MOST_PERCENT:g} % of a core",
        is_met=Spread.of(busy).median < MOST_PERCENT,
        ours=busy,
        theirs=empty,
    )


def _percent_of_core(sides: tuple[Hall, Hall], seconds: float) -> tuple[float, float]:
    # At the same time: neither side does anything that the other could notice.
    before = [cpu_of_tree(hall.program.pid) for hall in sides]
    time.sleep(seconds)
    after = [cpu_of_tree(hall.program.pid) for hall in sides]
    ours, theirs = ((end - start) / seconds * 100 for start, end in zip(before, after, strict=True))
    return ours, theirs


def _measure_locked(effort: Effort, stamped: Stamps) -> Line:
    number, count = max(20, effort.times(DESKTOPS)), effort.times(CONFIRMATIONS)
    confirm = delays.in_turn(count)
    with halls.of_service(stamped) as hall:
        hall.fill(number)

        def confirm_under_lock(hall: Hall) -> Delay:
            with _lock_held_often(hall.database_path):
                return confirm(hall)

        rounds = [(confirm_under_lock(hall), confirm(hall)) for _ in range(effort.rounds + 1)][1:]
    compared = Delays(tuple(one for one, _ in rounds), tuple(other for _, other in rounds))
    ours, theirs = compared.p99
    return Line(
        target=3,
        what=f"{number:,} desktops wait while another process holds SQLite's write lock 30 % of "
        "the time: from the commit to the answer, p50 / p99",
        baseline="the same while nobody does",
        measured=f"p99 {compared.ratio.written('x')}; {compared.written()}",
        aim=f"p99 at most {MOST_P99:g} ms",
        is_met=Spread.of(ours).median <= MOST_P99,
        ours=ours,
        theirs=theirs,
    )


@contextmanager
def _lock_held_often(path: str) -> Iterator[None]:
    is_there, is_over = _FORKS.Event(), _FORKS.Event()
    holder = _FORKS.Process(target=_hold_often, args=(path, is_there, is_over), daemon=True)
    holder.start()
    is_there.wait(START_SECONDS)
    try:
        yield
    finally:
        is_over.set()
        holder.join(START_SECONDS)


def _hold_often(path: str, is_there: Event, is_over: Event) -> None:
    connection = sqlite3.connect(path, timeout=START_SECONDS, isolation_level=None)
    while not is_over.wait(FREE_SECONDS):
        connection.execute("BEGIN IMMEDIATE")
        # Something is written each time, as whoever takes the lock does.
        connection.execute("UPDATE wechat_apps SET name = name")
        is_there.set()
        time.sleep(HELD_SECONDS)
        connection.execute("COMMIT")
    connection.close()
