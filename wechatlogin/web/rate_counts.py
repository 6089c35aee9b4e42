"""Where the requests are counted that rate limits allow: in Redis, and without it in the process.

Flask-Limiter has such a fallback itself, but raises from every thread but the first that meets a
Redis which is gone, and from whoever counts after an answer; and it takes a Redis for well that
answers a ping and takes nothing, so that limits would hold now and then.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from limits.storage import RedisStorage, Storage

from wechatlogin.web import process_storage
from wechatlogin.web.process_storage import ProcessStorage

log = logging.getLogger(__name__)

_PREFIX = "counted+"
#: Seconds; everybody waits for it who comes while Redis is silent and not yet given up.
_TIMEOUT = 0.5
#: How long Redis is let alone once it has failed.
_REST_SECONDS = 1.0
#: A count of nothing, which shows whether Redis takes what it is given.
_PROBE = "wechatlogin:probe"

_Result = TypeVar("_Result")


def storage_uri(redis_url: str | None) -> str:
    """Return Flask-Limiter's `RATELIMIT_STORAGE_URI` for our setting."""
    return f"{_PREFIX}{redis_url}" if redis_url else process_storage.URI


class RedisOrProcess(Storage):
    """Counts in Redis while it takes what it is given, and else in this process."""

    STORAGE_SCHEME = [f"{_PREFIX}{name}" for name in ("redis", "rediss")]  # noqa: RUF012 - theirs

    def __init__(
        self, uri: str, wrap_exceptions: bool = False, **options: float | str | bool
    ) -> None:
        super().__init__(uri, wrap_exceptions=wrap_exceptions, **options)
        # Most installations have none, and every command would load it.
        from redis import RedisError
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        self._failures = (RedisError, OSError)
        self._redis = RedisStorage(
            uri.removeprefix(_PREFIX),
            socket_connect_timeout=_TIMEOUT,
            socket_timeout=_TIMEOUT,
            retry=Retry(NoBackoff(), 0),  # type: ignore[arg-type] # it is handed on to Redis
        )
        self._process = ProcessStorage()
        self._lock = threading.Lock()
        self._rests_until: float | None = None

    @property
    def base_exceptions(self) -> type[Exception] | tuple[type[Exception], ...]:
        """What may be raised: nothing of Redis's."""
        return ()

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count, and return how many that makes."""
        return self._count(lambda storage: storage.incr(key, expiry, amount))

    def get(self, key: str) -> int:
        """Return how many have been counted."""
        return self._count(lambda storage: storage.get(key))

    def get_expiry(self, key: str) -> float:
        """Return when the count begins anew."""
        return self._count(lambda storage: storage.get_expiry(key))

    def check(self) -> bool:
        """Tell whether something counts: the process does in any case."""
        return True

    def reset(self) -> int | None:
        """Forget all counts."""
        return self._count(lambda storage: storage.reset())

    def clear(self, key: str) -> None:
        """Forget a count."""
        self._count(lambda storage: storage.clear(key))

    def _count(self, ask: Callable[[Storage], _Result]) -> _Result:
        if self._takes_counts():
            try:
                return ask(self._redis)
            except self._failures as err:
                self._let_rest(err)
        return ask(self._process)

    def _takes_counts(self) -> bool:
        """Tell whether Redis is well; after a rest one caller tries, and the others go on."""
        with self._lock:
            if self._rests_until is None:
                return True
            if time.monotonic() < self._rests_until:
                return False
            self._rests_until = time.monotonic() + _REST_SECONDS
        try:
            self._redis.incr(_PROBE, 1)
        except self._failures:
            return False
        log.warning("Redis counts requests again")
        self._rests_until = None
        return True

    def _let_rest(self, err: Exception) -> None:
        if self._rests_until is None:
            log.warning("Redis counts no requests, so each process does: %s", type(err).__name__)
        self._rests_until = time.monotonic() + _REST_SECONDS
