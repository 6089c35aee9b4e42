"""What the waiting room's thread reads next, in rounds that are short.

Whoever is woken is read in the order in which that came, a few in a round: the first of five
hundred has its answer before the last one's row is read. Where anything may have changed, everybody
is looked at, one part in a round.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from wechatlogin.web.guest import Guest

#: Attempts of one round; reading so many takes little longer than reading one.
MOST_WOKEN = 20
#: Guests of one round where everybody is looked at; whoever is woken waits for that long.
MOST_COMPARED = 250
#: A busy database moves all the time; looking at everybody may take at most one part in this many
#: of the time.
SHARE = 8


@dataclass(frozen=True)
class Round:
    """What the reading thread does next."""

    #: Attempts whose rows are read.
    read: list[str]
    #: A part of everybody, of whom it is found out whose row has changed.
    compared: list[Guest]


class Rounds:
    """Plain bookkeeping; the room holds its lock around every call."""

    def __init__(self) -> None:
        # In the order in which they were woken.
        self._woken: dict[str, None] = {}
        self._is_everybody_woken = False
        self._everybody: Iterator[Guest] | None = None
        self._everybody_woken_at = 0.0
        self._rests_until = 0.0

    @property
    def everybody_looked_at(self) -> float:
        """When the last look at everybody began, by the monotonic clock."""
        return self._everybody_woken_at

    def wake(self, ids: Iterable[str]) -> bool:
        """Read these attempts, and tell whether there is any to read."""
        self._woken.update(dict.fromkeys(ids))
        return bool(self._woken)

    def wake_everybody(self) -> None:
        """Look at everybody, from the beginning."""
        self._is_everybody_woken = True

    def rest(self, began: float, ended: float) -> None:
        """Leave everybody alone for a while after a part of them was looked at."""
        self._rests_until = ended + (SHARE - 1) * (ended - began)

    def take(self, seated: Iterable[Guest], now: float) -> Round | None:
        """Return what is to be done now, if anything."""
        read = list(islice(self._woken, MOST_WOKEN))
        for attempt_id in read:
            del self._woken[attempt_id]
        compared = self._take_part(seated, now)
        return Round(read, compared) if read or compared else None

    def patience(self, now: float) -> float | None:
        """Return for how many seconds there is nothing to do; None where that is not known."""
        is_due = self._is_everybody_woken or self._everybody is not None
        return max(0.0, self._rests_until - now) if is_due else None

    def _take_part(self, seated: Iterable[Guest], now: float) -> list[Guest]:
        if now < self._rests_until:
            return []
        if self._everybody is None and self._is_everybody_woken:
            # Those who come later read their row themselves.
            self._everybody = iter(list(seated))
            self._is_everybody_woken, self._everybody_woken_at = False, now
        part = list(islice(self._everybody or (), MOST_COMPARED))
        if len(part) < MOST_COMPARED:
            self._everybody = None
        return part
