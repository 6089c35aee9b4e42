"""The threads of one process take turns at SQLite's write lock.

SQLite has no queue: whoever finds the lock taken sleeps and tries again, so that among threads that
all write some try for seconds while others come and go. Within a process the lock is handed from
one to the next in the order in which they came; other processes are still met at the file.
"""

import threading
from collections import deque
from dataclasses import dataclass, field


@dataclass(eq=False)
class _Place:
    """Somebody in the queue; whoever hands the turn over opens the gate."""

    holder: object
    gate: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.gate.acquire()


class Turns:
    """Whose turn it is; every method may be called from any thread."""

    def __init__(self) -> None:
        # Guards the two below; never held while somebody waits.
        self._lock = threading.Lock()
        self._holder: object | None = None
        self._queue: deque[_Place] = deque()

    def take(self, holder: object, seconds: float) -> bool:
        """Wait for the holder's turn, at most so long, and tell whether it came."""
        with self._lock:
            if self._holder is None:
                self._holder = holder
                return True
            place = _Place(holder)
            self._queue.append(place)
        if place.gate.acquire(timeout=seconds):
            return True
        with self._lock:
            if self._holder is holder:
                # It came in this very moment.
                return True
            self._queue.remove(place)
            return False

    def give_back(self, holder: object) -> None:
        """End the holder's turn, if it has one, and let the next one have it."""
        with self._lock:
            if self._holder is not holder:
                return
            if not self._queue:
                self._holder = None
                return
            place = self._queue.popleft()
            self._holder = place.holder
            place.gate.release()
