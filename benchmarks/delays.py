"""How soon desktops hear of a confirmation: rounds of two halls in turn."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.halls import Hall
from benchmarks.measuring import Effort, Spread


@dataclass(frozen=True)
class Delay:
    """Milliseconds from the commit to the answer, of one round."""

    p50: float
    p99: float

    @classmethod
    def of(cls, each: Sequence[float]) -> "Delay":
        """Return what half of them and nearly all of them keep to."""
        ordered = sorted(each)
        return cls(_quantile(ordered, 0.5), _quantile(ordered, 0.99))


@dataclass(frozen=True)
class Delays:
    """The rounds of two sides, in the order in which they were run."""

    ours: tuple[Delay, ...]
    theirs: tuple[Delay, ...]

    @property
    def over(self) -> tuple[Spread, Spread]:
        """By how much ours are later, at p50 and at p99."""
        pairs = list(zip(self.ours, self.theirs, strict=True))
        return (
            Spread.of([one.p50 - other.p50 for one, other in pairs]),
            Spread.of([one.p99 - other.p99 for one, other in pairs]),
        )

    @property
    def ratio(self) -> Spread:
        """How many times as late ours are at p99."""
        pairs = zip(self.ours, self.theirs, strict=True)
        return Spread.of([one.p99 / max(other.p99, 0.001) for one, other in pairs])

    @property
    def p99(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Return the rounds of both sides at p99."""
        return tuple(one.p99 for one in self.ours), tuple(one.p99 for one in self.theirs)

    def written(self) -> str:
        """Return both sides as the table has it."""
        return f"{_written(self.ours)} beside {_written(self.theirs)} ms"


def in_turn(count: int) -> Callable[[Hall], Delay]:
    """Return a round of so many confirmations, one after the other."""

    def confirm(hall: Hall) -> Delay:
        ids = hall.take(count)
        hall.phones.confirm_in_turn(ids)
        return Delay.of(hall.delays(ids))

    return confirm


def at_pace(count: int, per_second: float) -> Callable[[Hall], Delay]:
    """Return a round of so many confirmations at a pace."""

    def confirm(hall: Hall) -> Delay:
        ids = hall.take(count)
        hall.phones.confirm_at_pace(ids, per_second)
        return Delay.of(hall.delays(ids))

    return confirm


def compare(ours: Hall, theirs: Hall, effort: Effort, confirm: Callable[[Hall], Delay]) -> Delays:
    """Run both sides in turn, round by round, after one that is not counted."""
    rounds = [(confirm(ours), confirm(theirs)) for _ in range(effort.rounds + 1)][1:]
    return Delays(tuple(one for one, _ in rounds), tuple(other for _, other in rounds))


def burst(hall: Hall, count: int) -> list[float]:
    """Confirm so many at once, and return how late each was heard of."""
    ids = hall.take(count)
    hall.phones.confirm_at_once(ids)
    return hall.delays(ids)


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]


def _written(side: Sequence[Delay]) -> str:
    p50, p99 = (Spread.of([getattr(one, name) for one in side]).median for name in ("p50", "p99"))
    return f"{p50:.1f} / {p99:.1f}"
