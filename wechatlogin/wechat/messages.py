"""WeChat's pushes: from a request's query and body to a `Push`, and back to a reply.

Follows WeChat's page 消息推送. `envelope` decides whether WeChat sent it, `fields` takes the body
apart, `push_reader` makes one of the values of `pushes`, `replies` writes the answer; this module
puts them together and is what services import.
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime

from wechatlogin.errors import PushRefused
from wechatlogin.wechat import envelope, fields, push_reader, repacked
from wechatlogin.wechat.app import WeChatApp
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
    UserPush,
)
from wechatlogin.wechat.replies import PassiveReply, link, reply_xml, seal_reply, text_reply

__all__ = [
    "AuthorizationChange",
    "AuthorizationChangeKind",
    "ClickEvent",
    "DeliveryStatus",
    "OtherPush",
    "PassiveReply",
    "Push",
    "ScanEvent",
    "SubscribeEvent",
    "TemplateReceipt",
    "TextMessage",
    "UnsubscribeEvent",
    "UserPush",
    "link",
    "read_push",
    "read_repacked_push",
    "reply_xml",
    "seal_reply",
    "text_reply",
    "verify_url_check",
]

_ECHO = re.compile(r"[A-Za-z0-9_-]{1,64}")


def verify_url_check(app: WeChatApp, query: Mapping[str, str]) -> str:
    """Return the `echostr` to answer WeChat's check of the callback address with.

    It is plain in safe mode too. Its age does not matter: repeating an old check changes nothing.

    :raise PushRefused: if the signature is wrong or there is no sensible echostr.
    """
    envelope.verify_signature(app, query, envelope.read_stamp(query))
    echo = query.get("echostr", "")
    if not _ECHO.fullmatch(echo):
        raise PushRefused("odd echostr")
    return echo


def read_push(app: WeChatApp, query: Mapping[str, str], body: bytes, *, now: datetime) -> Push:
    """Return what WeChat tells us, whatever it is.

    :raise PushRefused: if WeChat cannot have sent this.
    :raise NotConfigured: if the account's EncodingAESKey cannot be one.
    """
    opened = envelope.open_envelope(app, query, body, now=now)
    content = fields.parse(opened.content)
    if not opened.encrypted and "Encrypt" in content:
        # Taking the plain fields beside it would throw the protection away.
        raise PushRefused("Encrypt without encrypt_type")
    return _read(app, opened, content, body)


def read_repacked_push(app: WeChatApp, body: bytes, *, now: datetime) -> Push:
    """Return what WeChat tells us, as Authing's forwarder passes it on (`repacked`).

    :raise PushRefused: if it does not come from WeChat, or not now.
    :raise NotConfigured: if the account's EncodingAESKey cannot be one.
    """
    opened = repacked.open_repacked(app, body)
    push = _read(app, opened, fields.parse(opened.content), body)
    if abs(now - push.created_at) > envelope.FRESHNESS:
        raise PushRefused("repacked and too far from now")
    return push


def _read(app: WeChatApp, opened: envelope.Opened, content: fields.Fields, body: bytes) -> Push:
    push = push_reader.PushReader(content, opened, hashlib.sha256(body).hexdigest()).read()
    if app.gh_id and push.to_user != app.gh_id:
        raise PushRefused("for another account")
    return push
