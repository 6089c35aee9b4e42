"""Pushes of every kind as values, and the URL check."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from tests.wechat.conftest import NOW
from wechatlogin.errors import PushRefused
from wechatlogin.wechat import crypto, messages
from wechatlogin.wechat.app import AppKind, MessageMode, WeChatApp

TOKEN = "canaryToken"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
GH_ID = "gh_97417a04a28d"
OPENID = "o9AgO5Kd5ggOC-bXrbNODIiE3bGY"
SENDER = "owAqB1v0ahK_Xlc7GshIDdf2yf7E"
CREATED = 1395658920
ACCOUNT = WeChatApp(
    appid="wx0123456789abcdef",
    secret=SecretStr("canary"),
    kind=AppKind.SERVICE,
    token=SecretStr(TOKEN),
    aes_key=SecretStr(AES_KEY),
    gh_id=GH_ID,
)
STAMP = str(int(NOW.timestamp()))
NONCE = "415670741"

Write = Callable[[Mapping[str, object]], bytes]


def as_xml(given_fields: Mapping[str, object]) -> bytes:
    inside = "".join(
        f"<{name}>{value}</{name}>"
        if isinstance(value, int)
        else f"<{name}><![CDATA[{value}]]></{name}>"
        for name, value in given_fields.items()
    )
    return f"<xml>{inside}</xml>".encode()


def as_json(given_fields: Mapping[str, object]) -> bytes:
    return json.dumps(given_fields, ensure_ascii=False).encode()


def query() -> dict[str, str]:
    signature = crypto.sign(TOKEN, STAMP, NONCE)
    return {"signature": signature, "timestamp": STAMP, "nonce": NONCE, "openid": OPENID}


def read(body: bytes, app: WeChatApp = ACCOUNT) -> messages.Push:
    return messages.read_push(app, query(), body, now=NOW)


def some(**given_fields: object) -> dict[str, object]:
    return {"ToUserName": GH_ID, "FromUserName": OPENID, "CreateTime": CREATED} | given_fields


def an_event(event: str, **given_fields: object) -> dict[str, object]:
    return some(MsgType="event", Event=event, **given_fields)


def refusal(body: bytes, app: WeChatApp = ACCOUNT) -> str:
    with pytest.raises(PushRefused) as caught:
        read(body, app)
    return caught.value.reason


both_formats = pytest.mark.parametrize("write", [as_xml, as_json], ids=["XML", "JSON"])


@both_formats
def test_point_17_a_text_has_its_words_and_its_64_bit_number(write: Write) -> None:
    push = read(write(some(MsgType="text", Content=" 你好😀 ", MsgId=9007199254740993)))

    assert isinstance(push, messages.TextMessage)
    assert push.content == " 你好😀 "
    assert push.msg_id == "9007199254740993"


def test_every_push_says_where_it_comes_from() -> None:
    body = as_xml(an_event("unsubscribe", EventKey=""))

    push = read(body)

    assert isinstance(push, messages.UnsubscribeEvent)
    assert (push.to_user, push.from_user, push.openid) == (GH_ID, OPENID, OPENID)
    assert push.created_at == datetime.fromtimestamp(CREATED, UTC)
    assert push.signature == query()["signature"]
    assert push.body_sha256 == hashlib.sha256(body).hexdigest()
    assert not push.encrypted


@both_formats
def test_point_10_a_followers_scan_has_the_scene_as_it_is(write: Write) -> None:
    push = read(write(an_event("SCAN", EventKey="qrscene_x", Ticket="TICKET")))

    assert isinstance(push, messages.ScanEvent)
    assert (push.scene, push.ticket) == ("qrscene_x", "TICKET")


@pytest.mark.parametrize(
    ("key", "scene"),
    [
        ("qrscene_123123", "123123"),
        ("qrscene_qrscene_1", "qrscene_1"),
        ("qrscene_", None),
        ("", None),
        ("last_trade_no_4009012001201605306519754434", None),
        (None, None),
    ],
    ids=repr,
)
def test_point_10_only_the_prefix_makes_following_a_scan(
    key: str | None, scene: str | None
) -> None:
    key_field = {} if key is None else {"EventKey": key}

    push = read(as_xml(an_event("subscribe", **key_field)))

    assert isinstance(push, messages.SubscribeEvent)
    assert (push.scene, push.ticket) == (scene, None)


@pytest.mark.parametrize("event", ["CLICK", "click", "Click"])
def test_event_names_are_read_in_any_case(event: str) -> None:
    push = read(as_xml(an_event(event, EventKey="login")))

    assert isinstance(push, messages.ClickEvent)
    assert push.key == "login"


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        ("success", messages.DeliveryStatus.DELIVERED),
        ("failed:user block", messages.DeliveryStatus.BLOCKED),
        ("failed: user block", messages.DeliveryStatus.BLOCKED),
        ("failed: system failed", messages.DeliveryStatus.FAILED),
        ("", messages.DeliveryStatus.FAILED),
    ],
)
def test_point_17_a_receipt_has_the_number_under_another_name(
    raw: str, status: messages.DeliveryStatus
) -> None:
    push = read(as_xml(an_event("TEMPLATESENDJOBFINISH", MsgID=200163836, Status=raw)))

    assert isinstance(push, messages.TemplateReceipt)
    assert (push.msgid, push.status, push.raw_status) == ("200163836", status, raw)


@both_formats
@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ("user_info_modified", messages.AuthorizationChangeKind.MODIFIED),
        ("user_authorization_revoke", messages.AuthorizationChangeKind.REVOKED),
        ("user_authorization_cancellation", messages.AuthorizationChangeKind.CANCELLED),
    ],
)
@pytest.mark.parametrize("name", ["OpenID", "openid"])
def test_point_4_a_change_of_authorization_is_about_openid_and_not_the_sender(
    write: Write, event: str, kind: messages.AuthorizationChangeKind, name: str
) -> None:
    body = an_event(event, RevokeInfo="205,301", UnionID="o6_union") | {"FromUserName": SENDER}

    push = read(write(body | {name: OPENID}))

    assert isinstance(push, messages.AuthorizationChange)
    assert (push.openid, push.from_user) == (OPENID, SENDER)
    assert (push.kind, push.unionid) == (kind, "o6_union")
    assert push.revoke_info == {"205", "301"}


def test_a_change_of_authorization_may_name_nobody() -> None:
    push = read(as_xml(an_event("user_info_modified")))

    assert isinstance(push, messages.AuthorizationChange)
    assert (push.openid, push.unionid, push.revoke_info) == (None, None, frozenset())


def test_a_change_of_authorization_for_two_people_is_refused() -> None:
    body = as_xml(an_event("user_authorization_revoke", OpenID="o1", openid="o2"))

    assert refusal(body) == "unclear OpenID"


@pytest.mark.parametrize(
    ("given_fields", "msg_type", "event"),
    [
        (an_event("VIEW", EventKey="https://a.example/"), "event", "VIEW"),
        (an_event("SCAN", EventKey=""), "event", "SCAN"),
        (some(MsgType="image", MsgId=1, PicUrl="x"), "image", ""),
        (some(Event="SCAN", EventKey="x"), "", "SCAN"),
        (some(), "", ""),
    ],
    ids=["VIEW", "SCAN of nothing", "image", "no MsgType", "nothing"],
)
def test_what_nobody_waits_for_is_read_too(
    given_fields: Mapping[str, object], msg_type: str, event: str
) -> None:
    push = read(as_xml(given_fields))

    assert isinstance(push, messages.OtherPush)
    assert (push.msg_type, push.event, push.openid) == (msg_type, event, OPENID)


@pytest.mark.parametrize(
    ("given_fields", "reason"),
    [
        (some(MsgType="text", Content="a"), "odd MsgId"),
        (some(MsgType="text", Content="a", MsgId="x"), "odd MsgId"),
        (an_event("SCAN", EventKey="x") | {"FromUserName": ""}, "odd FromUserName"),
        (an_event("SCAN", EventKey="x") | {"FromUserName": "o 1"}, "odd FromUserName"),
        (an_event("SCAN", EventKey="x") | {"CreateTime": "soon"}, "odd CreateTime"),
        (an_event("SCAN", EventKey="x") | {"CreateTime": 10**11}, "odd CreateTime"),
        (an_event("SCAN", EventKey="x") | {"ToUserName": ""}, "odd ToUserName"),
        (an_event("SCAN", EventKey="x") | {"ToUserName": "gh_other"}, "for another account"),
        (an_event("TEMPLATESENDJOBFINISH", MsgID="x", Status="success"), "odd MsgID"),
        (an_event("user_info_modified", OpenID="o 1"), "odd OpenID"),
        (an_event("SCAN", EventKey="x", Encrypt="AAAA"), "Encrypt without encrypt_type"),
    ],
)
def test_a_push_that_wechat_cannot_have_sent_is_refused(
    given_fields: Mapping[str, object], reason: str
) -> None:
    assert refusal(as_xml(given_fields)) == reason


@pytest.mark.parametrize(
    "name", ["ToUserName", "FromUserName", "CreateTime", "MsgType", "Event", "EventKey", "Ticket"]
)
def test_what_comes_twice_is_refused(name: str) -> None:
    whole = as_xml(an_event("SCAN", EventKey="scene", Ticket="T"))
    twice = whole.replace(b"</xml>", f"<{name}>other</{name}></xml>".encode())

    assert refusal(twice) == f"unclear {name}"


def test_an_account_whose_name_is_not_known_takes_any() -> None:
    body = as_xml(an_event("SCAN", EventKey="x") | {"ToUserName": "gh_other"})

    assert read(body, replace(ACCOUNT, gh_id=None)).to_user == "gh_other"


def test_in_compatible_mode_the_encrypted_fields_count_and_the_plain_ones_do_not() -> None:
    sealer = crypto.MessageCrypto(TOKEN, AES_KEY, ACCOUNT.appid)
    encrypted = sealer.encrypt(as_xml(an_event("SCAN", EventKey="inside")))
    body = as_xml(an_event("SCAN", EventKey="outside", Encrypt=encrypted))
    signed = query() | {
        "encrypt_type": "aes",
        "msg_signature": sealer.sign(STAMP, NONCE, encrypted),
    }
    app = replace(ACCOUNT, mode=MessageMode.COMPATIBLE)

    push = messages.read_push(app, signed, body, now=NOW)

    assert isinstance(push, messages.ScanEvent)
    assert push.scene == "inside"
    assert push.encrypted
    assert push.signature == signed["msg_signature"]

    without_type = {name: value for name, value in signed.items() if name != "encrypt_type"}
    with pytest.raises(PushRefused) as caught:
        messages.read_push(app, without_type, body, now=NOW)
    assert caught.value.reason == "Encrypt without encrypt_type"


def test_a_retry_has_the_same_key_whatever_else_changes() -> None:
    message = some(MsgType="text", Content="a", MsgId=1)
    event = an_event("SCAN", EventKey="x")

    assert read(as_xml(message)).dedupe_key == read(as_json(message)).dedupe_key
    assert read(as_xml(event)).dedupe_key == read(as_json(event)).dedupe_key


@pytest.mark.parametrize(
    "change",
    [
        {"EventKey": "y"},
        {"Event": "CLICK"},
        {"CreateTime": CREATED + 1},
        {"FromUserName": "o2"},
        {"MsgID": "7"},
        {"RevokeInfo": "205"},
    ],
    ids=repr,
)
def test_point_10_another_event_has_another_key(change: dict[str, object]) -> None:
    event = an_event("SCAN", EventKey="x")

    assert read(as_xml(event)).dedupe_key != read(as_xml(event | change)).dedupe_key


def test_two_messages_with_the_same_words_have_different_keys() -> None:
    keys = {
        read(as_xml(some(MsgType="text", Content="a", MsgId=number))).dedupe_key
        for number in (1, 2)
    }

    assert len(keys) == 2
    assert all(OPENID not in key for key in keys)


def test_the_published_url_check_is_answered() -> None:
    app = replace(ACCOUNT, token=SecretStr("AAAAA"), mode=MessageMode.SAFE)

    echo = messages.verify_url_check(
        app,
        {
            "signature": "f464b24fc39322e44b38aa78f5edd27bd1441696",
            "timestamp": "1714036504",
            "nonce": "1514711492",
            "echostr": "4375120948345356249",
        },
    )

    assert echo == "4375120948345356249"


@pytest.mark.parametrize("mode", MessageMode)
def test_point_3_the_echo_is_plain_in_every_mode(mode: MessageMode) -> None:
    app = replace(ACCOUNT, mode=mode)

    assert messages.verify_url_check(app, query() | {"echostr": "echo_1-2"}) == "echo_1-2"


@pytest.mark.parametrize(
    "change",
    [
        {"signature": "0" * 40},
        {"signature": ""},
        {"timestamp": "1"},
        {"nonce": "a b"},
        {"echostr": ""},
        {"echostr": "a" * 65},
        {"echostr": "<script>"},
        {"echostr": "a\n"},
    ],
    ids=repr,
)
def test_a_url_check_that_is_not_wechats_gets_no_echo(change: dict[str, str]) -> None:
    with pytest.raises(PushRefused):
        messages.verify_url_check(ACCOUNT, query() | {"echostr": "echo"} | change)


def test_no_reason_holds_what_somebody_sent() -> None:
    body = as_xml(an_event("SCAN", EventKey="x") | {"FromUserName": "canary canary"})

    with pytest.raises(PushRefused) as caught:
        read(body)

    assert "canary" not in caught.value.reason
    assert "canary" not in str(caught.value)


@given(
    given_fields=st.dictionaries(
        st.sampled_from(
            [
                *("ToUserName", "FromUserName", "CreateTime", "MsgType", "Event", "EventKey"),
                *("MsgId", "MsgID", "Ticket", "Status", "OpenID", "openid", "RevokeInfo"),
                *("Content", "UnionID"),
            ]
        ),
        st.one_of(
            st.sampled_from(["event", "text", "SCAN", "subscribe", "CLICK", OPENID, GH_ID, "7"]),
            st.text(),
            st.integers(),
            st.lists(st.text(), max_size=2),
            st.none(),
        ),
    )
)
def test_any_signed_fields_make_a_push_or_are_refused(
    given_fields: dict[str, object],
) -> None:
    try:
        push = read(json.dumps(given_fields).encode())
    except PushRefused:
        return
    assert isinstance(push, messages.Push)
