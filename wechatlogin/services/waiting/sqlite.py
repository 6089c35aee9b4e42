"""The bus of a SQLite file: its processes tell each other, and look whether anybody has written.

What they say wakes one attempt at once. What they see is a net below that, for words that got lost
and for writers that say nothing: `PRAGMA data_version` moves when another connection has written.

https://www.sqlite.org/pragma.html#pragma_data_version
"""

import logging
import time
from pathlib import Path
from typing import ClassVar

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import PoolProxiedConnection

from wechatlogin.services.waiting.siblings import Siblings
from wechatlogin.services.waiting.watching import WatchingBus

log = logging.getLogger(__name__)

#: Milliseconds; a writer that takes longer is seen by one of the next looks.
BUSY_TIMEOUT = 100


class SqliteBus(WatchingBus):
    """Looks at the file's version twenty times a second, and listens in between."""

    interval: ClassVar[float] = 0.05

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self._engine = engine
        self._connection: PoolProxiedConnection | None = None
        self._version: int | None = None
        self._siblings = Siblings(Path(str(engine.url.database)))

    def _wait_for_listeners(self) -> bool:
        if not self._listeners:
            # What is said to somebody who waits for nothing would fill the socket.
            self._siblings.close()
        goes_on = super()._wait_for_listeners()
        if goes_on:
            self._siblings.listen()
        return goes_on

    def _tell_others(self, attempt_id: str) -> None:
        self._siblings.tell(attempt_id)

    def _rest(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while self._siblings.are_heard and (left := until - time.monotonic()) > 0:
            heard = self._siblings.hear(left)
            if heard:
                self._publish(heard)
        super()._rest(max(0.0, until - time.monotonic()))

    def _has_changed(self) -> bool:
        before = self._version
        try:
            self._version = self._read_version()
        except self._failures():
            # A new connection counts anew, so the next look must not compare with this one.
            self._forget_version()
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
        self._siblings.close()
        self._forget_version()

    def _forget_version(self) -> None:
        self._version = None
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.close()
