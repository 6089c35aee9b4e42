"""`flask person ban` and `unban`."""

from collections.abc import Iterator

import pytest
from click.testing import Result
from flask import Flask

from tests.stories import a_user
from wechatlogin import clock
from wechatlogin.extensions import db
from wechatlogin.models import User


@pytest.fixture
def app(empty_app: Flask) -> Iterator[Flask]:
    with empty_app.app_context():
        yield empty_app


def run(app: Flask, *words: str) -> Result:
    done = app.test_cli_runner().invoke(args=["person", *words])
    db.session.rollback()
    return done


def test_a_person_is_banned_and_let_in_again(app: Flask) -> None:
    user_id = a_user(clock.now())

    told = [run(app, command, user_id).output for command in ("ban", "ban", "unban", "unban")]

    assert told == [
        f"banned {user_id}\n",
        f"{user_id} was banned before\n",
        f"unbanned {user_id}\n",
        f"{user_id} was not banned\n",
    ]
    assert db.session.get_one(User, user_id, populate_existing=True).banned_at is None


@pytest.mark.parametrize("command", ["ban", "unban"])
def test_an_unknown_id_is_an_error_that_says_so(app: Flask, command: str) -> None:
    done = run(app, command, "nobody")

    assert done.exit_code == 1
    assert done.output == "Error: no user has the id nobody\n"
