"""What an authorization leaves behind until it is over: requests, codes, device codes, consents."""

from datetime import datetime

from sqlalchemy import JSON, Boolean, ForeignKey, Index, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from wechatlogin.extensions import Base
from wechatlogin.models.types import Exact, RowId, UtcDateTime


class AuthorizationRequest(Base):
    """An authorization request that waits for its person, or that its client has pushed."""

    __tablename__ = "authorization_requests"
    __table_args__ = (Index(None, "expires_at"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    #: The hash of what its address, or the pushed `request_uri`, holds.
    handle_hash: Mapped[str] = mapped_column(Exact(64), unique=True)
    application_id: Mapped[int] = mapped_column(
        ForeignKey("applications.id", ondelete="CASCADE"), index=True
    )
    parameters: Mapped[dict[str, str]] = mapped_column(JSON)
    #: Pushed by the client's server (RFC 9126), which it has proven to be.
    is_pushed: Mapped[bool] = mapped_column(Boolean)
    #: The person has been asked for name and picture, and is asked once alone.
    has_asked_profile: Mapped[bool] = mapped_column(Boolean, default=False)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class AuthorizationCode(Base):
    """A code by its hash; it dies with the session of the browser that it was given to."""

    __tablename__ = "authorization_codes"
    __table_args__ = (Index(None, "expires_at"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    code_hash: Mapped[str] = mapped_column(Exact(64), unique=True)
    application_id: Mapped[int] = mapped_column(
        ForeignKey("applications.id", ondelete="CASCADE"), index=True
    )
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    session_key: Mapped[str] = mapped_column(
        ForeignKey("sessions.key_hash", ondelete="CASCADE"), index=True
    )
    redirect_uri: Mapped[str] = mapped_column(Exact(1024))
    scope: Mapped[str] = mapped_column(Exact(255))
    nonce: Mapped[str | None] = mapped_column(Exact(512))
    code_challenge: Mapped[str | None] = mapped_column(Exact(128))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: What it was exchanged for, which ends when it comes a second time.
    issued_session_key: Mapped[str | None] = mapped_column(
        ForeignKey("sessions.key_hash", ondelete="SET NULL"), index=True
    )


class DeviceCode(Base):
    """A device that waits for its attempt (RFC 8628)."""

    __tablename__ = "device_codes"

    attempt_id: Mapped[str] = mapped_column(
        ForeignKey("attempts.id", ondelete="CASCADE"), primary_key=True
    )
    device_code_hash: Mapped[str] = mapped_column(Exact(64), unique=True)
    #: What the person types, or the QR holds, in capitals without a dash.
    user_code: Mapped[str] = mapped_column(Exact(16), unique=True)
    scope: Mapped[str] = mapped_column(Exact(255))
    interval_seconds: Mapped[int] = mapped_column(Integer)
    polled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: The session of the browser that confirmed it, with which a permission not yet used dies.
    session_key: Mapped[str | None] = mapped_column(
        ForeignKey("sessions.key_hash", ondelete="CASCADE"), index=True
    )


class Consent(Base):
    """A person's permission that an application may know what its scopes name."""

    __tablename__ = "consents"
    __table_args__ = (UniqueConstraint("application_id", "user_id"), Index(None, "user_id"))

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("applications.id", ondelete="CASCADE"))
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    scope: Mapped[str] = mapped_column(Exact(255))
    granted_at: Mapped[datetime] = mapped_column(UtcDateTime)
