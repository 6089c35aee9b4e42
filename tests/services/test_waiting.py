"""The wake-up bus: the same promises, whatever it stands on."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from tests.servers import settings_for_tests
from tests.services import buses
from tests.services.buses import NOWHERE, Exchange, Notes, eventually
from wechatlogin.services.waiting import Bus, make_bus
from wechatlogin.services.waiting.postgresql import PostgresqlBus
from wechatlogin.services.waiting.redis import RedisBus
from wechatlogin.services.waiting.rereading import RereadingBus
from wechatlogin.services.waiting.sqlite import SqliteBus


@pytest.fixture(params=["sqlite", "rereading", "postgresql", "redis"])
def exchange(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Exchange]:
    with buses.exchange(request.param, tmp_path) as exchange:
        yield exchange


@pytest.fixture
def bus(exchange: Exchange) -> Iterator[Bus]:
    bus = exchange.bus()
    bus.start()
    yield bus
    bus.close()


def test_a_wake_up_in_the_same_process_is_immediate(bus: Bus) -> None:
    notes = Notes()
    bus.subscribe(notes)

    bus.wake("abc")

    # It came before wake() returned.
    assert ("abc",) in notes.heard


def test_every_listener_hears(bus: Bus) -> None:
    first, second = Notes(), Notes()
    bus.subscribe(first)
    bus.subscribe(second)

    bus.wake("abc")

    assert ("abc",) in first.heard
    assert ("abc",) in second.heard


def test_who_no_longer_listens_hears_nothing(bus: Bus) -> None:
    notes = Notes()
    stop_listening = bus.subscribe(notes)

    stop_listening()
    stop_listening()
    notes.forget()
    bus.wake("abc")

    assert notes.heard == []


def test_what_another_process_changes_is_heard_of(bus: Bus, exchange: Exchange) -> None:
    notes = Notes()
    bus.subscribe(notes)
    assert notes.hears(None)
    notes.forget()

    exchange.change_elsewhere()

    assert eventually(lambda: bool({None, ("abc",)}.intersection(notes.heard)))


def test_whoever_begins_to_listen_looks_for_what_came_before(bus: Bus, exchange: Exchange) -> None:
    exchange.change_elsewhere()

    notes = Notes()
    bus.subscribe(notes)

    assert notes.hears(None)


def test_a_listener_may_leave_or_wake_while_it_is_told(bus: Bus) -> None:
    heard = Notes()

    def listener(ids: Iterable[str] | None, *_: object) -> None:
        stop_listening()
        bus.wake("again")

    bus.subscribe(heard)
    stop_listening = bus.subscribe(listener)
    bus.wake("abc")

    assert ("again",) in heard.heard


def test_it_is_healthy_from_start_to_close(bus: Bus) -> None:
    bus.start()
    while_idle = bus.healthy
    bus.subscribe(Notes())
    while_listening = eventually(lambda: bus.healthy)

    bus.close()
    bus.close()

    assert while_idle
    assert while_listening
    assert not bus.healthy


def test_it_is_deaf_before_it_is_started_and_once_it_is_closed(exchange: Exchange) -> None:
    bus = exchange.bus()

    before = bus.healthy
    bus.close()
    bus.start()

    assert not before
    assert not bus.healthy


def test_what_there_is_chooses_the_bus(tmp_path: Path) -> None:
    alone = settings_for_tests()
    with_redis = settings_for_tests(redis_url=f"redis://{NOWHERE}")
    file = create_engine(f"sqlite:///{tmp_path / 'bus.db'}")
    postgresql = create_engine(f"postgresql+psycopg://{NOWHERE}/x")

    assert isinstance(make_bus(file, alone), SqliteBus)
    assert isinstance(make_bus(create_engine("sqlite://"), alone), RereadingBus)
    assert isinstance(make_bus(create_engine(f"mysql+pymysql://{NOWHERE}/x"), alone), RereadingBus)
    assert isinstance(make_bus(postgresql, alone), PostgresqlBus)
    assert isinstance(make_bus(postgresql, with_redis), RedisBus)
