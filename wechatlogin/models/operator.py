"""`operators`: the people who run the installation."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from wechatlogin.extensions import Base
from wechatlogin.models.types import Exact, RowId, UtcDateTime


class Operator(Base):
    """An operator; the password is kept as argon2id."""

    __tablename__ = "operators"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    name: Mapped[str] = mapped_column(Exact(64), unique=True)
    password_hash: Mapped[str] = mapped_column(Exact(255))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
