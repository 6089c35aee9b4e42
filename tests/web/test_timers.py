"""The purge on a timer: by one process of all, in the background, within the hour but once."""

from datetime import timedelta

import pytest
from flask import Flask

from tests.stories import start_attempt
from wechatlogin import clock
from wechatlogin.extensions import db
from wechatlogin.models import Attempt
from wechatlogin.web import timers


def left(app: Flask) -> int:
    with app.app_context():
        count = db.session.scalar(db.select(db.func.count()).select_from(Attempt)) or 0
        db.session.remove()
    return count


def an_old_attempt(app: Flask) -> None:
    with app.app_context():
        start_attempt(now=clock.now() - timedelta(days=100))
        db.session.remove()


@pytest.mark.fault("C-34")
def test_it_is_done_once_within_the_hour(empty_app: Flask) -> None:
    an_old_attempt(empty_app)
    with empty_app.app_context():
        assert timers.purge_if_due()
    assert left(empty_app) == 0

    an_old_attempt(empty_app)
    with empty_app.app_context():
        assert not timers.purge_if_due()
    assert left(empty_app) == 1


def test_a_process_looks_once_in_a_while_after_an_answer(empty_app: Flask) -> None:
    an_old_attempt(empty_app)
    clockwork = timers.Clockwork(empty_app)
    empty_app.extensions["wechatlogin-timers"] = clockwork

    with empty_app.test_client() as client:
        client.get("/help").close()
        assert clockwork.at_work.acquire(blocking=False)
        clockwork.at_work.release()
        assert left(empty_app) == 1

        clockwork.looked_at -= timers.LOOK_SECONDS
        client.get("/help").close()
    with clockwork.at_work:
        assert left(empty_app) == 0
