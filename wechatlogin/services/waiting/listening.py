"""A bus over a channel that all processes share: each says what it has changed.

The thread opens the channel once somebody listens. Nobody knows what was said before that, nor
while the channel was down, so everybody looks again whenever it has been opened. A process that
hears nothing for a while says something itself: when that does not come back either, the channel
counts as lost, although no connection has broken.
"""

import logging
import os
import secrets
import time
from abc import abstractmethod
from collections.abc import Iterable
from typing import ClassVar

from wechatlogin.services.waiting.threaded import ThreadedBus

log = logging.getLogger(__name__)

#: Stands where an attempt's id does, and wakes nobody.
_BEAT = "-"


class ListeningBus(ThreadedBus):
    """Tells the channel of its own changes and passes on those of the others."""

    #: Seconds after which a silent channel is tried, and until it counts as lost.
    beat_interval: ClassVar[float] = 2.0
    silence: ClassVar[float] = 5.0
    #: Seconds between two tries to open the channel, or to say something after that has failed.
    retry_interval: ClassVar[float] = 1.0
    #: Seconds that one reading of the channel may take; `close` waits no longer than that.
    reading: ClassVar[float] = 0.5

    def __init__(self) -> None:
        super().__init__()
        self._name = secrets.token_hex(4)
        self._heard_at: float | None = None
        self._said_at = 0.0
        self._mute_until = 0.0

    def close(self) -> None:
        """End the thread and the connections."""
        super().close()
        self._hang_up()

    def _run(self) -> None:
        while self._wait_for_listeners():
            try:
                self._listen()
            except self._failures() as err:
                log.warning("other processes are not heard: %s", type(err).__name__)
            finally:
                self._heard_at = None
                self._stop_listening()
            self._rest(self.retry_interval)

    def _listen(self) -> None:
        self._open()
        self._heard_at = time.monotonic()
        self._publish(None)
        while not self._is_closed:
            for message in self._receive(self.reading):
                self._heard_at = time.monotonic()
                self._pass_on(message)
            if not self._hears():
                log.warning("other processes have been silent for too long")
                return
            self._beat()

    @property
    def _origin(self) -> str:
        # A bus may be made before a process is forked.
        return f"{self._name}.{os.getpid()}"

    def _hears(self) -> bool:
        heard_at = self._heard_at
        return heard_at is not None and time.monotonic() - heard_at < self.silence

    def _begin(self) -> None:
        """Take no note: the thread opens the channel, and everybody looks again then."""

    def _tell_others(self, attempt_id: str) -> None:
        now = time.monotonic()
        if now < self._mute_until:
            return
        try:
            self._say(f"{self._origin}:{attempt_id}")
        except self._failures() as err:
            # Nobody waits for a channel that is down more than once a second.
            self._mute_until = now + self.retry_interval
            log.warning("other processes cannot be told: %s", type(err).__name__)

    def _pass_on(self, message: str) -> None:
        # Its own listeners a process has told at once.
        origin, _, attempt_id = message.partition(":")
        if origin != self._origin and attempt_id not in ("", _BEAT):
            self._publish((attempt_id,))

    def _beat(self) -> None:
        now = time.monotonic()
        heard_at = self._heard_at or now
        if now - max(heard_at, self._said_at) >= self.beat_interval:
            self._said_at = now
            self._tell_others(_BEAT)

    @abstractmethod
    def _open(self) -> None:
        """Begin to hear what is said on the channel from now on."""

    @abstractmethod
    def _receive(self, seconds: float) -> Iterable[str]:
        """Return what has been said, or nothing after so many seconds."""

    @abstractmethod
    def _say(self, message: str) -> None:
        """Say something to every process, from any thread."""

    @abstractmethod
    def _stop_listening(self) -> None:
        """Close what `_open` has opened, if anything."""

    @abstractmethod
    def _hang_up(self) -> None:
        """Close what `_say` has opened, if anything."""

    @abstractmethod
    def _failures(self) -> tuple[type[Exception], ...]:
        """Return what the channel raises when it cannot be reached."""
