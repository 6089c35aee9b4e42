"""The connections to a database, as somebody else sees and ends them."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import OperationalError

from tests.waiters import eventually

_OTHERS = {
    "postgresql": "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
    "AND backend_type = 'client backend' AND pid <> pg_backend_pid()",
    "mysql": "SELECT id FROM information_schema.processlist WHERE db = DATABASE() "
    "AND id <> CONNECTION_ID()",
}
_END = {"postgresql": "SELECT pg_terminate_backend({})", "mysql": "KILL {}"}
#: What MariaDB says of a connection that has just ended by itself.
_NO_SUCH_THREAD = 1094


@contextmanager
def administrating(url: str) -> Iterator[Connection]:
    """Open a connection of somebody else, outside of any transaction."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def end_others(administrator: Connection) -> int:
    """End all other connections to this database, and return how many they were."""
    dialect = administrator.dialect.name.replace("mariadb", "mysql")
    others = administrator.scalars(text(_OTHERS[dialect])).all()
    for other in others:
        try:
            administrator.execute(text(_END[dialect].format(other)))
        except OperationalError as err:
            if getattr(err.orig, "args", (None,))[0] != _NO_SUCH_THREAD:
                raise
    assert eventually(lambda: not {*others} & {*administrator.scalars(text(_OTHERS[dialect]))})
    return len(others)
