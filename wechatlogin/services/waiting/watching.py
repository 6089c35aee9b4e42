"""A bus with one thread that looks for changes, and only while somebody listens."""

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import ClassVar

#: Takes the ids that may have moved; None means that anything may have.
Listener = Callable[[Iterable[str] | None], None]


class WatchingBus(ABC):
    """Wakes its own process at once, and passes on what `_has_changed` sees of the others."""

    #: Seconds between two looks.
    interval: ClassVar[float]
    #: Seconds without a successful look after which the bus counts as deaf.
    patience: ClassVar[float] = 2.0

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        # Guards the listeners and the life of the thread; never held while a listener runs.
        self._condition = threading.Condition()
        self._thread: threading.Thread | None = None
        self._is_closed = False
        self._looked_at = 0.0

    @property
    def healthy(self) -> bool:
        """Whether a change made by another process will be heard of."""
        with self._condition:
            if self._thread is None or not self._thread.is_alive():
                return False
            is_idle = not self._listeners
            return is_idle or time.monotonic() - self._looked_at < self.patience

    def wake(self, attempt_id: str) -> None:
        """Tell the listeners of this process; the others see that the row has changed."""
        self._publish((attempt_id,))

    def subscribe(self, callback: Listener) -> Callable[[], None]:
        """Call back on every change from now on, and return what ends that."""
        with self._condition:
            if not self._listeners:
                # The time without listeners was no deafness.
                self._looked_at = time.monotonic()
            self._listeners.append(callback)
            self._condition.notify_all()

        def unsubscribe() -> None:
            with self._condition:
                if callback in self._listeners:
                    self._listeners.remove(callback)

        return unsubscribe

    def start(self) -> None:
        """Start the thread; again does nothing."""
        with self._condition:
            if self._thread is None and not self._is_closed:
                self._thread = threading.Thread(target=self._run, name="wake-ups", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """End the thread and wait for it."""
        with self._condition:
            self._is_closed = True
            thread = self._thread
            self._condition.notify_all()
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=self.patience)

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
                with self._condition:
                    self._condition.wait_for(lambda: self._is_closed, self.interval)
        finally:
            self._let_go()

    def _wait_for_listeners(self) -> bool:
        with self._condition:
            self._condition.wait_for(lambda: self._is_closed or self._listeners)
            return not self._is_closed

    def _publish(self, ids: Iterable[str] | None) -> None:
        with self._condition:
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener(ids)

    @abstractmethod
    def _has_changed(self) -> bool:
        """Look once, in the thread of the bus."""

    def _failures(self) -> tuple[type[Exception], ...]:
        """Return what a look may raise when the database cannot be asked."""
        return ()

    @abstractmethod
    def _let_go(self) -> None:
        """Close what the looks have opened."""
