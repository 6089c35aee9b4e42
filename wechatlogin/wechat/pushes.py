"""What WeChat tells us, as values (WeChat's pages 接收普通消息, 接收事件推送, 授权用户信息变更).

Push
├── UserPush               a person did it; `openid` is theirs
│   ├── TextMessage        wrote something
│   ├── ClickEvent         tapped a menu entry
│   ├── ScanEvent          a follower scanned a code of ours
│   ├── SubscribeEvent     followed; `scene` if it was by a code of ours
│   ├── UnsubscribeEvent
│   ├── TemplateReceipt    what became of a template message
│   └── OtherPush          anything else
└── AuthorizationChange    WeChat's own sender; `openid` is the person it is about, if named
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class DeliveryStatus(StrEnum):
    """What became of a template message."""

    DELIVERED = "delivered"
    BLOCKED = "blocked"
    FAILED = "failed"


class AuthorizationChangeKind(StrEnum):
    """Cleaned by WeChat, withdrawn by the person, or the whole WeChat account closed."""

    MODIFIED = "modified"
    REVOKED = "revoked"
    CANCELLED = "cancelled"


@dataclass(frozen=True, kw_only=True)
class Push:
    """A push that is authentic as far as its mode can tell.

    A retry has the same `dedupe_key`. In plain mode the signature does not cover the body: the same
    `signature` with another `body_sha256` is a forgery. `raw` is what it says, byte for byte
    as WeChat wrote it, taken out of its envelope.
    """

    to_user: str
    from_user: str
    openid: str | None
    created_at: datetime
    dedupe_key: str
    signature: str
    body_sha256: str
    encrypted: bool
    raw: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, kw_only=True)
class UserPush(Push):
    openid: str


@dataclass(frozen=True, kw_only=True)
class TextMessage(UserPush):
    content: str
    msg_id: str


@dataclass(frozen=True, kw_only=True)
class ClickEvent(UserPush):
    key: str


@dataclass(frozen=True, kw_only=True)
class ScanEvent(UserPush):
    scene: str
    ticket: str | None


@dataclass(frozen=True, kw_only=True)
class SubscribeEvent(UserPush):
    scene: str | None
    ticket: str | None


@dataclass(frozen=True, kw_only=True)
class UnsubscribeEvent(UserPush):
    pass


@dataclass(frozen=True, kw_only=True)
class TemplateReceipt(UserPush):
    msgid: str
    status: DeliveryStatus
    raw_status: str


@dataclass(frozen=True, kw_only=True)
class OtherPush(UserPush):
    msg_type: str
    event: str


@dataclass(frozen=True, kw_only=True)
class AuthorizationChange(Push):
    kind: AuthorizationChangeKind
    revoke_info: frozenset[str]
    unionid: str | None
