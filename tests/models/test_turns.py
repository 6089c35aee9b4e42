"""Threads of one process that write to a file of SQLite do so in the order in which they came."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from tests import databases
from tests.servers import settings_for_tests
from tests.services.one_person import run_at_once
from tests.waiters import eventually
from wechatlogin import create_app
from wechatlogin.extensions import db
from wechatlogin.models import transaction
from wechatlogin.models.transaction import write
from wechatlogin.models.turns import Turns

WRITERS = 8


@pytest.fixture
def queue() -> Turns:
    """The turns of the application's threads, to see who waits."""
    return Turns()


@pytest.fixture
def app(tmp_path: Path, queue: Turns, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    # A connection for everybody, so that nobody waits for one instead of the turn.
    url, threads = f"sqlite:///{tmp_path / 'turns.db'}", WRITERS + 1
    with monkeypatch.context() as while_made:
        while_made.setattr(transaction, "Turns", lambda: queue)
        app = create_app(settings_for_tests(database_url=url, threads=threads))
    with app.app_context():
        with write() as session:
            session.execute(text("CREATE TABLE notes (name TEXT)"))
        db.session.remove()
    yield app
    databases.release(app)


def note(name: str) -> None:
    with write() as session:
        session.execute(text("INSERT INTO notes VALUES (:name)"), {"name": name})


def notes(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(text("SELECT name FROM notes ORDER BY rowid")))


def test_a_turn_goes_to_the_next_in_the_queue() -> None:
    turns, taken = Turns(), []
    assert turns.take("first", 0)

    def wait(name: str) -> None:
        if turns.take(name, 5):
            taken.append(name)
            turns.give_back(name)

    waiting = []
    for number in range(WRITERS):
        waiting.append(threading.Thread(target=wait, args=(str(number),)))
        waiting[-1].start()
        assert eventually(lambda: len(turns._queue) == len(waiting))
    turns.give_back("first")
    for each in waiting:
        each.join()

    assert taken == [str(number) for number in range(WRITERS)]
    assert turns.take("last", 0)


def test_whoever_waits_in_vain_leaves_the_queue() -> None:
    turns = Turns()
    turns.take("first", 0)

    assert not turns.take("second", 0.01)
    turns.give_back("second")
    turns.give_back("first")

    assert turns.take("third", 0)


def test_threads_that_write_at_once_are_served_as_they_came(app: Flask, queue: Turns) -> None:
    begun: list[threading.Thread] = []

    def write_later(name: str) -> None:
        with app.app_context():
            note(name)
            db.session.remove()

    with app.app_context():
        with write() as session:
            session.connection()
            for number in range(WRITERS):
                begun.append(threading.Thread(target=write_later, args=(str(number),)))
                begun[-1].start()
                assert eventually(lambda: len(queue._queue) == len(begun))
        db.session.remove()
    for each in begun:
        each.join()

    assert notes(app) == [str(number) for number in range(WRITERS)]


def test_a_unit_that_fails_ends_its_turn(app: Flask) -> None:
    def fail() -> None:
        with pytest.raises(OperationalError), write() as session:
            session.execute(text("INSERT INTO nowhere VALUES (1)"))

    with app.app_context():
        run_at_once(app, [fail] * WRITERS)
        run_at_once(app, [lambda: note("after all")])

    assert notes(app) == ["after all"]


def test_nobody_waits_in_two_queues_for_longer_than_in_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transaction.prepare_sqlite, "__kwdefaults__", {"lock_seconds": 1})
    url = f"sqlite:///{tmp_path / 'locked.db'}"
    app = create_app(settings_for_tests(database_url=url))
    waited: list[float] = []

    def write_in_vain() -> None:
        began = time.monotonic()
        with pytest.raises(OperationalError), write():
            db.session.connection()
        waited.append(time.monotonic() - began)

    with databases.locked(url), app.app_context():
        run_at_once(app, [write_in_vain] * 3)
    databases.release(app)

    assert len(waited) == 3
    assert max(waited) < 1.8


def test_a_process_that_writes_unit_by_unit_keeps_no_other_one_out(app: Flask) -> None:
    """Another engine is as good as another process: the two meet at the file alone."""
    url, is_over = app.extensions["wechatlogin"].settings.database_url, threading.Event()
    other = create_app(settings_for_tests(database_url=url))
    waited: list[float] = []

    def write_on_and_on() -> None:
        while not is_over.is_set():
            with write() as session:
                session.execute(text("INSERT INTO notes VALUES ('on and on')"))
                time.sleep(0.005)

    def write_now_and_then() -> None:
        for _ in range(10):
            time.sleep(0.02)
            began = time.monotonic()
            note("now and then")
            waited.append(time.monotonic() - began)

    def run(process: Flask, jobs: list[Callable[[], object]]) -> None:
        with process.app_context():
            run_at_once(process, jobs)

    busy = threading.Thread(target=run, args=(app, [write_on_and_on] * 4))
    busy.start()
    try:
        run(other, [write_now_and_then])
    finally:
        is_over.set()
        busy.join()
    databases.release(other)

    assert notes(app).count("now and then") == 10
    assert max(waited) < 1
