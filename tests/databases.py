"""The databases that storage is tested on: a file of SQLite, and servers that run here."""

import os
import secrets
import shutil
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Connection, MetaData, create_engine, delete, inspect, make_url, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from wechatlogin.extensions import db

POSTGRESQL = os.environ.get(
    "WECHATLOGIN_TEST_POSTGRESQL", "postgresql+psycopg://root@127.0.0.1/postgres"
)
MARIADB = os.environ.get("WECHATLOGIN_TEST_MARIADB", "mysql+pymysql://root@127.0.0.1/")
REDIS = os.environ.get("WECHATLOGIN_TEST_REDIS", "redis://127.0.0.1:6379/15")
SQLITE_NAME = "service.db"
KINDS = ("sqlite", "postgresql", "mariadb")
#: On which kind services are installed: one of these, or `mixed`, where each file of tests has one.
INSTALLED = os.environ.get("WECHATLOGIN_TEST_DATABASE", "sqlite")
#: On which kind tests have a database that is no service's.
FIRST = "sqlite" if INSTALLED == "mixed" else INSTALLED


@contextmanager
def fresh_database(kind: str, folder: Path, *, template: str | None = None) -> Iterator[str]:
    """Create a database of a kind, give its address, and drop it in the end.

    It is empty, or with PostgreSQL like the one that `template` names.
    """
    if kind == "sqlite":
        yield f"sqlite:///{folder / SQLITE_NAME}"
        return
    server = make_url(POSTGRESQL if kind == "postgresql" else MARIADB)
    name = f"wechatlogin_{secrets.token_hex(6)}"
    # A server has a hundred connections, and there may be as many databases at a time.
    engine = create_engine(server, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    try:
        with engine.connect() as connection:
            like = f" TEMPLATE {template}" if template else ""
            connection.execute(text(f"CREATE DATABASE {name}{like}"))
    except OperationalError as err:
        missing(f"{kind} ({err.orig})")
    # A query string would be lost by some drivers' defaults, so the character set is spelled out.
    query = {"charset": "utf8mb4"} if kind == "mariadb" else {}
    try:
        yield server.set(database=name, query=query).render_as_string(hide_password=False)
    finally:
        force = " WITH (FORCE)" if kind == "postgresql" else ""
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name}{force}"))


def kind_for(tests: str) -> str:
    """Return on which kind of database a file of tests has services installed."""
    return KINDS[zlib.crc32(tests.encode()) % len(KINDS)] if INSTALLED == "mixed" else INSTALLED


class Migrated:
    """Databases with all tables: of each kind one is migrated, and copied for whoever needs one."""

    def __init__(self, folder: Path, migrate: Callable[[str], None]) -> None:
        self._folder = folder
        self._migrate = migrate
        self._first: dict[str, str] = {}
        self._made = ExitStack()

    @contextmanager
    def copied(self, folder: Path, kind: str = FIRST) -> Iterator[str]:
        """Make a database like the first one, give its address, and drop it in the end."""
        if kind not in self._first:
            self._first[kind] = self._made.enter_context(fresh_database(kind, self._folder))
            self._migrate(self._first[kind])
        first = self._first[kind]
        template = make_url(first).database if kind == "postgresql" else None
        with fresh_database(kind, folder, template=template) as made:
            if kind == "sqlite":
                shutil.copy(self._folder / SQLITE_NAME, folder)
            elif kind == "mariadb":
                _copy_tables(first, made)
            yield made

    def copy_file(self, folder: Path) -> Path:
        """Copy SQLite's file into a folder and return its path."""
        with self.copied(folder, "sqlite"):
            return folder / SQLITE_NAME

    def close(self) -> None:
        """Drop them all."""
        self._made.close()


def _copy_tables(first: str, made: str) -> None:
    engine, database = create_engine(made), make_url(first).database
    with engine.begin() as connection:
        connection.exec_driver_sql("SET foreign_key_checks = 0")
        for table in inspect(engine).get_table_names(database):
            told = connection.exec_driver_sql(f"SHOW CREATE TABLE {database}.{table}").one()
            connection.exec_driver_sql(told[1].replace("%", "%%"))
            rows = f"SELECT * FROM {database}.{table}"  # noqa: S608 - the names are ours
            connection.exec_driver_sql(f"INSERT INTO {table} {rows}")
    engine.dispose()


def dump(url: str) -> str:
    """Return everything that is stored, as text."""
    engine, stored = create_engine(url), MetaData()
    stored.reflect(engine)
    with engine.connect() as connection:
        rows = [
            f"{table}: {row!r}"
            for table in stored.sorted_tables
            for row in connection.execute(table.select())
        ]
    engine.dispose()
    return "\n".join(rows)


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Keep everybody else from writing as long as the block lasts."""
    engine = create_engine(url)
    tables = inspect(engine).get_table_names()
    lock = {
        "sqlite": "BEGIN IMMEDIATE",
        "postgresql": f"LOCK TABLE {', '.join(tables)} IN EXCLUSIVE MODE",
        "mysql": f"LOCK TABLES {', '.join(f'{table} READ' for table in tables)}",
    }
    with engine.connect() as connection:
        connection.exec_driver_sql(lock[engine.dialect.name])
        yield
        connection.rollback()
        if engine.dialect.name == "mysql":
            connection.exec_driver_sql("UNLOCK TABLES")
    engine.dispose()


def release(app: Flask) -> None:
    """Close the connections of an application that no context is open for any more."""
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def empty(connection: Connection, metadata: MetaData) -> None:
    """Take all rows away, of every table, in one round trip."""
    deletes = "".join(f"{delete(table)};" for table in reversed(metadata.sorted_tables))
    match connection.dialect.name:
        case "sqlite":
            connection.connection.cursor().executescript(f"BEGIN;{deletes}COMMIT")
        case "postgresql":
            connection.exec_driver_sql(deletes)
        case _:
            connection.exec_driver_sql(f"BEGIN NOT ATOMIC {deletes} END")


def missing(what: str) -> None:
    """Skip a test for want of a service, or fail it where services are required."""
    if os.environ.get("WECHATLOGIN_REQUIRE_SERVICES"):
        pytest.fail(f"{what} does not run here, and services are required")
    pytest.skip(f"{what} does not run here")
