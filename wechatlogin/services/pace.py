"""How many rows a unit of writes takes, so that nobody has to wait for it.

What a row costs is known to the disk alone: how many indexes lead to it, and whether those are in
memory. So each unit is timed, and the next takes what would have filled `AIM_SECONDS`, by the
dearer of the last two: rows differ, and after a cheap unit the next would often take too long. What
every commit takes is not laid to the rows: on a slow disk that alone would leave each unit the
fewest.
After each the others may write for as long as it took: whoever waits for SQLite's lock only looks
for it now and then, and would miss a gap that is short.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from wechatlogin.models.transaction import repeatable, write

#: A tenth of what a lock may last: the next rows may be far from those of before.
AIM_SECONDS = 0.01
#: Where its indexes are on the disk alone, a row takes a millisecond and more.
FIRST, LEAST, MOST = 20, 2, 1_000
#: More than this a commit takes because of its rows, or the disk is so slow that few are enough.
DEAREST_COMMIT_SECONDS = 4 * AIM_SECONDS

Rest = Callable[[float], None]


@dataclass
class Pace:
    """How many rows the next unit takes, learnt from those before; `rest` lets others write."""

    rest: Rest = time.sleep
    rows: int = FIRST
    #: What a row took in the unit before.
    _row_seconds: float = field(default=0.0, init=False)
    #: The quickest commit so far.
    _commit_seconds: float = field(default=DEAREST_COMMIT_SECONDS, init=False)

    def unit(self, rows: int, change: Callable[[], int]) -> int:
        """Change so many rows in a unit of writes, learn from it, and return what `change` does."""
        changed, seconds, commit_seconds = _timed(change)
        self._commit_seconds = min(self._commit_seconds, commit_seconds)
        self._learn(rows, seconds - self._commit_seconds)
        self.rest(seconds)
        return changed

    @contextmanager
    def giving_way(self) -> Iterator[None]:
        """Do something that writes, and leave others as much time as it took."""
        began = time.monotonic()
        yield
        self.rest(time.monotonic() - began)

    def _learn(self, rows: int, seconds: float) -> None:
        # A few rows that were the last ones say nothing about many, unless they were slow.
        if rows >= self.rows or seconds > AIM_SECONDS:
            former, self._row_seconds = self._row_seconds, seconds / rows
            fitting = int(AIM_SECONDS / max(former, self._row_seconds, 1e-9))
            self.rows = min(max(fitting, LEAST), 2 * self.rows, MOST)


@repeatable
def _timed(change: Callable[[], int]) -> tuple[int, float, float]:
    """Return what was changed, how long that took, and how much of it the commit."""
    with write() as session:
        # Here SQLite's lock is waited for, which says nothing about the rows.
        session.connection()
        began = time.monotonic()
        changed = change()
        session.flush()
        written = time.monotonic()
    committed = time.monotonic()
    return changed, committed - began, committed - written
