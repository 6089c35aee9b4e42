"""Units of writing.

SQLite gives the write lock to whoever asks first, and a transaction that has read before it
asks can be refused for good. So a unit of writes says that it is one before its first statement
(`BEGIN IMMEDIATE`), and never holds the lock while WeChat is asked. What is read outside of a unit
is each time the newest that was committed.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Connection, CursorResult, Delete, Engine, Update, event
from sqlalchemy.orm import scoped_session

from wechatlogin.extensions import db

WAL_SAFE_FROM = (3, 51, 3)

_writing: ContextVar[bool] = ContextVar("writing", default=False)
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
    for action in actions:
        action()


def check_writing() -> bool:
    """Tell whether a unit of writes is open."""
    return _writing.get()


def after_commit(action: Callable[[], None]) -> None:
    """Do something once the unit of writes that is open is committed, and else never."""
    _afterwards.get().append(action)


def count_changed(statement: Update | Delete) -> int:
    """Run an UPDATE or DELETE in the unit of writes and return how many rows it met."""
    result = db.session.execute(statement.execution_options(synchronize_session=False))
    return cast(CursorResult[Any], result).rowcount


def prepare_sqlite(engine: Engine) -> None:
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
            # Less than the 5 s that WeChat waits for an answer.
            "busy_timeout = 3000",
            f"journal_mode = {journal}",
            "synchronous = FULL",
            "foreign_keys = ON",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A read is left without a transaction, so that it holds no lock after its statement:
        # with a rollback journal a reader that stays would keep every writer from committing.
        if _writing.get():
            connection.exec_driver_sql("BEGIN IMMEDIATE")


def _library_version(connection: Any) -> str:
    row = connection.execute("SELECT sqlite_version()").fetchone()
    return str(row[0])
