"""Where rate limits are counted without Redis: in the memory of each process.

`limits` brings a storage of this kind, whose upkeep starts a thread up to a hundred times a second
and goes through all its keys each time. This one clears up once a minute, while it counts.
"""

import threading
from dataclasses import dataclass

from limits.storage.base import Storage

from wechatlogin import clock

#: How it is named in `RATELIMIT_STORAGE_URI`.
URI = "process://"
CLEAR_UP_SECONDS = 60.0


@dataclass(slots=True)
class Window:
    """What has been counted for one key, and when that is forgotten, in seconds of the epoch."""

    ends_at: float
    count: int = 0


class ProcessStorage(Storage):
    """Counts in fixed windows, each beginning with the first request that is counted in it."""

    STORAGE_SCHEME = ["process"]  # noqa: RUF012 - the library has it so

    def __init__(
        self, uri: str | None = None, wrap_exceptions: bool = False, **options: float | str | bool
    ) -> None:
        super().__init__(uri, wrap_exceptions, **options)
        self._lock = threading.Lock()
        self._windows: dict[str, Window] = {}
        self._clear_up_at = _now() + CLEAR_UP_SECONDS

    @property
    def base_exceptions(self) -> type[Exception]:
        """What tells that the storage is away, which this one never is."""
        return ValueError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count for a key whose window would last so many seconds, and return its count."""
        now = _now()
        with self._lock:
            if now >= self._clear_up_at:
                self._clear_up(now)
            window = self._windows.get(key)
            if window is None or now >= window.ends_at:
                window = self._windows[key] = Window(now + expiry)
            window.count += amount
            return window.count

    def get(self, key: str) -> int:
        """Return the count of a key."""
        window = self._windows.get(key)
        return 0 if window is None or _now() >= window.ends_at else window.count

    def get_expiry(self, key: str) -> float:
        """Return when a key's window ends, in seconds of the epoch; now if it has none."""
        window = self._windows.get(key)
        return _now() if window is None else window.ends_at

    def check(self) -> bool:
        """Tell that the storage is there."""
        return True

    def reset(self) -> int:
        """Forget everything and return how many keys that were."""
        with self._lock:
            forgotten = len(self._windows)
            self._windows = {}
            return forgotten

    def clear(self, key: str) -> None:
        """Forget one key."""
        with self._lock:
            self._windows.pop(key, None)

    def _clear_up(self, now: float) -> None:
        self._windows = {key: one for key, one in self._windows.items() if now < one.ends_at}
        self._clear_up_at = now + CLEAR_UP_SECONDS


def _now() -> float:
    return clock.now().timestamp()
