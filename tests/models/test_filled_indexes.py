"""Indexes of the rows in which something stands serve all that asks by a value."""

import pytest
from flask import Flask

from wechatlogin.extensions import db


def plan_of(statement: str) -> list[str]:
    rows = db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}")
    return [str(row.detail) for row in rows]


@pytest.mark.database("sqlite")
@pytest.mark.parametrize(
    ("statement", "indexes"),
    [
        (
            "DELETE FROM users WHERE id = 'a'",
            {"ix_attempts_user_id", "ix_attempts_link_user_id", "ix_sessions_user_id"},
        ),
        ("DELETE FROM attempts WHERE id = 'a'", {"ix_attempts_parent_id"}),
        ("DELETE FROM sessions WHERE key_hash = 'a'", {"ix_sessions_parent_key"}),
        ("DELETE FROM operators WHERE id = 1", {"ix_sessions_operator_id"}),
        (
            "DELETE FROM applications WHERE id = 1",
            {"ix_attempts_application_id", "ix_sessions_application_id"},
        ),
    ],
    ids=["person", "attempt", "session", "operator", "application"],
)
def test_who_refers_to_a_row_that_goes_is_found_by_an_index(
    empty_app: Flask, statement: str, indexes: set[str]
) -> None:
    with empty_app.app_context():
        plan = plan_of(statement)

    assert {name for name in indexes if any(name in step for step in plan)} == indexes
