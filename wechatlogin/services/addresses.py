"""IP addresses: whole for a time, then without the part that names a single household.

    shorten        203.0.113.7 becomes 203.0.113.0, and 2001:db8:1:2::3 becomes 2001:db8:1::
    shorten_old    every one that is written down for longer than the owner wants

How far a table has been gone through is kept in `timers`, so nothing is looked at twice.
"""

import ipaddress
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, func, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute

from wechatlogin.extensions import db
from wechatlogin.models import Attempt, AuditEntry, Session, Timer
from wechatlogin.models.transaction import count_changed, repeatable, write

BATCH = 500
_PREFIXES = {4: 24, 6: 48}
_START = datetime(1970, 1, 1, tzinfo=UTC)

Column = InstrumentedAttribute[Any]
#: Each table's key, the moment of a row, and its address.
TABLES: tuple[tuple[Column, Column, Column], ...] = (
    (Attempt.id, Attempt.created_at, Attempt.ip),
    (Session.key_hash, Session.created_at, Session.ip),
    (AuditEntry.id, AuditEntry.at, AuditEntry.ip),
)


def shorten(ip: str) -> str | None:
    """Return the network that an address is in; None for what is none."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return None
    network = ipaddress.ip_network((address, _PREFIXES[address.version]), strict=False)
    return str(network.network_address)


def shorten_old(*, days: int, now: datetime) -> int:
    """Shorten the addresses that are older, and return how many those were; 0 days is never."""
    return sum(_shorten_in(*table, before=now - timedelta(days=days)) for table in _tables(days))


def count_old(*, days: int, now: datetime) -> int:
    """Return how many rows with an address have yet to be looked at."""
    count = 0
    for key, moment, ip in _tables(days):
        due = _due(key, moment, ip, at=_read_mark(key), before=now - timedelta(days=days))
        count += db.session.scalar(select(func.count()).select_from(due.subquery())) or 0
    return count


def _shorten_in(key: Column, moment: Column, ip: Column, *, before: datetime) -> int:
    count, at, last = 0, _read_mark(key), None
    while rows := _read_batch(_due(key, moment, ip, at=at, last=last, before=before)):
        last, at, _ = rows[-1]
        count += _shorten_batch(key, ip, rows, at=at)
    # Behind the last of them nothing is left to be looked at.
    _shorten_batch(key, ip, [], at=before)
    return count


@repeatable
def _shorten_batch(
    key: Column, ip: Column, rows: list[tuple[Any, datetime, str]], *, at: datetime
) -> int:
    with write():
        count = _rewrite(key, ip, rows)
        _write_mark(key, at)
    return count


def _due(
    key: Column,
    moment: Column,
    ip: Column,
    *,
    at: datetime,
    last: Any = None,
    before: datetime,
) -> Select[Any]:
    """Return the query for addresses from a moment on, behind the row that was the last in it."""
    query = select(key, moment, ip).where(moment >= at, moment < before, ip.is_not(None))
    if last is not None:
        query = query.where(or_(moment > at, and_(moment == at, key > last)))
    return query


def _read_batch(query: Select[Any]) -> list[tuple[Any, datetime, str]]:
    key, moment, _ = query.selected_columns
    found = db.session.execute(query.order_by(moment, key).limit(BATCH))
    return [(row[0], row[1], row[2]) for row in found]


def _rewrite(key: Column, ip: Column, rows: list[tuple[Any, datetime, str]]) -> int:
    keys: dict[str, list[Any]] = {}
    for row_key, _, address in rows:
        keys.setdefault(address, []).append(row_key)
    count = 0
    for address, theirs in keys.items():
        if (short := shorten(address)) != address:
            whole = update(key.class_).where(key.in_(theirs), ip == address)
            count += count_changed(whole.values({ip.key: short}))
    return count


def _read_mark(key: Column) -> datetime:
    timer = db.session.get(Timer, _name(key), populate_existing=True)
    return timer.due_at if timer else _START


def _write_mark(key: Column, at: datetime) -> None:
    # Of two at once the one behind would only look at some rows again.
    db.session.merge(Timer(name=_name(key), due_at=at))
    db.session.flush()


def _name(key: Column) -> str:
    return f"addresses of {key.class_.__tablename__}"


def _tables(days: int) -> tuple[tuple[Column, Column, Column], ...]:
    return TABLES if days else ()
