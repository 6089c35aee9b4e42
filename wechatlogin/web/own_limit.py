"""A rate limit that is counted beside the extension's, with next to no work for each request."""

from datetime import timedelta

from limits import parse_many
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

from wechatlogin.errors import RateLimited
from wechatlogin.web.process_storage import ProcessStorage


class OwnLimit:
    """How often one address may ask; counted by each process for itself, whatever Redis does."""

    def __init__(self, limits: str, storage: Storage | None = None) -> None:
        self._limits = parse_many(limits)
        self._counts = FixedWindowRateLimiter(storage or ProcessStorage())

    def count(self, address: str) -> None:
        """Count a request of an address.

        :raise RateLimited: if it is one too many.
        """
        for limit in self._limits:
            if not self._counts.hit(limit, address):
                raise RateLimited(timedelta(seconds=limit.get_expiry()))
