"""What a service answered to a push: nothing, a message for the chat, or nothing valid.

WeChat takes `success` or an empty body as no reply, and otherwise the XML (or JSON) of a passive
reply with sender and receiver swapped; in safe mode it has to be encrypted and signed.
"""

import json
import re
from dataclasses import dataclass
from xml.parsers.expat import ExpatError

import xmltodict

from wechatlogin.simulator import envelopes
from wechatlogin.simulator.apps import Account, Mode
from wechatlogin.wechat import crypto

LONGEST_TEXT = 2048
MEDIA = {"image": "Image", "voice": "Voice", "video": "Video", "music": "Music"}
ARTICLES = 8


class InvalidReply(Exception):
    """The answer is no valid reply; the text says why, for whoever develops the service."""


@dataclass(frozen=True)
class Reply:
    """A message for the chat; the text of other kinds only names them."""

    text: str


def read(account: Account, openid: str, body: bytes) -> Reply | None:
    """Return the reply, or None if the service has nothing to say.

    :raise InvalidReply: if WeChat would tell the person that the service is out of order.
    """
    if body in {b"", b"success"}:
        return None
    fields = _fields(body)
    encrypted = fields.get("Encrypt")
    if isinstance(encrypted, str):
        fields = _opened(account, fields, encrypted)
    elif account.mode is Mode.SAFE:
        raise InvalidReply("安全模式下的回复没有加密")
    _verify_addresses(account, openid, fields)
    return Reply(_content(fields))


def _fields(body: bytes) -> dict[str, object]:
    if body.lstrip()[:1] == b"{":
        return _json_fields(body)
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise InvalidReply("回复里有 DOCTYPE")
    try:
        parsed = xmltodict.parse(body)
    except (ExpatError, ValueError) as err:
        raise InvalidReply("回复不是 XML") from err
    inside = parsed.get("xml") if isinstance(parsed, dict) else None
    if not isinstance(inside, dict):
        raise InvalidReply("回复的根元素不是 xml")
    return inside


def _json_fields(body: bytes) -> dict[str, object]:
    try:
        parsed = json.loads(body)
    except ValueError as err:
        raise InvalidReply("回复不是 XML") from err
    if not isinstance(parsed, dict) or not {"ToUserName", "Encrypt"} & parsed.keys():
        raise InvalidReply("回复是 JSON，不是消息")
    return parsed


def _opened(account: Account, outer: dict[str, object], encrypted: str) -> dict[str, object]:
    if account.mode is Mode.PLAIN:
        raise InvalidReply("明文模式下的回复加了密")
    timestamp, nonce = str(outer.get("TimeStamp", "")), str(outer.get("Nonce", ""))
    expected = crypto.sign(envelopes.token_of(account), timestamp, nonce, encrypted)
    if not timestamp.isdigit() or outer.get("MsgSignature") != expected:
        raise InvalidReply("回复的 MsgSignature 不对")
    try:
        return _fields(envelopes.message_crypto(account).decrypt(encrypted))
    except crypto.CryptoError as err:
        raise InvalidReply("回复无法解密") from err


def _verify_addresses(account: Account, openid: str, fields: dict[str, object]) -> None:
    if fields.get("ToUserName") != openid:
        raise InvalidReply("回复的 ToUserName 不是发消息的人")
    if fields.get("FromUserName") != account.gh_id:
        raise InvalidReply("回复的 FromUserName 不是这个公众号")
    if not re.fullmatch(r"\d{1,10}", str(fields.get("CreateTime", ""))):
        raise InvalidReply("回复的 CreateTime 不是数字")


def _content(fields: dict[str, object]) -> str:
    kind = fields.get("MsgType")
    if kind == "text":
        text = fields.get("Content")
        if not isinstance(text, str) or not text:
            raise InvalidReply("文本回复没有 Content")
        if len(text.encode()) > LONGEST_TEXT:
            raise InvalidReply("文本回复超过 2048 字节")
        return text
    if kind == "news" and isinstance(fields.get("Articles"), dict):
        count = str(fields.get("ArticleCount", ""))
        if count.isdigit() and 1 <= int(count) <= ARTICLES:
            return "[图文消息]"
    if isinstance(kind, str) and kind in MEDIA and isinstance(fields.get(MEDIA[kind]), dict):
        return f"[{kind}]"
    if kind == "transfer_customer_service":
        return "[转接客服]"
    raise InvalidReply("回复的 MsgType 不认识，或缺少内容")
