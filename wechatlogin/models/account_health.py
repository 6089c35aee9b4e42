"""`account_health`: what WeChat's side has shown of each account's set-up."""

from datetime import datetime

from sqlalchemy import Integer
from sqlalchemy.orm import Mapped, mapped_column

from wechatlogin.extensions import Base
from wechatlogin.models.types import Exact, UtcDateTime


class AccountHealth(Base):
    """The last signs of one account, good and bad; a push that was taken is in its own table."""

    __tablename__ = "account_health"

    appid: Mapped[str] = mapped_column(Exact(32), primary_key=True)
    #: When WeChat last checked our callback URL and was satisfied.
    verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: When a push was last refused, and why.
    refused_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    refused_reason: Mapped[str | None] = mapped_column(Exact(128))
    #: How far WeChat's clock is ahead of ours, and when that was seen.
    clock_ahead_ms: Mapped[int | None] = mapped_column(Integer)
    clock_seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
