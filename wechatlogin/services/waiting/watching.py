"""A bus that looks for changes again and again, and only while somebody listens."""

import time
from abc import abstractmethod
from typing import ClassVar

from wechatlogin.services.waiting.threaded import ThreadedBus


class WatchingBus(ThreadedBus):
    """Passes on what `_has_changed` sees of the other processes."""

    #: Seconds between two looks; after `patience` without a successful one the bus counts as deaf.
    interval: ClassVar[float]

    def __init__(self) -> None:
        super().__init__()
        self._looked_at = 0.0

    def _run(self) -> None:
        try:
            while self._wait_for_listeners():
                try:
                    has_changed = self._has_changed()
                except self._failures():
                    has_changed = False
                else:
                    self._looked_at = time.monotonic()
                if has_changed:
                    self._publish(None)
                self._rest(self.interval)
        finally:
            self._let_go()

    def _hears(self) -> bool:
        return time.monotonic() - self._looked_at < self.patience

    def _begin(self) -> None:
        # The time without listeners was no deafness.
        self._looked_at = time.monotonic()

    def _tell_others(self, attempt_id: str) -> None:
        """Say nothing: they see that the row has changed."""

    @abstractmethod
    def _has_changed(self) -> bool:
        """Look once, in the thread of the bus."""

    def _failures(self) -> tuple[type[Exception], ...]:
        """Return what a look may raise when the database cannot be asked."""
        return ()

    @abstractmethod
    def _let_go(self) -> None:
        """Close what the looks have opened."""
