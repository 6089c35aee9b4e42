"""Whether this process can work: its database, the tables in it, and Redis."""

import contextlib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from wechatlogin.errors import SchemaAhead, SchemaBehind
from wechatlogin.extensions import Base, db
from wechatlogin.services.site import Site

MIGRATIONS = Path(__file__).parent.parent.parent / "migrations"
#: Rate limits have a stand-in for Redis, so nobody waits for it for long.
REDIS_SECONDS = 1.0


class Condition(StrEnum):
    """How something that we need is."""

    OK = "ok"
    DOWN = "down"
    NOT_USED = "not_used"


@dataclass(frozen=True)
class Readiness:
    """What is behind a process that can work."""

    schema: str
    redis: Condition


def verify_schema() -> str:
    """Return which schema the database has.

    A newer one than we know is fine as long as it serves us too: the next release migrates before
    it takes our place.

    :raise SchemaBehind: if `flask db upgrade` has not been run.
    :raise SchemaAhead: if a newer release has taken away what we use, or demands what we do not
        give.
    :raise OperationalError: if the database does not answer.
    """
    found = MigrationContext.configure(db.session.connection()).get_current_revision()
    if found is not None and found not in _known_schemas() and not _check_served():
        raise SchemaAhead
    db.session.commit()
    if found is None or (found in _known_schemas() and found != get_newest_schema()):
        raise SchemaBehind
    return found


def verify(site: Site) -> Readiness:
    """Return how everything is that we need.

    :raise SchemaBehind: if `flask db upgrade` has not been run.
    :raise SchemaAhead: if a newer release has taken away what we use.
    :raise OperationalError: if the database does not answer.
    """
    return Readiness(verify_schema(), _ask_redis(site.settings.redis_url))


@cache
def get_newest_schema() -> str:
    """Return the schema that this code expects."""
    return ScriptDirectory(str(MIGRATIONS)).get_current_head() or ""


@cache
def _known_schemas() -> frozenset[str]:
    revisions = ScriptDirectory(str(MIGRATIONS)).walk_revisions()
    return frozenset(script.revision for script in revisions)


def _check_served() -> bool:
    """Tell whether the tables have all that we use, and need nothing that we do not know of."""
    inspector = inspect(db.session.connection())
    found = {name: columns for (_, name), columns in inspector.get_multi_columns().items()}
    for table in Base.metadata.tables.values():
        columns = {column["name"]: column for column in found.get(table.name, [])}
        demanded = {
            name
            for name, column in columns.items()
            if not column["nullable"] and column["default"] is None
        }
        ours = {column.name for column in table.columns}
        if not demanded <= ours <= columns.keys():
            return False
    return True


def _ask_redis(url: str | None) -> Condition:
    if url is None:
        return Condition.NOT_USED
    # Most installations have none, and every command would load it.
    import redis

    limits = {"socket_timeout": REDIS_SECONDS, "socket_connect_timeout": REDIS_SECONDS}
    with contextlib.closing(redis.Redis.from_url(url, **limits)) as client:
        try:
            client.ping()
        except redis.RedisError:
            return Condition.DOWN
    return Condition.OK
