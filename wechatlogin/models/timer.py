"""`timers`: work that one process of all does now and then."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from wechatlogin.extensions import Base
from wechatlogin.models.types import Exact, UtcDateTime


class Timer(Base):
    """When a piece of work is due; whoever moves `due_at` on does it."""

    __tablename__ = "timers"

    name: Mapped[str] = mapped_column(Exact(32), primary_key=True)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
