"""One request that may have to wait, whatever it waits on: a parked socket or a thread."""

import dataclasses
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from wechatlogin.services.attempt_status import AttemptStatus


def retry_after() -> float:
    """Return how many seconds one that may not wait stays away: two to five.

    Spread out, so that a thousand that are sent away at once do not come back as one.
    """
    return 2 + secrets.randbelow(30) / 10


@dataclass(eq=False, slots=True)
class Guest:
    """Who asks, what it knows, and how to answer it."""

    attempt_id: str
    address: str
    #: What it has been told last, and when by the monotonic clock.
    status: AttemptStatus | None = None
    told_at: float = 0.0
    #: How long it wants to wait; 0 means that it has its answer.
    seconds: float = 0.0
    #: Set while it is seated.
    answer: Callable[[bytes], None] | None = None
    #: Something happened between entering and being seated.
    is_woken: bool = False

    def stay(self, status: AttemptStatus, seconds: float) -> None:
        """Note that this is known already and that the guest waits for more."""
        # Whose it is has been checked; among ten thousand the hashes would be a megabyte.
        self.status = dataclasses.replace(status, binding_hash="")
        self.told_at = time.monotonic()
        self.seconds = seconds

    @property
    def outlasts_attempt(self) -> bool:
        """Whether it is the attempt's end that ends the wait."""
        return self.status is not None and self.seconds > self.status.expires_in

    def time_up(self) -> bytes:
        """Return the answer that nothing has changed, with the seconds counted down."""
        return self._status_now().as_json()

    def unchanged(self) -> bytes:
        """Return the same where waiting has to end early; it says how long to stay away."""
        return self._status_now().as_json(retry_after=retry_after())

    def _status_now(self) -> AttemptStatus:
        if self.status is None:
            raise ValueError("this guest has been told nothing yet")
        return self.status.later(timedelta(seconds=time.monotonic() - self.told_at))
