"""Passive replies: what the answer to a push says in the chat (WeChat's page 被动回复用户消息).

The only way to say something that every kind of account has; it has to go out within 5 seconds.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime

from wechatlogin.errors import NotConfigured
from wechatlogin.wechat import crypto, errors
from wechatlogin.wechat.app import WeChatApp
from wechatlogin.wechat.pushes import Push

LONGEST_CONTENT = 2048
#: What XML cannot carry.
_NOT_XML = re.compile(r"[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_UNSAFE_IN_LINK = {ord(bad): f"%{ord(bad):02X}" for bad in " \"'<>\\`{}|^\n\r\t"}
_LOOKALIKES = str.maketrans({"<": "＜", ">": "＞"})


@dataclass(frozen=True)
class PassiveReply:
    """What the chat answers: words of ours, or a whole message that another program has written."""

    text: str = field(repr=False)
    is_xml: bool = False


def reply_xml(push: Push, reply: PassiveReply, *, now: datetime) -> str:
    """Return the XML of a reply, whoever it is from.

    :raise MessageTooLong: if words of ours have more than 2048 bytes.
    """
    return reply.text if reply.is_xml else text_reply(push, reply.text, now=now)


def text_reply(push: Push, content: str, *, now: datetime) -> str:
    """Return the XML that answers a push with a text.

    :raise MessageTooLong: if the text has more than 2048 bytes, which WeChat shows as a failure.
    """
    readable = _NOT_XML.sub("", content.replace("\r\n", "\n").replace("\r", "\n"))
    if len(readable.encode("utf-8")) > LONGEST_CONTENT:
        raise errors.MessageTooLong(path="text_reply")
    return (
        f"<xml><ToUserName>{_cdata(push.from_user)}</ToUserName>"
        f"<FromUserName>{_cdata(push.to_user)}</FromUserName>"
        f"<CreateTime>{int(now.timestamp())}</CreateTime>"
        "<MsgType><![CDATA[text]]></MsgType>"
        f"<Content>{_cdata(readable)}</Content></xml>"
    )


def seal_reply(app: WeChatApp, reply_xml: str, *, now: datetime, nonce: str) -> str:
    """Return the reply encrypted, as a push that came encrypted wants it.

    :raise NotConfigured: if the account has no token or no usable EncodingAESKey.
    """
    if app.token is None or app.aes_key is None:
        raise NotConfigured
    sealer = crypto.crypto_of(
        app.token.get_secret_value(), app.aes_key.get_secret_value(), app.appid
    )
    encrypted = sealer.encrypt(reply_xml.encode("utf-8"))
    timestamp = str(int(now.timestamp()))
    signature = sealer.sign(timestamp, nonce, encrypted)
    # Base64 and hex end no section.
    return (
        f"<xml><Encrypt><![CDATA[{encrypted}]]></Encrypt>"
        f"<MsgSignature><![CDATA[{signature}]]></MsgSignature>"
        f"<TimeStamp>{timestamp}</TimeStamp>"
        f"<Nonce>{_cdata(nonce)}</Nonce></xml>"
    )


def link(url: str, text: str) -> str:
    """Return a link that can be tapped in the chat.

    :raise RequestRejected: if the address is not one of the web.
    """
    if not url.startswith(("https://", "http://")):
        raise errors.RequestRejected(path="link", errmsg="not a web address")
    # The chat is no HTML page: whether it would turn "&amp;" back is not documented, so nothing
    # is written that needs turning back.
    return f'<a href="{url.translate(_UNSAFE_IN_LINK)}">{as_words(text)}</a>'


def as_words(text: str) -> str:
    """Return a text in which nothing can be a link or the end of one."""
    return text.translate(_LOOKALIKES)


def check_sayable(text: str) -> bool:
    """Tell whether a reply can carry every character of a text."""
    return _NOT_XML.search(text) is None


def _cdata(text: str) -> str:
    return f"<![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]>"
