"""Long lists a page at a time, on every database: nothing twice, nothing left out."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from wechatlogin.errors import InvalidRequest
from wechatlogin.extensions import db
from wechatlogin.models import AuditEntry, AuditTag, User
from wechatlogin.models.transaction import write
from wechatlogin.services.paging import Page, Place, get_page
from wechatlogin.services.site import Site

NOW = datetime(2026, 11, 21, 3, 0, 0, 123456, tzinfo=UTC)


def add_entries(moments: list[datetime]) -> None:
    with write() as session:
        for at in moments:
            session.add(AuditEntry(at=at, tag=AuditTag.USER_LOGIN, detail="a login"))
            session.flush()


def read(after: str | None, size: int) -> Page[AuditEntry]:
    place = Place.read(after)
    return get_page(select(AuditEntry), AuditEntry.at, AuditEntry.id, after=place, size=size)


def read_all(size: int) -> list[int]:
    ids: list[int] = []
    after: str | None = None
    while True:
        page = read(after, size)
        ids += [entry.id for entry in page.rows]
        if page.end is None:
            return ids
        after = str(page.end)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8])
def test_the_pages_together_are_the_list_the_newest_first(storage: Site, size: int) -> None:
    # Three of the same moment stand at the border of some page.
    add_entries([NOW + timedelta(seconds=second) for second in (0, 1, 2, 2, 2, 3, 4)])
    newest_first = db.session.scalars(
        select(AuditEntry.id).order_by(AuditEntry.at.desc(), AuditEntry.id.desc())
    )

    assert read_all(size) == list(newest_first)


def test_what_comes_in_meanwhile_moves_nothing(storage: Site) -> None:
    add_entries([NOW, NOW + timedelta(seconds=1), NOW + timedelta(seconds=2)])
    first = read(None, 1)

    add_entries([NOW + timedelta(hours=1)])
    second = read(str(first.end), 2)

    assert [entry.at for entry in second.rows] == [NOW + timedelta(seconds=1), NOW]
    assert second.end is None


def test_a_list_is_ordered_by_a_text_too(storage: Site) -> None:
    with write() as session:
        session.add_all(User(id=name * 32, created_at=NOW) for name in "abc")

    first = get_page(select(User), User.created_at, User.id, after=None, size=2)
    second = get_page(select(User), User.created_at, User.id, after=first.end, size=2)

    assert [user.id[0] for user in first.rows + second.rows] == ["c", "b", "a"]


@pytest.mark.parametrize(
    "address",
    [
        "x",
        "~",
        "2026-11-21T03:00:00+00:00",
        "2026-11-21T03:00:00~1",
        "~1",
        "0~0",
        "0001-01-01T00:00:00+14:00~1",
        "2026-11-21T03:00:00+00:00~a\0",
    ],
)
def test_a_place_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(InvalidRequest):
        Place.read(address)


@pytest.mark.parametrize("key", ["x", "-1", "1" * 19, "1.5"])
def test_a_key_that_the_list_cannot_have_is_refused(storage: Site, key: str) -> None:
    with pytest.raises(InvalidRequest):
        read(f"{NOW.isoformat()}~{key}", 5)
