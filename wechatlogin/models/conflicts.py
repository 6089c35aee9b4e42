"""Which errors of the databases say that two units of writes were in each other's way.

    SQLite        another holds the lock (`SQLITE_BUSY`, `SQLITE_LOCKED`)
    PostgreSQL    the order cannot be kept, a deadlock, a lock that was waited for too long
    MariaDB       the same, and tables that a migration has changed meanwhile

All of them mean that nothing of the unit was written, and that the same may work a moment later.
"""

from sqlalchemy.exc import DBAPIError

_SQLITE = frozenset({5, 6})
_POSTGRESQL = frozenset({"40001", "40P01", "55P03"})
_MARIADB = frozenset({1020, 1205, 1213, 1412})


def check_conflict(err: BaseException) -> bool:
    """Tell whether an error, or one that it came up on the way out of, is a conflict."""
    seen: BaseException | None = err
    while seen is not None:
        if isinstance(seen, DBAPIError) and _is_conflict(seen.orig):
            return True
        # MariaDB forgets savepoints in a deadlock, and going back to one then fails in its turn.
        seen = seen.__cause__ or seen.__context__
    return False


def _is_conflict(err: BaseException | None) -> bool:
    if err is None:
        return False
    # SQLite's codes have the kind of trouble in their last byte.
    code = getattr(err, "sqlite_errorcode", 0) & 0xFF
    number = next(iter(err.args), None)
    state = getattr(err, "sqlstate", None)
    return code in _SQLITE or number in _MARIADB or state in _POSTGRESQL
