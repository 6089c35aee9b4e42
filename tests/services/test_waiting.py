"""The wake-up bus: the same promises, whichever database it stands on."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError

from wechatlogin.models.transaction import prepare_sqlite
from wechatlogin.services.waiting import Bus, make_bus
from wechatlogin.services.waiting.rereading import RereadingBus
from wechatlogin.services.waiting.sqlite import SqliteBus

PROMPTLY = 0.2
SOON = 2.0


class Notes:
    """A listener that writes down what it hears."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, ...] | None] = []
        self._condition = threading.Condition()

    def __call__(self, ids: Iterable[str] | None) -> None:
        with self._condition:
            self.heard.append(None if ids is None else tuple(ids))
            self._condition.notify_all()

    def hears(self, wanted: tuple[str, ...] | None, within: float) -> bool:
        with self._condition:
            return self._condition.wait_for(lambda: wanted in self.heard, within)

    def forget(self) -> None:
        with self._condition:
            self.heard.clear()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tmp_path / 'bus.db'}")
    prepare_sqlite(engine)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE things (name TEXT)"))
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql+psycopg"])
def bus(request: pytest.FixtureRequest, engine: Engine) -> Iterator[Bus]:
    # The bus of other databases never asks them itself, so this one need not be there.
    is_file = request.param == "sqlite"
    bus = make_bus(engine if is_file else create_engine(f"{request.param}://127.0.0.1/any"))
    bus.start()
    yield bus
    bus.close()


def change(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO things VALUES ('x')"))


def eventually(condition: Callable[[], bool], within: float = SOON) -> bool:
    give_up_at = time.monotonic() + within
    while not condition():
        if time.monotonic() > give_up_at:
            return False
        time.sleep(0.005)
    return True


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


def test_what_another_process_writes_is_heard_of(bus: Bus, engine: Engine) -> None:
    notes = Notes()
    bus.subscribe(notes)
    eventually(lambda: bool(notes.heard), PROMPTLY)
    notes.forget()

    change(engine)

    assert notes.hears(None, SOON)


def test_what_is_written_while_nobody_listens_is_told_to_the_next(bus: Bus, engine: Engine) -> None:
    bus.subscribe(Notes())()
    change(engine)

    notes = Notes()
    bus.subscribe(notes)

    assert notes.hears(None, SOON)


def test_a_listener_may_leave_or_wake_while_it_is_told(bus: Bus) -> None:
    heard = Notes()

    def listener(ids: Iterable[str] | None) -> None:
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


def test_it_is_deaf_before_it_is_started_and_once_it_is_closed(engine: Engine) -> None:
    bus = make_bus(engine)

    before = bus.healthy
    bus.close()
    bus.start()

    assert not before
    assert not bus.healthy


def test_the_database_chooses_the_bus(engine: Engine) -> None:
    assert isinstance(make_bus(engine), SqliteBus)
    assert isinstance(make_bus(create_engine("sqlite://")), RereadingBus)
    assert isinstance(make_bus(create_engine("postgresql+psycopg://127.0.0.1/x")), RereadingBus)


def test_a_change_in_the_file_is_seen_within_a_fifth_of_a_second(engine: Engine) -> None:
    bus = make_bus(engine)
    bus.start()
    notes = Notes()
    bus.subscribe(notes)
    notes.hears(None, SOON)
    notes.forget()

    change(engine)

    assert notes.hears(None, PROMPTLY)
    bus.close()


def test_a_quiet_file_wakes_nobody(engine: Engine) -> None:
    bus = make_bus(engine)
    bus.start()
    notes = Notes()
    bus.subscribe(notes)
    notes.hears(None, SOON)
    notes.forget()

    time.sleep(4 * SqliteBus.interval)

    assert notes.heard == []
    bus.close()


def test_a_file_that_cannot_be_read_makes_the_bus_deaf_until_it_can(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SqliteBus, "patience", 0.2)
    bus = make_bus(engine)
    file, elsewhere = tmp_path / "bus.db", tmp_path / "elsewhere.db"
    engine.dispose()
    file.rename(elsewhere)
    file.mkdir()
    bus.start()
    notes = Notes()
    bus.subscribe(notes)

    was_deaf = eventually(lambda: not bus.healthy)
    file.rmdir()
    elsewhere.rename(file)

    assert was_deaf
    assert eventually(lambda: bus.healthy)
    assert notes.hears(None, SOON)
    bus.close()


def test_a_long_lock_only_delays(engine: Engine) -> None:
    bus = make_bus(engine)
    bus.start()
    notes = Notes()
    bus.subscribe(notes)
    notes.hears(None, SOON)
    with engine.connect() as connection:
        connection.commit()
        connection.connection.cursor().execute("BEGIN EXCLUSIVE")
        connection.connection.cursor().execute("INSERT INTO things VALUES ('y')")
        time.sleep(0.3)
        notes.forget()
        connection.connection.cursor().execute("COMMIT")

    assert notes.hears(None, SOON)
    bus.close()


def test_the_watcher_takes_no_place_in_the_pool(tmp_path: Path) -> None:
    engine = create_engine(
        f"sqlite:///{tmp_path / 'bus.db'}", pool_size=1, max_overflow=0, pool_timeout=1
    )
    bus = make_bus(engine)
    bus.start()
    notes = Notes()
    bus.subscribe(notes)
    assert notes.hears(None, SOON)

    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except OperationalError as err:
        pytest.fail(str(err))
    finally:
        bus.close()
        engine.dispose()
