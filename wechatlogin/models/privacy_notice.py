"""`privacy_notices`: what people are told before their first login, by version."""

from datetime import datetime

from sqlalchemy import Boolean
from sqlalchemy.orm import Mapped, mapped_column

from wechatlogin.extensions import Base
from wechatlogin.models.types import Exact, ExactText, RowId, UtcDateTime


class PrivacyNotice(Base):
    """One version of the text; the one with the highest number is in force."""

    __tablename__ = "privacy_notices"

    version: Mapped[int] = mapped_column(RowId, primary_key=True)
    text_zh: Mapped[str] = mapped_column(ExactText)
    text_en: Mapped[str] = mapped_column(ExactText)
    #: The operator who wrote it.
    actor: Mapped[str] = mapped_column(Exact(64))
    #: Whether people who agreed to an earlier version have to agree again.
    asks_anew: Mapped[bool] = mapped_column(Boolean)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
