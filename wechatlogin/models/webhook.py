"""`webhook_deliveries`: what applications are told of people, and whether they took it."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from wechatlogin.extensions import Base
from wechatlogin.models.types import Exact, ExactText, UtcDateTime, one_of


class WebhookEvent(StrEnum):
    """What an application may want to hear of."""

    USER_CREATED = "user.created"
    USER_LOGIN = "user.login"
    USER_MERGED = "user.merged"
    USER_DELETED = "user.deleted"
    FOLLOW_CHANGED = "follow.changed"
    #: What an operator sends to see whether it arrives; no application asks for it.
    TEST = "webhook.test"


class WebhookDelivery(Base):
    """One message, written down with what it tells of and sent afterwards."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        one_of("event", WebhookEvent),
        Index(None, "application_id", "created_at"),
        Index(None, "delivered_at", "next_try_at"),
    )

    #: The `webhook-id` by which the receiver tells a repetition.
    id: Mapped[str] = mapped_column(Exact(40), primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("applications.id", ondelete="CASCADE"))
    #: Whom it tells of, who may be no more; None where it tells of nobody.
    user_id: Mapped[str | None] = mapped_column(Exact(32), index=True)
    event: Mapped[WebhookEvent] = mapped_column(Exact(32))
    #: The body as it is sent, byte for byte.
    payload: Mapped[str] = mapped_column(ExactText)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    tries: Mapped[int] = mapped_column(Integer, default=0)
    #: None once it was taken or given up.
    next_try_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    delivered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    tried_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: What the last try met: a status, or why there was none.
    status: Mapped[int | None] = mapped_column(Integer)
    error: Mapped[str | None] = mapped_column(Exact(64))
