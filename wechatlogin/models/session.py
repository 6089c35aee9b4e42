"""`sessions`: one row for each logged-in browser, of people and of operators."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from wechatlogin.extensions import Base
from wechatlogin.models.types import Exact, UtcDateTime, filled_index


class Session(Base):
    """A session; the cookie carries a random value of which this row has the hash."""

    __tablename__ = "sessions"
    __table_args__ = (
        CheckConstraint("(user_id IS NULL) <> (operator_id IS NULL)", name="one_owner"),
        Index(None, "expires_at"),
        # Its address is shortened in this order.
        Index(None, "created_at"),
        filled_index("operator_id"),
        filled_index("application_id"),
        filled_index("parent_key"),
    )

    key_hash: Mapped[str] = mapped_column(Exact(64), primary_key=True)
    #: What the pages name a session by; it opens nothing.
    public_id: Mapped[str] = mapped_column(Exact(32), unique=True)
    user_id: Mapped[str | None] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    operator_id: Mapped[int | None] = mapped_column(ForeignKey("operators.id", ondelete="CASCADE"))
    #: The program that holds the session's tokens; None where a browser holds its cookie.
    application_id: Mapped[int | None] = mapped_column(
        ForeignKey("applications.id", ondelete="CASCADE")
    )
    #: The session of the browser that a program's was begun from.
    parent_key: Mapped[str | None] = mapped_column(
        ForeignKey("sessions.key_hash", ondelete="SET NULL")
    )
    way: Mapped[str] = mapped_column(Exact(16))
    #: When the person showed who they are.
    auth_time: Mapped[datetime] = mapped_column(UtcDateTime)
    browser: Mapped[str] = mapped_column(Exact(64))
    ip: Mapped[str | None] = mapped_column(Exact(45))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: When it ends in any case.
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
