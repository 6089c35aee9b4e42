"""`received_messages` and `sent_messages`: what WeChat pushed, and what we sent."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, Integer, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from wechatlogin.extensions import Base
from wechatlogin.models.types import Exact, RowId, UtcDateTime, filled_index, one_of


class Channel(StrEnum):
    """How a message reaches the person."""

    TEMPLATE = "template"
    CUSTOMER = "customer"
    PAGE = "page"


class SendState(StrEnum):
    """What has become of a message; `PENDING` is written down before WeChat is asked."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    BLOCKED = "blocked"
    FAILED = "failed"


class Forwarded(StrEnum):
    """How the owner's other program took a push."""

    ANSWERED = "answered"
    FAILED = "failed"


class ReceivedMessage(Base):
    """A push, kept to answer its retries alike and to refuse its replay with another body."""

    __tablename__ = "received_messages"
    __table_args__ = (
        UniqueConstraint("appid", "dedupe_key"),
        UniqueConstraint("appid", "signature"),
        one_of("forwarded", Forwarded),
        Index(None, "received_at"),
        # The last push of an account is found at once.
        Index(None, "appid", "received_at"),
        # So are those that the owner's other program did not take.
        filled_index("appid", "forwarded", "received_at", by="forwarded"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    appid: Mapped[str] = mapped_column(Exact(32))
    dedupe_key: Mapped[str] = mapped_column(Exact(64))
    signature: Mapped[str] = mapped_column(Exact(64))
    body_hash: Mapped[str] = mapped_column(Exact(64))
    kind: Mapped[str] = mapped_column(Exact(32))
    #: The reply's text, sealed: it may hold a confirm link.
    sealed_reply: Mapped[str | None] = mapped_column(Text)
    forwarded: Mapped[Forwarded | None] = mapped_column(Exact(16))
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SentMessage(Base):
    """A message of ours and what became of it."""

    __tablename__ = "sent_messages"
    __table_args__ = (
        UniqueConstraint("appid", "msgid"),
        UniqueConstraint("appid", "client_msg_id"),
        one_of("channel", Channel),
        one_of("state", SendState),
        Index(None, "created_at"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    appid: Mapped[str] = mapped_column(Exact(32))
    identity_id: Mapped[int | None] = mapped_column(
        ForeignKey("identities.id", ondelete="CASCADE"), index=True
    )
    channel: Mapped[Channel] = mapped_column(Exact(16))
    state: Mapped[SendState] = mapped_column(Exact(16))
    #: WeChat's number, 64 bits, kept as text.
    msgid: Mapped[str | None] = mapped_column(Exact(32))
    #: Our own number of the message, under which WeChat takes it once.
    client_msg_id: Mapped[str | None] = mapped_column(Exact(64))
    errcode: Mapped[int | None] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
