"""One thread of a process looks for a token, and those who waited share what it was told."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from wechatlogin.services.token_turns import TokenTurns
from wechatlogin.wechat.access_token import STABLE_PATH
from wechatlogin.wechat.errors import WeChatBusy, WeChatUnreachable

APPID = "wx1"
#: In this time a thread that was started has come to wait, on a busy machine too.
SETTLING_SECONDS = 0.5


class Asker:
    """A thread that asks for a token, which WeChat does not give, once it has its turn."""

    def __init__(self, turns: TokenTurns, pool: ThreadPoolExecutor) -> None:
        self._turns, self._may_go_on = turns, threading.Event()
        self.has_turn = threading.Event()
        self._has_asked = False
        self._outcome: Future[None] = pool.submit(self._ask)

    def goes_on(self) -> bool:
        """Let it hear that WeChat gives no token, and tell whether it had to ask for that."""
        assert self.has_turn.wait(20)
        self._may_go_on.set()
        with pytest.raises(WeChatUnreachable):
            self._outcome.result()
        return self._has_asked

    def _ask(self) -> None:
        with self._turns.taken(APPID, seconds=20) as turn:
            self.has_turn.set()
            self._may_go_on.wait()
            turn.verify_hopeful()
            self._has_asked = True
            raise WeChatUnreachable(path=STABLE_PATH, reason="timeout", sent=True)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool


def test_who_waited_is_told_what_the_one_before_was_told(pool: ThreadPoolExecutor) -> None:
    turns = TokenTurns()
    first = Asker(turns, pool)
    assert first.has_turn.wait(20)
    others = [Asker(turns, pool) for _ in range(3)]
    time.sleep(SETTLING_SECONDS)

    assert not any(other.has_turn.is_set() for other in others)
    assert first.goes_on()
    assert [other.goes_on() for other in others] == [False, False, False]


def test_who_comes_later_asks_although_others_are_still_being_told(
    pool: ThreadPoolExecutor,
) -> None:
    turns = TokenTurns()
    first = Asker(turns, pool)
    assert first.has_turn.wait(20)
    waiting = Asker(turns, pool)
    time.sleep(SETTLING_SECONDS)
    assert first.goes_on()
    assert waiting.has_turn.wait(20)
    later = Asker(turns, pool)
    time.sleep(SETTLING_SECONDS)

    assert not waiting.goes_on()
    assert later.goes_on()


def test_a_turn_that_does_not_come_is_told(pool: ThreadPoolExecutor) -> None:
    turns = TokenTurns()

    def take() -> None:
        with turns.taken(APPID, seconds=0.01):
            pass

    with turns.taken(APPID, seconds=1), pytest.raises(WeChatBusy):
        pool.submit(take).result()
