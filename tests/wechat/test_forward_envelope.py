"""What travels to the owner's other program and back: wrapped as WeChat does, opened with care."""

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from tests.wechat.conftest import NOW
from wechatlogin.errors import ForwardingFailed
from wechatlogin.wechat import crypto, forward_envelope
from wechatlogin.wechat.app import AppKind, MessageMode, WeChatApp
from wechatlogin.wechat.messages import PassiveReply, Push

PERSON, ACCOUNT = "o9AgO5Kd5ggOC-bXrbNODIiE3bGY", "gh_97417a04a28d"
PUSH = Push(
    to_user=ACCOUNT,
    from_user=PERSON,
    openid=PERSON,
    created_at=NOW,
    dedupe_key="k",
    signature="s",
    body_sha256="b",
    encrypted=False,
)


def box(app: WeChatApp) -> crypto.MessageCrypto:
    assert app.token is not None
    assert app.aes_key is not None
    return crypto.MessageCrypto(
        app.token.get_secret_value(), app.aes_key.get_secret_value(), app.appid
    )


def reply_to(person: str = PERSON, account: str = ACCOUNT, more: str | None = None) -> str:
    more = more or "<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[好]]></Content>"
    return (
        f"<xml><ToUserName><![CDATA[{person}]]></ToUserName>"
        f"<FromUserName><![CDATA[{account}]]></FromUserName>"
        f"<CreateTime>1795230246</CreateTime>{more}</xml>"
    )


def sealed(app: WeChatApp, content: str, *, signature: str | None = None) -> str:
    encrypted = box(app).encrypt(content.encode())
    signature = signature or box(app).sign("1795230246", "n0nce", encrypted)
    return (
        f"<xml><Encrypt><![CDATA[{encrypted}]]></Encrypt>"
        f"<MsgSignature><![CDATA[{signature}]]></MsgSignature>"
        "<TimeStamp>1795230246</TimeStamp><Nonce><![CDATA[n0nce]]></Nonce></xml>"
    )


def an_app(mode: MessageMode) -> WeChatApp:
    return WeChatApp(
        appid="wx0123456789abcdef",
        secret=SecretStr("s"),
        kind=AppKind.SERVICE,
        token=SecretStr("canaryToken"),
        aes_key=SecretStr("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"),
        mode=mode,
    )


@pytest.mark.parametrize("mode", [MessageMode.SAFE, MessageMode.COMPATIBLE])
def test_json_stays_json(app: WeChatApp, mode: MessageMode) -> None:
    content = b'{"ToUserName": "gh_x", "Content": "}"}\n'
    app = replace(app, mode=mode)
    push = replace(PUSH, raw=content, encrypted=True)

    parcel = forward_envelope.write_push(app, "http://shop.example", push, now=NOW)

    body = json.loads(parcel.body)
    assert parcel.content_type == "application/json"
    assert box(app).decrypt(body.pop("Encrypt")) == content
    expected = {"ToUserName": ACCOUNT} if mode is MessageMode.SAFE else json.loads(content)
    assert body == expected


@given(content=st.text(min_size=1), mode=st.sampled_from(MessageMode))
def test_whatever_the_content_it_is_opened_as_it_was(content: str, mode: MessageMode) -> None:
    raw = content.encode("utf-8", "replace")
    app = an_app(mode)
    push = replace(PUSH, raw=raw, encrypted=mode is not MessageMode.PLAIN)

    parcel = forward_envelope.write_push(app, "https://shop.example/?a=1", push, now=NOW)

    if mode is MessageMode.PLAIN:
        assert parcel.body == raw
    else:
        found = re.findall(rb'"?Encrypt"?(?:>|: ")(?:<!\[CDATA\[)?([A-Za-z0-9+/=]+)', parcel.body)
        assert raw in [opened(app, one.decode()) for one in found]


def opened(app: WeChatApp, encrypted: str) -> bytes | None:
    try:
        return box(app).decrypt(encrypted)
    except crypto.CryptoError:
        return None


NEWS = (
    "<MsgType><![CDATA[news]]></MsgType><ArticleCount>1</ArticleCount><Articles><item>"
    "<Title><![CDATA[a]]></Title><Url><![CDATA[https://shop.example]]></Url></item></Articles>"
)
IMAGE = "<MsgType><![CDATA[image]]></MsgType><Image><MediaId><![CDATA[m]]></MediaId></Image>"


@pytest.mark.parametrize("more", [None, NEWS, IMAGE], ids=["text", "news", "image"])
@pytest.mark.parametrize("is_sealed", [False, True], ids=["plain", "sealed"])
def test_a_reply_of_any_kind_is_passed_through_as_it_is(
    app: WeChatApp, more: str | None, is_sealed: bool
) -> None:
    told = reply_to(more=more)

    found = forward_envelope.read_reply(
        app, PUSH, (sealed(app, told) if is_sealed else told).encode()
    )

    assert found == PassiveReply(told, is_xml=True)


@pytest.mark.parametrize("before", ['<?xml version="1.0" encoding="UTF-8"?>\n', "\ufeff", "\r\n"])
def test_what_a_library_writes_before_a_reply_is_no_matter(app: WeChatApp, before: str) -> None:
    found = forward_envelope.read_reply(app, PUSH, (before + reply_to()).encode())

    assert found is not None
    assert found.text.endswith(reply_to())
    assert found.text.startswith("<")


@pytest.mark.parametrize("nothing", [b"", b"success", b" success\r\n", b"\n"])
def test_success_and_silence_say_nothing(app: WeChatApp, nothing: bytes) -> None:
    assert forward_envelope.read_reply(app, PUSH, nothing) is None


@pytest.mark.parametrize(
    "nonsense",
    [
        "SUCCESS!",
        '{"ToUserName": "o9AgO5Kd5ggOC-bXrbNODIiE3bGY", "Content": "x"}',
        "<html><body>502</body></html>",
        "<!DOCTYPE xml><xml></xml>",
        "<xml>",
        "<xml></xml>",
        reply_to() + reply_to(),
        reply_to(person="o-another-person"),
        reply_to(account="gh_another"),
        reply_to(person=f" {PERSON}"),
        reply_to().replace("<xml>", f"<xml><ToUserName>{PERSON}</ToUserName>"),
        reply_to().replace("1795230246", "soon"),
        reply_to(more="<Content>x</Content>"),
        reply_to(more="<MsgType>text</MsgType><Content></Content>"),
        reply_to(more=f"<MsgType>text</MsgType><Content>{'好' * 683}</Content>"),
        "\ufeff{}",
    ],
)
def test_what_wechat_would_show_as_a_failure_is_one(app: WeChatApp, nonsense: str) -> None:
    with pytest.raises(ForwardingFailed):
        forward_envelope.read_reply(app, PUSH, nonsense.encode())
    with pytest.raises(ForwardingFailed):
        forward_envelope.read_reply(app, PUSH, sealed(app, nonsense).encode())


@given(nonsense=st.binary())
def test_no_answer_breaks_the_reader(nonsense: bytes) -> None:
    app = an_app(MessageMode.SAFE)
    for body in (nonsense, b"<xml>" + nonsense + b"</xml>", b"<xml><Encrypt>" + nonsense):
        try:
            reply = forward_envelope.read_reply(app, PUSH, body)
        except ForwardingFailed:
            continue
        assert reply is None


@pytest.mark.parametrize("spoil", ["signature", "ciphertext", "key", "twice"])
def test_a_sealed_reply_is_taken_from_whoever_has_token_and_key(app: WeChatApp, spoil: str) -> None:
    reply = {
        "signature": sealed(app, reply_to(), signature="0" * 40),
        "ciphertext": sealed(app, reply_to()).replace("<Encrypt><![CDATA[", "<Encrypt><![CDATA[AA"),
        "key": sealed(replace(app, appid="wxanother"), reply_to()),
        "twice": sealed(app, sealed(app, reply_to())),
    }[spoil]

    with pytest.raises(ForwardingFailed):
        forward_envelope.read_reply(app, PUSH, reply.encode())


def test_an_account_without_a_key_cannot_be_answered_encrypted(app: WeChatApp) -> None:
    reply = sealed(app, reply_to()).encode()

    with pytest.raises(ForwardingFailed):
        forward_envelope.read_reply(replace(app, aes_key=None), PUSH, reply)
