"""What the waiting room's thread reads next, in rounds that are short.

Whoever is woken is read in the order in which that came, a few in a round: the first of five
hundred has its answer before the last one's row is read. Those whose time is up are read many at
a time, since thousands that came together end together; while somebody is woken they have every
other round. Where anything may have changed, everybody is looked at, one part in a round.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from wechatlogin.web.guest import Guest

#: Attempts of one round; reading so many takes little longer than reading one.
MOST_WOKEN = 20
#: Attempts of one round whose guests' time is up.
MOST_CALLED = 200
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
    #: Those whose time is up: they are answered in any case.
    last_calls: set[Guest]
    #: A part of everybody, of whom it is found out whose row has changed.
    compared: list[Guest]


class Rounds:
    """Plain bookkeeping; the room holds its lock around every call."""

    def __init__(self) -> None:
        # In the order in which they were woken, each with those whose time is up.
        self._woken: dict[str, set[Guest]] = {}
        # Those whose time is up and who were not woken.
        self._called: dict[str, set[Guest]] = {}
        self._was_called_last = False
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
        for attempt_id in ids:
            if attempt_id not in self._woken:
                self._woken[attempt_id] = self._called.pop(attempt_id, set())
        return bool(self._woken)

    def wake_everybody(self) -> None:
        """Look at everybody, from the beginning."""
        self._is_everybody_woken = True

    def call_last(self, guest: Guest) -> None:
        """Read a guest's attempt, and answer in any case."""
        woken = self._woken.get(guest.attempt_id)
        called = self._called.setdefault(guest.attempt_id, set()) if woken is None else woken
        called.add(guest)

    def forget(self, guest: Guest) -> None:
        """Let nobody be called who has left."""
        for kept in (self._woken, self._called):
            kept.get(guest.attempt_id, set()).discard(guest)

    def rest(self, began: float, ended: float) -> None:
        """Leave everybody alone for a while after a part of them was looked at."""
        self._rests_until = ended + (SHARE - 1) * (ended - began)

    def take(self, seated: Iterable[Guest], now: float) -> Round | None:
        """Return what is to be done now, if anything."""
        is_calling = bool(self._called) and not (self._woken and self._was_called_last)
        self._was_called_last = is_calling
        kept, most = (self._called, MOST_CALLED) if is_calling else (self._woken, MOST_WOKEN)
        read = list(islice(kept, most))
        called = set().union(*map(kept.pop, read))
        compared = self._take_part(seated, now)
        return Round(read, called, compared) if read or compared else None

    def take_last_calls(self) -> set[Guest]:
        """Return all whose time is up, where they cannot be read."""
        called = set().union(*self._woken.values(), *self._called.values())
        self._called.clear()
        for guests in self._woken.values():
            guests.clear()
        return called

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
