"""Threads that wait for WeChat leave others free, and wait for their turn while that is short."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from wechatlogin.wechat import errors, slots
from wechatlogin.wechat.slots import Slots

PATH = "/cgi-bin/user/info"


@contextmanager
def held(taken: Slots) -> Iterator[None]:
    """Let another thread hold a slot."""
    arrived, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with taken.taken(PATH):
            arrived.set()
            leave.wait(5)

    thread = threading.Thread(target=hold)
    thread.start()
    assert arrived.wait(5)
    yield
    leave.set()
    thread.join()


def test_a_thread_that_has_a_slot_needs_no_second() -> None:
    one = Slots(1)

    with one.taken(PATH), one.taken(PATH):
        pass
    with one.taken(PATH):
        pass


def test_a_burst_waits_for_its_turn() -> None:
    two = Slots(2)
    at_once, most = [0], [0]
    lock = threading.Lock()

    def call(_: int) -> None:
        with two.taken(PATH):
            with lock:
                at_once[0] += 1
                most[0] = max(most[0], at_once[0])
            time.sleep(0.01)
            with lock:
                at_once[0] -= 1

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(call, range(20)))

    assert most == [2]


def test_who_waits_too_long_is_turned_away_and_the_next_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(slots, "PATIENCE_SECONDS", 0.5)
    one = Slots(1)
    took = []

    with held(one):
        for _ in range(2):
            started = time.monotonic()
            with pytest.raises(errors.WeChatBusy), one.taken(PATH):
                pass
            took.append(time.monotonic() - started)

    assert took[0] >= 0.5
    assert took[1] < 0.4
    with one.taken(PATH):
        pass


@pytest.mark.fault("C-09")
def test_nobody_waits_once_a_slow_call_has_been_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slots, "PATIENCE_SECONDS", 0.5)
    one = Slots(1)
    with held(one):
        time.sleep(0.5)

    with held(one):
        started = time.monotonic()
        with pytest.raises(errors.WeChatBusy), one.taken(PATH):
            pass

    assert time.monotonic() - started < 0.4


def test_after_a_while_it_is_waited_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slots, "PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr(slots, "SLOW_SECONDS", 0.1)
    one = Slots(1)
    with held(one):
        time.sleep(0.1)
    time.sleep(0.15)

    with held(one):
        started = time.monotonic()
        with pytest.raises(errors.WeChatBusy), one.taken(PATH):
            pass

    assert time.monotonic() - started >= 0.1
