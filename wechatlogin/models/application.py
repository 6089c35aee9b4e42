"""`applications` and `application_users`: the programs that log people in, and who came by them."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from wechatlogin.config import ConfirmPolicy, FollowPolicy
from wechatlogin.extensions import Base
from wechatlogin.models.signing_key import Algorithm
from wechatlogin.models.types import Exact, RowId, UtcDateTime, one_of


class SubjectType(StrEnum):
    """Whether a person's `sub` is the same for every application (OpenID Connect Core, 8)."""

    PUBLIC = "public"
    PAIRWISE = "pairwise"


class Application(Base):
    """A program and what its operator has decided for it; its secrets have tables of their own."""

    __tablename__ = "applications"
    __table_args__ = (
        Index(None, "created_at"),
        one_of("confirm", ConfirmPolicy),
        one_of("follow", FollowPolicy),
        one_of("subject_type", SubjectType),
        one_of("id_token_algorithm", Algorithm),
        CheckConstraint("access_seconds > 0 AND refresh_seconds > 0", name="lifetimes"),
        # Nothing but the challenge binds a code to a client that has no secret.
        CheckConstraint("requires_pkce OR NOT is_public", name="public_pkce"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    client_id: Mapped[str] = mapped_column(Exact(64), unique=True)
    name: Mapped[str] = mapped_column(Exact(64))
    #: It runs in a browser or on a phone, where no secret can be kept.
    is_public: Mapped[bool] = mapped_column(Boolean, default=False)
    #: The isolated user space that the end-user API knows the application by.
    user_domain: Mapped[str | None] = mapped_column(Exact(64), unique=True)
    sealed_user_domain_secret: Mapped[str | None] = mapped_column(Text)
    #: Mobile country codes that are served; none means all.
    mccs: Mapped[list[int]] = mapped_column(JSON, default=list)
    #: Nobody logs in to it while it is.
    is_disabled: Mapped[bool] = mapped_column(Boolean, default=False)
    #: Exact URIs; one that is not in the list is never redirected to.
    redirect_uris: Mapped[list[str]] = mapped_column(JSON)
    #: Exact URIs that a person who has logged out is sent on to.
    post_logout_redirect_uris: Mapped[list[str]] = mapped_column(JSON, default=list)
    #: Where its server is told that a person has logged out.
    backchannel_logout_uri: Mapped[str | None] = mapped_column(Exact(1024))
    #: Where its server hears of people, of what, and by which secrets it knows that we say it.
    webhook_uri: Mapped[str | None] = mapped_column(Exact(1024))
    webhook_events: Mapped[list[str]] = mapped_column(JSON, default=list)
    sealed_webhook_secret: Mapped[str | None] = mapped_column(Text)
    #: The one before it signs as well until then.
    sealed_former_webhook_secret: Mapped[str | None] = mapped_column(Text)
    former_webhook_secret_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: Origins whose pages may hear of a login in a window that they opened.
    origins: Mapped[list[str]] = mapped_column(JSON, default=list)
    #: The WeChat apps it logs people in with, the preferred one first; none means all there are.
    appids: Mapped[list[str]] = mapped_column(JSON, default=list)
    #: The ways that its login page offers; none means all that there are.
    ways: Mapped[list[str]] = mapped_column(JSON, default=list)
    #: The scopes that it may be granted.
    scopes: Mapped[list[str]] = mapped_column(JSON, default=list)
    #: An authorization request without a code challenge is refused.
    requires_pkce: Mapped[bool] = mapped_column(Boolean, default=True)
    #: It is the owner's own, so that nobody is asked whether it may know them.
    is_first_party: Mapped[bool] = mapped_column(Boolean, default=False)
    subject_type: Mapped[SubjectType] = mapped_column(Exact(16), default=SubjectType.PUBLIC)
    #: What makes its pairwise subjects its own; for as long as it exists.
    subject_salt: Mapped[str] = mapped_column(Exact(64))
    #: The address that stands in for an e-mail, with a place `{sub}`; None gives none.
    email_template: Mapped[str | None] = mapped_column(Exact(128))
    id_token_algorithm: Mapped[Algorithm] = mapped_column(Exact(16), default=Algorithm.RS256)
    access_seconds: Mapped[int] = mapped_column(Integer, default=3600)
    refresh_seconds: Mapped[int] = mapped_column(Integer, default=30 * 86_400)
    confirm: Mapped[ConfirmPolicy] = mapped_column(Exact(16), default=ConfirmPolicy.NUMBER)
    follow: Mapped[FollowPolicy] = mapped_column(Exact(16), default=FollowPolicy.NEVER)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ApplicationUser(Base):
    """A person whom an application knows, because they have logged in to it."""

    __tablename__ = "application_users"
    __table_args__ = (
        UniqueConstraint("application_id", "user_id"),
        UniqueConstraint("application_id", "subject"),
        Index(None, "user_id"),
        Index(None, "subject"),
        Index(None, "application_id", "first_login_at"),
    )

    #: The number that the application's own user space knows the person by.
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("applications.id", ondelete="CASCADE"))
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    #: The `sub` that the application knows the person by, whoever they are merged into.
    subject: Mapped[str] = mapped_column(Exact(64))
    first_login_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_login_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Logo(Base):
    """The picture that the pages show for an application, of 64 KiB at most."""

    __tablename__ = "logos"

    application_id: Mapped[int] = mapped_column(
        ForeignKey("applications.id", ondelete="CASCADE"), primary_key=True
    )
    png: Mapped[bytes] = mapped_column(LargeBinary)
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime)
