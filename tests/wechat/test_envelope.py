"""Which pushes are taken for WeChat's, in every mode, and which are not."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from tests.wechat.conftest import NOW
from wechatlogin.errors import NotConfigured, PushRefused
from wechatlogin.wechat import crypto, envelope
from wechatlogin.wechat.app import AppKind, MessageMode, WeChatApp

TOKEN = "canaryToken"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
APPID = "wx0123456789abcdef"
STAMP = str(int(NOW.timestamp()))
NONCE = "1514711492"
PLAIN = "<xml><Content><![CDATA[微信]]></Content></xml>".encode()

Query = dict[str, str]


def account(mode: MessageMode, **changes: Any) -> WeChatApp:
    whole = WeChatApp(
        appid=APPID,
        secret=SecretStr("canary"),
        kind=AppKind.SERVICE,
        token=SecretStr(TOKEN),
        aes_key=SecretStr(AES_KEY),
        mode=mode,
    )
    return replace(whole, **changes)


def plain_query(timestamp: str = STAMP, nonce: str = NONCE) -> Query:
    signature = crypto.sign(TOKEN, timestamp, nonce)
    return {"signature": signature, "timestamp": timestamp, "nonce": nonce}


def sealed(content: bytes = PLAIN, *, appid: str = APPID) -> tuple[Query, str]:
    messages = crypto.MessageCrypto(TOKEN, AES_KEY, appid)
    encrypted = messages.encrypt(content, random16=b"0123456789abcdef")
    query = plain_query() | {
        "encrypt_type": "aes",
        "msg_signature": messages.sign(STAMP, NONCE, encrypted),
    }
    return query, encrypted


def as_xml(encrypted: str) -> bytes:
    return (
        f"<xml><ToUserName>x</ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>".encode()
    )


def as_json(encrypted: str) -> bytes:
    return json.dumps({"ToUserName": "x", "Encrypt": encrypted}).encode()


def as_php_json(encrypted: str) -> bytes:
    return as_json(encrypted).replace(b"/", b"\\/")


def as_bare_xml(encrypted: str) -> bytes:
    return f"<xml><Encrypt>{encrypted}</Encrypt></xml>".encode()


def reason(app: WeChatApp, query: Query, body: bytes, *, now: datetime = NOW) -> str:
    with pytest.raises(PushRefused) as caught:
        envelope.open_envelope(app, query, body, now=now)
    assert caught.value.status == 403
    return caught.value.reason


@pytest.mark.parametrize("mode", [MessageMode.PLAIN, MessageMode.COMPATIBLE])
@pytest.mark.parametrize("extra", [{}, {"encrypt_type": "raw"}], ids=repr)
def test_a_plain_push_is_taken_where_plain_pushes_come(mode: MessageMode, extra: Query) -> None:
    query = plain_query() | extra

    opened = envelope.open_envelope(account(mode), query, PLAIN, now=NOW)

    assert opened == envelope.Opened(PLAIN, query["signature"], encrypted=False)


@pytest.mark.parametrize("mode", [MessageMode.SAFE, MessageMode.COMPATIBLE])
@pytest.mark.parametrize("wrap", [as_xml, as_json, as_php_json, as_bare_xml])
def test_an_encrypted_push_is_opened(mode: MessageMode, wrap: Callable[[str], bytes]) -> None:
    query, encrypted = sealed()

    opened = envelope.open_envelope(account(mode), query, wrap(encrypted), now=NOW)

    assert opened == envelope.Opened(PLAIN, query["msg_signature"], encrypted=True)


def test_the_published_push_is_opened() -> None:
    encrypted = (
        "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcv"
        "ZqzDpVzazhZv6JsXUnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3F"
        "n2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSe"
        "OBrebufAlr7F9mFUPAJGj04="
    )
    query = {
        "signature": "6c5c811b55cc85e0e1b54100749188c20beb3f5d",
        "timestamp": "1714112445",
        "nonce": "415670741",
        "openid": "o9AgO5Kd5ggOC-bXrbNODIiE3bGY",
        "encrypt_type": "aes",
        "msg_signature": "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3",
    }
    app = replace(
        account(MessageMode.SAFE, token=SecretStr("AAAAA"), aes_key=SecretStr("A" * 43)),
        appid="wxba5fad812f8e6fb9",
    )
    now = datetime.fromtimestamp(1714112445, UTC)

    opened = envelope.open_envelope(app, query, as_json(encrypted), now=now)

    assert json.loads(opened.content)["debug_str"] == "hello world"


def test_point_3_the_msg_signature_decides_and_not_the_signature() -> None:
    query, encrypted = sealed()
    safe = account(MessageMode.SAFE)

    only_signature = query | {"msg_signature": query["signature"]}
    only_msg_signature = query | {"signature": "0" * 40}

    assert reason(safe, only_signature, as_xml(encrypted)) == "wrong msg_signature"
    assert envelope.open_envelope(safe, only_msg_signature, as_xml(encrypted), now=NOW).encrypted


@pytest.mark.parametrize(
    ("mode", "query", "expected"),
    [
        (MessageMode.SAFE, plain_query(), "plain in safe mode"),
        (MessageMode.SAFE, plain_query() | {"encrypt_type": "raw"}, "plain in safe mode"),
        (MessageMode.PLAIN, sealed()[0], "encrypted in plain mode"),
        (MessageMode.SAFE, plain_query() | {"encrypt_type": "AES"}, "unknown encrypt_type"),
        (MessageMode.PLAIN, plain_query() | {"encrypt_type": ""}, "unknown encrypt_type"),
        (MessageMode.SAFE, plain_query() | {"encrypt_type": "aes"}, "wrong msg_signature"),
        (MessageMode.COMPATIBLE, plain_query() | {"encrypt_type": "aes"}, "wrong msg_signature"),
    ],
)
def test_a_push_in_another_mode_is_refused(mode: MessageMode, query: Query, expected: str) -> None:
    assert reason(account(mode), query, PLAIN) == expected


@pytest.mark.parametrize(
    ("mode", "query"),
    [
        (MessageMode.SAFE, plain_query()),
        (MessageMode.PLAIN, sealed()[0]),
        (MessageMode.COMPATIBLE, plain_query() | {"encrypt_type": "AES"}),
        (MessageMode.COMPATIBLE, plain_query(str(int(STAMP) - 301))),
    ],
    ids=["plain in safe mode", "encrypted in plain mode", "unknown encrypt_type", "too old"],
)
def test_a_stranger_can_make_up_no_other_fault_than_the_signature(
    mode: MessageMode, query: Query
) -> None:
    told, forged = reason(account(mode), query, PLAIN), query | {"signature": "0" * 40}

    assert told != "wrong signature"
    assert reason(account(mode), forged, PLAIN) == "wrong signature"


def test_a_stranger_does_not_learn_that_the_key_is_missing() -> None:
    query, encrypted = sealed()
    app = account(MessageMode.SAFE, aes_key=None)

    assert reason(app, query, as_xml(encrypted)) == "no EncodingAESKey is set"
    forged = query | {"signature": "0" * 40}
    assert reason(app, forged, as_xml(encrypted)) == "wrong signature"


def test_a_changed_ciphertext_is_refused_before_it_is_decrypted() -> None:
    query, encrypted = sealed()
    changed = ("A" if encrypted[0] != "A" else "B") + encrypted[1:]

    assert reason(account(MessageMode.SAFE), query, as_xml(changed)) == "wrong msg_signature"


def test_point_3_a_push_for_another_appid_is_refused() -> None:
    query, encrypted = sealed(appid="wx0000000000000000")

    assert reason(account(MessageMode.SAFE), query, as_xml(encrypted)) == "does not decrypt"


def test_words_that_look_like_a_ciphertext_neither_deceive_nor_disturb() -> None:
    query, encrypted = sealed()
    words = b"<Content><Encrypt>AAAA</Encrypt></Content>"

    opened = envelope.open_envelope(
        account(MessageMode.COMPATIBLE), query, words + as_xml(encrypted), now=NOW
    )

    assert opened.content == PLAIN


def test_many_ciphertexts_are_not_tried_one_by_one() -> None:
    query, encrypted = sealed()
    body = b"<Encrypt>AAAA</Encrypt>" * 9 + as_xml(encrypted)

    assert reason(account(MessageMode.SAFE), query, body) == "too many Encrypt elements"


@pytest.mark.parametrize("mode", MessageMode)
def test_a_body_that_is_too_large_is_not_looked_at(mode: MessageMode) -> None:
    assert reason(account(mode), plain_query(), b"x" * 65_537) == "too large"


@pytest.mark.parametrize(
    ("changes", "query", "expected"),
    [
        ({"token": None}, plain_query(), "no token is set"),
        ({"token": SecretStr("")}, plain_query(), "no token is set"),
        ({"aes_key": None}, sealed()[0], "no EncodingAESKey is set"),
    ],
)
def test_what_is_not_set_cannot_be_checked(
    changes: dict[str, Any], query: Query, expected: str
) -> None:
    app = account(MessageMode.COMPATIBLE, **changes)

    assert reason(app, query, as_xml("AAAA")) == expected


def test_an_unusable_key_is_a_matter_of_settings() -> None:
    query, encrypted = sealed()
    app = account(MessageMode.SAFE, aes_key=SecretStr("short"))

    with pytest.raises(NotConfigured):
        envelope.open_envelope(app, query, as_xml(encrypted), now=NOW)


@pytest.mark.parametrize("signature", ["", "0" * 40, "é", "\ud800"], ids=ascii)
def test_a_wrong_signature_is_refused(signature: str) -> None:
    query = plain_query() | {"signature": signature}

    assert reason(account(MessageMode.PLAIN), query, b"not even XML") == "wrong signature"


@pytest.mark.parametrize("missing", ["signature", "timestamp", "nonce"])
def test_every_part_of_the_query_is_needed(missing: str) -> None:
    query = plain_query()
    del query[missing]

    assert reason(account(MessageMode.PLAIN), query, PLAIN)


@pytest.mark.parametrize("seconds", [-301, 301, -(10**6)])
def test_an_old_push_is_refused(seconds: int) -> None:
    now = NOW + timedelta(seconds=seconds)

    assert (
        reason(account(MessageMode.PLAIN), plain_query(), PLAIN, now=now)
        == "timestamp too far from now"
    )


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_a_clock_that_is_a_little_off_does_no_harm(seconds: int) -> None:
    now = datetime.fromtimestamp(int(STAMP), UTC) + timedelta(seconds=seconds)

    opened = envelope.open_envelope(account(MessageMode.PLAIN), plain_query(), PLAIN, now=now)

    assert opened.content == PLAIN


@pytest.mark.parametrize(
    "timestamp",
    ["", STAMP[:9], STAMP + "0", "１" * 10, "-" + STAMP[1:], STAMP + "\n", "17140365.4"],
    ids=ascii,
)
def test_a_timestamp_of_another_shape_is_refused_though_signed(timestamp: str) -> None:
    assert (
        reason(account(MessageMode.PLAIN), plain_query(timestamp), PLAIN)
        == "timestamp is not 10 digits"
    )


@pytest.mark.parametrize("nonce", ["", "a" * 65, "a b", "a&b", "é", "a\n"], ids=ascii)
def test_a_nonce_of_another_shape_is_refused_though_signed(nonce: str) -> None:
    assert reason(account(MessageMode.PLAIN), plain_query(nonce=nonce), PLAIN) == "odd nonce"


@given(data=st.data())
def test_a_signature_is_good_for_one_way_to_cut_it_only(data: st.DataObject) -> None:
    """Token, timestamp and nonce are signed without anything between them."""
    nonce = data.draw(st.from_regex(r"\A[0-9]{1,20}\Z"))
    query = plain_query(nonce=nonce)
    joined = "".join(sorted([STAMP, nonce]))
    cut = data.draw(st.integers(0, len(joined)))
    first, second = joined[:cut], joined[cut:]

    for timestamp, other in ((first, second), (second, first)):
        if (timestamp, other) == (STAMP, nonce):
            continue
        again = query | {"timestamp": timestamp, "nonce": other}
        try:
            opened = envelope.open_envelope(account(MessageMode.PLAIN), again, PLAIN, now=NOW)
        except PushRefused:
            continue
        # What is left is the other order of the same two; the signature, being the same, shows it.
        assert sorted([timestamp, other]) == sorted([STAMP, nonce])
        assert opened.signature == query["signature"]


@pytest.mark.parametrize("piece", [b"<Encrypt>", b'"Encrypt" ', b'"Encrypt":"A', b"<Encrypt>A"])
def test_no_body_takes_long_to_refuse(piece: bytes) -> None:
    body = piece * (65_536 // len(piece))
    started = time.perf_counter()

    reason(account(MessageMode.SAFE), sealed()[0], body)

    assert time.perf_counter() - started < 0.5


@pytest.mark.parametrize("front", [b"<!DOCTYPE x>", b"<!ENTITY a 'b'>", b"  <!-- x -->"])
def test_a_declaration_is_refused_even_where_nothing_parses_it(front: bytes) -> None:
    query, encrypted = sealed()

    found = reason(account(MessageMode.SAFE), query, front + as_xml(encrypted))

    assert found == "declaration in the XML"


def test_what_a_person_writes_may_look_like_a_declaration() -> None:
    query, encrypted = sealed()
    beside = b"<xml><Content><![CDATA[<!DOCTYPE x>]]></Content>"
    body = beside + as_xml(encrypted).removeprefix(b"<xml>")

    opened = envelope.open_envelope(account(MessageMode.COMPATIBLE), query, body, now=NOW)

    assert opened.content == PLAIN
