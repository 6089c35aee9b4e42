"""`signing_keys`: the keys that tokens are signed with; the public halves are published."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from wechatlogin.extensions import Base
from wechatlogin.models.types import Exact, UtcDateTime, one_of


class Algorithm(StrEnum):
    """How a token is signed (RFC 7518)."""

    RS256 = "RS256"
    ES256 = "ES256"


class SigningKey(Base):
    """A key pair from its publication to its retirement."""

    __tablename__ = "signing_keys"
    __table_args__ = (one_of("algorithm", Algorithm), Index(None, "algorithm", "active_from"))

    #: The thumbprint of RFC 7638.
    kid: Mapped[str] = mapped_column(Exact(64), primary_key=True)
    algorithm: Mapped[Algorithm] = mapped_column(Exact(16))
    sealed_private_key: Mapped[str] = mapped_column(Text)
    public_jwk: Mapped[dict[str, str]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: Published from the beginning, it signs from here on.
    active_from: Mapped[datetime] = mapped_column(UtcDateTime)
    #: From here on nothing it signed is accepted, and it is no longer published.
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
