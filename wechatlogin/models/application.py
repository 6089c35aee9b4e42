"""`applications` and `application_users`: the programs that log people in, and who came by them."""

from datetime import datetime

from sqlalchemy import JSON, Boolean, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from wechatlogin.config import ConfirmPolicy, FollowPolicy
from wechatlogin.extensions import Base
from wechatlogin.models.types import Exact, RowId, UtcDateTime, one_of


class Application(Base):
    """A program with its credentials: hashed, or sealed where a scheme needs the plain value."""

    __tablename__ = "applications"
    __table_args__ = (one_of("confirm", ConfirmPolicy), one_of("follow", FollowPolicy))

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    client_id: Mapped[str] = mapped_column(Exact(64), unique=True)
    name: Mapped[str] = mapped_column(Exact(64))
    client_secret_hash: Mapped[str | None] = mapped_column(Exact(64))
    #: The same secret, kept plain where a scheme signs its tokens with it (HS256).
    sealed_client_secret: Mapped[str | None] = mapped_column(Text)
    #: The isolated user space that the end-user API knows the application by.
    user_domain: Mapped[str | None] = mapped_column(Exact(64), unique=True)
    sealed_user_domain_secret: Mapped[str | None] = mapped_column(Text)
    #: Mobile country codes that are served; none means all.
    mccs: Mapped[list[int]] = mapped_column(JSON, default=list)
    #: Nobody logs in to it while it is.
    is_disabled: Mapped[bool] = mapped_column(Boolean, default=False)
    #: Exact URIs; one that is not in the list is never redirected to.
    redirect_uris: Mapped[list[str]] = mapped_column(JSON)
    #: Origins whose pages may hear of a login in a window that they opened.
    origins: Mapped[list[str]] = mapped_column(JSON, default=list)
    #: The WeChat apps it logs people in with, the preferred one first; none means all there are.
    appids: Mapped[list[str]] = mapped_column(JSON, default=list)
    confirm: Mapped[ConfirmPolicy] = mapped_column(Exact(16), default=ConfirmPolicy.NUMBER)
    follow: Mapped[FollowPolicy] = mapped_column(Exact(16), default=FollowPolicy.NEVER)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ApplicationUser(Base):
    """A person whom an application knows, because they have logged in to it."""

    __tablename__ = "application_users"
    __table_args__ = (UniqueConstraint("application_id", "user_id"), Index(None, "user_id"))

    #: The number that the application's own user space knows the person by.
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("applications.id", ondelete="CASCADE"))
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    first_login_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_login_at: Mapped[datetime] = mapped_column(UtcDateTime)
