"""The bus of a PostgreSQL database: LISTEN and NOTIFY.

https://www.postgresql.org/docs/current/sql-notify.html - a channel belongs to one database. A
pooler in front that hands out connections by the transaction passes no notifications on; the
silence shows that, and everybody looks once a second as without a bus.
"""

import threading
from collections.abc import Iterable
from typing import cast

import psycopg
from sqlalchemy import Engine, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import PoolProxiedConnection

from wechatlogin.services.waiting.listening import ListeningBus

CHANNEL = "wechatlogin_wake"


class PostgresqlBus(ListeningBus):
    """Has a connection to listen on and one to speak on, both beside the pool."""

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self._engine = engine
        self._ear: PoolProxiedConnection | None = None
        self._mouth: PoolProxiedConnection | None = None
        # Guards the connection to speak on.
        self._lock = threading.Lock()
        # Whoever is done with the engine is done with what stands beside its pool.
        event.listen(engine, "engine_disposed", lambda _engine: self._hang_up())

    def _open(self) -> None:
        self._ear = self._connect()
        _driver(self._ear).execute(f"LISTEN {CHANNEL}")

    def _receive(self, seconds: float) -> Iterable[str]:
        if self._ear is None:
            return
        for notice in _driver(self._ear).notifies(timeout=seconds, stop_after=1):
            yield notice.payload

    def _say(self, message: str) -> None:
        with self._lock:
            try:
                if self._mouth is None:
                    self._mouth = self._connect()
                _driver(self._mouth).execute("SELECT pg_notify(%s, %s)", (CHANNEL, message))
            except self._failures():
                mouth, self._mouth = self._mouth, None
                _close(mouth)
                raise

    def _stop_listening(self) -> None:
        ear, self._ear = self._ear, None
        _close(ear)

    def _hang_up(self) -> None:
        with self._lock:
            mouth, self._mouth = self._mouth, None
            _close(mouth)

    def _connect(self) -> PoolProxiedConnection:
        # Detached, so that the pool does not count it.
        connection = self._engine.raw_connection()
        connection.detach()
        _driver(connection).autocommit = True
        return connection

    def _failures(self) -> tuple[type[Exception], ...]:
        return (psycopg.Error, SQLAlchemyError, OSError)


def _driver(connection: PoolProxiedConnection) -> psycopg.Connection[tuple[object, ...]]:
    return cast("psycopg.Connection[tuple[object, ...]]", connection.dbapi_connection)


def _close(connection: PoolProxiedConnection | None) -> None:
    if connection is not None:
        connection.close()
