"""`client_secrets`: what an application proves itself by; two while one replaces the other."""

from datetime import datetime

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from wechatlogin.extensions import Base
from wechatlogin.models.types import Exact, RowId, UtcDateTime


class ClientSecret(Base):
    """A secret by its hash; sealed beside it where a scheme signs its tokens with it (HS256)."""

    __tablename__ = "client_secrets"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    application_id: Mapped[int] = mapped_column(
        ForeignKey("applications.id", ondelete="CASCADE"), index=True
    )
    secret_hash: Mapped[str] = mapped_column(Exact(64))
    sealed_secret: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: From here on it is worth nothing; None as long as nothing has replaced it.
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
