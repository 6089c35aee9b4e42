"""Finding people: a page of a list at a time, or by what an operator knows of them.

Each list is read along an index in its own order, so that the last of a hundred thousand people
is found as quickly as the first:

    all            when they came
    banned         when they were banned
    following, not_following
                   when the identity was met that does so; a person is listed once
    of an application
                   when they first logged in to it

A search looks for a user's id (also one that was merged away), an openid, a unionid and a `sub`,
all of them whole, and for the beginning of a nickname.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, exists, literal_column, select
from sqlalchemy.orm import InstrumentedAttribute, aliased, selectinload

from wechatlogin.extensions import db
from wechatlogin.models import ApplicationUser, Identity, User
from wechatlogin.services import paging, users
from wechatlogin.services.paging import Page, Place

#: A search shows so many at most; whoever wants others knows more of them.
MOST = 50
#: Comes after every character that a name has.
_LAST = "\U0010ffff"


class Kind(StrEnum):
    """Which people are listed."""

    ALL = "all"
    BANNED = "banned"
    FOLLOWING = "following"
    NOT_FOLLOWING = "not_following"


@dataclass(frozen=True)
class Found:
    """Whom a search has found."""

    people: list[User]
    #: Whether there are more than are shown.
    has_more: bool


def get_page(kind: Kind, *, after: Place | None) -> Page[User]:
    """Return a page of a list of people, each with their identities.

    :raise InvalidRequest: if the place is none of this list's.
    """
    match kind:
        case Kind.ALL:
            return paging.get_page(_with_identities(), User.created_at, User.id, after=after)
        case Kind.BANNED:
            query = _with_identities().where(User.banned_at.is_not(None))
            banned_at = cast(InstrumentedAttribute[object], User.banned_at)
            return paging.get_page(query, banned_at, User.id, after=after)  # type: ignore[arg-type]
        case Kind.FOLLOWING | Kind.NOT_FOLLOWING:
            following = get_following_query(follows=kind is Kind.FOLLOWING)
            page = paging.get_page(following, Identity.created_at, Identity.id, after=after)
            return Page(_load(row.user_id for row in page.rows), page.end)


def get_page_of_application(application_id: int, *, after: Place | None) -> Page[User]:
    """Return a page of the people whom an application knows, each with their identities.

    :raise InvalidRequest: if the place is none of this list's.
    """
    query = select(ApplicationUser).where(ApplicationUser.application_id == application_id)
    came_at, number = ApplicationUser.first_login_at, ApplicationUser.id
    query = paging.along(query, ApplicationUser.application_id, came_at)
    page = paging.get_page(query, came_at, number, after=after)
    return Page(_load(row.user_id for row in page.rows), page.end)


def search(text: str) -> Found:
    """Return the people whom a text names, those it names exactly first."""
    ids: dict[str, None] = {}
    living = users.resolve_user_id(text)
    if living is not None:
        ids[living] = None
    for query in get_search_queries(text):
        ids.update(dict.fromkeys(db.session.scalars(query.limit(MOST + 1))))
    return Found(_load(list(ids)[:MOST]), len(ids) > MOST)


def get_search_queries(text: str) -> list[Select[str]]:
    """Return what asks for the ids of the people whom a text names, each along an index."""
    return [
        select(Identity.user_id).where(Identity.openid == text),
        select(Identity.user_id).where(Identity.unionid == text),
        select(ApplicationUser.user_id).where(ApplicationUser.subject == text),
        select(Identity.user_id).where(*_begins_with(text)).order_by(_in_bytes(Identity.nickname)),
    ]


def get_following_query(*, follows: bool) -> Select[Identity]:
    """Return what asks for the identities that follow, or do not, the last one of each person."""
    later = aliased(Identity)
    has_later = exists().where(
        later.user_id == Identity.user_id, later.follows == follows, later.id > Identity.id
    )
    query = select(Identity).where(Identity.follows == follows, ~has_later)
    follows_column = cast(InstrumentedAttribute[object], Identity.follows)
    return paging.along(query, follows_column, Identity.created_at)


def _with_identities() -> Select[User]:
    return select(User).options(selectinload(User.identities))


def _load(user_ids: Iterable[str]) -> list[User]:
    """Return these people in this order."""
    wanted = list(user_ids)
    found = db.session.scalars(_with_identities().where(User.id.in_(wanted)))
    by_id = {user.id: user for user in found}
    return [by_id[user_id] for user_id in wanted if user_id in by_id]


def _begins_with(text: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    # PostgreSQL's own order of letters knows no beginnings; these compare byte by byte, as its
    # index does and as the others always do.
    least, below = ("~>=~", "~<~") if _has_own_order() else (">=", "<")
    nickname = Identity.nickname
    return (
        nickname.op(least, is_comparison=True)(text),
        nickname.op(below, is_comparison=True)(text + _LAST),
    )


def _in_bytes(column: InstrumentedAttribute[Any]) -> ColumnElement[Any]:
    """Return what to order by: what PostgreSQL's index is ordered by is not sorted once more."""
    return column.op("USING")(literal_column("~<~")) if _has_own_order() else column.expression


def _has_own_order() -> bool:
    return db.engine.dialect.name == "postgresql"
