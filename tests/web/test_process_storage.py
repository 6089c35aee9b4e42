"""Rate limits in the memory of a process: windows that end, and go without a thread."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from limits import parse
from limits.strategies import FixedWindowRateLimiter

from tests import databases, waiters
from tests.servers import settings_for_tests
from wechatlogin import clock, create_app
from wechatlogin.errors import RateLimited
from wechatlogin.web import cookies
from wechatlogin.web.own_limit import OwnLimit
from wechatlogin.web.process_storage import CLEAR_UP_SECONDS, ProcessStorage

NOON = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> "Hands":
    return Hands(monkeypatch)


class Hands:
    """The hands of the clock, which a test puts forward."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self(0)

    def __call__(self, seconds: float) -> None:
        self._monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(seconds=seconds))


def test_a_window_begins_with_its_first_request_and_ends_in_time(at: Hands) -> None:
    counts = FixedWindowRateLimiter(ProcessStorage())
    limit = parse("2 per minute")

    assert [counts.hit(limit, "here") for _ in range(3)] == [True, True, False]
    assert counts.hit(limit, "there")
    at(59.9)
    assert not counts.hit(limit, "here")
    assert counts.get_window_stats(limit, "here").reset_time == NOON.timestamp() + 60
    at(60)
    assert counts.get_window_stats(limit, "here").remaining == 2
    assert counts.hit(limit, "here")


def test_what_is_over_is_cleared_up_and_what_is_not_stays(at: Hands) -> None:
    storage = ProcessStorage()
    storage.incr("short", 1)
    storage.incr("long", 3600)

    at(CLEAR_UP_SECONDS)
    storage.incr("another", 1)

    assert storage.reset() == 2, "only `long` and `another` are left"


def test_one_key_is_forgotten_alone() -> None:
    storage = ProcessStorage()
    storage.incr("one", 60)
    storage.incr("other", 60, amount=5)

    storage.clear("one")

    assert (storage.get("one"), storage.get("other")) == (0, 5)


def test_counting_starts_no_thread() -> None:
    storage = ProcessStorage("process://")
    before = threading.active_count()

    for number in range(100):
        storage.incr(str(number), 60)

    assert threading.active_count() == before


def test_several_limits_all_hold(at: Hands) -> None:
    limit = OwnLimit("2 per second; 3 per minute")
    limit.count("here")
    limit.count("here")

    with pytest.raises(RateLimited) as refused:
        limit.count("here")
    assert refused.value.resets_in == timedelta(seconds=1)
    at(1)
    limit.count("here")
    at(2)
    with pytest.raises(RateLimited) as refused:
        limit.count("here")
    assert refused.value.resets_in == timedelta(minutes=1)


@pytest.fixture
def asked_often(database_url: str) -> Iterator[Flask]:
    settings = settings_for_tests(database_url=database_url, limit_poll="2 per minute")
    app = create_app(settings)
    yield app
    databases.release(app)


def test_a_page_that_asks_too_often_is_told_when_to_come_back(asked_often: Flask) -> None:
    page = asked_often.test_client()
    page.set_cookie(cookies.BROWSER, waiters.SECRET)

    answers = [
        page.get("/login/attempts/nobodys", base_url="http://127.0.0.1:5000") for _ in range(3)
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 429]
    assert answers[2].json["error"] == "rate_limited"
    assert answers[2].headers["Retry-After"] == "60"
