"""Finding one person among many, and reading long lists a page at a time."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert, select, text

from tests.services.one_person import (
    LATER,
    LI,
    NOW,
    an_app,
    an_application,
    log_in,
    merged,
    see,
)
from wechatlogin.errors import InvalidRequest
from wechatlogin.extensions import db
from wechatlogin.models import Application, ApplicationUser, Identity, User
from wechatlogin.models.transaction import write
from wechatlogin.services import application_users, bans, people_search
from wechatlogin.services.paging import Place
from wechatlogin.services.people_search import Kind
from wechatlogin.services.site import Site

#: So many that every planner prefers an index to reading a table.
MANY = 30_000
#: Every thousandth is banned, so that a list of them cannot be found by reading on.
RARE = 1000
APPID = f"wx{1:016d}"
TABLES = ("users", "identities", "application_users")
#: A step of PostgreSQL's that sorts so many; one that sorts what has the same moment is quick.
_SORT = re.compile(r"^(?:\s*->)?\s*Sort  \(cost=\S+ rows=(\d+)", re.MULTILINE)


def named(identity: Identity, nickname: str) -> None:
    with write():
        identity.nickname = nickname


def found(text: str) -> list[str]:
    return [user.id for user in people_search.search(text).people]


def ids(kind: Kind) -> list[str]:
    return [user.id for user in people_search.get_page(kind, after=None).rows]


def test_a_person_is_found_by_all_that_names_them(storage: Site) -> None:
    identity = see(an_app(storage, 1), "o-lin", "u-lin")
    application = an_application(storage)
    log_in(storage, identity, application=application)
    with write() as session:
        session.scalars(select(ApplicationUser)).one().subject = "a pairwise sub"
    see(an_app(storage, 1), "o-mei", "u-mei")

    for name in (identity.user_id, "o-lin", "u-lin", "a pairwise sub"):
        assert found(name) == [identity.user_id], name


def test_ids_are_whole_and_exact(storage: Site) -> None:
    identity = see(an_app(storage, 1), "o-lin", "u-lin")

    for name in (identity.user_id[:8], "o-li", "O-LIN", "u-lin2", "%", "_", "' OR 1=1 --"):
        assert found(name) == [], name


def test_who_was_merged_is_found_by_the_former_id(storage: Site) -> None:
    merge = merged(storage, an_app(storage, 1), an_app(storage, 2))

    assert found(merge.other_user_id) == [merge.user_id]


@pytest.mark.parametrize(
    ("nickname", "begins", "others"),
    [
        ("林小满", "林", "小"),
        ("😀 Lin", "😀", "Lin"),
        ("100%_a", "100%", "100_"),
        ("Zoe", "Zo", "zo"),
        ("a b-c", "a b", "ab"),
    ],
)
def test_a_nickname_is_found_by_its_beginning(
    storage: Site, nickname: str, begins: str, others: str
) -> None:
    lin, mei = see(an_app(storage, 1), "o-lin", None), see(an_app(storage, 1), "o-mei", None)
    named(lin, nickname)
    named(mei, "梅")

    assert found(begins) == [lin.user_id]
    assert found(nickname) == [lin.user_id]
    assert found(others) == []


def test_a_search_shows_so_many_and_says_that_there_are_more(storage: Site) -> None:
    fill(people_search.MOST + 5)

    result = people_search.search("person")

    assert (len(result.people), result.has_more) == (people_search.MOST, True)
    assert not people_search.search("person000000").has_more


def test_the_newest_come_first(storage: Site) -> None:
    row = an_app(storage, 1)
    first = see(row, "o-1", None).user_id
    second = see(row, "o-2", None, now=LATER).user_id

    assert ids(Kind.ALL) == [second, first]


def test_the_banned_are_listed_as_they_were_banned(storage: Site) -> None:
    row = an_app(storage, 1)
    older, newer, _ = (see(row, f"o-{number}", None).user_id for number in range(3))
    bans.ban(newer, by=LI, now=NOW)
    bans.ban(older, by=LI, now=LATER)

    assert ids(Kind.BANNED) == [older, newer]


def test_followers_are_listed_once_however_many_accounts_they_follow(storage: Site) -> None:
    merge = merged(storage, an_app(storage, 1), an_app(storage, 2))
    stranger = see(an_app(storage, 1), "o-stranger", None)
    with write() as session:
        for identity in session.scalars(select(Identity)):
            identity.follows = identity.id != stranger.id

    assert ids(Kind.FOLLOWING) == [merge.user_id]
    assert ids(Kind.NOT_FOLLOWING) == [stranger.user_id]


def test_an_application_lists_those_it_knows(storage: Site) -> None:
    row, application = an_app(storage, 1), an_application(storage)
    first, second, _ = (see(row, f"o-{number}", None).user_id for number in range(3))
    application_users.find_or_create(application.id, first, now=NOW)
    application_users.find_or_create(application.id, second, now=LATER)

    page = people_search.get_page_of_application(application.id, after=None)

    assert [user.id for user in page.rows] == [second, first]


@pytest.mark.parametrize("kind", list(Kind))
def test_pages_follow_one_another_without_gaps(storage: Site, kind: Kind) -> None:
    fill(120)
    with write() as session:
        for user in session.scalars(select(User)):
            user.banned_at = user.created_at

    met: list[str] = []
    after: Place | None = None
    while True:
        page = people_search.get_page(kind, after=Place.read(str(after)) if after else None)
        met += [user.id for user in page.rows]
        after = page.end
        if after is None:
            break

    assert len(met) == len(set(met))
    following = {Kind.FOLLOWING: 60, Kind.NOT_FOLLOWING: 60}
    assert len(met) == following.get(kind, 120)


def test_a_place_of_another_list_is_refused(storage: Site) -> None:
    with pytest.raises(InvalidRequest):
        people_search.get_page(Kind.FOLLOWING, after=Place(NOW, "not a number"))


def test_a_page_asks_as_much_for_fifty_people_as_for_one(storage: Site) -> None:
    fill(3)
    with counted() as few:
        people_search.get_page(Kind.ALL, after=None)
    fill(60, start=3)
    db.session.expire_all()

    with counted() as many:
        people_search.get_page(Kind.ALL, after=None)

    assert len(many) == len(few) <= 3


def test_many_people_are_searched_along_indexes(storage: Site) -> None:
    application = an_application(storage)
    fill(MANY, application=application)
    middle = Place(NOW + timedelta(seconds=MANY // 2), "8" * 32)
    asked: list[tuple[str, Any]] = []
    with counted(asked):
        for kind in Kind:
            after = Place(middle.at, "7") if "follow" in kind else middle
            assert people_search.get_page(kind, after=after).rows
        application_place = Place(middle.at, "7")
        assert people_search.get_page_of_application(application.id, after=application_place).rows
        assert people_search.search("person0").people
        assert people_search.search("person0100").people
        assert people_search.search(f"{5:032x}").people

    slow = [statement for statement, values in asked if not is_quick(statement, values)]

    assert slow == []


def fill(count: int, *, start: int = 0, application: Application | None = None) -> None:
    """Write many people down at once, every other one a follower."""
    numbers = range(start, start + count)
    users = [
        {
            "id": f"{number:032x}",
            "created_at": NOW + timedelta(seconds=number),
            "banned_at": NOW + timedelta(seconds=number) if number % RARE == 0 else None,
        }
        for number in numbers
    ]
    identities = [
        {
            "id": number + 1,
            "user_id": f"{number:032x}",
            "appid": APPID,
            "openid": f"o-{number}",
            "unionid": f"u-{number}",
            "nickname": f"person{number:06d}",
            "follows": number % 2 == 0,
            "created_at": NOW + timedelta(seconds=number),
            "updated_at": NOW,
        }
        for number in numbers
    ]
    known = [
        {
            "id": number + 1,
            "application_id": application.id if application else 0,
            "user_id": f"{number:032x}",
            "subject": f"sub-{number}",
            "first_login_at": NOW + timedelta(seconds=number),
            "last_login_at": NOW,
        }
        for number in numbers
    ]
    with write() as session:
        session.execute(insert(User), users)
        session.execute(insert(Identity), identities)
        if application:
            session.execute(insert(ApplicationUser), known)
    if count > RARE:
        refresh = "ANALYZE TABLE" if db.engine.dialect.name == "mysql" else "ANALYZE"
        for table in TABLES:
            db.session.execute(text(f"{refresh} {table}"))
        db.session.commit()


@contextmanager
def counted(asked: list[tuple[str, Any]] | None = None) -> Iterator[list[tuple[str, Any]]]:
    """Write down every question that the database is asked meanwhile."""
    seen: list[tuple[str, Any]] = [] if asked is None else asked

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            seen.append((statement, values))

    engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def is_quick(statement: str, values: Any) -> bool:
    """Tell whether the database answers along an index, without reading or sorting a table."""
    kind = db.engine.dialect.name
    explain = "EXPLAIN QUERY PLAN " if kind == "sqlite" else "EXPLAIN "
    rows = db.session.connection().exec_driver_sql(explain + statement, values).mappings().all()
    if kind == "sqlite":
        return not any(_is_slow_step(str(row["detail"]), statement) for row in rows)
    if kind == "postgresql":
        plan = "\n".join(str(row["QUERY PLAN"]) for row in rows)
        reads_all = any(f"Seq Scan on {table}" in plan for table in TABLES)
        return not reads_all and all(int(rows) < RARE for rows in _SORT.findall(plan))
    return not any(_is_long_read(row) for row in rows)


def _is_slow_step(detail: str, statement: str) -> bool:
    reads_all = detail.startswith("SCAN") and "USING" not in detail
    # Without a limit a statement names its rows one by one, and there are few to be sorted.
    sorts_all = detail == "USE TEMP B-TREE FOR ORDER BY" and "LIMIT" in statement
    return reads_all or sorts_all


def _is_long_read(row: Any) -> bool:
    # By one value alone it would pass all that comes before the page.
    reads_all = row["type"] in {"ALL", "index", "ref"} or "filesort" in (row["Extra"] or "")
    return reads_all and int(row["rows"] or 0) >= RARE
