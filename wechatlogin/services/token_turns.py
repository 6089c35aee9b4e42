"""The threads of one process that wait for an account's token: one at a time looks for it."""

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from wechatlogin.wechat.access_token import STABLE_PATH
from wechatlogin.wechat.errors import WeChatBusy


class TokenTurns:
    """The turns of every account; who waits for one asks neither the database nor WeChat."""

    def __init__(self) -> None:
        self._turns = defaultdict[str, threading.Lock](threading.Lock)

    @contextmanager
    def taken(self, appid: str, *, seconds: float) -> Iterator[None]:
        """Hold an account's turn.

        :raise WeChatBusy: if it does not come in this time.
        """
        turn = self._turns[appid]
        if not turn.acquire(timeout=seconds):
            raise WeChatBusy(path=STABLE_PATH)
        try:
            yield
        finally:
            turn.release()
