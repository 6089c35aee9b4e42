"""What every bus shares: its listeners, and one thread that hears of other processes."""

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import ClassVar, Protocol

from wechatlogin.services.attempt_status import AttemptStatus

#: For so long whoever wakes somebody stands back, so that the answer goes out first.
GIVE_WAY_SECONDS = 0.001


class Listener(Protocol):
    """Takes the ids that may have moved; None means that anything may have."""

    def __call__(self, ids: Iterable[str] | None, news: AttemptStatus | None = None, /) -> None:
        """Take them, and how the one among them stands where whoever wakes knows that."""


class ThreadedBus(ABC):
    """Wakes its own process at once; its thread works only once somebody listens."""

    #: Seconds for which `close` waits for the thread.
    patience: ClassVar[float] = 2.0

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        # Guards the listeners and the life of the thread; never held while a listener runs.
        self._condition = threading.Condition()
        self._thread: threading.Thread | None = None
        self._is_closed = False

    @property
    def healthy(self) -> bool:
        """Whether a change made by another process will be heard of."""
        with self._condition:
            if self._thread is None or not self._thread.is_alive():
                return False
            return not self._listeners or self._hears()

    def wake(self, attempt_id: str, news: AttemptStatus | None = None) -> None:
        """Tell the listeners of this process, and what there is of others."""
        self._publish((attempt_id,), news)
        self._tell_others(attempt_id)
        if self._listeners and news is None:
            # The interpreter would let whoever has to answer wait until this thread has to.
            time.sleep(GIVE_WAY_SECONDS)

    def subscribe(self, callback: Listener) -> Callable[[], None]:
        """Call back on every change from now on, and return what ends that."""
        with self._condition:
            if not self._listeners:
                self._begin()
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

    def _wait_for_listeners(self) -> bool:
        with self._condition:
            self._condition.wait_for(lambda: self._is_closed or self._listeners)
            return not self._is_closed

    def _rest(self, seconds: float) -> None:
        with self._condition:
            self._condition.wait_for(lambda: self._is_closed, seconds)

    def _publish(self, ids: Iterable[str] | None, news: AttemptStatus | None = None) -> None:
        with self._condition:
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener(ids, news)

    @abstractmethod
    def _run(self) -> None:
        """Hear of other processes until the bus is closed, in the thread of the bus."""

    @abstractmethod
    def _hears(self) -> bool:
        """Tell whether the thread hears of other processes now; the condition is held."""

    @abstractmethod
    def _begin(self) -> None:
        """Take note that somebody listens from now on; the condition is held."""

    @abstractmethod
    def _tell_others(self, attempt_id: str) -> None:
        """Tell other processes, and fail because of nothing."""
