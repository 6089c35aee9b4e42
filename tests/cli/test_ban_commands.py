"""`flask person ban` and `unban`."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from flask_migrate import upgrade

from tests.servers import settings_for_tests
from tests.stories import a_user
from wechatlogin import clock, create_app
from wechatlogin.extensions import db
from wechatlogin.models import User


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    app = create_app(settings_for_tests(database_url=f"sqlite:///{tmp_path / 'cli.db'}"))
    with app.app_context():
        upgrade()
        yield app
        db.session.remove()
        db.engine.dispose()


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
