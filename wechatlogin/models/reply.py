"""`replies`: what an account says in the chat, in the owner's own words."""

from enum import StrEnum

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from wechatlogin.extensions import Base
from wechatlogin.models.types import Exact, ExactText, RowId, one_of


class Occasion(StrEnum):
    """When a text is said."""

    #: Somebody follows.
    WELCOME = "welcome"
    #: Somebody scanned: the link to the confirm page.
    CONFIRM = "confirm"
    #: Somebody asked for a verification code.
    CODE = "code"
    #: Somebody wrote a keyword of the owner's.
    KEYWORD = "keyword"
    #: Somebody wrote anything else.
    DEFAULT = "default"


class Reply(Base):
    """One text; where there is none the built-in one is said, or nothing."""

    __tablename__ = "replies"
    __table_args__ = (
        UniqueConstraint("wechat_app_id", "language", "occasion", "keyword"),
        one_of("occasion", Occasion),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    wechat_app_id: Mapped[int] = mapped_column(ForeignKey("wechat_apps.id", ondelete="CASCADE"))
    language: Mapped[str] = mapped_column(Exact(8))
    occasion: Mapped[Occasion] = mapped_column(Exact(16))
    #: What the person writes, folded; empty where the occasion is no keyword.
    keyword: Mapped[str] = mapped_column(Exact(64), default="")
    text: Mapped[str] = mapped_column(ExactText)
