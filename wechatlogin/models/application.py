"""`applications`: the programs that log people in through us."""

from datetime import datetime

from sqlalchemy import JSON, Text
from sqlalchemy.orm import Mapped, mapped_column

from wechatlogin.config import ConfirmPolicy
from wechatlogin.extensions import Base
from wechatlogin.models.types import Exact, RowId, UtcDateTime, one_of


class Application(Base):
    """A program with its credentials: hashed, or sealed where a scheme needs the plain value."""

    __tablename__ = "applications"
    __table_args__ = (one_of("confirm", ConfirmPolicy),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    client_id: Mapped[str] = mapped_column(Exact(64), unique=True)
    name: Mapped[str] = mapped_column(Exact(64))
    client_secret_hash: Mapped[str | None] = mapped_column(Exact(64))
    api_key_hash: Mapped[str | None] = mapped_column(Exact(64), unique=True)
    user_domain: Mapped[str | None] = mapped_column(Exact(64), unique=True)
    sealed_user_domain_secret: Mapped[str | None] = mapped_column(Text)
    #: Exact URIs; one that is not in the list is never redirected to.
    redirect_uris: Mapped[list[str]] = mapped_column(JSON)
    confirm: Mapped[ConfirmPolicy] = mapped_column(Exact(16), default=ConfirmPolicy.NUMBER)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
