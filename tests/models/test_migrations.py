"""The migrations make what the models say, on every database, and can be taken back."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from flask_migrate import downgrade, upgrade
from sqlalchemy import CheckConstraint, inspect, select
from sqlalchemy.exc import IntegrityError, OperationalError

from tests import databases
from tests.servers import settings_for_tests
from tests.stories import start_attempt
from wechatlogin import create_app
from wechatlogin.extensions import db
from wechatlogin.models import Attempt, Way

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)


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
def test_the_way_by_number_comes_and_goes_and_leaves_the_other_attempts(
    kind: str, tmp_path: Path
) -> None:
    with databases.fresh_database(kind, tmp_path) as url:
        app = create_app(settings_for_tests(database_url=url))
        with app.app_context():
            upgrade(revision="0001")
            parent = start_attempt(now=NOW)
            child = start_attempt(now=NOW, way=Way.IN_WECHAT, parent_id=parent.id)
            kept = {parent.id, child.id}
            with pytest.raises((IntegrityError, OperationalError)):
                start_attempt(now=NOW, way=Way.NUMBER)
            # An open read would keep the servers from changing the table.
            db.session.remove()
            upgrade()
            start_attempt(now=NOW, way=Way.NUMBER)
            db.session.remove()
            downgrade(revision="0001")
            left = set(db.session.scalars(select(Attempt.id)))
            with pytest.raises((IntegrityError, OperationalError)):
                start_attempt(now=NOW, way=Way.NUMBER)
            db.session.remove()
            db.engine.dispose()

    assert left == kept


def test_the_file_of_sqlite_is_its_owners_alone(tmp_path: Path) -> None:
    app = create_app(settings_for_tests(database_url=f"sqlite:///{tmp_path / 'own.db'}"))
    with app.app_context():
        upgrade()
        db.engine.dispose()

    assert (tmp_path / "own.db").stat().st_mode & 0o777 == 0o600
