"""The bus of a SQLite file: `PRAGMA data_version` moves when another connection has written.

https://www.sqlite.org/pragma.html#pragma_data_version
"""

import logging
from typing import ClassVar

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import PoolProxiedConnection

from wechatlogin.services.waiting.watching import WatchingBus

log = logging.getLogger(__name__)

#: Milliseconds; a writer that takes longer is seen by one of the next looks.
BUSY_TIMEOUT = 100


class SqliteBus(WatchingBus):
    """Looks at the file's version twenty times a second, on a connection of its own."""

    interval: ClassVar[float] = 0.05

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self._engine = engine
        self._connection: PoolProxiedConnection | None = None
        self._version: int | None = None

    def _has_changed(self) -> bool:
        before = self._version
        try:
            self._version = self._read_version()
        except self._failures():
            # A new connection counts anew, so the next look must not compare with this one.
            self._let_go()
            raise
        return before != self._version

    def _read_version(self) -> int:
        if self._connection is None:
            # Detached, so that the pool does not count it and nobody else writes through it:
            # a connection does not see its own writes as a change.
            self._connection = self._engine.raw_connection()
            self._connection.detach()
            self._connection.cursor().execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT}")
        row = self._connection.cursor().execute("PRAGMA data_version").fetchone()
        return int(row[0])

    def _failures(self) -> tuple[type[Exception], ...]:
        # A raw connection raises the driver's own errors, opening one raises SQLAlchemy's.
        return (self._engine.dialect.loaded_dbapi.Error, SQLAlchemyError)

    def _let_go(self) -> None:
        self._version = None
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.close()
