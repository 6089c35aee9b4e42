"""How Alembic reaches the database: through the application, as everything else does."""

from typing import Any

from alembic import context
from flask import current_app
from sqlalchemy import Connection

from wechatlogin.models import migrating

migrate = current_app.extensions["migrate"]
options: dict[str, Any] = {
    "target_metadata": migrate.db.metadata,
    # Types of ours are written as `types.Exact(...)`, see script.py.mako.
    "user_module_prefix": "types.",
    # What a migration has locked is free again before the next one begins.
    "transaction_per_migration": True,
    "on_version_apply": migrating.say_step,
    **migrate.configure_args,
}


def run(connection: Connection) -> None:
    """Run the migrations that are due on a connection."""
    context.configure(connection=connection, **options)
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    url = migrate.db.engine.url.render_as_string(hide_password=False)
    context.configure(url=url, literal_binds=True, **options)
    with context.begin_transaction():
        context.run_migrations()
else:
    migrating.migrate(migrate.db.engine, run)
