"""The tables change under a service that people log in at, forwards and backwards."""

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from sqlalchemy import Connection, Engine, create_engine, inspect, text

from tests import databases
from tests.conftest import Installation, Installer
from tests.faults import next_release
from tests.faults.traffic import Traffic, statuses
from tests.flows.phones import Phone
from tests.servers import ROOT, settings_for_tests
from tests.waiters import eventually
from wechatlogin import config, create_app
from wechatlogin.config import Settings
from wechatlogin.extensions import db
from wechatlogin.models import migrating
from wechatlogin.services import readiness

MIGRATIONS = ROOT / "migrations"
VERSIONS = MIGRATIONS / "versions"


@pytest.fixture(params=databases.KINDS)
def installation(
    request: pytest.FixtureRequest, tmp_path: Path, install: Installer
) -> Iterator[Installation]:
    with install.migrated.copied(tmp_path, request.param) as url:
        installation = install(database_url=url)
        yield installation
        with installation.app.app_context():
            db.engine.dispose()
        installation.service.stop()


@pytest.fixture
def next_migrations(tmp_path: Path) -> Path:
    """The migrations of a release that has one more."""
    folder = Path(shutil.copytree(MIGRATIONS, tmp_path / "migrations"))
    text = Path(next_release.__file__).read_text(encoding="utf-8")
    named = text.replace("{former}", readiness.get_newest_schema())
    (folder / "versions" / "next.py").write_text(named, encoding="utf-8")
    return folder


def begin(settings: Settings, *words: str) -> subprocess.Popen[str]:
    """Begin a command of `flask db`."""
    return subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "wsgi", "db", *words],
        cwd=ROOT,
        env={**os.environ, **config.as_environment(settings)},
        stderr=subprocess.PIPE,
        text=True,
    )


def run_at_once(settings: Settings, count: int, *words: str) -> str:
    """Run a command several times at the same moment, and return what they said."""
    commands = [begin(settings, *words) for _ in range(count)]
    said = "".join(command.communicate(timeout=120)[1] for command in commands)
    assert [command.returncode for command in commands] == [0] * count, said
    return said


def log_in(installation: Installation) -> requests.Response:
    """Log somebody new in, from the first page to the last."""
    phone = Phone(installation.simulator.add_person())
    page = phone.open(f"{installation.url}/account")
    phone.close()
    return page


def columns_of(installation: Installation, table: str) -> set[str]:
    with installation.app.app_context():
        return {str(column["name"]) for column in inspect(db.engine).get_columns(table)}


@pytest.mark.fault("C-25")
def test_nobody_fails_while_the_tables_change(
    installation: Installation, next_migrations: Path
) -> None:
    settings, there = installation.service.settings, ("--directory", str(next_migrations))
    with (
        Traffic(lambda _browser: log_in(installation), threads=2) as logins,
        Traffic(lambda browser: browser.step(f"{installation.url}/login/code")) as visits,
    ):
        logins.go_on(0.5)
        said = run_at_once(settings, 2, "upgrade", *there)
        changed_at = time.monotonic()
        has_changed = "mood" in columns_of(installation, "attempts")
        logins.go_on(0.5)
        is_ready = requests.get(f"{installation.url}/readyz", timeout=20).ok
        said_back = run_at_once(settings, 1, "downgrade", *there)
        logins.go_on(0.5)

    # Of the two that began at once, one did it.
    assert said.count("migrated from") == 1
    assert said_back.count("migrated from") == 1
    assert has_changed
    assert "mood" not in columns_of(installation, "attempts")
    assert is_ready
    assert statuses(logins.visits) == {200}
    assert statuses(visits.visits) == {200}
    assert logins.since(changed_at)
    assert "Traceback" not in installation.service.log_path.read_text()


def _release_late(engine: Engine, reading: Connection) -> None:
    """End a read when whoever waits for it must have given up once."""
    waiting = text(
        "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database"
        " WHERE NOT granted AND mode = 'AccessExclusiveLock' AND datname = current_database()"
    )
    with engine.connect() as connection:
        eventually(lambda: bool(connection.execute(waiting).scalar()), within=60)
    time.sleep(migrating.QUEUE_SECONDS + 0.5)
    reading.rollback()


@pytest.mark.fault("C-25")
@pytest.mark.parametrize("installation", ["postgresql"], indirect=True)
def test_whoever_reads_for_long_holds_up_the_migration_and_nobody_else(
    installation: Installation, next_migrations: Path
) -> None:
    """A backup, say: the migration waits for it, and everybody would queue behind the migration."""
    settings = installation.service.settings
    engine = create_engine(settings.database_url)
    reading = engine.connect()
    reading.execute(text("SELECT count(*) FROM attempts"))
    release = threading.Thread(target=_release_late, args=(engine, reading))
    release.start()

    with Traffic(lambda browser: browser.step(f"{installation.url}/login/code")) as visits:
        said = run_at_once(settings, 1, "upgrade", "--directory", str(next_migrations))

    release.join()
    reading.close()
    engine.dispose()
    assert "begins again" in said
    assert said.count("migrated from") == 1
    assert statuses(visits.visits) == {200}


@pytest.mark.fault("C-25")
@pytest.mark.parametrize("kind", databases.KINDS)
def test_of_two_that_make_the_tables_at_once_one_makes_them(kind: str, tmp_path: Path) -> None:
    with databases.fresh_database(kind, tmp_path) as url:
        settings = settings_for_tests(database_url=url)

        said = run_at_once(settings, 2, "upgrade")

        assert said.count("migrated from nothing to 0001") == 1
        assert said.count("migrated from") == len(list(VERSIONS.glob("0*.py")))
        app = create_app(settings)
        with app.app_context():
            assert readiness.verify_schema() == readiness.get_newest_schema()
            db.session.remove()
            db.engine.dispose()
