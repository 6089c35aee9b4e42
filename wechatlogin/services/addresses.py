"""IP addresses: whole for a time, then without the part that names a single household.

    shorten        203.0.113.7 becomes 203.0.113.0, and 2001:db8:1:2::3 becomes 2001:db8:1::
    shorten_old    every one that is written down for longer than the owner wants

How far a table has been gone through is kept in `timers`, so nothing is looked at twice.
"""

import ipaddress
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Select, and_, case, func, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute

from wechatlogin.extensions import db
from wechatlogin.models import Attempt, AuditEntry, Session, Timer
from wechatlogin.models.transaction import count_changed, repeatable, write
from wechatlogin.services.pace import Pace, Rest

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


def shorten_old(*, days: int, now: datetime, rest: Rest = time.sleep) -> int:
    """Shorten the addresses that are older, and return how many those were; 0 days is never.

    It gives way to others by `rest` after each unit of writes.
    """
    before = now - timedelta(days=days)
    return sum(_shorten_in(*table, before=before, pace=Pace(rest)) for table in _tables(days))


def count_old(*, days: int, now: datetime) -> int:
    """Return how many rows with an address have yet to be looked at."""
    count = 0
    for key, moment, ip in _tables(days):
        due = _due(key, moment, ip, at=_read_mark(key), before=now - timedelta(days=days))
        count += db.session.scalar(select(func.count()).select_from(due.subquery())) or 0
    return count


def _shorten_in(key: Column, moment: Column, ip: Column, *, before: datetime, pace: Pace) -> int:
    count, at, last = 0, _read_mark(key), None
    due = _due(key, moment, ip, at=at, before=before)
    while rows := _read_batch(due, pace.rows):
        last, at, _ = rows[-1]
        count += pace.unit(len(rows), partial(_shorten_rows, key, ip, rows))
        due = _due(key, moment, ip, at=at, last=last, before=before)
    # Behind the last of them nothing is left to be looked at.
    _pass_by(key, before)
    return count


def _shorten_rows(key: Column, ip: Column, rows: list[tuple[Any, datetime, str]]) -> int:
    changed = _rewrite(key, ip, rows)
    _write_mark(key, rows[-1][1])
    return changed


@repeatable
def _pass_by(key: Column, moment: datetime) -> None:
    with write():
        _write_mark(key, moment)


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


def _read_batch(query: Select[Any], most: int) -> list[tuple[Any, datetime, str]]:
    key, moment, _ = query.selected_columns
    found = db.session.execute(query.order_by(moment, key).limit(most))
    return [(row[0], row[1], row[2]) for row in found]


def _rewrite(key: Column, ip: Column, rows: list[tuple[Any, datetime, str]]) -> int:
    short = {address: shorten(address) for _, _, address in rows}
    whole = {address: network for address, network in short.items() if network != address}
    if not whole:
        return 0
    keys = [row_key for row_key, _, address in rows if address in whole]
    # One that was forgotten meanwhile stays so: it is none of these.
    these = update(key.class_).where(key.in_(keys), ip.in_(whole))
    return count_changed(these.values({ip.key: case(whole, value=ip)}))


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
