"""A process delivers what its requests have written, and now and then what others have."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from tests.servers import settings_for_tests
from tests.services.session_tree import a_child, a_shop, start
from tests.simulator.receiver import Receiver
from tests.stories import a_user
from tests.waiters import eventually
from wechatlogin import clock, create_app
from wechatlogin.extensions import db
from wechatlogin.models import LogoutNotice
from wechatlogin.models.transaction import write
from wechatlogin.services import sessions
from wechatlogin.web.notices import LOOK_SECONDS, Courier


@pytest.fixture
def listener() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.stop()


@pytest.fixture
def app(tmp_path: Path, listener: Receiver) -> Iterator[Flask]:
    """An application in whose database a notice has been due since long."""
    made = create_app(settings_for_tests(database_url=f"sqlite:///{tmp_path / 'service.db'}"))
    with made.app_context():
        db.create_all()
        shop = a_shop(made.extensions["wechatlogin"], uri=listener.url)
        a_child(start("browser", a_user(clock.now())), shop)
        sessions.end("browser", now=clock.now())
        db.session.remove()
    yield made
    courier = courier_of(made)
    # Whoever is under way has come back.
    assert eventually(lambda: courier.free._value == courier.free._initial_value)  # type: ignore[attr-defined]  # of the semaphore
    with made.app_context():
        db.engine.dispose()


def courier_of(app: Flask) -> Courier:
    courier: Courier = app.extensions["wechatlogin-courier"]
    return courier


def is_delivered(app: Flask) -> bool:
    with app.app_context():
        return db.session.scalar(select(LogoutNotice.delivered_at)) is not None


def test_what_others_wrote_is_looked_for_twice_a_minute(app: Flask, listener: Receiver) -> None:
    courier, client = courier_of(app), app.test_client()

    client.get("/healthz").close()
    assert listener.received == []
    courier.looked_at -= LOOK_SECONDS
    client.get("/healthz").close()

    assert eventually(lambda: is_delivered(app))
    assert len(listener.received) == 1
    assert not courier.check_overdue()


def test_nothing_is_sent_before_the_answer_has_gone_out(app: Flask, listener: Receiver) -> None:
    courier_of(app).looked_at -= LOOK_SECONDS

    answer = app.test_client().get("/healthz")

    assert listener.received == []
    answer.close()
    assert eventually(lambda: len(listener.received) == 1)


def test_a_database_that_is_gone_stops_nobody(
    app: Flask, listener: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    with app.app_context(), write() as database:
        database.execute(LogoutNotice.__table__.delete())
        LogoutNotice.__table__.drop(database.connection())

    courier_of(app).send(1)

    assert eventually(lambda: "notices have to wait" in caplog.text)
