"""`logout_notices`: applications that are to hear that a person has logged out."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from wechatlogin.extensions import Base
from wechatlogin.models.types import Exact, RowId, UtcDateTime


class LogoutNotice(Base):
    """One notice, written down with the end of the session and sent afterwards."""

    __tablename__ = "logout_notices"
    __table_args__ = (Index(None, "delivered_at", "next_try_at"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    #: None once the application is removed; what follows it then says itself.
    application_id: Mapped[int | None] = mapped_column(
        ForeignKey("applications.id", ondelete="SET NULL"), index=True
    )
    former_client_id: Mapped[str | None] = mapped_column(Exact(64))
    former_uri: Mapped[str | None] = mapped_column(Exact(1024))
    former_algorithm: Mapped[str | None] = mapped_column(Exact(16))
    #: Whom and which session the application knows it by: `sub` and `sid` of its tokens.
    subject: Mapped[str] = mapped_column(Exact(64))
    sid: Mapped[str] = mapped_column(Exact(32), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    tries: Mapped[int] = mapped_column(Integer, default=0)
    #: None once it has been given up.
    next_try_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    delivered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
