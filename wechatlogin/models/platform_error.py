"""`platform_errors`: what WeChat refused or failed to do, counted by the hour."""

from datetime import datetime

from sqlalchemy import Index, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from wechatlogin.extensions import Base
from wechatlogin.models.types import Exact, RowId, UtcDateTime


class PlatformErrorCount(Base):
    """One kind of failure of one call of one account within one hour."""

    __tablename__ = "platform_errors"
    __table_args__ = (
        UniqueConstraint("appid", "hour", "path", "code", "errcode"),
        Index(None, "last_at"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    appid: Mapped[str] = mapped_column(Exact(32))
    hour: Mapped[datetime] = mapped_column(UtcDateTime)
    path: Mapped[str] = mapped_column(Exact(64))
    #: The `code` of our own exception.
    code: Mapped[str] = mapped_column(Exact(32))
    #: WeChat's number; 0 where there was no usable answer.
    errcode: Mapped[int] = mapped_column(Integer, default=0)
    count: Mapped[int] = mapped_column(Integer)
    first_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: WeChat's words and its number of the last of them, without any credential.
    errmsg: Mapped[str | None] = mapped_column(Exact(255))
    rid: Mapped[str | None] = mapped_column(Exact(64))
