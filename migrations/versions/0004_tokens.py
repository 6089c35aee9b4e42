"""Tokens: signing keys, API keys with names, refresh tokens, sessions of programs.

Revision 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op

from wechatlogin.models import types

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _create_tables()
    # Every application had one key without a name.
    op.execute(
        "INSERT INTO api_keys (application_id, name, key_hash, created_at) "
        "SELECT id, 'first', api_key_hash, created_at FROM applications "
        "WHERE api_key_hash IS NOT NULL"
    )
    _turn_foreign_keys("OFF")
    with op.batch_alter_table("applications") as table:
        table.drop_constraint(op.f("uq_applications_api_key_hash"), type_="unique")
        table.drop_column("api_key_hash")
        table.add_column(sa.Column("sealed_client_secret", sa.Text(), nullable=True))
        table.add_column(sa.Column("mccs", sa.JSON(), nullable=True))
        table.add_column(
            sa.Column("is_disabled", sa.Boolean(), nullable=False, server_default=sa.false())
        )
    op.execute("UPDATE applications SET mccs = '[]'")
    with op.batch_alter_table("applications") as table:
        table.alter_column("mccs", existing_type=sa.JSON(), nullable=False)
        table.alter_column("is_disabled", existing_type=sa.Boolean(), server_default=None)
    with op.batch_alter_table("wechat_apps") as table:
        table.add_column(sa.Column("identifier", types.Exact(length=32), nullable=True))
        table.create_unique_constraint(op.f("uq_wechat_apps_identifier"), ["identifier"])
    with op.batch_alter_table("sessions") as table:
        table.add_column(sa.Column("application_id", _ROW_ID, nullable=True))
        table.create_foreign_key(
            op.f("fk_sessions_application_id"),
            *("applications", ["application_id"], ["id"]),
            ondelete="CASCADE",
        )
    _turn_foreign_keys("ON")
    op.create_index(
        op.f("ix_sessions_application_id"), "sessions", ["application_id"], if_not_exists=True
    )


def downgrade() -> None:
    op.execute("DELETE FROM sessions WHERE application_id IS NOT NULL")
    _turn_foreign_keys("OFF")
    with op.batch_alter_table("sessions") as table:
        table.drop_constraint(op.f("fk_sessions_application_id"), type_="foreignkey")
        table.drop_index(op.f("ix_sessions_application_id"))
        table.drop_column("application_id")
    with op.batch_alter_table("wechat_apps") as table:
        table.drop_constraint(op.f("uq_wechat_apps_identifier"), type_="unique")
        table.drop_column("identifier")
    with op.batch_alter_table("applications") as table:
        for name in ("sealed_client_secret", "mccs", "is_disabled"):
            table.drop_column(name)
        table.add_column(sa.Column("api_key_hash", types.Exact(length=64), nullable=True))
        table.create_unique_constraint(op.f("uq_applications_api_key_hash"), ["api_key_hash"])
    _turn_foreign_keys("ON")
    op.execute(
        "UPDATE applications SET api_key_hash = (SELECT MIN(key_hash) FROM api_keys "
        "WHERE api_keys.application_id = applications.id)"
    )
    for name in ("refresh_tokens", "api_keys", "signing_keys"):
        op.drop_table(name)


def _turn_foreign_keys(state: str) -> None:
    """SQLite copies a table to change it; dropping the old one would delete its rows' children."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"PRAGMA foreign_keys = {state}")


def _create_tables() -> None:
    op.create_table(
        "signing_keys",
        sa.Column("kid", types.Exact(length=64), nullable=False),
        sa.Column("algorithm", types.Exact(length=16), nullable=False),
        sa.Column("sealed_private_key", sa.Text(), nullable=False),
        sa.Column("public_jwk", sa.JSON(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("active_from", types.UtcDateTime(), nullable=False),
        sa.Column("retired_at", types.UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "algorithm IN ('RS256', 'ES256')", name=op.f("ck_signing_keys_algorithm")
        ),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_signing_keys")),
    )
    op.create_index(
        op.f("ix_signing_keys_algorithm_active_from"), "signing_keys", ["algorithm", "active_from"]
    )
    op.create_table(
        "api_keys",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("application_id", _ROW_ID, nullable=False),
        sa.Column("name", types.Exact(length=64), nullable=False),
        sa.Column("key_hash", types.Exact(length=64), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("last_used_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["applications.id"],
            name=op.f("fk_api_keys_application_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_api_keys_key_hash")),
    )
    op.create_index(op.f("ix_api_keys_application_id"), "api_keys", ["application_id"])
    op.create_table(
        "refresh_tokens",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("token_hash", types.Exact(length=64), nullable=False),
        sa.Column("session_key", types.Exact(length=64), nullable=False),
        sa.Column("scope", types.Exact(length=255), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("expires_at", types.UtcDateTime(), nullable=False),
        sa.Column("used_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["session_key"],
            ["sessions.key_hash"],
            name=op.f("fk_refresh_tokens_session_key"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refresh_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_refresh_tokens_token_hash")),
    )
    for column in ("session_key", "expires_at"):
        op.create_index(op.f(f"ix_refresh_tokens_{column}"), "refresh_tokens", [column])
