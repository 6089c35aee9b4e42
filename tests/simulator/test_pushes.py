"""Pushes: signed, encrypted, repeated, and what the person sees of the answer."""

import json
import re
import time

import pytest
import xmltodict

from tests.simulator.platform import AES_KEY, APPID, TOKEN, Platform
from tests.simulator.receiver import Answer, Received, Receiver, text_reply
from wechatlogin.wechat import crypto

OUT_OF_ORDER = "该公众号提供的服务出现故障，请稍后再试"


def crypt() -> crypto.MessageCrypto:
    return crypto.MessageCrypto(TOKEN, AES_KEY, APPID)


def set_up(platform: Platform, receiver: Receiver, **given: object) -> None:
    platform.add_app(
        token=TOKEN,
        aes_key=AES_KEY,
        callback_url=f"{receiver.url}/push?site=1",
        skip_url_check=True,
        **given,
    )


def sealed(xml: bytes, *, nonce: str = "n1") -> bytes:
    encrypted = crypt().encrypt(xml)
    signature = crypto.sign(TOKEN, "1700000000", nonce, encrypted)
    return (
        f"<xml><Encrypt><![CDATA[{encrypted}]]></Encrypt>"
        f"<MsgSignature><![CDATA[{signature}]]></MsgSignature>"
        f"<TimeStamp>1700000000</TimeStamp><Nonce><![CDATA[{nonce}]]></Nonce></xml>"
    ).encode()


def opened(got: Received) -> dict[str, str]:
    encrypted = xmltodict.parse(got.body)["xml"]["Encrypt"]
    return dict(xmltodict.parse(crypt().decrypt(encrypted))["xml"])


def write(platform: Platform, text: str = "登录") -> list[dict[str, object]]:
    return list(platform.person("lin", "send", appid=APPID, text=text)["replies"])


def test_a_push_is_signed_by_the_token_and_says_who(pushing: Platform, receiver: Receiver) -> None:
    pushing.follow()

    got = receiver.pushes[0]

    signed = crypto.sign(TOKEN, got.query["timestamp"], got.query["nonce"])
    assert got.query["signature"] == signed
    assert re.fullmatch(r"\d{10}", got.query["timestamp"])
    assert abs(int(got.query["timestamp"]) - time.time()) < 30
    assert got.query["openid"] == got.fields["FromUserName"] == pushing.openid()
    assert got.headers["Content-Type"] == "text/xml"
    assert "encrypt_type" not in got.query


def test_a_moved_clock_does_not_make_pushes_come_from_the_future(
    pushing: Platform, receiver: Receiver
) -> None:
    pushing.advance(100_000)
    pushing.follow()

    assert abs(int(receiver.pushes[0].fields["CreateTime"]) - time.time()) < 30


def test_the_query_of_the_callback_url_is_kept(empty: Platform, receiver: Receiver) -> None:
    set_up(empty, receiver)
    empty.follow()

    assert receiver.pushes[0].query["site"] == "1"


def test_a_text_has_a_msgid_larger_than_53_bits(pushing: Platform, receiver: Receiver) -> None:
    pushing.follow()
    write(pushing, "a ]]> b")

    fields = receiver.pushes[-1].fields
    assert (fields["MsgType"], fields["Content"]) == ("text", "a ]]> b")
    assert int(fields["MsgId"]) > 2**53


def test_safe_mode_shows_nothing_but_the_encrypted_text(
    empty: Platform, receiver: Receiver
) -> None:
    set_up(empty, receiver, mode="safe")
    empty.follow()

    got = receiver.pushes[0]

    assert set(got.fields) == {"ToUserName", "Encrypt"}
    assert got.query["encrypt_type"] == "aes"
    assert got.query["msg_signature"] == crypto.sign(
        TOKEN, got.query["timestamp"], got.query["nonce"], got.fields["Encrypt"]
    )
    assert opened(got)["Event"] == "subscribe"


def test_compatible_mode_shows_both(empty: Platform, receiver: Receiver) -> None:
    set_up(empty, receiver, mode="compatible")
    empty.follow()

    got = receiver.pushes[0]

    assert got.fields["Event"] == "subscribe"
    assert opened(got)["Event"] == "subscribe"


def test_the_format_may_be_json(empty: Platform, receiver: Receiver) -> None:
    set_up(empty, receiver, data_format="json", mode="safe")
    empty.follow()

    outer = json.loads(receiver.pushes[0].body)

    assert json.loads(crypt().decrypt(outer["Encrypt"]))["Event"] == "subscribe"


def test_a_passive_reply_stands_in_the_chat_with_its_link(
    pushing: Platform, receiver: Receiver
) -> None:
    pushing.follow()
    receiver.answer = lambda got: text_reply(got, '<a href="http://shop.example/c">确认</a>')

    replies = write(pushing)

    assert [one["kind"] for one in replies] == ["passive"]
    assert replies[0]["url"] == "http://shop.example/c"
    assert [one["from"] for one in pushing.chat()] == ["person", "account"]


def test_an_encrypted_reply_is_read_in_safe_mode(empty: Platform, receiver: Receiver) -> None:
    set_up(empty, receiver, mode="safe")

    def answer(got: Received) -> Answer:
        plain = Received("POST", "", {}, crypt().decrypt(got.fields["Encrypt"]), {})
        return Answer(sealed(text_reply(plain, "你好").body))

    receiver.answer = answer
    empty.follow()

    assert empty.chat()[-1]["text"] == "你好"


@pytest.mark.parametrize("body", [b"", b"success"])
def test_success_and_an_empty_body_are_no_reply(
    pushing: Platform, receiver: Receiver, body: bytes
) -> None:
    pushing.follow()
    receiver.says(body)

    assert write(pushing) == []


INVALID = {
    "json": b'{"ok": true}',
    "quoted": b'"success"',
    "with a newline": b"success\n",
    "with a mark": b"\xef\xbb\xbfsuccess",
    "html": b"<!doctype html><p>hello</p>",
    "cut": b"<xml><ToUserName>",
    "another root": b"<reply></reply>",
    "empty xml": b"<xml></xml>",
    "a json array": b"[1]",
    "broken json": b"{",
    "entities": b'<!DOCTYPE x [<!ENTITY a "b">]><xml>&a;</xml>',
}


@pytest.mark.parametrize("body", INVALID.values(), ids=INVALID.keys())
def test_an_invalid_answer_makes_the_person_see_a_fault(
    pushing: Platform, receiver: Receiver, body: bytes
) -> None:
    pushing.follow()
    receiver.says(body)

    replies = write(pushing)

    assert [(one["kind"], one["text"]) for one in replies] == [("notice", OUT_OF_ORDER)]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("ToUserName", "FromUserName"),
        ("<CreateTime>1700000000", "<CreateTime>soon"),
        ("[text]", "[telegram]"),
        ("[text]", "[image]"),
        ("<Content>", "<Contents>"),
        ("gh_", "xx_"),
    ],
)
def test_a_reply_with_a_wrong_field_is_no_reply(
    pushing: Platform, receiver: Receiver, old: str, new: str
) -> None:
    pushing.follow()

    def answer(got: Received) -> Answer:
        whole = text_reply(got, "你好").body.decode()
        swapped = whole.replace(f"<{old}", f"<{new}").replace(f"/{old}", f"/{new}")
        return Answer(swapped.replace(old, new).encode())

    receiver.answer = answer

    assert [one["kind"] for one in write(pushing)] == ["notice"]


@pytest.mark.parametrize(("characters", "kind"), [(682, "passive"), (683, "notice")])
def test_a_text_reply_holds_2048_bytes(
    pushing: Platform, receiver: Receiver, characters: int, kind: str
) -> None:
    pushing.follow()
    receiver.answer = lambda got: text_reply(got, "好" * characters)

    assert write(pushing)[0]["kind"] == kind


MEDIA = {
    "news": (
        "<MsgType>news</MsgType><ArticleCount>1</ArticleCount><Articles><item>a</item></Articles>"
    ),
    "image": "<MsgType>image</MsgType><Image><MediaId>1</MediaId></Image>",
    "desk": "<MsgType>transfer_customer_service</MsgType>",
}


@pytest.mark.parametrize("inside", MEDIA.values(), ids=MEDIA.keys())
def test_other_kinds_of_reply_are_taken(pushing: Platform, receiver: Receiver, inside: str) -> None:
    pushing.follow()

    def answer(got: Received) -> Answer:
        fields = got.fields
        return Answer(
            f"<xml><ToUserName>{fields['FromUserName']}</ToUserName><FromUserName>"
            f"{fields['ToUserName']}</FromUserName><CreateTime>1</CreateTime>{inside}</xml>".encode()
        )

    receiver.answer = answer

    assert write(pushing)[0]["kind"] == "passive"


def test_a_plain_reply_in_safe_mode_is_a_fault(empty: Platform, receiver: Receiver) -> None:
    set_up(empty, receiver, mode="safe")

    def answer(got: Received) -> Answer:
        return text_reply(Received("POST", "", {}, crypt().decrypt(got.fields["Encrypt"]), {}), "x")

    receiver.answer = answer
    empty.follow()

    assert empty.chat()[-1]["kind"] == "notice"


@pytest.mark.parametrize(
    "body",
    [
        sealed(b"<xml></xml>").replace(b"<Nonce><![CDATA[n1", b"<Nonce><![CDATA[n2"),
        sealed(b"<xml></xml>").replace(b"1700000000", b"now"),
        b"<xml><Encrypt>AAAA</Encrypt></xml>",
    ],
)
def test_an_encrypted_reply_has_to_be_signed(
    empty: Platform, receiver: Receiver, body: bytes
) -> None:
    set_up(empty, receiver, mode="safe")
    receiver.says(body)
    empty.follow()

    assert empty.chat()[-1]["kind"] == "notice"


def test_an_encrypted_reply_has_to_decrypt(empty: Platform, receiver: Receiver) -> None:
    set_up(empty, receiver, mode="safe")
    signature = crypto.sign(TOKEN, "1700000000", "n", "AAAA")
    receiver.says(
        f"<xml><Encrypt>AAAA</Encrypt><MsgSignature>{signature}</MsgSignature>"
        "<TimeStamp>1700000000</TimeStamp><Nonce>n</Nonce></xml>".encode()
    )
    empty.follow()

    assert empty.chat()[-1]["kind"] == "notice"


def test_an_encrypted_reply_in_plain_mode_is_a_fault(pushing: Platform, receiver: Receiver) -> None:
    receiver.says(sealed(b"<xml></xml>"))
    pushing.follow()

    assert pushing.chat()[-1]["kind"] == "notice"


def test_no_answer_in_time_is_tried_three_times(pushing: Platform, receiver: Receiver) -> None:
    def answer(got: Received) -> Answer:
        time.sleep(2.0)
        return Answer()

    receiver.answer = answer
    pushing.follow()

    assert len(receiver.pushes) == 3
    assert pushing.chat()[-1]["text"] == OUT_OF_ORDER


def test_a_server_error_is_tried_again_with_the_same_content(
    pushing: Platform, receiver: Receiver
) -> None:
    answers = iter([Answer(status=500), Answer(status=502)])
    receiver.answer = lambda got: next(answers, Answer())

    pushing.follow()

    assert len(receiver.pushes) == 3
    assert len({one.body for one in receiver.pushes}) == 1
    assert len({one.query["signature"] for one in receiver.pushes}) == 3
    assert pushing.chat() == []


def test_a_retry_may_carry_the_same_signature(pushing: Platform, receiver: Receiver) -> None:
    pushing.switch(retried_push_signature="same")
    receiver.says(b"", status=500)

    pushing.follow()

    assert len({one.query["signature"] for one in receiver.pushes}) == 1


def test_nobody_listening_is_a_fault_too(empty: Platform) -> None:
    empty.add_app(token=TOKEN, callback_url="http://127.0.0.1:9/", skip_url_check=True)
    empty.follow()

    assert empty.chat()[-1]["kind"] == "notice"


def test_a_redirect_is_not_followed(pushing: Platform, receiver: Receiver) -> None:
    receiver.answer = lambda got: Answer(status=302, headers={"Location": f"{receiver.url}/other"})

    pushing.follow()

    assert {one.path for one in receiver.received} == {"/push"}


def test_an_answer_that_never_ends_is_given_up(pushing: Platform, receiver: Receiver) -> None:
    receiver.says(b"x" * 70_000)

    pushing.follow()

    assert pushing.chat()[-1]["kind"] == "notice"


def test_an_unsubscribe_shows_nothing_whatever_is_answered(
    pushing: Platform, receiver: Receiver
) -> None:
    pushing.follow()
    receiver.says(b"{}")

    pushing.person("lin", "unfollow", appid=APPID)

    assert receiver.pushes[-1].fields["Event"] == "unsubscribe"
    assert pushing.chat() == []


def test_a_push_may_come_twice(pushing: Platform, receiver: Receiver) -> None:
    pushing.fault("push_twice", path="subscribe", times=1)

    pushing.follow()

    assert [one.fields["Event"] for one in receiver.pushes] == ["subscribe", "subscribe"]
    assert receiver.pushes[0].body == receiver.pushes[1].body


def test_a_push_may_come_late(pushing: Platform, receiver: Receiver) -> None:
    pushing.fault("push_late", path="subscribe", delay=0.2)
    receiver.answer = lambda got: text_reply(got, "欢迎")

    pushing.follow()
    before = list(pushing.chat())
    assert pushing.control("POST", "/settle", {"timeout": 5}) == {"settled": True}

    assert before == []
    assert pushing.chat()[-1]["text"] == "欢迎"


def test_an_account_without_a_callback_hears_nothing(platform: Platform) -> None:
    platform.follow()

    assert platform.chat() == []
