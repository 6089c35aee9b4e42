"""The first tables.

Revision 0001, the beginning.
"""

import sqlalchemy as sa
from alembic import op

from wechatlogin.models import types

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "applications",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("client_id", types.Exact(length=64), nullable=False),
        sa.Column("name", types.Exact(length=64), nullable=False),
        sa.Column("client_secret_hash", types.Exact(length=64), nullable=True),
        sa.Column("api_key_hash", types.Exact(length=64), nullable=True),
        sa.Column("user_domain", types.Exact(length=64), nullable=True),
        sa.Column("sealed_user_domain_secret", sa.Text(), nullable=True),
        sa.Column("redirect_uris", sa.JSON(), nullable=False),
        sa.Column("confirm", types.Exact(length=16), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "confirm IN ('number', 'tap', 'first_time', 'never')",
            name=op.f("ck_applications_confirm"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_applications")),
        sa.UniqueConstraint("api_key_hash", name=op.f("uq_applications_api_key_hash")),
        sa.UniqueConstraint("client_id", name=op.f("uq_applications_client_id")),
        sa.UniqueConstraint("user_domain", name=op.f("uq_applications_user_domain")),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.Column("tag", types.Exact(length=64), nullable=False),
        sa.Column("user_id", types.Exact(length=32), nullable=True),
        sa.Column("actor", types.Exact(length=64), nullable=True),
        sa.Column("ip", types.Exact(length=45), nullable=True),
        sa.Column("detail", types.Exact(length=255), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_at"), "audit", ["at"], unique=False)
    op.create_index(op.f("ix_audit_user_id_at"), "audit", ["user_id", "at"], unique=False)

    op.create_table(
        "operators",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", types.Exact(length=64), nullable=False),
        sa.Column("password_hash", types.Exact(length=255), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operators")),
        sa.UniqueConstraint("name", name=op.f("uq_operators_name")),
    )
    op.create_table(
        "platform_tokens",
        sa.Column("appid", types.Exact(length=32), nullable=False),
        sa.Column("sealed_token", sa.Text(), nullable=True),
        sa.Column("expires_at", types.UtcDateTime(), nullable=True),
        sa.Column("refreshed_at", types.UtcDateTime(), nullable=True),
        sa.Column("refreshes", sa.Integer(), nullable=False),
        sa.Column("forced_at", types.UtcDateTime(), nullable=True),
        sa.Column("lease_holder", types.Exact(length=32), nullable=True),
        sa.Column("lease_until", types.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("appid", name=op.f("pk_platform_tokens")),
    )
    op.create_table(
        "received_messages",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("appid", types.Exact(length=32), nullable=False),
        sa.Column("dedupe_key", types.Exact(length=64), nullable=False),
        sa.Column("signature", types.Exact(length=64), nullable=False),
        sa.Column("body_hash", types.Exact(length=64), nullable=False),
        sa.Column("kind", types.Exact(length=32), nullable=False),
        sa.Column("sealed_reply", sa.Text(), nullable=True),
        sa.Column("received_at", types.UtcDateTime(), nullable=False),
        sa.Column("answered_at", types.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_received_messages")),
        sa.UniqueConstraint(
            "appid", "dedupe_key", name=op.f("uq_received_messages_appid_dedupe_key")
        ),
        sa.UniqueConstraint(
            "appid", "signature", name=op.f("uq_received_messages_appid_signature")
        ),
    )
    op.create_index(
        op.f("ix_received_messages_received_at"), "received_messages", ["received_at"], unique=False
    )

    op.create_table(
        "users",
        sa.Column("id", types.Exact(length=32), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("last_login_at", types.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
    )
    op.create_table(
        "wechat_apps",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("appid", types.Exact(length=32), nullable=False),
        sa.Column("name", types.Exact(length=64), nullable=False),
        sa.Column("kind", types.Exact(length=32), nullable=False),
        sa.Column("mode", types.Exact(length=16), nullable=False),
        sa.Column("gh_id", types.Exact(length=32), nullable=True),
        sa.Column("sealed_secret", sa.Text(), nullable=False),
        sa.Column("sealed_token", sa.Text(), nullable=True),
        sa.Column("sealed_aes_key", sa.Text(), nullable=True),
        sa.Column("open_platform_group", types.Exact(length=64), nullable=True),
        sa.Column("template_id", types.Exact(length=64), nullable=True),
        sa.Column("template_fields", sa.JSON(), nullable=True),
        sa.Column("follow_url", types.Exact(length=256), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('service', 'service_uncertified', 'subscription', 'personal', "
            "'test', 'website', 'mini_program')",
            name=op.f("ck_wechat_apps_kind"),
        ),
        sa.CheckConstraint(
            "mode IN ('plain', 'compatible', 'safe')", name=op.f("ck_wechat_apps_mode")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wechat_apps")),
        sa.UniqueConstraint("appid", name=op.f("uq_wechat_apps_appid")),
    )
    op.create_table(
        "attempts",
        sa.Column("id", types.Exact(length=32), nullable=False),
        sa.Column("scene", types.Exact(length=64), nullable=False),
        sa.Column("binding_hash", types.Exact(length=64), nullable=False),
        sa.Column("way", types.Exact(length=16), nullable=False),
        sa.Column("purpose", types.Exact(length=16), nullable=False),
        sa.Column("status", types.Exact(length=16), nullable=False),
        sa.Column("confirm", types.Exact(length=16), nullable=False),
        sa.Column(
            "application_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("parent_id", types.Exact(length=32), nullable=True),
        sa.Column("appid", types.Exact(length=32), nullable=True),
        sa.Column("next_path", types.Exact(length=1024), nullable=True),
        sa.Column("requested_state", types.Exact(length=128), nullable=True),
        sa.Column("qr_content", types.Exact(length=512), nullable=True),
        sa.Column("openid", types.Exact(length=64), nullable=True),
        sa.Column("user_id", types.Exact(length=32), nullable=True),
        sa.Column("confirm_hash", types.Exact(length=64), nullable=True),
        sa.Column("number", sa.SmallInteger(), nullable=True),
        sa.Column("choices", sa.JSON(), nullable=True),
        sa.Column("exchange_hash", types.Exact(length=64), nullable=True),
        sa.Column("exchange_at", types.UtcDateTime(), nullable=True),
        sa.Column("restarts", sa.SmallInteger(), nullable=False),
        sa.Column("tries", sa.SmallInteger(), nullable=False),
        sa.Column("failure", types.Exact(length=64), nullable=True),
        sa.Column("browser", types.Exact(length=64), nullable=False),
        sa.Column("ip", types.Exact(length=45), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("scanned_at", types.UtcDateTime(), nullable=True),
        sa.Column("confirmed_at", types.UtcDateTime(), nullable=True),
        sa.Column("claimed_at", types.UtcDateTime(), nullable=True),
        sa.Column("expires_at", types.UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "confirm IN ('number', 'tap', 'first_time', 'never')", name=op.f("ck_attempts_confirm")
        ),
        sa.CheckConstraint(
            "purpose IN ('login', 'result', 'confirm')", name=op.f("ck_attempts_purpose")
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'scanned', 'confirmed', 'claimed', "
            "'declined', 'expired', 'failed')",
            name=op.f("ck_attempts_status"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('confirmed', 'claimed') OR openid IS NOT NULL",
            name=op.f("ck_attempts_has_person"),
        ),
        sa.CheckConstraint(
            "way IN ('in_wechat', 'scan', 'page', 'code')", name=op.f("ck_attempts_way")
        ),
        sa.CheckConstraint("tries >= 0", name=op.f("ck_attempts_tries")),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["applications.id"],
            name=op.f("fk_attempts_application_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["attempts.id"], name=op.f("fk_attempts_parent_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_attempts_user_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
        sa.UniqueConstraint("confirm_hash", name=op.f("uq_attempts_confirm_hash")),
        sa.UniqueConstraint("scene", name=op.f("uq_attempts_scene")),
    )
    op.create_index(op.f("ix_attempts_created_at"), "attempts", ["created_at"], unique=False)
    op.create_index(
        op.f("ix_attempts_status_expires_at"), "attempts", ["status", "expires_at"], unique=False
    )

    op.create_table(
        "identities",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", types.Exact(length=32), nullable=False),
        sa.Column("appid", types.Exact(length=32), nullable=False),
        sa.Column("openid", types.Exact(length=64), nullable=False),
        sa.Column("unionid", types.Exact(length=64), nullable=True),
        sa.Column("open_platform_group", types.Exact(length=64), nullable=True),
        sa.Column("nickname", types.Exact(length=255), nullable=True),
        sa.Column("avatar_url", types.Exact(length=512), nullable=True),
        sa.Column("follows", sa.Boolean(), nullable=True),
        sa.Column("follows_since", types.UtcDateTime(), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.CheckConstraint("unionid <> ''", name=op.f("ck_identities_unionid_not_empty")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_identities_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identities")),
        sa.UniqueConstraint("appid", "openid", name=op.f("uq_identities_appid_openid")),
    )
    op.create_index(
        op.f("ix_identities_open_platform_group_unionid"),
        "identities",
        ["open_platform_group", "unionid"],
        unique=False,
    )
    op.create_index(op.f("ix_identities_user_id"), "identities", ["user_id"], unique=False)

    op.create_table(
        "sessions",
        sa.Column("key_hash", types.Exact(length=64), nullable=False),
        sa.Column("public_id", types.Exact(length=32), nullable=False),
        sa.Column("user_id", types.Exact(length=32), nullable=True),
        sa.Column(
            "operator_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("way", types.Exact(length=16), nullable=False),
        sa.Column("browser", types.Exact(length=64), nullable=False),
        sa.Column("ip", types.Exact(length=45), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("last_seen_at", types.UtcDateTime(), nullable=False),
        sa.Column("expires_at", types.UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "(user_id IS NULL) <> (operator_id IS NULL)", name=op.f("ck_sessions_one_owner")
        ),
        sa.ForeignKeyConstraint(
            ["operator_id"],
            ["operators.id"],
            name=op.f("fk_sessions_operator_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_sessions_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key_hash", name=op.f("pk_sessions")),
        sa.UniqueConstraint("public_id", name=op.f("uq_sessions_public_id")),
    )
    op.create_index(op.f("ix_sessions_expires_at"), "sessions", ["expires_at"], unique=False)
    op.create_index(op.f("ix_sessions_operator_id"), "sessions", ["operator_id"], unique=False)
    op.create_index(op.f("ix_sessions_user_id"), "sessions", ["user_id"], unique=False)

    op.create_table(
        "codes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("purpose", types.Exact(length=16), nullable=False),
        sa.Column(
            "identity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("nonce", types.Exact(length=64), nullable=False),
        sa.Column("code_hash", types.Exact(length=64), nullable=True),
        sa.Column("sent_at", types.UtcDateTime(), nullable=True),
        sa.Column("used_at", types.UtcDateTime(), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("expires_at", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["identity_id"],
            ["identities.id"],
            name=op.f("fk_codes_identity_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_codes")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_codes_code_hash")),
    )
    op.create_index(
        op.f("ix_codes_identity_id_purpose_expires_at"),
        "codes",
        ["identity_id", "purpose", "expires_at"],
        unique=False,
    )

    op.create_table(
        "sent_messages",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("appid", types.Exact(length=32), nullable=False),
        sa.Column(
            "identity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("channel", types.Exact(length=16), nullable=False),
        sa.Column("state", types.Exact(length=16), nullable=False),
        sa.Column("msgid", types.Exact(length=32), nullable=True),
        sa.Column("errcode", sa.Integer(), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "channel IN ('template', 'customer', 'page')", name=op.f("ck_sent_messages_channel")
        ),
        sa.CheckConstraint(
            "state IN ('accepted', 'delivered', 'blocked', 'failed')",
            name=op.f("ck_sent_messages_state"),
        ),
        sa.ForeignKeyConstraint(
            ["identity_id"],
            ["identities.id"],
            name=op.f("fk_sent_messages_identity_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sent_messages")),
        sa.UniqueConstraint("appid", "msgid", name=op.f("uq_sent_messages_appid_msgid")),
    )
    op.create_index(
        op.f("ix_sent_messages_created_at"), "sent_messages", ["created_at"], unique=False
    )
    op.create_index(
        op.f("ix_sent_messages_identity_id"), "sent_messages", ["identity_id"], unique=False
    )


def downgrade() -> None:
    # The indexes go with their tables.
    op.drop_table("sent_messages")
    op.drop_table("codes")
    op.drop_table("sessions")
    op.drop_table("identities")
    op.drop_table("attempts")
    op.drop_table("wechat_apps")
    op.drop_table("users")
    op.drop_table("received_messages")
    op.drop_table("platform_tokens")
    op.drop_table("operators")
    op.drop_table("audit")
    op.drop_table("applications")
