"""A look past SQLAlchemy's execution leaves its connection as it was."""

import pytest
from sqlalchemy import Engine, bindparam, create_engine, insert, select
from sqlalchemy.exc import OperationalError

from tests.stories import start_attempt
from wechatlogin import clock
from wechatlogin.extensions import db
from wechatlogin.models import Attempt, User
from wechatlogin.models.lookup import Lookup

pytestmark = pytest.mark.usefixtures("storage")

SCENE_OF = Lookup(select(Attempt.scene).where(Attempt.id == bindparam("id")), "id")


@pytest.fixture
def engine() -> Engine:
    """One connection, which each look and each statement shares."""
    return create_engine(db.engine.url, pool_size=1, max_overflow=0)


def test_what_is_written_after_a_look_is_kept_only_by_a_commit(engine: Engine) -> None:
    attempt = start_attempt(now=clock.now())
    db.session.remove()

    assert SCENE_OF.get(engine, attempt.id) == (attempt.scene,)
    with engine.connect() as connection:
        connection.execute(insert(User).values(id="0" * 32, created_at=clock.now()))

    with engine.connect() as connection:
        assert connection.scalar(select(User.id)) is None
    engine.dispose()


def test_each_look_sees_what_was_committed_before_it(engine: Engine) -> None:
    seen = []
    for _ in range(3):
        attempt = start_attempt(now=clock.now())
        db.session.remove()
        seen.append(SCENE_OF.get(engine, attempt.id) == (attempt.scene,))

    assert seen == [True, True, True]
    engine.dispose()


def test_after_a_look_that_failed_the_next_one_has_another_connection(engine: Engine) -> None:
    broken = Lookup(select(db.text("nothing")).select_from(Attempt), "id")

    with pytest.raises(OperationalError):
        broken.get(engine, "x")

    assert SCENE_OF.get(engine, "x") is None
    engine.dispose()
