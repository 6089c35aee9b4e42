"""Units of writing.

SQLite gives the write lock to whoever asks first, and a transaction that has read before it
asks can be refused for good. So a unit of writes says that it is one before its first statement
(`BEGIN IMMEDIATE`), and never holds the lock while WeChat is asked. What is read outside of a unit
is each time the newest that was committed.

Two units can still be in each other's way, and then the database undoes one of them. So whoever
opens a unit is `repeatable`: a function that only reads before its unit and asks nobody outside,
and may therefore be run again from its first line.
"""

import logging
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

from sqlalchemy import Connection, CursorResult, Delete, Engine, Update, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import scoped_session

from wechatlogin.extensions import db
from wechatlogin.models.conflicts import check_conflict
from wechatlogin.models.turns import Turns, begin_in_turn

log = logging.getLogger(__name__)

WAL_SAFE_FROM = (3, 51, 3)
#: How long a statement waits for what another unit holds.
LOCK_SECONDS = 2
#: How often a unit runs again, and until when: WeChat waits for an answer for 5 s.
REPEATS = 3
REPEAT_WITHIN_SECONDS = 2.5
#: The pause before it runs again is random and at most this long, so that two do not meet again.
REPEAT_PAUSE_SECONDS = 0.05

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")


@dataclass
class _Patience:
    """What is left to a repeatable function, and to those that it calls."""

    repeats: int = REPEATS
    until: float = field(default_factory=lambda: time.monotonic() + REPEAT_WITHIN_SECONDS)
    #: How many units have been committed meanwhile.
    committed: int = 0

    def check_left(self) -> bool:
        """Tell whether something may be run again; whoever asks then does so."""
        self.repeats -= 1
        return self.repeats >= 0 and time.monotonic() < self.until


_writing: ContextVar[bool] = ContextVar("writing", default=False)
_patience: ContextVar[_Patience | None] = ContextVar("patience", default=None)
#: What is done once the unit that is open is committed.
_afterwards: ContextVar[list[Callable[[], None]]] = ContextVar("afterwards")


@contextmanager
def write() -> Iterator[scoped_session[Any]]:
    """Run a unit of writes: commit at its end, roll back on any error; an inner unit joins."""
    if _writing.get():
        yield db.session
        return
    # This ends a read that is still open, so that the unit begins with its own BEGIN.
    db.session.commit()
    token, actions = _writing.set(True), list[Callable[[], None]]()
    noted = _afterwards.set(actions)
    try:
        yield db.session
        db.session.commit()
    except BaseException:
        db.session.rollback()
        raise
    finally:
        _afterwards.reset(noted)
        _writing.reset(token)
    patience = _patience.get()
    if patience is not None:
        patience.committed += 1
    for action in actions:
        action()


def repeatable(
    function: Callable[_Parameters, _Result],
) -> Callable[_Parameters, _Result]:
    """Let a function run again, from its first line, if its unit of writes met a conflict.

    Inside of another unit it is a part of that one, which runs again as a whole. It is run at most
    `REPEATS` times more, and not if it has committed something before.
    """

    @wraps(function)
    def run(*args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Result:
        if _writing.get():
            return function(*args, **kwargs)
        patience = _patience.get() or _Patience()
        noted = _patience.set(patience)
        try:
            while True:
                committed = patience.committed
                try:
                    return function(*args, **kwargs)
                except DBAPIError as err:
                    is_whole = patience.committed == committed
                    if not (is_whole and check_conflict(err) and patience.check_left()):
                        raise
                log.info("a conflict of writes: %s runs again", function.__qualname__)
                time.sleep(random.uniform(0, REPEAT_PAUSE_SECONDS))  # noqa: S311 - no secret
        finally:
            _patience.reset(noted)

    return run


def let_go() -> None:
    """Give the connection back, whatever has become of it; what is not committed is undone."""
    try:
        db.session.remove()
    except DBAPIError as err:
        # It was lost after the last statement, and nobody is to be told of that.
        log.info("a connection was lost: %s", type(err).__name__)
        db.session().invalidate()
        db.session.remove()


def check_writing() -> bool:
    """Tell whether a unit of writes is open."""
    return _writing.get()


def check_sole_writer() -> bool:
    """Tell whether nobody else writes anything while this unit of writes is open."""
    return db.session.get_bind().dialect.name == "sqlite"


def after_commit(action: Callable[[], None]) -> None:
    """Do something once the unit of writes that is open is committed, and else never."""
    _afterwards.get().append(action)


def count_changed(statement: Update | Delete, values: Mapping[str, object] | None = None) -> int:
    """Run an UPDATE or DELETE in the unit of writes and return how many rows it met.

    `values` are those of its parameters.
    """
    options = {"synchronize_session": False}
    result = db.session.execute(statement, values, execution_options=options)
    return cast(CursorResult[Any], result).rowcount


def prepare_sqlite(engine: Engine, *, lock_seconds: int = LOCK_SECONDS) -> None:
    """Make an SQLite engine safe under concurrency and against power loss.

    Its driver is told to leave transactions to us. WAL is used only where the library has the
    fix for the WAL-reset fault (3.51.3).
    """

    path = engine.url.database

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        if path and path != ":memory:":
            # The file belongs to the service's user alone.
            Path(path).chmod(0o600)
        connection.isolation_level = None
        library = tuple(int(part) for part in _library_version(connection).split("."))
        journal = "WAL" if library >= WAL_SAFE_FROM else "TRUNCATE"
        for pragma in (
            f"busy_timeout = {lock_seconds * 1000}",
            f"journal_mode = {journal}",
            "synchronous = FULL",
            "foreign_keys = ON",
        ):
            connection.execute(f"PRAGMA {pragma}")

    turns = Turns()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A read is left without a transaction, so that it holds no lock after its statement:
        # with a rollback journal a reader that stays would keep every writer from committing.
        if _writing.get():
            begin_in_turn(turns, connection, lock_seconds)

    @event.listens_for(engine, "checkin")
    def end(_connection: Any, record: Any) -> None:
        # However the unit ended: a session gives its connection back after each.
        turns.give_back(record.record_info)


def _library_version(connection: Any) -> str:
    row = connection.execute("SELECT sqlite_version()").fetchone()
    return str(row[0])
