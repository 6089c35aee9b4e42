"""The migrations make what the models say, on every database, and can be taken back."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect

from tests import databases
from tests.servers import settings_for_tests
from wechatlogin import create_app
from wechatlogin.extensions import db


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


def test_the_file_of_sqlite_is_its_owners_alone(tmp_path: Path) -> None:
    app = create_app(settings_for_tests(database_url=f"sqlite:///{tmp_path / 'own.db'}"))
    with app.app_context():
        upgrade()
        db.engine.dispose()

    assert (tmp_path / "own.db").stat().st_mode & 0o777 == 0o600
