"""Reading the audit: what matches a search, a page at a time or all of it.

Each search by one thing is served by an index that ends in the moment (`models/audit.py`); several
together go through what one of them leaves.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select

from wechatlogin.models import AuditEntry
from wechatlogin.services.paging import Page, Place, get_page

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
        for column, wanted in (
            (AuditEntry.tag, self.tag),
            (AuditEntry.actor, self.actor),
            (AuditEntry.user_id, self.user_id),
            (AuditEntry.detail, self.detail),
        ):
            if wanted is not None:
                query = query.where(column == wanted)
        if self.since is not None:
            query = query.where(AuditEntry.at >= self.since)
        if self.until is not None:
            query = query.where(AuditEntry.at < self.until)
        return query


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
