"""Who is in the waiting room, and how many of them one attempt and one address may have."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from wechatlogin.metrics import WAITING
from wechatlogin.web.guest import Guest


@dataclass(frozen=True)
class Limits:
    """How many may wait at once, so that one browser or address cannot fill the room."""

    per_attempt: int = 3
    per_address: int = 200


class Seats:
    """Plain bookkeeping; the room holds its lock around every call."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._entering: set[Guest] = set()
        self._seated: dict[str, list[Guest]] = {}
        self._at_address: dict[str, int] = {}

    def __len__(self) -> int:
        """Return how many are seated."""
        return sum(len(guests) for guests in self._seated.values())

    def __iter__(self) -> Iterator[Guest]:
        """Go through those who are seated."""
        for guests in self._seated.values():
            yield from guests

    @property
    def are_taken(self) -> bool:
        """Whether anybody is seated."""
        return bool(self._seated)

    @property
    def is_nobody_here(self) -> bool:
        """Whether nobody is seated and nobody enters."""
        return not self._seated and not self._entering

    def enter(self, guest: Guest) -> None:
        """Note somebody who may be seated in a moment."""
        self._entering.add(guest)

    def take(self, guest: Guest) -> bool:
        """Seat somebody who entered; False where attempt or address has its share already."""
        self._entering.discard(guest)
        guests = self._seated.get(guest.attempt_id, [])
        at_address = self._at_address.get(guest.address, 0)
        if len(guests) >= self._limits.per_attempt or at_address >= self._limits.per_address:
            return False
        self._seated[guest.attempt_id] = [*guests, guest]
        self._at_address[guest.address] = at_address + 1
        WAITING.inc()
        return True

    def leave(self, guest: Guest) -> None:
        """Forget somebody; again does nothing."""
        self._entering.discard(guest)
        guests = self._seated.get(guest.attempt_id, [])
        if guest not in guests:
            return
        guest.answer = None
        guests.remove(guest)
        WAITING.dec()
        if not guests:
            del self._seated[guest.attempt_id]
        self._at_address[guest.address] -= 1
        if not self._at_address[guest.address]:
            del self._at_address[guest.address]

    def wake_entering(self, ids: set[str] | None) -> None:
        """Mark those who enter for these attempts, or for any: their row may move meanwhile."""
        for guest in self._entering:
            if ids is None or guest.attempt_id in ids:
                guest.is_woken = True

    def taken_for(self, ids: Iterable[str]) -> list[str]:
        """Return those of these attempts that somebody waits for."""
        return [attempt_id for attempt_id in ids if attempt_id in self._seated]

    def waiting_for(self, ids: Iterable[str]) -> list[Guest]:
        """Return everybody who waits for these attempts."""
        return [guest for attempt_id in ids for guest in self._seated.get(attempt_id, ())]
