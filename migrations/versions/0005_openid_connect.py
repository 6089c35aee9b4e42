"""OpenID Connect: clients, requests, codes, consents, logging out.

Revision 0005, after 0004.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations

from wechatlogin.models import types

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NEW_TABLES = (
    "logout_notices",
    "consents",
    "device_codes",
    "authorization_codes",
    "authorization_requests",
    "logos",
    "client_secrets",
)
#: Every application until now may be granted what any new one is.
_SCOPES = ["openid", "profile", "email", "offline_access"]
_EMAIL = "{sub}@wechat.invalid"


def upgrade() -> None:
    _create_client_tables()
    _move_secrets()
    with _without_foreign_keys():
        _widen_applications()
        _widen_people()
        _widen_sessions()
    _create_grant_tables()


def downgrade() -> None:
    with _without_foreign_keys():
        _narrow_sessions()
        _narrow_people()
        _narrow_applications()
    op.execute(
        "UPDATE applications SET client_secret_hash = (SELECT MAX(secret_hash) FROM client_secrets "
        "WHERE client_secrets.application_id = applications.id AND expires_at IS NULL), "
        "sealed_client_secret = (SELECT MAX(sealed_secret) FROM client_secrets "
        "WHERE client_secrets.application_id = applications.id AND expires_at IS NULL)"
    )
    for name in _NEW_TABLES:
        op.drop_table(name)


@contextmanager
def _without_foreign_keys() -> Iterator[None]:
    """SQLite copies a table to change it; dropping the old one would delete its rows' children."""
    is_copied = op.get_bind().dialect.name == "sqlite"
    if is_copied:
        op.execute("PRAGMA foreign_keys = OFF")
    yield
    if is_copied:
        op.execute("PRAGMA foreign_keys = ON")


def _create_client_tables() -> None:
    op.create_table(
        "client_secrets",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("application_id", _ROW_ID, nullable=False),
        sa.Column("secret_hash", types.Exact(length=64), nullable=False),
        sa.Column("sealed_secret", sa.Text(), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("expires_at", types.UtcDateTime(), nullable=True),
        _foreign("client_secrets", "application_id", "applications.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_secrets")),
    )
    _index("client_secrets", "application_id")
    op.create_table(
        "logos",
        sa.Column("application_id", _ROW_ID, nullable=False),
        sa.Column("png", sa.LargeBinary(), nullable=False),
        sa.Column("saved_at", types.UtcDateTime(), nullable=False),
        _foreign("logos", "application_id", "applications.id"),
        sa.PrimaryKeyConstraint("application_id", name=op.f("pk_logos")),
    )


def _move_secrets() -> None:
    op.execute(
        "INSERT INTO client_secrets (application_id, secret_hash, sealed_secret, created_at) "
        "SELECT id, client_secret_hash, sealed_client_secret, created_at FROM applications "
        "WHERE client_secret_hash IS NOT NULL"
    )


def _widen_applications() -> None:
    with op.batch_alter_table("applications") as table:
        table.drop_column("client_secret_hash")
        table.drop_column("sealed_client_secret")
        for name in ("post_logout_redirect_uris", "ways", "scopes"):
            table.add_column(sa.Column(name, sa.JSON(), nullable=True))
        table.add_column(sa.Column("backchannel_logout_uri", types.Exact(1024), nullable=True))
        table.add_column(sa.Column("email_template", types.Exact(length=128), nullable=True))
        table.add_column(sa.Column("subject_salt", types.Exact(length=64), nullable=True))
        for name, default in (("is_public", sa.false()), ("is_first_party", sa.false())):
            table.add_column(_with_default(name, sa.Boolean(), default))
        table.add_column(_with_default("requires_pkce", sa.Boolean(), sa.true()))
        table.add_column(_with_default("subject_type", types.Exact(length=16), "public"))
        table.add_column(_with_default("id_token_algorithm", types.Exact(length=16), "RS256"))
        table.add_column(_with_default("access_seconds", sa.Integer(), "3600"))
        table.add_column(_with_default("refresh_seconds", sa.Integer(), "2592000"))
    _fill_applications()
    with op.batch_alter_table("applications") as table:
        for name in ("post_logout_redirect_uris", "ways", "scopes"):
            table.alter_column(name, existing_type=sa.JSON(), nullable=False)
        table.alter_column("subject_salt", existing_type=types.Exact(length=64), nullable=False)
        for name, kind in _DEFAULTED:
            table.alter_column(name, existing_type=kind, server_default=None)
        _check(table, "subject_type", "subject_type IN ('public', 'pairwise')")
        _check(table, "id_token_algorithm", "id_token_algorithm IN ('RS256', 'ES256')")
        _check(table, "lifetimes", "access_seconds > 0 AND refresh_seconds > 0")
        _check(table, "public_pkce", "requires_pkce OR NOT is_public")


_DEFAULTED = (
    ("is_public", sa.Boolean()),
    ("is_first_party", sa.Boolean()),
    ("requires_pkce", sa.Boolean()),
    ("subject_type", types.Exact(length=16)),
    ("id_token_algorithm", types.Exact(length=16)),
    ("access_seconds", sa.Integer()),
    ("refresh_seconds", sa.Integer()),
)


def _fill_applications() -> None:
    applications = sa.table(
        "applications",
        sa.column("id"),
        *(sa.column(name, sa.JSON()) for name in ("post_logout_redirect_uris", "ways", "scopes")),
        sa.column("email_template"),
        sa.column("subject_salt"),
    )
    for row_id in op.get_bind().scalars(sa.select(applications.c.id)).all():
        op.execute(
            applications.update()
            .where(applications.c.id == row_id)
            .values(
                post_logout_redirect_uris=[],
                ways=[],
                scopes=_SCOPES,
                email_template=_EMAIL,
                subject_salt=secrets.token_hex(32),
            )
        )


def _narrow_applications() -> None:
    with op.batch_alter_table("applications") as table:
        for name in ("subject_type", "id_token_algorithm", "lifetimes", "public_pkce"):
            table.drop_constraint(op.f(f"ck_applications_{name}"), type_="check")
        for name in (
            "post_logout_redirect_uris",
            "ways",
            "scopes",
            "backchannel_logout_uri",
            "email_template",
            "subject_salt",
            *(name for name, _ in _DEFAULTED),
        ):
            table.drop_column(name)
        table.add_column(sa.Column("client_secret_hash", types.Exact(length=64), nullable=True))
        table.add_column(sa.Column("sealed_client_secret", sa.Text(), nullable=True))


def _widen_people() -> None:
    with op.batch_alter_table("users") as table:
        table.add_column(sa.Column("banned_at", types.UtcDateTime(), nullable=True))
    with op.batch_alter_table("identities") as table:
        table.add_column(sa.Column("updated_at", types.UtcDateTime(), nullable=True))
    op.execute("UPDATE identities SET updated_at = created_at")
    with op.batch_alter_table("identities") as table:
        table.alter_column("updated_at", existing_type=types.UtcDateTime(), nullable=False)
    with op.batch_alter_table("application_users") as table:
        table.add_column(sa.Column("subject", types.Exact(length=64), nullable=True))
    op.execute("UPDATE application_users SET subject = user_id")
    with op.batch_alter_table("application_users") as table:
        table.alter_column("subject", existing_type=types.Exact(length=64), nullable=False)
        table.create_unique_constraint(
            op.f("uq_application_users_application_id_subject"), ["application_id", "subject"]
        )


def _narrow_people() -> None:
    with op.batch_alter_table("application_users") as table:
        table.drop_constraint(op.f("uq_application_users_application_id_subject"), type_="unique")
        table.drop_column("subject")
    with op.batch_alter_table("identities") as table:
        table.drop_column("updated_at")
    with op.batch_alter_table("users") as table:
        table.drop_column("banned_at")


def _widen_sessions() -> None:
    with op.batch_alter_table("sessions") as table:
        table.add_column(sa.Column("parent_key", types.Exact(length=64), nullable=True))
        table.add_column(sa.Column("auth_time", types.UtcDateTime(), nullable=True))
    op.execute("UPDATE sessions SET auth_time = created_at")
    with op.batch_alter_table("sessions") as table:
        table.alter_column("auth_time", existing_type=types.UtcDateTime(), nullable=False)
        table.create_foreign_key(
            op.f("fk_sessions_parent_key"),
            *("sessions", ["parent_key"], ["key_hash"]),
            ondelete="SET NULL",
        )
    op.create_index(op.f("ix_sessions_parent_key"), "sessions", ["parent_key"], if_not_exists=True)
    with op.batch_alter_table("attempts") as table:
        table.add_column(sa.Column("wants_profile", sa.Boolean(), nullable=True))


def _narrow_sessions() -> None:
    with op.batch_alter_table("attempts") as table:
        table.drop_column("wants_profile")
    with op.batch_alter_table("sessions") as table:
        table.drop_constraint(op.f("fk_sessions_parent_key"), type_="foreignkey")
        table.drop_index(op.f("ix_sessions_parent_key"))
        table.drop_column("parent_key")
        table.drop_column("auth_time")


def _create_grant_tables() -> None:
    _create_authorizations()
    op.create_table(
        "device_codes",
        sa.Column("attempt_id", types.Exact(length=32), nullable=False),
        sa.Column("device_code_hash", types.Exact(length=64), nullable=False),
        sa.Column("user_code", types.Exact(length=16), nullable=False),
        sa.Column("scope", types.Exact(length=255), nullable=False),
        sa.Column("interval_seconds", sa.Integer(), nullable=False),
        sa.Column("polled_at", types.UtcDateTime(), nullable=True),
        sa.Column("session_key", types.Exact(length=64), nullable=True),
        _foreign("device_codes", "attempt_id", "attempts.id"),
        _foreign("device_codes", "session_key", "sessions.key_hash"),
        sa.PrimaryKeyConstraint("attempt_id", name=op.f("pk_device_codes")),
        sa.UniqueConstraint("device_code_hash", name=op.f("uq_device_codes_device_code_hash")),
        sa.UniqueConstraint("user_code", name=op.f("uq_device_codes_user_code")),
    )
    _index("device_codes", "session_key")
    op.create_table(
        "consents",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("application_id", _ROW_ID, nullable=False),
        sa.Column("user_id", types.Exact(length=32), nullable=False),
        sa.Column("scope", types.Exact(length=255), nullable=False),
        sa.Column("granted_at", types.UtcDateTime(), nullable=False),
        _foreign("consents", "application_id", "applications.id"),
        _foreign("consents", "user_id", "users.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
        sa.UniqueConstraint(
            "application_id", "user_id", name=op.f("uq_consents_application_id_user_id")
        ),
    )
    _index("consents", "user_id")
    op.create_table(
        "logout_notices",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("application_id", _ROW_ID, nullable=False),
        sa.Column("subject", types.Exact(length=64), nullable=False),
        sa.Column("sid", types.Exact(length=32), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", types.UtcDateTime(), nullable=True),
        sa.Column("delivered_at", types.UtcDateTime(), nullable=True),
        _foreign("logout_notices", "application_id", "applications.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_logout_notices")),
        sa.UniqueConstraint("sid", name=op.f("uq_logout_notices_sid")),
    )
    _index("logout_notices", "application_id")
    _index("logout_notices", "delivered_at", "next_try_at")


def _create_authorizations() -> None:
    op.create_table(
        "authorization_requests",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("handle_hash", types.Exact(length=64), nullable=False),
        sa.Column("application_id", _ROW_ID, nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("is_pushed", sa.Boolean(), nullable=False),
        sa.Column("has_asked_profile", sa.Boolean(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("expires_at", types.UtcDateTime(), nullable=False),
        _foreign("authorization_requests", "application_id", "applications.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authorization_requests")),
        sa.UniqueConstraint("handle_hash", name=op.f("uq_authorization_requests_handle_hash")),
    )
    _index("authorization_requests", "application_id")
    _index("authorization_requests", "expires_at")
    op.create_table(
        "authorization_codes",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("code_hash", types.Exact(length=64), nullable=False),
        sa.Column("application_id", _ROW_ID, nullable=False),
        sa.Column("user_id", types.Exact(length=32), nullable=False),
        sa.Column("session_key", types.Exact(length=64), nullable=False),
        sa.Column("redirect_uri", types.Exact(length=1024), nullable=False),
        sa.Column("scope", types.Exact(length=255), nullable=False),
        sa.Column("nonce", types.Exact(length=512), nullable=True),
        sa.Column("code_challenge", types.Exact(length=128), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("expires_at", types.UtcDateTime(), nullable=False),
        sa.Column("used_at", types.UtcDateTime(), nullable=True),
        sa.Column("issued_session_key", types.Exact(length=64), nullable=True),
        _foreign("authorization_codes", "application_id", "applications.id"),
        _foreign("authorization_codes", "user_id", "users.id"),
        _foreign("authorization_codes", "session_key", "sessions.key_hash"),
        _foreign(
            "authorization_codes", "issued_session_key", "sessions.key_hash", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authorization_codes")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_authorization_codes_code_hash")),
    )
    for column in ("application_id", "user_id", "session_key", "issued_session_key", "expires_at"):
        _index("authorization_codes", column)


def _with_default(name: str, kind: Any, default: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, server_default=default)


def _foreign(
    table: str, column: str, target: str, ondelete: str = "CASCADE"
) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [target], name=op.f(f"fk_{table}_{column}"), ondelete=ondelete
    )


def _check(table: BatchOperations, name: str, condition: str) -> None:
    table.create_check_constraint(op.f(f"ck_applications_{name}"), condition)


def _index(table: str, *columns: str) -> None:
    op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, list(columns))
