"""`audit`: who did what, by tag; without secrets and without a raw openid."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, Index
from sqlalchemy.orm import Mapped, mapped_column

from wechatlogin.extensions import Base
from wechatlogin.models.types import Exact, RowId, UtcDateTime, filled_index


class AuditTag(StrEnum):
    USER_CREATED = "user:created"
    USER_LOGIN = "user:login"
    USER_VIEWED = "user:viewed"
    USER_EXPORTED = "user:exported"
    USER_ERASED = "user:erased"
    USER_PROFILE_CLEARED = "user:profile_cleared"
    USER_MERGED = "user:merged"
    USER_MERGE_WAITING = "user:merge_waiting"
    USER_MERGE_UNDONE = "user:merge_undone"
    USER_KEPT_APART = "user:kept_apart"
    USER_BANNED = "user:banned"
    USER_UNBANNED = "user:unbanned"
    IDENTITY_LINKED = "identity:linked"
    IDENTITY_UNLINKED = "identity:unlinked"
    ATTEMPT_DECLINED = "attempt:declined"
    ATTEMPT_WRONG_NUMBER = "attempt:wrong_number"
    ATTEMPT_UNKNOWN_NUMBER = "attempt:unknown_number"
    FOLLOW_SUGGESTED = "follow:suggested"
    SESSION_ENDED = "session:ended"
    CODE_REUSED = "code:reused"
    TOKEN_REUSED = "token:reused"  # noqa: S105 - the name of an event
    KEY_CREATED = "key:created"
    KEY_RETIRED = "key:retired"
    CODE_ISSUED = "code:issued"
    CODE_DEAD = "code:dead"
    CONSENT_GRANTED = "consent:granted"
    CONSENT_REVOKED = "consent:revoked"
    NOTICE_ACCEPTED = "user:notice_accepted"
    NOTICE_REFUSED = "user:notice_refused"
    PRIVACY_NOTICE_SAVED = "privacy_notice:saved"
    OPERATOR_CREATED = "operator:created"
    OPERATOR_LOGIN = "operator:login"
    OPERATOR_LOGIN_FAILED = "operator:login_failed"
    OPERATOR_LOGOUT = "operator:logout"
    OPERATOR_SESSION_ENDED = "operator:session_ended"
    OPERATOR_PASSWORD_CHANGED = "operator:password_changed"  # noqa: S105 - the name of an event
    OPERATOR_ROLE_CHANGED = "operator:role_changed"
    OPERATOR_REMOVED = "operator:removed"
    OPERATOR_LINKED = "operator:linked"
    OPERATOR_UNLINKED = "operator:unlinked"
    AUDIT_EXPORTED = "audit:exported"
    WECHAT_APP_SAVED = "wechat_app:saved"
    WECHAT_APP_REMOVED = "wechat_app:removed"
    REPLY_SAVED = "reply:saved"
    VERIFICATION_FILE_SAVED = "verification_file:saved"
    VERIFICATION_FILE_REMOVED = "verification_file:removed"
    APPLICATION_SAVED = "application:saved"
    APPLICATION_REMOVED = "application:removed"
    WEBHOOK_SENT = "webhook:sent"


class AuditEntry(Base):
    """One thing that happened."""

    __tablename__ = "audit"
    __table_args__ = (
        Index(None, "at"),
        Index(None, "user_id", "at"),
        Index(None, "tag", "at"),
        # Nearly all of it is what people did themselves.
        filled_index("actor", "at", by="actor"),
        Index(None, "detail", "at"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    tag: Mapped[str] = mapped_column(Exact(64))
    #: No foreign key: the entry outlives the person, whose id then names nobody.
    user_id: Mapped[str | None] = mapped_column(Exact(32))
    actor: Mapped[str | None] = mapped_column(Exact(64))
    ip: Mapped[str | None] = mapped_column(Exact(45))
    detail: Mapped[str | None] = mapped_column(Exact(255))
    #: What a change has changed, by field: what stood there, and what stands there now.
    before: Mapped[dict[str, object] | None] = mapped_column(JSON(none_as_null=True))
    after: Mapped[dict[str, object] | None] = mapped_column(JSON(none_as_null=True))
