"""What goes back into the chat, plain and sealed."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from tests.wechat.conftest import NOW
from wechatlogin.errors import NotConfigured
from wechatlogin.wechat import crypto, errors, messages, replies
from wechatlogin.wechat.app import AppKind, MessageMode, WeChatApp

TOKEN = "canaryToken"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
ACCOUNT = WeChatApp(
    appid="wx0123456789abcdef",
    secret=SecretStr("canary"),
    kind=AppKind.SERVICE,
    token=SecretStr(TOKEN),
    aes_key=SecretStr(AES_KEY),
    mode=MessageMode.SAFE,
)
PUSH = messages.UnsubscribeEvent(
    to_user="gh_1",
    from_user="o1",
    openid="o1",
    created_at=NOW,
    dedupe_key="key",
    signature="0" * 40,
    body_sha256="0" * 64,
    encrypted=False,
)


def parsed(xml: str) -> dict[str, str | None]:
    root = ElementTree.fromstring(xml)  # noqa: S314 - what we wrote ourselves
    return {element.tag: element.text for element in root}


def test_a_reply_goes_back_to_who_sent_the_push() -> None:
    reply = replies.text_reply(PUSH, "你好", now=NOW)

    assert reply == (
        "<xml><ToUserName><![CDATA[o1]]></ToUserName>"
        "<FromUserName><![CDATA[gh_1]]></FromUserName>"
        f"<CreateTime>{int(NOW.timestamp())}</CreateTime>"
        "<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[你好]]></Content></xml>"
    )


@given(content=st.text(max_size=400) | st.text("]>[<!CDAT& 你", max_size=100))
def test_any_words_arrive_as_they_were(content: str) -> None:
    reply = replies.text_reply(PUSH, content, now=NOW)

    arrived = parsed(reply)["Content"] or ""
    readable = content.replace("\r\n", "\n").replace("\r", "\n")
    kept = [
        letter
        for letter in readable
        if (letter >= " " or letter in "\t\n") and letter not in "\ufffe\uffff"
    ]
    assert arrived == "".join(kept)


def test_lone_surrogates_and_control_characters_are_left_out() -> None:
    reply = replies.text_reply(PUSH, "a\ud800\x00\x1b\uffffb", now=NOW)

    assert parsed(reply)["Content"] == "ab"


def test_a_reply_has_at_most_2048_bytes() -> None:
    assert parsed(replies.text_reply(PUSH, "a" * 2048, now=NOW))["Content"] == "a" * 2048
    with pytest.raises(errors.MessageTooLong):
        replies.text_reply(PUSH, "你" * 683, now=NOW)


def test_a_sealed_reply_opens_with_the_accounts_key() -> None:
    reply = replies.text_reply(PUSH, "你好", now=NOW)

    fields = parsed(replies.seal_reply(ACCOUNT, reply, now=NOW, nonce="415670741"))

    opener = crypto.MessageCrypto(TOKEN, AES_KEY, ACCOUNT.appid)
    timestamp, nonce, encrypted = fields["TimeStamp"], fields["Nonce"], fields["Encrypt"]
    assert (timestamp, nonce) == (str(int(NOW.timestamp())), "415670741")
    assert timestamp
    assert nonce
    assert encrypted
    assert opener.decrypt(encrypted).decode() == reply
    assert fields["MsgSignature"] == crypto.sign(TOKEN, timestamp, nonce, encrypted)


def test_a_sealed_reply_has_the_form_of_a_sealed_push() -> None:
    query = {"timestamp": str(int(NOW.timestamp())), "nonce": "n", "encrypt_type": "aes"}
    reply = replies.text_reply(PUSH, "你好", now=NOW).replace("</xml>", "<MsgId>1</MsgId></xml>")
    sealed = replies.seal_reply(ACCOUNT, reply, now=NOW, nonce="n")

    push = messages.read_push(
        ACCOUNT,
        query | {"msg_signature": parsed(sealed)["MsgSignature"] or ""},
        sealed.encode(),
        now=NOW + timedelta(seconds=5),
    )

    assert isinstance(push, messages.TextMessage)
    assert (push.content, push.from_user, push.encrypted) == ("你好", "gh_1", True)


@pytest.mark.parametrize(
    "changes",
    [{"token": None}, {"aes_key": None}, {"aes_key": SecretStr("short")}],
    ids=["no token", "no key", "no proper key"],
)
def test_without_a_key_nothing_is_sealed(changes: dict[str, Any]) -> None:
    with pytest.raises(NotConfigured):
        replies.seal_reply(replace(ACCOUNT, **changes), "<xml/>", now=NOW, nonce="n")


@pytest.mark.parametrize(
    ("url", "text", "expected"),
    [
        (
            "https://a.example/c?a=1&b=2",
            "点这里确认登录",
            '<a href="https://a.example/c?a=1&b=2">点这里确认登录</a>',
        ),
        (
            "https://a.example/\"><b> '",
            "<b>粗</b>",
            '<a href="https://a.example/%22%3E%3Cb%3E%20%27">＜b＞粗＜/b＞</a>',
        ),
    ],
    ids=["ordinary", "with markup"],
)
def test_a_link_cannot_be_broken_out_of(url: str, text: str, expected: str) -> None:
    assert replies.link(url, text) == expected


@pytest.mark.parametrize("url", ["javascript:alert(1)", "/confirm", "", "HTTPS//a"])
def test_only_the_web_is_linked_to(url: str) -> None:
    with pytest.raises(errors.RequestRejected):
        replies.link(url, "text")
