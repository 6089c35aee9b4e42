"""How many threads may wait for WeChat at once, so that some are left for everything else.

Waiting for the owner's other program counts alike. A thread that waits has a slot, however many
calls it makes with it. Without a free one a thread
waits for its turn, since a call usually takes a tenth of a second. When WeChat is slow that would
only stop more threads: then whoever finds no slot is turned away at once.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from wechatlogin.wechat import errors

#: How long a thread waits for a slot; who holds one for longer is waiting for a slow WeChat.
PATIENCE_SECONDS = 1.0
#: How long WeChat counts as slow after it has been.
SLOW_SECONDS = 5.0


class Slots:
    """The slots of one process."""

    def __init__(self, count: int) -> None:
        self._free = threading.BoundedSemaphore(count)
        self._mine = threading.local()
        self._slow_until = 0.0

    @contextmanager
    def taken(self, path: str) -> Iterator[None]:
        """Hold a slot while WeChat is waited for; a thread that has one needs no second.

        :raise NoSlot: if there is none.
        """
        if getattr(self._mine, "is_held", False):
            yield
            return
        if not self._take():
            raise errors.NoSlot(path=path, errmsg="too many calls in flight")
        since = time.monotonic()
        self._mine.is_held = True
        try:
            yield
        finally:
            self._mine.is_held = False
            self._note(time.monotonic() - since)
            self._free.release()

    def _take(self) -> bool:
        if self._free.acquire(blocking=False):
            return True
        if time.monotonic() < self._slow_until:
            return False
        if self._free.acquire(timeout=PATIENCE_SECONDS):
            return True
        self._note(PATIENCE_SECONDS)
        return False

    def _note(self, seconds: float) -> None:
        if seconds >= PATIENCE_SECONDS:
            self._slow_until = time.monotonic() + SLOW_SECONDS
