"""The buses over a channel: nobody hears what is their own, and a lost channel is found again."""

import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import redis
from sqlalchemy import create_engine, text

from tests import databases
from tests.servers import settings_for_tests
from tests.services import buses
from tests.services.buses import NOWHERE, SOON, Exchange, Notes, OwnRedis, eventually
from wechatlogin.services.waiting import Bus, make_bus
from wechatlogin.services.waiting.listening import ListeningBus
from wechatlogin.services.waiting.redis import RedisBus

PROMPTLY = 0.2
TRIES = 3


@pytest.fixture(params=["postgresql", "redis"])
def exchange(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Exchange]:
    # By this name the test finds its own connections among those of others.
    monkeypatch.setattr(RedisBus, "client_name", secrets.token_hex(8))
    with buses.exchange(request.param, tmp_path) as exchange:
        yield exchange


@pytest.fixture
def listen(exchange: Exchange) -> Iterator[Callable[[], tuple[Bus, Notes]]]:
    made: list[Bus] = []

    def listen() -> tuple[Bus, Notes]:
        bus, notes = exchange.bus(), Notes()
        made.append(bus)
        bus.start()
        bus.subscribe(notes)
        assert notes.hears(None)
        notes.forget()
        return bus, notes

    yield listen
    for bus in made:
        bus.close()


Listen = Callable[[], tuple[Bus, Notes]]


def cut_off(exchange: Exchange) -> None:
    """End every connection of the buses, as an administrator may."""
    if exchange.redis_url is None:
        kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
        own = "datname = current_database() AND pid <> pg_backend_pid()"
        with exchange.engine.begin() as connection:
            connection.execute(text(kill + own))
        return
    client = redis.Redis.from_url(exchange.redis_url, decode_responses=True)
    for other in client.client_list():
        if other["name"] == RedisBus.client_name:
            client.client_kill_filter(_id=other["id"])
    client.close()


def test_two_processes_hear_each_other_at_once(listen: Listen) -> None:
    (bus, _), (_, notes) = listen(), listen()
    took = []
    for number in range(TRIES):
        began = time.monotonic()
        bus.wake(f"attempt-{number}")
        assert notes.hears((f"attempt-{number}",))
        took.append(time.monotonic() - began)

    assert min(took) < PROMPTLY


def test_nobody_is_told_twice_of_their_own(listen: Listen) -> None:
    (bus, notes), (other, _) = listen(), listen()

    bus.wake("mine")
    other.wake("theirs")

    assert notes.hears(("theirs",))
    assert notes.heard.count(("mine",)) == 1


@pytest.mark.fault("C-16", "C-19")
def test_a_lost_channel_is_found_again_and_everybody_looks(
    listen: Listen, exchange: Exchange
) -> None:
    (bus, notes), (other, _) = listen(), listen()

    cut_off(exchange)

    assert eventually(lambda: not bus.healthy)
    assert notes.hears(None)
    assert eventually(lambda: bus.healthy and other.healthy)
    other.wake("later")
    assert notes.hears(("later",))


@pytest.mark.parametrize("kind", ["postgresql", "redis"])
@pytest.mark.fault("C-16", "C-19")
def test_without_its_server_a_bus_is_deaf_and_wakes_its_own_process(kind: str) -> None:
    engine = create_engine(f"postgresql+psycopg://{NOWHERE}/x")
    url = f"redis://{NOWHERE}" if kind == "redis" else None
    bus, notes = make_bus(engine, settings_for_tests(redis_url=url)), Notes()
    bus.start()
    bus.subscribe(notes)

    bus.wake("abc")

    assert notes.heard == [("abc",)]
    assert not bus.healthy
    bus.close()


def test_another_installation_on_the_same_redis_is_not_heard(tmp_path: Path) -> None:
    with buses.exchange("redis", tmp_path) as ours:
        bus, notes = ours.bus(), Notes()
        bus.start()
        bus.subscribe(notes)
        assert notes.hears(None)
        notes.forget()

        replace(ours, name="https://other.example.com").change_elsewhere()
        ours.change_elsewhere()

        assert notes.hears(("abc",))
        assert notes.heard == [("abc",)]
        bus.close()


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[OwnRedis]:
    server = OwnRedis(tmp_path)
    yield server
    server.stop()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("beat_interval", 0.1), ("silence", 0.6), ("retry_interval", 0.1)):
        monkeypatch.setattr(ListeningBus, name, value)


@pytest.mark.usefixtures("impatient")
@pytest.mark.fault("C-19")
def test_a_server_that_keeps_silent_is_no_channel(own_redis: OwnRedis) -> None:
    exchange = Exchange(create_engine("sqlite://"), own_redis.url)
    bus, notes = exchange.bus(), Notes()
    bus.start()
    bus.subscribe(notes)
    assert notes.hears(None)
    # Nobody says anything, yet its own voice keeps it healthy.
    time.sleep(1)
    assert bus.healthy

    own_redis.freeze()

    assert eventually(lambda: not bus.healthy)
    own_redis.thaw()
    assert eventually(lambda: bus.healthy)
    exchange.change_elsewhere()
    assert notes.hears(("abc",))
    bus.close()


@pytest.mark.usefixtures("impatient")
@pytest.mark.fault("C-19")
def test_whoever_confirms_a_login_does_not_wait_for_a_dead_server(own_redis: OwnRedis) -> None:
    bus = make_bus(create_engine("sqlite://"), settings_for_tests(redis_url=own_redis.url))
    bus.wake("before")
    own_redis.freeze()

    began = time.monotonic()
    bus.wake("abc")

    assert time.monotonic() - began < SOON / 2
    bus.close()


def test_a_bus_takes_no_place_in_the_pool(tmp_path: Path) -> None:
    with databases.fresh_database("postgresql", tmp_path) as url:
        engine = create_engine(url, pool_size=1, max_overflow=0, pool_timeout=1)
        bus, notes = make_bus(engine, settings_for_tests()), Notes()
        bus.start()
        bus.subscribe(notes)
        assert notes.hears(None)
        bus.wake("abc")

        with engine.connect() as connection:
            assert connection.execute(text("SELECT 1")).scalar() == 1
        bus.close()
        # Whoever only speaks, as a command does, closes nothing but the engine.
        make_bus(engine, settings_for_tests()).wake("abc")
        engine.dispose()
