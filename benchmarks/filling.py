"""A database as after years: people, the audit of what they did, attempts that are over.

The rows are made by the database itself out of numbers, and are alike on all three.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import md5
from typing import Any

from sqlalchemy import Connection, Engine, Table, text

from wechatlogin.models import AuditEntry

#: So many rows a statement, where a database says nothing else.
AT_A_TIME = 1_000_000
#: How far the audit and the people reach back; none of them is to go.
SPAN = timedelta(days=360)
#: How long before now an attempt that is to go was made: longer than any is kept.
OLDEST, YOUNGEST = timedelta(days=180), timedelta(days=91)

USERS = """
    INSERT INTO users (id, created_at, last_login_at)
    SELECT md5(cast(n AS char(16))), {moment}, :now FROM {numbers}"""
IDENTITIES = """
    INSERT INTO identities
        (user_id, appid, openid, nickname, follows, follows_since, created_at, updated_at)
    SELECT md5(cast(n AS char(16))), :appid, substr(md5(cast(n + 1000000000 AS char(16))), 1, 28),
        md5(cast(n + 2000000000 AS char(16))), true, {moment}, {moment}, :now FROM {numbers}"""
ATTEMPTS = """
    INSERT INTO attempts
        (id, scene, binding_hash, way, purpose, status, confirm, appid, display, awaits_follow,
         restarts, tries, browser, created_at, expires_at)
    SELECT md5(cast(n + 3000000000 AS char(16))), md5(cast(n + 4000000000 AS char(16))),
        md5(cast(n + 5000000000 AS char(16))), 'scan', 'login', 'expired', 'number', :appid,
        'page', false, 0, 0, 'Windows · Edge', {moment}, {moment} FROM {numbers}"""
AUDIT = """
    INSERT INTO audit (at, tag, user_id, ip, detail)
    SELECT {moment}, 'user:login', md5(cast(n % :people AS char(16))), '203.0.113.0', 'scan'
    FROM {numbers}"""


@dataclass(frozen=True)
class Crowd:
    """How many rows there are."""

    people: int
    audit: int
    #: Attempts that a purge takes.
    expired: int


@dataclass(frozen=True)
class Dialect:
    """How a database counts, and how it adds seconds to a moment."""

    #: The numbers n from `first` to `last`.
    numbers: str
    #: The moment n times `step` seconds after `start`.
    moment: str
    at_a_time: int = AT_A_TIME
    #: What is said before and behind the rows.
    before: tuple[str, ...] = ()
    behind: tuple[str, ...] = ("ANALYZE",)


DIALECTS = {
    "sqlite": Dialect(
        "(WITH RECURSIVE counted(n) AS (VALUES (:first) UNION ALL"
        " SELECT n + 1 FROM counted WHERE n < :last) SELECT n FROM counted)",
        "strftime('%Y-%m-%d %H:%M:%f', :start, (n * :step) || ' seconds') || '000'",
    ),
    "postgresql": Dialect(
        "generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS numbers(n)",
        "CAST(:start AS timestamp) + n * CAST(:step AS float) * interval '1 second'",
        # As autovacuum has done long ago in a database as after years; else it begins meanwhile.
        behind=("VACUUM ANALYZE",),
    ),
    "mysql": Dialect(
        "(SELECT seq AS n FROM seq_{first}_to_{last}) AS numbers",
        "timestampadd(MICROSECOND, n * :step * 1000000, :start)",
        # Rows of random keys are sorted first only where one statement fills an empty table.
        at_a_time=100 * AT_A_TIME,
        before=("SET unique_checks = 0, foreign_key_checks = 0",),
        behind=tuple(f"ANALYZE TABLE {table}" for table in AuditEntry.metadata.tables),
    ),
}


def fill(engine: Engine, crowd: Crowd, *, appid: str, now: datetime) -> None:
    """Write a crowd of one account's followers."""
    more = {"appid": appid, "people": crowd.people, "now": _written(now)}
    with _writing(engine) as connection:
        for statement in (USERS, IDENTITIES):
            _insert(connection, statement, crowd.people, between=(now - SPAN, now), more=more)
        old = (now - OLDEST, now - YOUNGEST)
        _insert(connection, ATTEMPTS, crowd.expired, between=old, more=more)
        with _indexed_afterwards(connection, AuditEntry.metadata.tables["audit"]):
            _insert(connection, AUDIT, crowd.audit, between=(now - SPAN, now), more=more)


def _insert(
    connection: Connection,
    statement: str,
    count: int,
    *,
    between: tuple[datetime, datetime],
    more: dict[str, Any],
) -> None:
    dialect, (start, end) = DIALECTS[connection.dialect.name], between
    step = (end - start).total_seconds() / max(count, 1)
    for first in range(0, count, dialect.at_a_time):
        last = min(first + dialect.at_a_time, count) - 1
        numbers = dialect.numbers.format(first=first, last=last)
        known = {"first": first, "last": last, "start": _written(start), "step": step, **more}
        asked = text(statement.format(numbers=numbers, moment=dialect.moment))
        named = asked.compile().params
        connection.execute(asked, {name: known[name] for name in named})


@contextmanager
def _writing(engine: Engine) -> Iterator[Connection]:
    """Open one transaction for it all, after which the database knows what it holds."""
    dialect = DIALECTS[engine.dialect.name]
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            driver: Any = connection.connection.driver_connection
            driver.create_function("md5", 1, _md5, deterministic=True)
        _say(connection, dialect.before)
        yield connection
        connection.commit()
        # PostgreSQL vacuums in no transaction.
        connection.execution_options(isolation_level="AUTOCOMMIT")
        _say(connection, dialect.behind)


def _say(connection: Connection, statements: tuple[str, ...]) -> None:
    for statement in statements:
        connection.exec_driver_sql(statement)
        connection.commit()


@contextmanager
def _indexed_afterwards(connection: Connection, table: Table) -> Iterator[None]:
    """Drop the indexes and build them again behind the rows, which is far quicker."""
    indexes = sorted(table.indexes, key=lambda index: str(index.name))
    for index in indexes:
        index.drop(connection)
    yield
    for index in indexes:
        index.create(connection)


def _md5(value: str) -> str:
    return md5(value.encode(), usedforsecurity=False).hexdigest()


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
