"""`refresh_tokens`: families of tokens, each of which is good for one rotation."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from wechatlogin.extensions import Base
from wechatlogin.models.types import Exact, RowId, UtcDateTime


class RefreshToken(Base):
    """A token by its hash; the session is its family, and ends with it."""

    __tablename__ = "refresh_tokens"
    __table_args__ = (Index(None, "expires_at"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    token_hash: Mapped[str] = mapped_column(Exact(64), unique=True)
    session_key: Mapped[str] = mapped_column(
        ForeignKey("sessions.key_hash", ondelete="CASCADE"), index=True
    )
    scope: Mapped[str] = mapped_column(Exact(255))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: When it was exchanged for its successor.
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
