"""`merges`: two users that turned out to be one person, or may be."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from wechatlogin.extensions import Base
from wechatlogin.models.types import Exact, RowId, UtcDateTime, one_of


class MergeReason(StrEnum):
    """How it showed that two users are one person."""

    UNIONID = "unionid"
    LINKED = "linked"
    #: An operator says so.
    OPERATOR = "operator"


class MergeState(StrEnum):
    #: It would not be safe; an operator decides.
    WAITING = "waiting"
    MERGED = "merged"
    #: An operator keeps the two apart, and it is not proposed again.
    KEPT_APART = "kept_apart"
    UNDONE = "undone"


class Merge(Base):
    """One merge, with all that its undoing needs."""

    __tablename__ = "merges"
    __table_args__ = (
        one_of("reason", MergeReason),
        one_of("state", MergeState),
        Index(None, "state"),
        Index(None, "other_user_id"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    #: Who stays.
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    #: Who was merged into them; no foreign key, since after a merge there is no such user.
    other_user_id: Mapped[str] = mapped_column(Exact(32))
    reason: Mapped[MergeReason] = mapped_column(Exact(16))
    state: Mapped[MergeState] = mapped_column(Exact(16))
    #: Why an operator has to decide.
    conflict: Mapped[str | None] = mapped_column(Exact(32))
    #: The identities, sessions and applications that were the other user's.
    moved: Mapped[dict[str, list[int]]] = mapped_column(JSON, default=dict)
    other_created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    other_last_login_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by: Mapped[str | None] = mapped_column(Exact(64))
