"""The bus of a SQLite file: what any process writes is seen, what it says is heard at once."""

import socket
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError

from tests.servers import settings_for_tests
from tests.services.buses import Notes
from tests.waiters import eventually
from wechatlogin.models.transaction import prepare_sqlite
from wechatlogin.services.waiting import Bus, make_bus
from wechatlogin.services.waiting.sqlite import SqliteBus

PROMPTLY = 0.2
SOON = 2.0
ALONE = settings_for_tests()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tmp_path / 'bus.db'}")
    prepare_sqlite(engine)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE things (name TEXT)"))
    yield engine
    engine.dispose()


def change(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO things VALUES ('x')"))


def test_a_change_in_the_file_is_seen_within_a_fifth_of_a_second(engine: Engine) -> None:
    bus = make_bus(engine, ALONE)
    bus.start()
    notes = Notes()
    bus.subscribe(notes)
    notes.hears(None, SOON)
    notes.forget()

    change(engine)

    assert notes.hears(None, PROMPTLY)
    bus.close()


def test_a_quiet_file_wakes_nobody(engine: Engine) -> None:
    bus = make_bus(engine, ALONE)
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
    bus = make_bus(engine, ALONE)
    file, elsewhere = tmp_path / "bus.db", tmp_path / "elsewhere.db"
    engine.dispose()
    file.rename(elsewhere)
    file.mkdir()
    bus.start()
    notes = Notes()
    bus.subscribe(notes)

    was_deaf = eventually(lambda: not bus.healthy, SOON)
    file.rmdir()
    elsewhere.rename(file)

    assert was_deaf
    assert eventually(lambda: bus.healthy, SOON)
    assert notes.hears(None, SOON)
    bus.close()


def test_a_long_lock_only_delays(engine: Engine) -> None:
    bus = make_bus(engine, ALONE)
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
    bus = make_bus(engine, ALONE)
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


@pytest.fixture
def two(engine: Engine) -> Iterator[tuple[Bus, Bus]]:
    """Return the buses of two processes around one file."""
    buses = make_bus(engine, ALONE), make_bus(engine, ALONE)
    for bus in buses:
        bus.start()
    yield buses
    for bus in buses:
        bus.close()


def sockets(folder: Path) -> list[Path]:
    return list(folder.glob("bus.db-wake-*"))


def test_processes_around_a_file_tell_each_other_which_attempt_it_was(
    two: tuple[Bus, Bus], tmp_path: Path
) -> None:
    notes = Notes()
    two[0].subscribe(notes)
    assert eventually(lambda: bool(sockets(tmp_path)), SOON)

    two[1].wake("abc")

    assert notes.hears(("abc",), SOON)


def test_a_socket_is_there_for_as_long_as_somebody_listens(
    two: tuple[Bus, Bus], tmp_path: Path
) -> None:
    before = sockets(tmp_path)
    stop_listening = two[0].subscribe(Notes())
    assert eventually(lambda: len(sockets(tmp_path)) == 1, SOON)
    assert sockets(tmp_path)[0].stat().st_mode & 0o777 == 0o600

    stop_listening()

    assert before == []
    assert eventually(lambda: sockets(tmp_path) == [], SOON)
    two[0].subscribe(Notes())
    assert eventually(lambda: len(sockets(tmp_path)) == 1, SOON)
    two[0].close()
    assert sockets(tmp_path) == []


def test_the_socket_of_a_process_that_was_killed_is_cleared_away(
    two: tuple[Bus, Bus], tmp_path: Path
) -> None:
    left_over = tmp_path / "bus.db-wake-0123456789abcdef"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as dead:
        dead.bind(str(left_over))
    notes = Notes()
    two[0].subscribe(notes)
    assert eventually(lambda: len(sockets(tmp_path)) == 2, SOON)

    two[1].wake("abc")

    assert notes.hears(("abc",), SOON)
    assert not left_over.exists()


def test_one_that_is_slow_to_listen_holds_nobody_up_and_misses_nothing(
    two: tuple[Bus, Bus], engine: Engine, tmp_path: Path
) -> None:
    goes_on, notes = threading.Event(), Notes()

    def dawdle(ids: Iterable[str] | None, *_: object) -> None:
        goes_on.wait(SOON)
        notes(ids)

    two[0].subscribe(dawdle)
    assert eventually(lambda: bool(sockets(tmp_path)), SOON)

    # More than the queue of any socket holds.
    for number in range(2000):
        two[1].wake(str(number))
    change(engine)
    notes.forget()
    goes_on.set()

    assert notes.hears(None, SOON)


def test_where_the_path_is_too_long_for_a_socket_the_file_is_still_looked_at(
    tmp_path: Path,
) -> None:
    folder = tmp_path / ("deep" * 25)
    folder.mkdir()
    engine = create_engine(f"sqlite:///{folder / 'bus.db'}")
    prepare_sqlite(engine)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE things (name TEXT)"))
    bus, notes = make_bus(engine, ALONE), Notes()
    bus.start()
    bus.subscribe(notes)
    assert notes.hears(None, SOON)
    notes.forget()

    change(engine)

    assert notes.hears(None, SOON)
    assert sockets(folder) == []
    bus.close()
    engine.dispose()
