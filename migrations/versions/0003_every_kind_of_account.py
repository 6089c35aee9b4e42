"""Every kind of account: website apps, several apps at once, one person, replies, sending.

Revision 0003, after 0002.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations

from wechatlogin.models import types

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NEW_TABLES = ("application_users", "merges", "replies", "verification_files")


def upgrade() -> None:
    _create_tables()
    with _without_foreign_keys():
        _widen_applications()
        _widen_attempts()
        _widen_the_rest()


def downgrade() -> None:
    op.execute("DELETE FROM attempts WHERE way = 'website' OR purpose IN ('link', 'relay')")
    op.execute("DELETE FROM sent_messages WHERE state = 'pending'")
    for name in _NEW_TABLES:
        op.drop_table(name)
    with _without_foreign_keys():
        _narrow_the_rest()
        _narrow_attempts()
        _narrow_applications()


@contextmanager
def _without_foreign_keys() -> Iterator[None]:
    """SQLite copies a table to change it; dropping the old one would delete its rows' children."""
    is_copied = op.get_bind().dialect.name == "sqlite"
    if is_copied:
        op.execute("PRAGMA foreign_keys = OFF")
    yield
    if is_copied:
        op.execute("PRAGMA foreign_keys = ON")


def _create_tables() -> None:
    op.create_table(
        "application_users",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("application_id", _ROW_ID, nullable=False),
        sa.Column("user_id", types.Exact(length=32), nullable=False),
        sa.Column("first_login_at", types.UtcDateTime(), nullable=False),
        sa.Column("last_login_at", types.UtcDateTime(), nullable=False),
        _foreign("application_users", "application_id", "applications"),
        _foreign("application_users", "user_id", "users"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application_users")),
        sa.UniqueConstraint(
            "application_id", "user_id", name=op.f("uq_application_users_application_id_user_id")
        ),
    )
    op.create_index(op.f("ix_application_users_user_id"), "application_users", ["user_id"])
    op.create_table(
        "merges",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("user_id", types.Exact(length=32), nullable=False),
        sa.Column("other_user_id", types.Exact(length=32), nullable=False),
        sa.Column("reason", types.Exact(length=16), nullable=False),
        sa.Column("state", types.Exact(length=16), nullable=False),
        sa.Column("conflict", types.Exact(length=32), nullable=True),
        sa.Column("moved", sa.JSON(), nullable=False),
        sa.Column("other_created_at", types.UtcDateTime(), nullable=False),
        sa.Column("other_last_login_at", types.UtcDateTime(), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("decided_at", types.UtcDateTime(), nullable=True),
        sa.Column("decided_by", types.Exact(length=64), nullable=True),
        _check("merges", "reason", "unionid", "linked"),
        _check("merges", "state", "waiting", "merged", "kept_apart", "undone"),
        _foreign("merges", "user_id", "users"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merges")),
    )
    for column in ("state", "other_user_id", "user_id"):
        op.create_index(op.f(f"ix_merges_{column}"), "merges", [column])
    op.create_table(
        "replies",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("wechat_app_id", _ROW_ID, nullable=False),
        sa.Column("language", types.Exact(length=8), nullable=False),
        sa.Column("occasion", types.Exact(length=16), nullable=False),
        sa.Column("keyword", types.Exact(length=64), nullable=False),
        sa.Column("text", types.ExactText(), nullable=False),
        _check("replies", "occasion", "welcome", "confirm", "code", "keyword", "default"),
        _foreign("replies", "wechat_app_id", "wechat_apps"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_replies")),
        sa.UniqueConstraint(
            *("wechat_app_id", "language", "occasion", "keyword"),
            name=op.f("uq_replies_wechat_app_id_language_occasion_keyword"),
        ),
    )
    op.create_table(
        "verification_files",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("wechat_app_id", _ROW_ID, nullable=False),
        sa.Column("name", types.Exact(length=64), nullable=False),
        sa.Column("content", types.Exact(length=128), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        _foreign("verification_files", "wechat_app_id", "wechat_apps"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verification_files")),
        sa.UniqueConstraint("name", name=op.f("uq_verification_files_name")),
    )
    op.create_index(
        op.f("ix_verification_files_wechat_app_id"), "verification_files", ["wechat_app_id"]
    )


def _widen_applications() -> None:
    with op.batch_alter_table("applications") as table:
        table.add_column(sa.Column("origins", sa.JSON(), nullable=True))
        table.add_column(sa.Column("appids", sa.JSON(), nullable=True))
        table.add_column(
            sa.Column("follow", types.Exact(length=16), nullable=False, server_default="never")
        )
    op.execute("UPDATE applications SET origins = '[]', appids = '[]'")
    with op.batch_alter_table("applications") as table:
        table.alter_column("origins", existing_type=sa.JSON(), nullable=False)
        table.alter_column("appids", existing_type=sa.JSON(), nullable=False)
        table.alter_column("follow", existing_type=types.Exact(length=16), server_default=None)
        table.create_check_constraint(
            op.f("ck_applications_follow"), "follow IN ('never', 'ask', 'require')"
        )


def _widen_attempts() -> None:
    with op.batch_alter_table("attempts") as table:
        table.add_column(sa.Column("redirect_uri", types.Exact(length=1024), nullable=True))
        table.add_column(
            sa.Column("display", types.Exact(length=16), nullable=False, server_default="page")
        )
        table.add_column(sa.Column("opener_origin", types.Exact(length=255), nullable=True))
        table.add_column(sa.Column("link_user_id", types.Exact(length=32), nullable=True))
        table.add_column(
            sa.Column("awaits_follow", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        table.create_foreign_key(
            op.f("fk_attempts_link_user_id"), "users", ["link_user_id"], ["id"], ondelete="CASCADE"
        )
        _replace_check(table, "way", "in_wechat", "scan", "page", "website", "code", "number")
        _replace_check(table, "purpose", "login", "result", "confirm", "link", "relay")
        table.create_check_constraint(
            op.f("ck_attempts_display"), "display IN ('page', 'popup', 'frame')"
        )
    with op.batch_alter_table("attempts") as table:
        table.alter_column("display", existing_type=types.Exact(length=16), server_default=None)
        table.alter_column("awaits_follow", existing_type=sa.Boolean(), server_default=None)
    # MariaDB has kept one for the foreign key if this is not the first time.
    op.create_index(op.f("ix_attempts_user_id"), "attempts", ["user_id"], if_not_exists=True)


def _widen_the_rest() -> None:
    with op.batch_alter_table("identities") as table:
        table.add_column(sa.Column("follows_checked_at", types.UtcDateTime(), nullable=True))
        table.add_column(sa.Column("language", types.Exact(length=8), nullable=True))
    with op.batch_alter_table("wechat_apps") as table:
        table.add_column(sa.Column("forward_url", types.Exact(length=512), nullable=True))
    with op.batch_alter_table("received_messages") as table:
        table.add_column(sa.Column("forwarded", types.Exact(length=16), nullable=True))
        table.create_check_constraint(
            op.f("ck_received_messages_forwarded"), "forwarded IN ('answered', 'failed')"
        )
    with op.batch_alter_table("sent_messages") as table:
        table.add_column(sa.Column("client_msg_id", types.Exact(length=64), nullable=True))
        table.create_unique_constraint(
            op.f("uq_sent_messages_appid_client_msg_id"), ["appid", "client_msg_id"]
        )
        _replace_check(table, "state", "pending", "accepted", "delivered", "blocked", "failed")


def _narrow_the_rest() -> None:
    with op.batch_alter_table("sent_messages") as table:
        _replace_check(table, "state", "accepted", "delivered", "blocked", "failed")
        table.drop_constraint(op.f("uq_sent_messages_appid_client_msg_id"), type_="unique")
        table.drop_column("client_msg_id")
    with op.batch_alter_table("received_messages") as table:
        table.drop_constraint(op.f("ck_received_messages_forwarded"), type_="check")
        table.drop_column("forwarded")
    with op.batch_alter_table("wechat_apps") as table:
        table.drop_column("forward_url")
    with op.batch_alter_table("identities") as table:
        table.drop_column("language")
        table.drop_column("follows_checked_at")


def _narrow_attempts() -> None:
    with op.batch_alter_table("attempts") as table:
        table.drop_constraint(op.f("fk_attempts_link_user_id"), type_="foreignkey")
        table.drop_constraint(op.f("ck_attempts_display"), type_="check")
        _replace_check(table, "way", "in_wechat", "scan", "page", "code", "number")
        _replace_check(table, "purpose", "login", "result", "confirm")
    with op.batch_alter_table("attempts") as table:
        for name in ("redirect_uri", "display", "opener_origin", "link_user_id", "awaits_follow"):
            table.drop_column(name)
    if op.get_bind().dialect.name not in {"mysql", "mariadb"}:
        # There the foreign key needs it.
        op.drop_index(op.f("ix_attempts_user_id"), "attempts")


def _narrow_applications() -> None:
    with op.batch_alter_table("applications") as table:
        table.drop_constraint(op.f("ck_applications_follow"), type_="check")
        for name in ("origins", "appids", "follow"):
            table.drop_column(name)


def _replace_check(table: BatchOperations, column: str, *values: str) -> None:
    listed = ", ".join(f"'{value}'" for value in values)
    name = op.f(f"ck_{table.impl.table_name}_{column}")
    table.drop_constraint(name, type_="check")
    table.create_check_constraint(name, f"{column} IN ({listed})")


def _check(table: str, column: str, *values: str) -> sa.CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=op.f(f"ck_{table}_{column}"))


def _foreign(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}"), ondelete="CASCADE"
    )
