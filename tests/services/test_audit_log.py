"""A hundred thousand entries: every way to look through them goes by an index, on each database.

The database's own plan is held, not a time.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, insert, text

from wechatlogin.extensions import db
from wechatlogin.models import AuditEntry
from wechatlogin.models.transaction import write
from wechatlogin.services import audit_log
from wechatlogin.services.audit_log import Search
from wechatlogin.services.paging import Place

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
COUNT = 20_000
#: The last but some.
FAR = Place(NOW - timedelta(seconds=COUNT - 100), str(100))


@pytest.fixture(scope="module")
def full(stored_app: Flask) -> Iterator[None]:
    """An audit with twenty thousand entries."""
    with stored_app.app_context():
        with write() as session:
            for start in range(0, COUNT, 10_000):
                rows = [_row(number) for number in range(start, start + 10_000)]
                session.execute(insert(AuditEntry), rows)
        analyze = "ANALYZE TABLE audit" if _dialect() == "mysql" else "ANALYZE audit"
        db.session.execute(text(analyze))
        db.session.commit()
        yield
        with write() as session:
            session.execute(AuditEntry.__table__.delete())  # type: ignore[attr-defined]
        db.session.remove()


def _row(number: int) -> dict[str, object]:
    return {
        "at": NOW - timedelta(seconds=COUNT - number),
        "tag": "user:login" if number % 10 else "application:saved",
        "user_id": f"{number % 5000:032x}",
        "actor": None if number % 10 else f"operator-{number % 7}",
        "detail": f"client-{number % 3000}",
    }


def _dialect() -> str:
    return db.engine.dialect.name


def _plan(search: Search, after: Place | None) -> str:
    """Return how the database reads a page, in its own words."""
    sent: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, given: Any, *_: object) -> None:
        sent.append((statement, given))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        audit_log.find(search, after=after)
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    statement, given = sent[-1]
    explain = "EXPLAIN QUERY PLAN" if _dialect() == "sqlite" else "EXPLAIN"
    rows = db.session.connection().exec_driver_sql(f"{explain} {statement}", given)
    return "\n".join(str(tuple(row)) for row in rows)


def _check_by_index(plan: str) -> bool:
    """Tell whether rows are neither all read nor all sorted."""
    if _dialect() == "sqlite":
        return "USING INDEX ix_audit" in plan and "TEMP B-TREE" not in plan
    if _dialect() == "postgresql":
        return "ix_audit" in plan and "Seq Scan" not in plan
    return "ix_audit" in plan and "'ALL'" not in plan and "filesort" not in plan


@pytest.mark.parametrize("after", [None, FAR], ids=["first", "last"])
@pytest.mark.parametrize(
    "search",
    [
        Search(),
        Search(tag="application:saved"),
        Search(actor="operator-3"),
        Search(user_id=f"{7:032x}"),
        Search(detail="client-7"),
        Search(since=NOW - timedelta(hours=28), until=NOW - timedelta(hours=27)),
        Search(tag="application:saved", actor="operator-3"),
    ],
    ids=["all", "tag", "actor", "user", "detail", "days", "tag and actor"],
)
def test_a_page_is_read_by_an_index(full: None, search: Search, after: Place | None) -> None:
    plan = _plan(search, after)

    assert _check_by_index(plan), plan


def test_of_two_things_the_one_is_looked_up_that_fewer_entries_share(full: None) -> None:
    search = Search(tag="application:saved", actor="operator-3", detail="client-7")

    plan = _plan(search, None)

    # PostgreSQL knows how many share what.
    assert _dialect() == "postgresql" or "ix_audit_actor_at" in plan


def test_all_of_them_are_read_in_batches_and_none_twice(full: None) -> None:
    keys = [entry.id for entry in audit_log.read_all(Search(tag="application:saved"))]

    assert len(keys) == len(set(keys)) == COUNT // 10
    assert keys == sorted(keys, reverse=True)
    assert len(db.session.identity_map) <= 2 * audit_log.BATCH
