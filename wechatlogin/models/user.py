"""`users` and `identities`: a person, and what each WeChat app calls this person."""

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wechatlogin.extensions import Base
from wechatlogin.models.types import Exact, RowId, UtcDateTime, filled_index


class User(Base):
    """A person, known by at least one identity."""

    __tablename__ = "users"
    __table_args__ = (
        Index(None, "created_at"),
        filled_index("banned_at"),
        Index(None, "last_login_at"),
    )

    id: Mapped[str] = mapped_column(Exact(32), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_login_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: Since when an operator lets the person no longer in.
    banned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: The version of the privacy notice that the person has agreed to, and when.
    notice_version: Mapped[int | None] = mapped_column(BigInteger)
    notice_accepted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    identities: Mapped[list["Identity"]] = relationship(
        back_populates="user", order_by="Identity.id"
    )


class Identity(Base):
    """A person as one WeChat app knows them: (appid, openid), never a bare openid."""

    __tablename__ = "identities"
    __table_args__ = (
        UniqueConstraint("appid", "openid"),
        filled_index("open_platform_group", "unionid"),
        # Operators look for people by these.
        Index(None, "openid"),
        filled_index("unionid"),
        filled_index("nickname", postgresql_ops={"nickname": "varchar_pattern_ops"}),
        Index(None, "follows", "created_at"),
        # An empty unionid would join strangers.
        CheckConstraint("unionid <> ''", name="unionid_not_empty"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    appid: Mapped[str] = mapped_column(Exact(32))
    openid: Mapped[str] = mapped_column(Exact(64))
    unionid: Mapped[str | None] = mapped_column(Exact(64))
    open_platform_group: Mapped[str | None] = mapped_column(Exact(64))
    nickname: Mapped[str | None] = mapped_column(Exact(255))
    avatar_url: Mapped[str | None] = mapped_column(Exact(512))
    #: Whether the person follows the account; None as long as nothing has told us.
    follows: Mapped[bool | None] = mapped_column(Boolean)
    #: WeChat's time of the event that told us, so that a late event does not undo a later one.
    follows_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: When WeChat was last asked, or told us, whether the person follows.
    follows_checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: The language of the person's WeChat, once a page of ours was open in it.
    language: Mapped[str | None] = mapped_column(Exact(8))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: When nickname, picture or language last changed.
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    user: Mapped[User] = relationship(back_populates="identities")
