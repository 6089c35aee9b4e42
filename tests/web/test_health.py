"""What a deployment asks: does the process answer, and can it work?"""

import os
from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import text

from tests import databases
from tests.servers import settings_for_tests
from wechatlogin import create_app
from wechatlogin.extensions import db
from wechatlogin.services import health, readiness
from wechatlogin.services.site import Site

HERE = {"REMOTE_ADDR": "127.0.0.1"}
AS_JSON = {"Accept": "application/json"}
NOBODY_LISTENS = "redis://127.0.0.1:1/0"


def make_app(folder: Path, **given: object) -> Flask:
    url = f"sqlite:///{folder / 'health.db'}"
    given = {"database_url": url, "trusted_hosts": ("localhost",), **given}
    return create_app(settings_for_tests(**given))


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    return make_app(tmp_path)


def test_every_database_that_is_migrated_is_ready(storage: Site) -> None:
    assert readiness.verify_schema() == readiness.get_newest_schema()


@pytest.mark.fault("C-26")
def test_an_empty_database_is_not_ready_and_the_words_say_what_to_run(app: Flask) -> None:
    answer = app.test_client().get("/readyz")

    assert answer.status_code == 503
    assert answer.mimetype == "text/plain"
    assert "flask db upgrade" in answer.text
    assert "Retry-After" in answer.headers


@pytest.mark.fault("C-26")
def test_the_tables_of_an_older_release_are_not_ready(app: Flask) -> None:
    with app.app_context():
        upgrade()
        assert app.test_client().get("/readyz").text == "ok"
        downgrade(revision="-1")

    assert app.test_client().get("/readyz").status_code == 503


@pytest.mark.fault("C-26")
def test_the_next_release_may_migrate_before_it_takes_over(app: Flask) -> None:
    with app.app_context():
        upgrade()
        db.session.execute(text("UPDATE alembic_version SET version_num = 'of-tomorrow'"))
        db.session.commit()

    assert app.test_client().get("/readyz").text == "ok"


@pytest.mark.fault("C-26")
@pytest.mark.parametrize(
    "changes",
    [
        ["ALTER TABLE audit RENAME COLUMN detail TO words"],
        ["DROP TABLE timers"],
        [
            "DROP TABLE timers",
            "CREATE TABLE timers (name VARCHAR(32) NOT NULL PRIMARY KEY, due_at DATETIME NOT NULL, "
            "done_at DATETIME, mood VARCHAR(16) NOT NULL)",
        ],
    ],
    ids=["a column gone", "a table gone", "a column that has to be filled"],
)
def test_tables_of_a_newer_release_that_no_longer_serve_are_not_ready(
    app: Flask, changes: list[str]
) -> None:
    with app.app_context():
        upgrade()
        for change in (*changes, "UPDATE alembic_version SET version_num = 'of-tomorrow'"):
            db.session.execute(text(change))
        db.session.commit()

    answer = app.test_client().get("/readyz")

    assert answer.status_code == 503
    assert "请更新服务" in answer.text
    assert "Retry-After" in answer.headers


@pytest.mark.fault("C-26")
def test_a_newer_release_may_add_what_needs_no_filling(app: Flask) -> None:
    with app.app_context():
        upgrade()
        for change in (
            "ALTER TABLE timers ADD COLUMN mood VARCHAR(16) NOT NULL DEFAULT 'calm'",
            "ALTER TABLE users ADD COLUMN mood VARCHAR(16)",
            "CREATE TABLE things (id INTEGER PRIMARY KEY)",
            "UPDATE alembic_version SET version_num = 'of-tomorrow'",
        ):
            db.session.execute(text(change))
        db.session.commit()

    assert app.test_client().get("/readyz").text == "ok"


@pytest.mark.fault("C-16")
def test_a_database_that_is_away_is_said_in_words(tmp_path: Path) -> None:
    app = make_app(tmp_path, database_url=f"sqlite:///{tmp_path / 'nowhere' / 'x.db'}")

    answer = app.test_client().get("/readyz")

    assert answer.status_code == 503
    assert answer.mimetype == "text/plain"
    assert str(tmp_path) not in answer.text
    assert app.test_client().get("/healthz").text == "ok"


@pytest.mark.parametrize(
    ("redis_url", "condition"),
    [
        (None, "not_used"),
        (NOBODY_LISTENS, "down"),
        (databases.REDIS, "ok"),
    ],
)
def test_redis_is_told_of_and_asked_for_nothing(
    tmp_path: Path, redis_url: str | None, condition: str
) -> None:
    app = make_app(tmp_path, redis_url=redis_url)
    with app.app_context():
        upgrade()

    answer = app.test_client().get("/readyz", headers=AS_JSON, environ_overrides=HERE)

    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json == {"redis": condition, "schema": readiness.get_newest_schema()}


@pytest.mark.fault("C-28")
def test_a_process_that_is_forked_begins_then() -> None:
    reading, writing = os.pipe()
    before = health.get_started_at()
    child = os.fork()
    if child == 0:
        os.write(writing, health.get_started_at().isoformat().encode())
        os._exit(0)
    os.waitpid(child, 0)

    assert datetime.fromisoformat(os.read(reading, 64).decode()) > before
    os.close(reading)
    os.close(writing)


def test_strangers_are_told_no_more_than_that_it_is_ready(app: Flask) -> None:
    with app.app_context():
        upgrade()

    stranger = {"REMOTE_ADDR": "203.0.113.7"}
    answer = app.test_client().get("/readyz", headers=AS_JSON, environ_overrides=stranger)

    assert answer.text == "ok"
