"""Reading one row past SQLAlchemy: the same values, and the same error, as with it."""

import pytest
from sqlalchemy import bindparam, inspect, select, text
from sqlalchemy.exc import OperationalError

from tests import waiters
from wechatlogin.extensions import db
from wechatlogin.models import Attempt
from wechatlogin.models.lookup import Lookup
from wechatlogin.services.site import Site

_attempts = inspect(Attempt).local_table
_OF_ID = select(*_attempts.columns).where(_attempts.c.id == bindparam("id"))


def test_every_kind_of_column_is_read_as_core_reads_it(storage: Site) -> None:
    attempt_id = waiters.add_attempt(db.engine, awaits_follow=True, number=42)

    row = Lookup(_OF_ID, "id").get(db.engine, attempt_id)

    with db.engine.connect() as connection:
        assert row == tuple(connection.execute(_OF_ID, {"id": attempt_id}).one())


def test_a_value_that_no_row_has_is_none(storage: Site) -> None:
    assert Lookup(_OF_ID, "id").get(db.engine, "' OR 1=1 --") is None


def test_a_database_that_cannot_answer_is_told_and_leaves_no_connection_behind(
    storage: Site,
) -> None:
    broken = Lookup(select(text("nonsense")).where(_attempts.c.id == bindparam("id")), "id")
    in_use = db.engine.pool.checkedout()

    with pytest.raises(OperationalError) as told:
        broken.get(db.engine, "canary-value")

    assert "canary-value" not in str(told.value)
    assert db.engine.pool.checkedout() == in_use
