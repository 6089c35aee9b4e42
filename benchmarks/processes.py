"""Target 2: ten thousand desktops that wait at two processes, beside the same at one."""

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks import delays, halls, stamps
from benchmarks.delays import Delay, Delays
from benchmarks.halls import Hall
from benchmarks.measuring import Effort
from benchmarks.results import Line
from benchmarks.services import where_installed
from benchmarks.stamps import Stamps
from benchmarks.waiting import BURST, CONFIRMATIONS, DESKTOPS
from tests import databases

PROCESSES = 2
MOST = 3.0
#: Around a SQLite file nothing is sure to be heard, so each process looks again and again as well.
MOST_BY_LOOKING = 80.0


@dataclass(frozen=True)
class Bus:
    """What carries wake-ups from one process to the other."""

    name: str
    database: str
    redis_url: str | None = None

    @property
    def tells(self) -> bool:
        """Whether processes tell each other; else each looks again and again."""
        return self.database == "postgresql" or self.redis_url is not None


BUSES = (
    Bus("Redis", "postgresql", databases.REDIS),
    Bus("PostgreSQL alone", "postgresql"),
    Bus("SQLite", "sqlite"),
)


def measure(effort: Effort) -> Iterator[Line]:
    """Measure and return a line of the table for each bus that runs here."""
    with stamps.kept() as stamped:
        # One hall after the other: the desktops of two are more than two cores keep still.
        with halls.of_service(stamped) as hall:
            theirs = _confirm(hall, effort)
        for bus in BUSES:
            with where_installed("processes"):
                yield _measure_bus(bus, theirs, effort, stamped)


def _confirm(hall: Hall, effort: Effort) -> tuple[Delay, ...]:
    hall.fill(_number(effort))
    confirm = delays.in_turn(effort.times(CONFIRMATIONS))
    return tuple(confirm(hall) for _ in range(effort.rounds + 1))[1:]


def _measure_bus(bus: Bus, theirs: tuple[Delay, ...], effort: Effort, stamped: Stamps) -> Line:
    more = {"workers": PROCESSES, "redis_url": bus.redis_url}
    with halls.of_service(stamped, bus.database, **more) as hall:
        compared = Delays(_confirm(hall, effort), theirs)
        burst = Delay.of(delays.burst(hall, effort.times(BURST)))
    p99 = sorted(one.p99 for one in compared.ours)[effort.rounds // 2]
    return Line(
        target=2,
        what=f"{_number(effort):,} desktops wait at {PROCESSES} processes with {bus.name}: "
        "from the commit to the answer, p50 / p99",
        baseline="the same at one process",
        measured=f"p99 {compared.ratio.written('x')}; {compared.written()}; of "
        f"{effort.times(BURST)} at once {burst.p50:.0f} / {burst.p99:.0f} ms, none lost; "
        f"{hall.kib_each:.1f} KiB each",
        aim=f"p99 at most {MOST:g} x" if bus.tells else f"p99 under {MOST_BY_LOOKING:g} ms",
        is_met=compared.ratio.median <= MOST if bus.tells else p99 < MOST_BY_LOOKING,
        ours=compared.p99[0],
        theirs=compared.p99[1],
    )


def _number(effort: Effort) -> int:
    return max(20, effort.times(DESKTOPS))
