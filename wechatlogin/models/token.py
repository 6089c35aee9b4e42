"""`platform_tokens`: WeChat's access token of each account, with the lease on its renewal."""

from datetime import date, datetime

from sqlalchemy import Date, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from wechatlogin.extensions import Base
from wechatlogin.models.types import Exact, UtcDateTime


class PlatformToken(Base):
    """One account's token; whoever holds the lease is the only one to renew it."""

    __tablename__ = "platform_tokens"

    appid: Mapped[str] = mapped_column(Exact(32), primary_key=True)
    sealed_token: Mapped[str | None] = mapped_column(Text)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    refreshed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    refreshes: Mapped[int] = mapped_column(Integer, default=0)
    #: How many of them on one day of Beijing's, by which WeChat counts.
    refreshes_today: Mapped[int] = mapped_column(Integer, default=0)
    refreshes_day: Mapped[date | None] = mapped_column(Date)
    #: The machine and process that renewed it last.
    refreshed_by: Mapped[str | None] = mapped_column(Exact(64))
    #: WeChat grants a forced renewal once in 30 s.
    forced_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lease_holder: Mapped[str | None] = mapped_column(Exact(32))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
