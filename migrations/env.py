"""How Alembic reaches the database: through the application, as everything else does."""

from typing import Any

from alembic import context
from flask import current_app

migrate = current_app.extensions["migrate"]
options: dict[str, Any] = {
    "target_metadata": migrate.db.metadata,
    # Types of ours are written as `types.Exact(...)`, see script.py.mako.
    "user_module_prefix": "types.",
    **migrate.configure_args,
}

if context.is_offline_mode():
    url = migrate.db.engine.url.render_as_string(hide_password=False)
    context.configure(url=url, literal_binds=True, **options)
    with context.begin_transaction():
        context.run_migrations()
else:
    with migrate.db.engine.connect() as connection:
        context.configure(connection=connection, **options)
        with context.begin_transaction():
            context.run_migrations()
