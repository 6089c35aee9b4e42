"""Reading the audit: what matches a search, a page at a time or all of it.

Each search by one thing is served by an index that ends in the moment (`models/audit.py`); several
together go through what the first of `_BY_FEWEST` leaves that is among them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, UnaryExpression, select
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.operators import custom_op

from wechatlogin.extensions import db
from wechatlogin.models import AuditEntry
from wechatlogin.services.paging import Page, Place, along, get_page

#: So many entries are in memory at a time while all are read.
BATCH = 500


@dataclass(frozen=True)
class Search:
    """What is looked for; None matches everything."""

    tag: str | None = None
    actor: str | None = None
    user_id: str | None = None
    #: What was changed, such as an appid or a client id.
    detail: str | None = None
    since: datetime | None = None
    #: The first moment that is too late.
    until: datetime | None = None

    @property
    def query(self) -> Select[AuditEntry]:
        """The entries that match, in no order."""
        query = select(AuditEntry)
        wanted = [each for each in _BY_FEWEST if getattr(self, each.key) is not None]
        for column in wanted:
            value = getattr(self, column.key)
            query = query.where((column if column is wanted[0] else _aside(column)) == value)
        if wanted:
            query = along(query, wanted[0], AuditEntry.at)
        if self.since is not None:
            query = query.where(AuditEntry.at >= self.since)
        if self.until is not None:
            query = query.where(AuditEntry.at < self.until)
        return query


#: What few entries share comes first: a person's own, then an operator's, then those about one
#: thing; of a tag there are most.
_BY_FEWEST = (AuditEntry.user_id, AuditEntry.actor, AuditEntry.detail, AuditEntry.tag)


def find(search: Search, *, after: Place | None) -> Page[AuditEntry]:
    """Return a page of the entries that match, the newest first.

    :raise InvalidRequest: if the place is none of this list's.
    """
    return get_page(search.query, AuditEntry.at, AuditEntry.id, after=after)


def read_all(search: Search) -> Iterator[AuditEntry]:
    """Yield every entry that matches, the newest first, and keep few of them in memory."""
    place: Place | None = None
    while True:
        page = get_page(search.query, AuditEntry.at, AuditEntry.id, after=place, size=BATCH)
        yield from page.rows
        place = page.end
        if place is None:
            return


def _aside(column: InstrumentedAttribute[Any]) -> ColumnElement[Any]:
    """Return a column whose own index is not taken: SQLite knows none better than another."""
    if db.engine.dialect.name != "sqlite":
        return column.expression
    return UnaryExpression(column.expression, operator=custom_op("+"), type_=column.type)
