"""The bus of a SQLite file: what any process writes is seen, and nothing else wakes anybody."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError

from tests.servers import settings_for_tests
from tests.services.buses import Notes
from tests.waiters import eventually
from wechatlogin.models.transaction import prepare_sqlite
from wechatlogin.services.waiting import make_bus
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
