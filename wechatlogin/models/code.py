"""`codes`: verification codes, never in clear."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from wechatlogin.extensions import Base
from wechatlogin.models.types import Exact, RowId, UtcDateTime


class Code(Base):
    """A code for one purpose and one identity.

    The six digits follow from `nonce` and the installation's key, so that the same code can be
    sent again although only its keyed hash is kept.
    """

    __tablename__ = "codes"
    __table_args__ = (
        Index(None, "identity_id", "purpose", "expires_at"),
        Index(None, "expires_at"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    purpose: Mapped[str] = mapped_column(Exact(16))
    identity_id: Mapped[int] = mapped_column(ForeignKey("identities.id", ondelete="CASCADE"))
    nonce: Mapped[str] = mapped_column(Exact(64))
    #: Unique among live codes; a spent or dead one gives its value free by becoming NULL.
    code_hash: Mapped[str | None] = mapped_column(Exact(64), unique=True)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
