"""One push on its way from flat fields to a value of `pushes`.

A field that a decision hangs on is taken only if it is there once and looks as WeChat writes it.
Event names are compared in lower case: WeChat sends `SCAN` and `subscribe`.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from wechatlogin.errors import PushRefused
from wechatlogin.wechat import envelope, fields
from wechatlogin.wechat.pushes import (
    AuthorizationChange,
    AuthorizationChangeKind,
    ClickEvent,
    DeliveryStatus,
    OtherPush,
    Push,
    ScanEvent,
    SubscribeEvent,
    TemplateReceipt,
    TextMessage,
    UnsubscribeEvent,
)

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SECONDS = re.compile(r"[0-9]{1,10}")
_NUMBER = re.compile(r"[0-9]{1,20}")
_SCENE_PREFIX = "qrscene_"
_MESSAGE_KEY = ("ToUserName", "FromUserName", "MsgType", "MsgId")
_EVENT_KEY = (
    *("ToUserName", "FromUserName", "MsgType", "CreateTime", "Event", "EventKey"),
    *("MsgID", "OpenID", "openid", "RevokeInfo"),
)
_CHANGES = {
    "user_info_modified": AuthorizationChangeKind.MODIFIED,
    "user_authorization_revoke": AuthorizationChangeKind.REVOKED,
    "user_authorization_cancellation": AuthorizationChangeKind.CANCELLED,
}
_P = TypeVar("_P", bound=Push)


@dataclass(frozen=True)
class PushReader:
    """One push on its way from fields to a value."""

    content: fields.Fields
    opened: envelope.Opened
    body_sha256: str

    def read(self) -> Push:
        """Return the value for this kind of push."""
        kind = self.text("MsgType").lower()
        event = self.text("Event").lower()
        if kind == "text":
            return self.make(
                TextMessage, content=self.content.get("Content") or "", msg_id=self.number("MsgId")
            )
        if kind == "event" and event in _EVENTS:
            return _EVENTS[event](self)
        return self.other()

    def other(self) -> OtherPush:
        """Return a push that nobody here waits for."""
        return self.make(OtherPush, msg_type=self.text("MsgType"), event=self.text("Event"))

    def make(self, kind: type[_P], /, **particular: Any) -> _P:
        """Return a push of this class, from the fields all have and the particular ones."""
        from_user = self.identifier("FromUserName")
        common: dict[str, Any] = {"openid": from_user, **particular}
        return kind(
            to_user=self.identifier("ToUserName"),
            from_user=from_user,
            created_at=self.created_at(),
            dedupe_key=self.dedupe_key(),
            signature=self.opened.signature,
            body_sha256=self.body_sha256,
            encrypted=self.opened.encrypted,
            raw=self.opened.content,
            **common,
        )

    def dedupe_key(self) -> str:
        """Return what a retry has in common with the first try, and nothing else has."""
        # Two different events of one person can fall into one second; a message has a number.
        names = _MESSAGE_KEY if self.text("MsgId") else _EVENT_KEY
        joined = "\x00".join(self.content.texts(names))
        return hashlib.sha256(joined.encode("utf-8")).hexdigest()

    def created_at(self) -> datetime:
        """Return when WeChat says it happened."""
        seconds = self.text("CreateTime")
        if not _SECONDS.fullmatch(seconds):
            raise PushRefused("odd CreateTime")
        return datetime.fromtimestamp(int(seconds), UTC)

    def identifier(self, name: str) -> str:
        """Return an account's or a person's name."""
        value = self.text(name)
        if not _ID.fullmatch(value):
            raise PushRefused(f"odd {name}")
        return value

    def number(self, name: str) -> str:
        """Return a 64-bit number, which stays text."""
        value = self.text(name)
        if not _NUMBER.fullmatch(value):
            raise PushRefused(f"odd {name}")
        return value

    def text(self, name: str) -> str:
        """Return a field without blanks around it; a missing one is empty."""
        return self.content.text(name)

    def either(self, *names: str) -> str | None:
        """Return the field that WeChat spells in several ways."""
        given = [name for name in names if self.text(name)]
        if len({self.text(name) for name in given}) > 1:
            raise PushRefused(f"unclear {names[0]}")
        return self.identifier(given[0]) if given else None


def _scan(reader: PushReader) -> Push:
    scene = reader.text("EventKey")
    if not scene:
        return reader.other()
    return reader.make(ScanEvent, scene=scene, ticket=reader.text("Ticket") or None)


def _subscribe(reader: PushReader) -> Push:
    # The key is empty for most followers and a payment's number for some: the prefix decides.
    key = reader.text("EventKey")
    scene = key.removeprefix(_SCENE_PREFIX) if key.startswith(_SCENE_PREFIX) else ""
    return reader.make(SubscribeEvent, scene=scene or None, ticket=reader.text("Ticket") or None)


def _receipt(reader: PushReader) -> Push:
    raw = reader.text("Status")
    status = DeliveryStatus.FAILED
    if raw == "success":
        status = DeliveryStatus.DELIVERED
    elif raw.startswith("failed") and "user block" in raw:
        status = DeliveryStatus.BLOCKED
    return reader.make(
        TemplateReceipt, msgid=reader.number("MsgID"), status=status, raw_status=raw[:100]
    )


def _change(reader: PushReader) -> Push:
    return reader.make(
        AuthorizationChange,
        # FromUserName is WeChat's own sender here, not the person.
        openid=reader.either("OpenID", "openid"),
        kind=_CHANGES[reader.text("Event").lower()],
        revoke_info=frozenset(re.findall(r"[0-9]+", reader.text("RevokeInfo"))),
        unionid=reader.either("UnionID", "unionid"),
    )


_EVENTS: dict[str, Callable[[PushReader], Push]] = {
    "scan": _scan,
    "subscribe": _subscribe,
    "unsubscribe": lambda reader: reader.make(UnsubscribeEvent),
    "click": lambda reader: reader.make(ClickEvent, key=reader.text("EventKey")),
    "templatesendjobfinish": _receipt,
    **dict.fromkeys(_CHANGES, _change),
}
