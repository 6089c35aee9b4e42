"""Long lists, a page at a time: by where the page before ended, never by counting rows.

A list is ordered by a moment and then by its key, the newest first; an index over the moment serves
every page alike, the first and the last of a hundred thousand rows.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, Self, TypeVar

from sqlalchemy import Select, and_, or_
from sqlalchemy.orm import InstrumentedAttribute

from wechatlogin.errors import InvalidRequest
from wechatlogin.extensions import db

SIZE = 50

Row = TypeVar("Row")


@dataclass(frozen=True)
class Place:
    """Where a page ended: the moment and the key of its last row."""

    at: datetime
    key: str

    @classmethod
    def read(cls, text: str | None) -> Self | None:
        """Return the place that an address names; None is the beginning.

        :raise InvalidRequest: if it is none of ours.
        """
        if not text:
            return None
        moment, _, key = text.partition("~")
        try:
            at = datetime.fromisoformat(moment)
            # Near the calendar's ends there is no such moment in UTC.
            at.astimezone(UTC)
        except (ValueError, OverflowError) as err:
            raise InvalidRequest from err
        if at.tzinfo is None or not key or "\0" in key:
            raise InvalidRequest
        return cls(at, key)

    def __str__(self) -> str:
        return f"{self.at.isoformat()}~{self.key}"


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows, and where the next page begins; None after the last."""

    rows: list[Row]
    end: Place | None


def get_page(
    query: Select[Row],
    at: InstrumentedAttribute[datetime],
    key: InstrumentedAttribute[Any],
    *,
    after: Place | None,
    size: int = SIZE,
) -> Page[Row]:
    """Return the rows of a query that come after a place, the newest first.

    :raise InvalidRequest: if the place is none of this list's.
    """
    if after is not None:
        last = _key_of(after, key)
        query = query.where(at <= after.at, or_(at < after.at, and_(at == after.at, key < last)))
    rows = list(db.session.scalars(query.order_by(at.desc(), key.desc()).limit(size + 1)))
    if len(rows) <= size:
        return Page(rows, None)
    ended = rows[size - 1]
    return Page(rows[:size], Place(getattr(ended, at.key), str(getattr(ended, key.key))))


def along(query: Select[Row], *columns: InstrumentedAttribute[Any]) -> Select[Row]:
    """Return a query that is read along the index over these columns, the last of them a moment.

    Left to itself MariaDB goes through all rows of one value, from the newest, to find the place
    where a page begins.
    """
    table = columns[0].class_
    hint = f"FORCE INDEX (ix_{table.__tablename__}_{'_'.join(column.key for column in columns)})"
    return query.with_hint(table, hint, "mysql").with_hint(table, hint, "mariadb")


def _key_of(after: Place, key: InstrumentedAttribute[Any]) -> Any:
    if key.type.python_type is not int:
        return after.key
    if not after.key.isdecimal() or len(after.key) > 18:
        raise InvalidRequest
    return int(after.key)
