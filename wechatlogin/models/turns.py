"""The threads of one process take turns at SQLite's write lock.

SQLite has no queue: whoever finds the lock taken sleeps and tries again, so that among threads that
all write some try for seconds while others come and go. Within a process the lock is handed from
one to the next in the order in which they came. Other processes are met at the file, where one
thread of each tries again every millisecond: SQLite itself would sleep for longer and longer, up to
a tenth of a second, and find the lock taken each time while another process writes unit by unit.
"""

import random
import sqlite3
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from wechatlogin.models.conflicts import check_conflict

BEGIN = "BEGIN IMMEDIATE"
#: Between two tries at the file, on average.
TRY_AGAIN_SECONDS = 0.001


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


def begin_in_turn(turns: Turns, connection: Connection, seconds: float) -> None:
    """Begin a unit of writes, after at most so long in both queues.

    :raise OperationalError: if another process holds the lock for longer.
    """
    until = time.monotonic() + seconds
    turns.take(connection.connection.record_info, seconds)
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA busy_timeout = 0")
    try:
        connection.exec_driver_sql(BEGIN)
    except OperationalError as err:
        if not check_conflict(err) or not _begin_later(driver, until):
            raise
    finally:
        driver.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")


def _begin_later(driver: sqlite3.Connection, until: float) -> bool:
    while time.monotonic() < until:
        time.sleep(TRY_AGAIN_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
        with suppress(sqlite3.OperationalError):
            driver.execute(BEGIN)
            return True
    return False
