"""Which pushes go on to the owner's other program, how often, and to which addresses."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.servers import free_port, settings_for_tests
from tests.stories import an_account
from wechatlogin.errors import ForwardURLRefused
from wechatlogin.extensions import db
from wechatlogin.models import (
    Channel,
    Forwarded,
    ReceivedMessage,
    SendState,
    SentMessage,
    WeChatAppRow,
)
from wechatlogin.models.transaction import write
from wechatlogin.services import callbacks, forward_urls, forwarding, received
from wechatlogin.services.site import Site
from wechatlogin.wechat.messages import (
    AuthorizationChange,
    AuthorizationChangeKind,
    DeliveryStatus,
    OtherPush,
    PassiveReply,
    ScanEvent,
    SubscribeEvent,
    TemplateReceipt,
    TextMessage,
    UnsubscribeEvent,
)

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
COMMON: dict[str, Any] = {
    "to_user": "gh_x",
    "from_user": "o-lin",
    "openid": "o-lin",
    "created_at": NOW,
    "dedupe_key": "k" * 64,
    "signature": "s" * 40,
    "body_sha256": "b" * 64,
    "encrypted": False,
    "raw": b"<xml></xml>",
}
TEXT = TextMessage(**COMMON, content="你好", msg_id="1")
RECEIPT = TemplateReceipt(
    **COMMON,
    msgid="42",
    status=DeliveryStatus.DELIVERED,
    raw_status="success",
)
CHANGE = AuthorizationChange(
    **{**COMMON, "from_user": "o-wechat-itself"},
    kind=AuthorizationChangeKind.MODIFIED,
    revoke_info=frozenset(),
    unionid=None,
)


def an_account_that_forwards(site: Site, port: int | None = None) -> WeChatAppRow:
    row = an_account(site, now=NOW)
    with write():
        row.forward_url = f"http://127.0.0.1:{port or free_port()}/shop"
    return row


def test_only_what_we_have_no_words_for_goes_on(storage: Site) -> None:
    row = an_account_that_forwards(storage)

    assert forwarding.check_goes_on(row, TEXT, None)
    assert not forwarding.check_goes_on(row, TEXT, "验证码")


def test_without_an_address_nothing_goes_on(storage: Site) -> None:
    row = an_account(storage, now=NOW)

    assert not forwarding.check_goes_on(row, TEXT, None)


def test_the_receipt_of_a_message_of_ours_stays_here(storage: Site) -> None:
    row = an_account_that_forwards(storage)
    assert forwarding.check_goes_on(row, RECEIPT, None)
    message = SentMessage(
        appid=row.appid,
        channel=Channel.TEMPLATE,
        state=SendState.ACCEPTED,
        msgid="42",
        created_at=NOW,
        updated_at=NOW,
    )
    with write() as session:
        session.add(message)

    assert not forwarding.check_goes_on(row, RECEIPT, None)
    assert forwarding.check_goes_on(row, replace(RECEIPT, msgid="43"), None)


@pytest.mark.parametrize(
    ("push", "words"),
    [
        (TEXT, None),
        (OtherPush(**COMMON, msg_type="image", event=""), None),
        (UnsubscribeEvent(**COMMON), None),
        (SubscribeEvent(**COMMON, scene=None, ticket=None), "欢迎关注晨光书店。"),
        (SubscribeEvent(**COMMON, scene="poster", ticket=None), "欢迎关注晨光书店。"),
        (ScanEvent(**COMMON, scene="poster", ticket=None), None),
        (CHANGE, None),
    ],
    ids=["text", "picture", "unfollow", "follow", "follow by a poster", "poster", "change"],
)
def test_where_nobody_takes_it_we_go_on_as_if_alone(
    storage: Site, push: TextMessage, words: str | None
) -> None:
    row = an_account_that_forwards(storage)

    reply = callbacks.answer(storage, row, push, now=NOW)

    assert reply == (PassiveReply(words) if words else None)
    assert forwarding.count_failed(row.appid, NOW) == 1
    # The retry finds the same answer, and nobody is asked again.
    assert callbacks.answer(storage, row, replace(push, signature="t" * 40), now=NOW) == reply
    assert db.session.scalars(db.select(ReceivedMessage.forwarded)).all() == [Forwarded.FAILED]


def test_a_scene_that_was_ours_is_told_to_be_over(storage: Site) -> None:
    row = an_account_that_forwards(storage)
    push = ScanEvent(**COMMON, scene="0123456789abcdef" * 2, ticket=None)

    reply = callbacks.answer(storage, row, push, now=NOW)

    assert reply is not None
    assert "已失效" in reply.text


def test_our_own_code_is_not_passed_on(storage: Site) -> None:
    row = an_account_that_forwards(storage)

    reply = callbacks.answer(storage, row, replace(TEXT, content="验证码"), now=NOW)

    assert reply is not None
    assert forwarding.count_failed(row.appid, NOW) == 0


def test_whoever_takes_over_a_push_does_not_pass_it_on_again(storage: Site) -> None:
    row = an_account_that_forwards(storage)
    first = received.note(row.appid, TEXT, now=NOW)
    assert received.claim_forwarding(first)

    passed = forwarding.pass_on(storage, row, TEXT, first, now=NOW, until=time.monotonic() + 1)

    assert passed == forwarding.Passed()


def test_failures_are_counted_by_account_and_time(storage: Site) -> None:
    row = an_account_that_forwards(storage)
    callbacks.answer(storage, row, TEXT, now=NOW)
    under_way = received.note(row.appid, replace(TEXT, dedupe_key="x", signature="x"), now=NOW)
    received.claim_forwarding(under_way)

    assert forwarding.count_failed(row.appid, NOW - timedelta(hours=1)) == 1
    assert forwarding.count_failed(row.appid, NOW + timedelta(seconds=1)) == 0
    assert forwarding.count_failed("wxffffffffffffffff", NOW) == 0


def test_the_log_names_the_account_and_no_person(
    storage: Site, caplog: pytest.LogCaptureFixture
) -> None:
    row = an_account_that_forwards(storage)

    callbacks.answer(storage, row, TEXT, now=NOW)

    told = [record.getMessage() for record in caplog.records if "forwarding" in record.name]
    assert len(told) == 1
    assert row.appid in told[0]
    assert "o-lin" not in told[0]
    assert "/shop" not in told[0]


SETTINGS = settings_for_tests(public_url="http://login.example:8080", bind="0.0.0.0:8000")


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example/wechat.php?a=1&b=%2F",
        "http://10.0.0.7:9000/",
        "http://127.0.0.1:8001/api/wechat",
        "http://localhost",
        "http://[::1]:9000/x",
        "HTTPS://Shop.Example/",
        "http://login.example:8080/shop/wechat",
        "http://login.example:8080/api/wechatshop",
        "http://login.example:9000/api/wechat",
    ],
)
def test_an_address_of_another_program_is_taken_as_it_is(url: str) -> None:
    assert forward_urls.verify_url(SETTINGS, url) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "shop.example/wechat",
        "//shop.example",
        "ftp://shop.example",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://",
        "http:///path",
        "http://user@shop.example",
        "http://user:password@shop.example",
        "https://shop.example/#x",
        "https://shop.example/a b",
        "https://shop.example/\n",
        "https://shop.example\\@evil.example",
        "https://店.example",
        "https://shop..example",
        "https://shop.example:port",
        "https://shop.example:0",
        "https://shop.example:99999",
        "https://[shop",
        "https://shop.example/" + "a" * 512,
        "http://login.example:8080/api/wechat",
        "http://login.example:8080/api/wechat/wx0123456789abcdef?x=1",
        "https://LOGIN.example./api/wechat",
        "http://login.example:8080/%61pi//wechat/",
        "http://login.example:8080/x/../api/wechat",
        "http://127.0.0.1:8000/api/wechat",
        "http://localhost:8000/api/wechat",
    ],
)
def test_an_address_that_is_none_or_ours_is_refused(url: str) -> None:
    with pytest.raises(ForwardURLRefused):
        forward_urls.verify_url(SETTINGS, url)


@given(url=st.one_of(st.text(), st.text().map("http://{}".format)))
def test_what_is_let_through_is_plain(url: str) -> None:
    try:
        told = forward_urls.verify_url(SETTINGS, url)
    except ForwardURLRefused:
        return
    assert told == url
    assert told.isascii()
    assert told.isprintable()
    assert not set(' "#<>@\\') & set(told.split("/")[2])
