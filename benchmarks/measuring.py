"""Rounds of two sides in turn, and what a process tree has cost by the kernel's own books."""

import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


@dataclass(frozen=True)
class Effort:
    """How much is measured: rounds, and the share of a full round's work."""

    rounds: int = 5
    share: float = 1.0

    def times(self, full: int) -> int:
        """Return how often something is done in a round that would do it `full` times."""
        return max(1, int(full * self.share))


@dataclass(frozen=True)
class Cost:
    """What one round of one side took."""

    #: How often it did what is measured.
    count: int
    wall_seconds: float
    cpu_seconds: float

    @property
    def wall(self) -> float:
        """Microseconds of the clock for each."""
        return self.wall_seconds / self.count * 1e6

    @property
    def cpu(self) -> float:
        """Microseconds of CPU for each."""
        return self.cpu_seconds / self.count * 1e6


@dataclass(frozen=True)
class Spread:
    """A median with the lowest and the highest."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: "list[float] | tuple[float, ...]") -> "Spread":
        """Return the spread of at least one value."""
        return cls(statistics.median(values), min(values), max(values))

    def written(self, unit: str, digits: int = 2) -> str:
        """Return it as the table has it: 1.23 x (1.20-1.30)."""
        low, high = f"{self.low:,.{digits}f}", f"{self.high:,.{digits}f}"
        middle = f"{self.median:,.{digits}f} {unit}"
        return middle if low == high else f"{middle} ({low}-{high})"


@dataclass(frozen=True)
class Comparison:
    """The rounds of two sides, in the order in which they were run."""

    ours: tuple[Cost, ...]
    theirs: tuple[Cost, ...]

    @property
    def cpu_ratio(self) -> Spread | None:
        """Ours divided by theirs, round by round; None where a round was too short to tell."""
        return _ratios([one.cpu for one in self.ours], [one.cpu for one in self.theirs])

    @property
    def wall_ratio(self) -> Spread | None:
        """The same by the clock."""
        return _ratios([one.wall for one in self.ours], [one.wall for one in self.theirs])


def compare(
    ours: Callable[[], Cost], theirs: Callable[[], Cost], *, rounds: int, warm_up: bool = True
) -> Comparison:
    """Run both sides in turn, round by round, after one round that is not counted."""
    if warm_up:
        ours()
        theirs()
    pairs = [(ours(), theirs()) for _ in range(rounds)]
    return Comparison(tuple(one for one, _ in pairs), tuple(other for _, other in pairs))


def in_this_process(work: Callable[[], int]) -> Cost:
    """Run something here and return its cost; it says how often it did what is measured."""
    cpu, wall = time.process_time(), time.perf_counter()
    count = work()
    return Cost(count, time.perf_counter() - wall, time.process_time() - cpu)


def in_processes(pid: int, work: Callable[[], int]) -> Cost:
    """Run something here and return what it cost a process and all below it."""
    cpu, wall = cpu_of_tree(pid), time.perf_counter()
    count = work()
    wall_seconds = time.perf_counter() - wall
    return Cost(count, wall_seconds, cpu_of_tree(pid) - cpu)


def cpu_of_tree(pid: int) -> float:
    """Return the CPU seconds of a process and all below it, those that have ended included."""
    return sum(sum(_times_of(one)) for one in tree_of(pid)) / _TICKS_PER_SECOND


def pss_of(pid: int) -> float:
    """Return a process's proportional share of memory in MiB."""
    for line in (_PROC / str(pid) / "smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise ValueError(f"the kernel does not say what process {pid} holds")


def tree_of(pid: int) -> list[int]:
    """Return a process and all below it."""
    below: dict[int, list[int]] = {}
    for each in _PROC.glob("[0-9]*"):
        try:
            below.setdefault(_parent_of(int(each.name)), []).append(int(each.name))
        except (FileNotFoundError, ProcessLookupError):
            # It has ended while we were reading.
            continue
    found = [pid]
    for one in found:
        found.extend(below.get(one, ()))
    return found


@dataclass
class Stopwatch:
    """Adds up the stretches of something that is not all measured."""

    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    laps: list[float] = field(default_factory=list)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Measure what happens inside."""
        cpu, wall = time.process_time(), time.perf_counter()
        yield
        self.laps.append(time.perf_counter() - wall)
        self.wall_seconds += self.laps[-1]
        self.cpu_seconds += time.process_time() - cpu

    @property
    def cost(self) -> Cost:
        """What the laps cost together."""
        return Cost(len(self.laps), self.wall_seconds, self.cpu_seconds)


def _ratios(ours: list[float], theirs: list[float]) -> Spread | None:
    ratios = [one / other for one, other in zip(ours, theirs, strict=True) if other > 0]
    return Spread.of(ratios) if ratios else None


def _stat(pid: int) -> list[str]:
    # The name stands in brackets and may hold anything; the fields behind it are counted from 3.
    return (_PROC / str(pid) / "stat").read_text().rpartition(") ")[2].split()


def _times_of(pid: int) -> tuple[int, ...]:
    return tuple(int(ticks) for ticks in _stat(pid)[11:15])


def _parent_of(pid: int) -> int:
    return int(_stat(pid)[1])
