"""Migrating a database that a service works on.

Of two that migrate at once the second waits, and finds nothing left to do. What requests meet
meanwhile is for each database something else:

    SQLite        the tables as they were, or as they are after all: the file is locked for so long
    PostgreSQL    each migration is a transaction. One that has to wait for a table, with everybody
                  queueing behind it, gives up after a moment and begins again.
    MariaDB       commits each change by itself, so what has begun waits until it can go on
"""

import logging
import time
from collections.abc import Callable

from alembic.runtime.migration import MigrationInfo
from sqlalchemy import Connection, Engine, NullPool, create_engine
from sqlalchemy.exc import DBAPIError

from wechatlogin.models.conflicts import check_conflict
from wechatlogin.models.transaction import prepare_sqlite
from wechatlogin.vault import sha256_hex

log = logging.getLogger(__name__)

#: How long a migration waits for another one, and for the tables.
PATIENCE_SECONDS = 600
PAUSE_SECONDS = 0.5
#: How long everybody who wants a table may queue behind one; less than they wait for a lock.
QUEUE_SECONDS = 1
#: Names the lock to PostgreSQL, which takes a number that nobody else uses.
_LOCK = 20_261_121


def migrate(engine: Engine, run: Callable[[Connection], None]) -> None:
    """Run migrations on a connection while nobody else migrates.

    PostgreSQL may call `run` several times; each begins where the last has committed.
    """
    until = time.monotonic() + PATIENCE_SECONDS
    with _without_limits(engine).connect() as connection:
        _lock(connection, str(engine.url.database))
        while True:
            # Alembic begins a transaction of its own, and would not commit one that it finds.
            connection.commit()
            try:
                run(connection)
            except DBAPIError as err:
                is_undone = connection.dialect.name == "postgresql" and check_conflict(err)
                if not is_undone or time.monotonic() > until:
                    raise
            else:
                return
            connection.rollback()
            log.info("a table is in use, so the migration begins again")
            time.sleep(PAUSE_SECONDS)


def say_step(*, step: MigrationInfo, **_more: object) -> None:
    """Tell whoever migrates that a step is done; Alembic's `on_version_apply`."""
    before, after = step.source_revision_ids, step.destination_revision_ids
    log.info("migrated from %s to %s", *(" ".join(names) or "nothing" for names in (before, after)))


def _without_limits(engine: Engine) -> Engine:
    """Return an engine whose statements may take as long as they need, for one connection.

    The lock and the settings end with that: no pool may give them to anybody.
    """
    made = create_engine(engine.url, poolclass=NullPool, hide_parameters=True)
    if made.dialect.name == "sqlite":
        prepare_sqlite(made, lock_seconds=PATIENCE_SECONDS)
    return made


def _lock(connection: Connection, database: str) -> None:
    run = connection.exec_driver_sql
    match connection.dialect.name:
        case "sqlite":
            run("BEGIN EXCLUSIVE")
            # From here it is kept until the connection ends. Before, two that wait for it would
            # each keep the other from having it.
            run("PRAGMA locking_mode = EXCLUSIVE")
            run("COMMIT")
        case "postgresql":
            run(f"SELECT pg_advisory_lock({_LOCK})")
            run(f"SET SESSION lock_timeout = {QUEUE_SECONDS * 1000}")
        case _:
            # One server may have several installations, and such a name is short.
            name = f"wechatlogin {sha256_hex(database)[:32]}"
            run(f"SET SESSION lock_wait_timeout = {PATIENCE_SECONDS}")
            if run(f"SELECT GET_LOCK('{name}', {PATIENCE_SECONDS})").scalar() != 1:
                raise TimeoutError("another migration does not end")
