"""The migrations make what the models say, on every database, and can be taken back."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from flask_migrate import downgrade, upgrade
from sqlalchemy import CheckConstraint, MetaData, Table, inspect, select
from sqlalchemy.exc import IntegrityError, OperationalError

from tests import databases
from tests.servers import settings_for_tests
from wechatlogin import create_app
from wechatlogin.extensions import db
from wechatlogin.models import Attempt

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)


@pytest.mark.fault("C-25")
@pytest.mark.parametrize("kind", databases.KINDS)
def test_up_and_down_and_up_again_leaves_the_tables_of_the_models(
    kind: str, tmp_path: Path
) -> None:
    with databases.fresh_database(kind, tmp_path) as url:
        app = create_app(settings_for_tests(database_url=url))
        with app.app_context():
            upgrade()
            downgrade(revision="base")
            left = set(inspect(db.engine).get_table_names()) - {"alembic_version"}
            upgrade()
            with db.engine.connect() as connection:
                context = MigrationContext.configure(connection, opts={"compare_type": True})
                differences = compare_metadata(context, db.metadata)
            db.session.remove()
            db.engine.dispose()

    assert left == set()
    assert differences == []


@pytest.mark.parametrize("kind", databases.KINDS)
def test_every_check_of_the_models_is_in_the_migrated_tables(kind: str, tmp_path: Path) -> None:
    declared = {
        (table.name, str(check.name))
        for table in db.metadata.sorted_tables
        for check in table.constraints
        if isinstance(check, CheckConstraint)
    }
    with databases.fresh_database(kind, tmp_path) as url:
        app = create_app(settings_for_tests(database_url=url))
        with app.app_context():
            upgrade()
            inspector = inspect(db.engine)
            found = {
                (table, str(check["name"]))
                for table in inspector.get_table_names()
                for check in inspector.get_check_constraints(table)
            }
            db.session.remove()
            db.engine.dispose()

    assert declared - found == set()


@pytest.mark.parametrize("kind", databases.KINDS)
@pytest.mark.parametrize(
    ("before", "after", "way"), [("0001", "0002", "number"), ("0002", "0003", "website")]
)
def test_a_new_way_comes_and_goes_and_leaves_the_other_attempts(
    kind: str, tmp_path: Path, before: str, after: str, way: str
) -> None:
    with databases.fresh_database(kind, tmp_path) as url:
        app = create_app(settings_for_tests(database_url=url))
        with app.app_context():
            upgrade(revision=before)
            insert_attempt("parent", way="page")
            insert_attempt("child", way="in_wechat", parent_id="parent")
            with pytest.raises((IntegrityError, OperationalError)):
                insert_attempt("new", way=way)
            upgrade(revision=after)
            insert_attempt("new", way=way)
            downgrade(revision=before)
            left = set(db.session.scalars(select(Attempt.id)))
            with pytest.raises((IntegrityError, OperationalError)):
                insert_attempt("new", way=way)
            db.session.remove()
            db.engine.dispose()

    assert left == {"parent", "child"}


@pytest.mark.fault("C-25")
@pytest.mark.parametrize("kind", databases.KINDS)
def test_the_last_step_can_be_taken_back_and_taken_again(kind: str, tmp_path: Path) -> None:
    with databases.fresh_database(kind, tmp_path) as url:
        app = create_app(settings_for_tests(database_url=url))
        with app.app_context():
            upgrade()
            downgrade(revision="-1")
            upgrade()
            with db.engine.connect() as connection:
                context = MigrationContext.configure(connection, opts={"compare_type": True})
                differences = compare_metadata(context, db.metadata)
            db.session.remove()
            db.engine.dispose()

    assert differences == []


def insert_attempt(attempt_id: str, *, way: str, parent_id: str | None = None) -> None:
    """Insert a row as the tables are at this revision, which the models are not."""
    with db.engine.begin() as connection:
        table = Table("attempts", MetaData(), autoload_with=connection)
        values = {
            "id": attempt_id,
            "scene": attempt_id,
            "binding_hash": "",
            "way": way,
            "purpose": "login",
            "status": "pending",
            "confirm": "tap",
            "browser": "",
            "restarts": 0,
            "tries": 0,
            "created_at": NOW,
            "expires_at": NOW,
            "display": "page",
            "awaits_follow": False,
            "parent_id": parent_id,
        }
        known = {name: value for name, value in values.items() if name in table.columns}
        connection.execute(table.insert().values(**known))


def test_the_file_of_sqlite_is_its_owners_alone(tmp_path: Path) -> None:
    app = create_app(settings_for_tests(database_url=f"sqlite:///{tmp_path / 'own.db'}"))
    with app.app_context():
        upgrade()
        db.engine.dispose()

    assert (tmp_path / "own.db").stat().st_mode & 0o777 == 0o600
