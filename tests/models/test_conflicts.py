"""Units of writes that are in each other's way: one runs again, as a whole and not for ever."""

import threading
import time
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import create_engine, select, text, update
from sqlalchemy.exc import IntegrityError, OperationalError

from tests.services.one_person import NOW, run_at_once
from wechatlogin.extensions import db
from wechatlogin.models import Timer
from wechatlogin.models.transaction import REPEATS, after_commit, repeatable, write
from wechatlogin.services.site import Site

#: How each server can be told to undo what it is doing, as it does by itself in a conflict.
CONFLICTS = {
    "postgresql": "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$",
    "mysql": "SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213, MESSAGE_TEXT = 'Deadlock found'",
}


@pytest.fixture(autouse=True)
def _two_timers(storage: Site) -> None:
    with write() as session:
        session.add_all(Timer(name=name, due_at=NOW) for name in ("first", "second"))


def mark(name: str) -> None:
    this = update(Timer).where(Timer.name == name)
    db.session.execute(this.values(done_at=NOW), execution_options={"synchronize_session": False})


def marked() -> set[str]:
    return set(db.session.scalars(select(Timer.name).where(Timer.done_at.is_not(None))))


def conflict() -> None:
    if db.engine.dialect.name != "sqlite":
        db.session.execute(text(CONFLICTS[db.engine.dialect.name]))
        return
    impatient = create_engine(db.engine.url, connect_args={"timeout": 0})
    try:
        with impatient.connect() as other:
            other.exec_driver_sql("BEGIN IMMEDIATE")
    finally:
        impatient.dispose()


@pytest.mark.fault("C-18")
def test_two_units_that_cross_are_both_done(storage: Site, stored_app: Flask) -> None:
    runs: list[str] = []
    both_hold_one = threading.Barrier(2)

    @repeatable
    def cross(mine: str, other: str) -> None:
        runs.append(mine)
        with write():
            mark(mine)
            if len(runs) <= 2 and db.engine.dialect.name != "sqlite":
                both_hold_one.wait(timeout=10)
            mark(other)

    run_at_once(stored_app, [partial(cross, "first", "second"), partial(cross, "second", "first")])

    assert marked() == {"first", "second"}
    assert len(runs) <= 3


@pytest.mark.fault("C-18")
def test_a_unit_runs_again_as_a_whole_and_at_most_three_times(storage: Site) -> None:
    runs: list[int] = []

    @repeatable
    def never_well() -> None:
        runs.append(len(marked()))
        with write():
            mark("first")
            conflict()

    with pytest.raises(OperationalError):
        never_well()

    # Nothing of the former run was left.
    assert runs == [0] * (1 + REPEATS)
    assert marked() == set()


@pytest.mark.fault("C-18")
def test_what_follows_a_commit_is_done_once(storage: Site) -> None:
    runs, done = [], []

    @repeatable
    def well_at_last() -> str:
        runs.append("run")
        with write():
            mark("first")
            after_commit(partial(done.append, len(runs)))
            if len(runs) < 3:
                conflict()
        return "well"

    assert well_at_last() == "well"
    assert done == [3]
    assert marked() == {"first"}


@pytest.mark.fault("C-18")
def test_a_unit_within_another_is_a_part_of_it(storage: Site) -> None:
    runs: list[str] = []

    @repeatable
    def inner() -> None:
        runs.append("inner")
        with write():
            mark("second")
            if runs.count("outer") == 1:
                conflict()

    @repeatable
    def outer() -> None:
        runs.append("outer")
        with write():
            mark("first")
            inner()

    outer()

    assert runs == ["outer", "inner", "outer", "inner"]
    assert marked() == {"first", "second"}


@pytest.mark.fault("C-18")
def test_what_has_been_committed_is_not_done_again(storage: Site) -> None:
    runs: list[str] = []

    @repeatable
    def in_two_steps() -> None:
        runs.append("run")
        with write():
            mark("first")
        with write():
            mark("second")
            conflict()

    with pytest.raises(OperationalError):
        in_two_steps()

    assert runs == ["run"]
    assert marked() == {"first"}


@pytest.mark.fault("C-18")
def test_an_error_that_is_no_conflict_is_not_tried_again(storage: Site) -> None:
    runs: list[str] = []

    @repeatable
    def doubled() -> None:
        runs.append("run")
        with write() as session:
            session.add(Timer(name="first", due_at=NOW))

    with pytest.raises(IntegrityError):
        doubled()

    assert runs == ["run"]


@pytest.mark.fault("C-18")
def test_a_lock_that_is_held_for_long_is_waited_for_again(storage: Site, stored_app: Flask) -> None:
    runs: list[str] = []
    is_held = threading.Event()

    def hold() -> None:
        with write():
            mark("first")
            is_held.set()
            # Longer than a statement waits, less than a unit that runs again.
            time.sleep(2.3)

    @repeatable
    def wait() -> None:
        assert is_held.wait(10)
        runs.append("run")
        with write():
            mark("first")

    run_at_once(stored_app, [hold, wait])

    assert runs == ["run", "run"]
    assert marked() == {"first"}
