"""The databases that storage is tested on: a file of SQLite, and servers that run here."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, MetaData, create_engine, delete, make_url, text
from sqlalchemy.exc import OperationalError

POSTGRESQL = os.environ.get(
    "WECHATLOGIN_TEST_POSTGRESQL", "postgresql+psycopg://root@127.0.0.1/postgres"
)
MARIADB = os.environ.get("WECHATLOGIN_TEST_MARIADB", "mysql+pymysql://root@127.0.0.1/")
REDIS = os.environ.get("WECHATLOGIN_TEST_REDIS", "redis://127.0.0.1:6379/15")
KINDS = ("sqlite", "postgresql", "mariadb")


@contextmanager
def fresh_database(kind: str, folder: Path) -> Iterator[str]:
    """Create an empty database of a kind, give its address, and drop it in the end."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'test.db'}"
        return
    server = make_url(POSTGRESQL if kind == "postgresql" else MARIADB)
    name = f"wechatlogin_{secrets.token_hex(6)}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
    except OperationalError:
        missing(kind)
    # A query string would be lost by some drivers' defaults, so the character set is spelled out.
    query = {"charset": "utf8mb4"} if kind == "mariadb" else {}
    try:
        yield server.set(database=name, query=query).render_as_string(hide_password=False)
    finally:
        force = " WITH (FORCE)" if kind == "postgresql" else ""
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name}{force}"))
        engine.dispose()


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
