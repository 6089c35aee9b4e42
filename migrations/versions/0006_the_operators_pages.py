"""The operators' pages: roles, what changed, errors and signs of WeChat's, notices, webhooks.

Revision 0006, after 0005.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from alembic import op

from wechatlogin.models import types

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NEW_TABLES = (
    "webhook_deliveries",
    "timers",
    "privacy_notices",
    "platform_errors",
    "account_health",
)
_LISTED = (
    ("users", "created_at"),
    ("identities", "openid"),
    ("identities", "follows", "created_at"),
    ("application_users", "subject"),
    ("application_users", "application_id", "first_login_at"),
)
_KEPT_FOR_A_TIME = (
    ("codes", "expires_at"),
    ("sessions", "created_at"),
    ("users", "last_login_at"),
)
_AUDITED = ("tag", "detail")
#: Of the rows in which something stands: the table, the columns, and which of them that is.
_FILLED = (
    ("attempts", ("appid", "way", "claimed_at"), "claimed_at"),
    ("attempts", ("application_id",), "application_id"),
    ("attempts", ("claimed_at",), "claimed_at"),
    ("attempts", ("link_user_id",), "link_user_id"),
    ("attempts", ("openid",), "openid"),
    ("attempts", ("parent_id",), "parent_id"),
    ("audit", ("actor", "at"), "actor"),
    ("identities", ("nickname",), "nickname"),
    ("identities", ("unionid",), "unionid"),
    ("received_messages", ("appid", "forwarded", "received_at"), "forwarded"),
    ("users", ("banned_at",), "banned_at"),
)
#: These were of all rows before, and stay so on MariaDB, which has no others.
_FILLED_FROM_NOW_ON = (
    ("attempts", ("user_id",), "user_id"),
    ("identities", ("open_platform_group", "unionid"), "unionid"),
    ("sessions", ("application_id",), "application_id"),
    ("sessions", ("operator_id",), "operator_id"),
    ("sessions", ("parent_key",), "parent_key"),
)
#: MariaDB needs an index for each foreign key, and had one by its name.
_REFERRING = ("application_id", "link_user_id", "parent_id")
_EVENTS = (
    "user.created",
    "user.login",
    "user.merged",
    "user.deleted",
    "follow.changed",
    "webhook.test",
)
_FORMER = (("client_id", 64), ("uri", 1024), ("algorithm", 16))


def upgrade() -> None:
    with _without_foreign_keys():
        _widen_operators()
        _widen_audit()
        _widen_people()
        _widen_applications()
        _widen_tokens()
        _loosen_logout_notices()
    _index("applications", "created_at")
    _index("received_messages", "appid", "received_at")
    for table_name, column in _KEPT_FOR_A_TIME:
        _index(table_name, column)
    _index_what_is_filled()
    _create_signs()
    _create_notices()
    _create_webhooks()


def downgrade() -> None:
    for name in _NEW_TABLES:
        op.drop_table(name)
    op.drop_index(op.f("ix_applications_created_at"), "applications")
    op.drop_index(op.f("ix_received_messages_appid_received_at"), "received_messages")
    _index_all_again()
    for table_name, column in _KEPT_FOR_A_TIME:
        op.drop_index(op.f(f"ix_{table_name}_{column}"), table_name)
    with _without_foreign_keys():
        _tighten_logout_notices()
        _narrow_operators()
        _narrow_audit()
        _narrow_people()
        with op.batch_alter_table("applications") as table:
            for name in (
                "webhook_uri",
                "webhook_events",
                "sealed_webhook_secret",
                "sealed_former_webhook_secret",
                "former_webhook_secret_until",
            ):
                table.drop_column(name)
        with op.batch_alter_table("platform_tokens") as table:
            for name in ("refreshes_today", "refreshes_day", "refreshed_by"):
                table.drop_column(name)


@contextmanager
def _without_foreign_keys() -> Iterator[None]:
    """SQLite copies a table to change it; dropping the old one would delete its rows' children."""
    is_copied = op.get_bind().dialect.name == "sqlite"
    if is_copied:
        op.execute("PRAGMA foreign_keys = OFF")
    yield
    if is_copied:
        op.execute("PRAGMA foreign_keys = ON")


def _index_what_is_filled() -> None:
    op.drop_index(op.f("ix_attempts_status_expires_at"), "attempts")
    if not _is_mariadb():
        for table_name, columns, _ in _FILLED_FROM_NOW_ON:
            op.drop_index(_index_name(table_name, *columns), table_name)
    for table_name, columns, filled in (*_FILLED, *_FILLED_FROM_NOW_ON):
        is_filled = sa.text(f"{filled} IS NOT NULL")
        op.create_index(
            _index_name(table_name, *columns),
            table_name,
            list(columns),
            if_not_exists=_is_mariadb(),
            sqlite_where=is_filled,
            postgresql_where=is_filled,
            # PostgreSQL would else order it by a language, which knows no beginnings of words.
            postgresql_ops={"nickname": "varchar_pattern_ops"},
        )


def _index_all_again() -> None:
    if _is_mariadb():
        for column in _REFERRING:
            op.create_index(op.f(f"fk_attempts_{column}"), "attempts", [column])
    for table_name, columns, _ in _FILLED:
        op.drop_index(_index_name(table_name, *columns), table_name)
    if not _is_mariadb():
        for table_name, columns, _ in _FILLED_FROM_NOW_ON:
            op.drop_index(_index_name(table_name, *columns), table_name)
            _index(table_name, *columns)
    _index("attempts", "status", "expires_at")


def _widen_operators() -> None:
    with op.batch_alter_table("operators") as table:
        # Whoever was an operator until now could see everything there was.
        table.add_column(_with_default("role", types.Exact(length=16), "admin"))
        table.add_column(sa.Column("user_id", types.Exact(length=32), nullable=True))
        table.create_check_constraint(op.f("ck_operators_role"), "role IN ('viewer', 'admin')")
        table.create_unique_constraint(op.f("uq_operators_user_id"), ["user_id"])
        table.create_foreign_key(
            op.f("fk_operators_user_id"), "users", ["user_id"], ["id"], ondelete="SET NULL"
        )
    with op.batch_alter_table("operators") as table:
        table.alter_column("role", existing_type=types.Exact(length=16), server_default=None)


def _narrow_operators() -> None:
    with op.batch_alter_table("operators") as table:
        table.drop_constraint(op.f("fk_operators_user_id"), type_="foreignkey")
        table.drop_constraint(op.f("uq_operators_user_id"), type_="unique")
        table.drop_constraint(op.f("ck_operators_role"), type_="check")
        table.drop_column("user_id")
        table.drop_column("role")


def _widen_audit() -> None:
    with op.batch_alter_table("audit") as table:
        table.add_column(sa.Column("before", sa.JSON(), nullable=True))
        table.add_column(sa.Column("after", sa.JSON(), nullable=True))
    for name in _AUDITED:
        _index("audit", name, "at")


def _narrow_audit() -> None:
    for name in _AUDITED:
        op.drop_index(op.f(f"ix_audit_{name}_at"), "audit")
    with op.batch_alter_table("audit") as table:
        table.drop_column("after")
        table.drop_column("before")


def _widen_people() -> None:
    with op.batch_alter_table("users") as table:
        table.add_column(sa.Column("notice_version", sa.BigInteger(), nullable=True))
        table.add_column(sa.Column("notice_accepted_at", types.UtcDateTime(), nullable=True))
    for table_name, *columns in _LISTED:
        _index(table_name, *columns)
    _allow_merges("reason IN ('unionid', 'linked', 'operator')")


def _narrow_people() -> None:
    op.execute("UPDATE merges SET reason = 'linked' WHERE reason = 'operator'")
    _allow_merges("reason IN ('unionid', 'linked')")
    for table_name, *columns in _LISTED:
        op.drop_index(_index_name(table_name, *columns), table_name)
    with op.batch_alter_table("users") as table:
        table.drop_column("notice_accepted_at")
        table.drop_column("notice_version")


def _allow_merges(condition: str) -> None:
    with op.batch_alter_table("merges") as table:
        table.drop_constraint(op.f("ck_merges_reason"), type_="check")
        table.create_check_constraint(op.f("ck_merges_reason"), condition)


def _widen_applications() -> None:
    with op.batch_alter_table("applications") as table:
        table.add_column(sa.Column("webhook_uri", types.Exact(length=1024), nullable=True))
        table.add_column(sa.Column("webhook_events", sa.JSON(), nullable=True))
        table.add_column(sa.Column("sealed_webhook_secret", sa.Text(), nullable=True))
        table.add_column(sa.Column("sealed_former_webhook_secret", sa.Text(), nullable=True))
        table.add_column(
            sa.Column("former_webhook_secret_until", types.UtcDateTime(), nullable=True)
        )
    op.execute("UPDATE applications SET webhook_events = '[]'")
    with op.batch_alter_table("applications") as table:
        table.alter_column("webhook_events", existing_type=sa.JSON(), nullable=False)


def _loosen_logout_notices() -> None:
    """A notice outlives its application, and says itself then where it goes."""
    with op.batch_alter_table("logout_notices") as table:
        for name, length in _FORMER:
            table.add_column(sa.Column(f"former_{name}", types.Exact(length=length), nullable=True))
        _refer_to_application(table, is_nullable=True, on_delete="SET NULL")


def _tighten_logout_notices() -> None:
    op.execute("DELETE FROM logout_notices WHERE application_id IS NULL")
    with op.batch_alter_table("logout_notices") as table:
        _refer_to_application(table, is_nullable=False, on_delete="CASCADE")
        for name, _length in _FORMER:
            table.drop_column(f"former_{name}")


def _refer_to_application(table: Any, *, is_nullable: bool, on_delete: str) -> None:
    name = op.f("fk_logout_notices_application_id")
    table.drop_constraint(name, type_="foreignkey")
    table.alter_column("application_id", existing_type=_ROW_ID, nullable=is_nullable)
    table.create_foreign_key(name, "applications", ["application_id"], ["id"], ondelete=on_delete)


def _widen_tokens() -> None:
    with op.batch_alter_table("platform_tokens") as table:
        table.add_column(_with_default("refreshes_today", sa.Integer(), "0"))
        table.add_column(sa.Column("refreshes_day", sa.Date(), nullable=True))
        table.add_column(sa.Column("refreshed_by", types.Exact(length=64), nullable=True))
    with op.batch_alter_table("platform_tokens") as table:
        table.alter_column("refreshes_today", existing_type=sa.Integer(), server_default=None)


def _create_signs() -> None:
    op.create_table(
        "account_health",
        sa.Column("appid", types.Exact(length=32), nullable=False),
        sa.Column("verified_at", types.UtcDateTime(), nullable=True),
        sa.Column("refused_at", types.UtcDateTime(), nullable=True),
        sa.Column("refused_reason", types.Exact(length=128), nullable=True),
        sa.Column("clock_ahead_ms", sa.Integer(), nullable=True),
        sa.Column("clock_seen_at", types.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("appid", name=op.f("pk_account_health")),
    )
    op.create_table(
        "platform_errors",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("appid", types.Exact(length=32), nullable=False),
        sa.Column("hour", types.UtcDateTime(), nullable=False),
        sa.Column("path", types.Exact(length=64), nullable=False),
        sa.Column("code", types.Exact(length=32), nullable=False),
        sa.Column("errcode", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("first_at", types.UtcDateTime(), nullable=False),
        sa.Column("last_at", types.UtcDateTime(), nullable=False),
        sa.Column("errmsg", types.Exact(length=255), nullable=True),
        sa.Column("rid", types.Exact(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_platform_errors")),
        sa.UniqueConstraint(
            "appid",
            "hour",
            "path",
            "code",
            "errcode",
            name=op.f("uq_platform_errors_appid_hour_path_code_errcode"),
        ),
    )
    _index("platform_errors", "last_at")


def _create_notices() -> None:
    op.create_table(
        "privacy_notices",
        sa.Column("version", _ROW_ID, nullable=False),
        sa.Column("text_zh", types.ExactText(), nullable=False),
        sa.Column("text_en", types.ExactText(), nullable=False),
        sa.Column("actor", types.Exact(length=64), nullable=False),
        sa.Column("asks_anew", sa.Boolean(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_privacy_notices")),
    )
    op.create_table(
        "timers",
        sa.Column("name", types.Exact(length=32), nullable=False),
        sa.Column("due_at", types.UtcDateTime(), nullable=False),
        sa.Column("done_at", types.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_timers")),
    )


def _create_webhooks() -> None:
    events = ", ".join(f"'{event}'" for event in _EVENTS)
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", types.Exact(length=40), nullable=False),
        sa.Column("application_id", _ROW_ID, nullable=False),
        sa.Column("user_id", types.Exact(length=32), nullable=True),
        sa.Column("event", types.Exact(length=32), nullable=False),
        sa.Column("payload", types.ExactText(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", types.UtcDateTime(), nullable=True),
        sa.Column("delivered_at", types.UtcDateTime(), nullable=True),
        sa.Column("tried_at", types.UtcDateTime(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", types.Exact(length=64), nullable=True),
        sa.CheckConstraint(f"event IN ({events})", name=op.f("ck_webhook_deliveries_event")),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["applications.id"],
            name=op.f("fk_webhook_deliveries_application_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_deliveries")),
    )
    _index("webhook_deliveries", "application_id", "created_at")
    _index("webhook_deliveries", "delivered_at", "next_try_at")
    _index("webhook_deliveries", "user_id")


def _with_default(name: str, kind: Any, default: str) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, server_default=default)


def _index(table: str, *columns: str) -> None:
    op.create_index(_index_name(table, *columns), table, list(columns))


def _index_name(table: str, *columns: str) -> str:
    return op.f(f"ix_{table}_{'_'.join(columns)}")


def _is_mariadb() -> bool:
    return op.get_bind().dialect.name in {"mysql", "mariadb"}
