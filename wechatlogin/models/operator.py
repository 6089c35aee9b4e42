"""`operators`: the people who run the installation."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from wechatlogin.extensions import Base
from wechatlogin.models.types import Exact, RowId, UtcDateTime, one_of


class Role(StrEnum):
    """What an operator may do."""

    #: Sees whether login works; of people nothing but how many.
    VIEWER = "viewer"
    #: Sees and changes everything.
    ADMIN = "admin"


class Operator(Base):
    """An operator; the password is kept as argon2id."""

    __tablename__ = "operators"
    __table_args__ = (one_of("role", Role),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    name: Mapped[str] = mapped_column(Exact(64), unique=True)
    password_hash: Mapped[str] = mapped_column(Exact(255))
    role: Mapped[Role] = mapped_column(Exact(16), default=Role.ADMIN)
    #: The person whose WeChat lets the operator in as well.
    user_id: Mapped[str | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), unique=True
    )
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    def may(self, role: Role) -> bool:
        """Tell whether the operator may do what this role may."""
        return role == Role.VIEWER or self.role == Role.ADMIN
