"""What travels to the owner's other program and back, in WeChat's own wrapping.

That program was set up with the account's token and key, so it checks and opens what it gets as if
WeChat had called it (pages 消息推送 and 消息加解密). Timestamp, nonce and `signature` are fresh;
what came encrypted is encrypted anew and has its `msg_signature`.

    the push came      what is posted
    plain              the content as it was
    safe               ToUserName and Encrypt
    compatible         the content as it was, with Encrypt as its last element
"""

import json
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlencode, urlsplit, urlunsplit

from wechatlogin.errors import ForwardingFailed, NotConfigured, PushRefused
from wechatlogin.wechat import crypto, fields
from wechatlogin.wechat.app import MessageMode, WeChatApp
from wechatlogin.wechat.pushes import Push
from wechatlogin.wechat.replies import LONGEST_CONTENT, PassiveReply

#: What a program answers that has nothing to say.
NOTHING = frozenset({b"", b"success"})
_END = b"</xml>"
_BOM = b"\xef\xbb\xbf"
_SECONDS = re.compile(r"[0-9]{1,10}")
_KIND = re.compile(r"[a-z_]{1,40}")


@dataclass(frozen=True)
class Parcel:
    """A push ready to be posted; the address is signed."""

    url: str = field(repr=False)
    body: bytes = field(repr=False)
    content_type: str


def write_push(app: WeChatApp, url: str, push: Push, *, now: datetime) -> Parcel:
    """Return a push as WeChat would send it to another address.

    :raise NotConfigured: if the account has no token, or no key for what came encrypted.
    """
    if app.token is None:
        raise NotConfigured
    token, stamp = app.token.get_secret_value(), _stamp(now)
    query = {"signature": crypto.sign(token, *stamp.values()), **stamp}
    if push.openid is not None:
        query["openid"] = push.openid
    body = push.raw
    if push.encrypted:
        encrypted = _box(app).encrypt(push.raw)
        query["encrypt_type"] = "aes"
        query["msg_signature"] = crypto.sign(token, *stamp.values(), encrypted)
        body = _wrapped(app, push, encrypted)
    kind = "application/json" if _is_json(push.raw) else "text/xml"
    return Parcel(_with_query(url, query), body, kind)


def read_reply(app: WeChatApp, push: Push, body: bytes) -> PassiveReply | None:
    """Return what the program says to the person, or None if it has nothing to say.

    A reply may be encrypted or not, whatever the push was.

    :raise ForwardingFailed: if WeChat would show the person a failure in its place.
    """
    content = body.strip()
    if content in NOTHING:
        return None
    found = _parsed(content)
    if "Encrypt" in found:
        content = _opened(app, found).strip()
        found = _parsed(content)
        if "Encrypt" in found:
            raise ForwardingFailed("reply encrypted twice")
    try:
        _verify_message(push, found)
    except PushRefused as err:
        raise ForwardingFailed(f"reply with {err.reason}") from err
    return PassiveReply(content.removeprefix(_BOM).decode("utf-8"), is_xml=True)


def _stamp(now: datetime) -> dict[str, str]:
    nonce = secrets.randbelow(9 * 10**9) + 10**9
    return {"timestamp": str(int(now.timestamp())), "nonce": str(nonce)}


def _box(app: WeChatApp) -> crypto.MessageCrypto:
    if app.token is None or app.aes_key is None:
        raise NotConfigured
    return crypto.crypto_of(app.token.get_secret_value(), app.aes_key.get_secret_value(), app.appid)


def _wrapped(app: WeChatApp, push: Push, encrypted: str) -> bytes:
    content = push.raw.rstrip()
    shows_content = app.mode is MessageMode.COMPATIBLE
    if _is_json(content):
        if shows_content:
            return content.removesuffix(b"}") + f', "Encrypt": "{encrypted}"}}'.encode()
        return json.dumps({"ToUserName": push.to_user, "Encrypt": encrypted}).encode()
    element = f"<Encrypt><![CDATA[{encrypted}]]></Encrypt>".encode()
    if shows_content and content.endswith(_END):
        return content.removesuffix(_END) + element + _END
    return f"<xml><ToUserName><![CDATA[{push.to_user}]]></ToUserName>".encode() + element + _END


def _with_query(url: str, query: dict[str, str]) -> str:
    parts = urlsplit(url)
    joined = "&".join(part for part in (parts.query, urlencode(query)) if part)
    return urlunsplit((parts.scheme, parts.netloc, parts.path or "/", joined, ""))


def _is_json(content: bytes) -> bool:
    return content.removeprefix(_BOM).lstrip().startswith(b"{")


def _parsed(content: bytes) -> fields.Fields:
    if not content.removeprefix(_BOM).lstrip().startswith(b"<"):
        raise ForwardingFailed("reply is not XML")
    try:
        return fields.parse(content)
    except PushRefused as err:
        raise ForwardingFailed(f"reply is {err.reason}") from err


def _opened(app: WeChatApp, found: fields.Fields) -> bytes:
    try:
        encrypted = found.get("Encrypt") or ""
        stamp = [found.get("TimeStamp") or "", found.get("Nonce") or ""]
        signature = found.get("MsgSignature") or ""
        token = app.token.get_secret_value() if app.token else ""
        if not crypto.check_signature(signature, token, *stamp, encrypted):
            raise ForwardingFailed("reply with wrong MsgSignature")
        return _box(app).decrypt(encrypted)
    except PushRefused as err:
        raise ForwardingFailed(f"reply with {err.reason}") from err
    except (crypto.CryptoError, NotConfigured) as err:
        raise ForwardingFailed("reply does not decrypt") from err


def _verify_message(push: Push, found: fields.Fields) -> None:
    if found.get("ToUserName") != push.from_user:
        raise ForwardingFailed("reply to another person")
    if found.get("FromUserName") != push.to_user:
        raise ForwardingFailed("reply of another account")
    if not _SECONDS.fullmatch(found.get("CreateTime") or ""):
        raise ForwardingFailed("reply without CreateTime")
    kind = found.get("MsgType") or ""
    if not _KIND.fullmatch(kind):
        raise ForwardingFailed("reply without MsgType")
    if kind == "text":
        length = len((found.get("Content") or "").encode("utf-8"))
        if not 0 < length <= LONGEST_CONTENT:
            raise ForwardingFailed("text of no or too many bytes")
