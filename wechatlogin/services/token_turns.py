"""The threads of one process that wait for an account's token: one at a time looks for it."""

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from wechatlogin.wechat.access_token import STABLE_PATH
from wechatlogin.wechat.errors import PlatformError, WeChatBusy


@dataclass
class _Place:
    """Where the threads that want one account's token line up."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    #: How many have asked in vain, and what the last of them was told.
    failures: int = 0
    said: PlatformError | None = None


@dataclass(frozen=True)
class Turn:
    """One thread's turn."""

    #: What whoever had a turn was told while this thread waited for its own.
    failure: PlatformError | None

    def verify_hopeful(self) -> None:
        """Return unless somebody has just asked in vain.

        :raise PlatformError: what they were told; to ask again for each who waited would keep the
            last one waiting for all of them.
        """
        if self.failure is not None:
            raise self.failure.anew()


class TokenTurns:
    """The turns of every account; who waits for one asks neither the database nor WeChat."""

    def __init__(self) -> None:
        self._places = defaultdict[str, _Place](_Place)

    @contextmanager
    def taken(self, appid: str, *, seconds: float) -> Iterator[Turn]:
        """Hold an account's turn.

        :raise WeChatBusy: if it does not come in this time.
        """
        place = self._places[appid]
        before = place.failures
        if not place.lock.acquire(timeout=seconds):
            raise WeChatBusy(path=STABLE_PATH)
        turn = Turn(place.said if place.failures > before else None)
        try:
            yield turn
        except PlatformError as err:
            # Who was only told of a failure has not asked, and those who came later may hope.
            if turn.failure is None:
                place.failures, place.said = place.failures + 1, err.anew()
            raise
        finally:
            place.lock.release()
