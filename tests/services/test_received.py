"""Pushes come up to three times, and copies come from anybody."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from wechatlogin.errors import PushRefused
from wechatlogin.extensions import db
from wechatlogin.models import Forwarded, ReceivedMessage
from wechatlogin.services import received
from wechatlogin.services.site import Site
from wechatlogin.wechat.messages import PassiveReply, TextMessage

APPID = "wx0123456789abcdef"
NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
PUSH = TextMessage(
    to_user="gh_x",
    from_user="o-lin",
    openid="o-lin",
    created_at=NOW,
    dedupe_key="k" * 64,
    signature="s" * 40,
    body_sha256="b" * 64,
    encrypted=True,
    content="你好",
    msg_id="1",
)
RETRY = replace(PUSH, signature="t" * 40, body_sha256="c" * 64)


@pytest.mark.fault("C-10")
@pytest.mark.parametrize(
    "reply",
    [
        PassiveReply("你好呀"),
        PassiveReply("<xml>words that look like a message</xml>"),
        PassiveReply("<xml><MsgType>image</MsgType></xml>", is_xml=True),
        None,
    ],
    ids=["words", "odd words", "message", "nothing"],
)
def test_a_retry_is_given_the_same_reply(storage: Site, reply: PassiveReply | None) -> None:
    first = received.note(APPID, PUSH, now=NOW)
    received.keep_reply(storage.vault, first, reply, now=NOW)

    retry = received.note(APPID, RETRY, now=NOW + timedelta(seconds=5))

    assert first.is_new
    assert not retry.is_new
    assert received.await_reply(storage.vault, retry) == reply


def test_a_push_is_claimed_for_forwarding_once(storage: Site) -> None:
    receipt = received.note(APPID, PUSH, now=NOW)

    claims = [received.claim_forwarding(receipt) for _ in range(3)]

    assert claims == [True, False, False]
    assert forwarded() == [Forwarded.FAILED]
    received.keep_reply(storage.vault, receipt, None, forwarded=Forwarded.ANSWERED, now=NOW)
    assert forwarded() == [Forwarded.ANSWERED]


def forwarded() -> list[str | None]:
    db.session.commit()
    return list(db.session.scalars(select(ReceivedMessage.forwarded)))


@pytest.mark.usefixtures("storage")
def test_the_same_signature_with_another_body_is_refused() -> None:
    received.note(APPID, PUSH, now=NOW)

    with pytest.raises(PushRefused):
        received.note(APPID, replace(PUSH, dedupe_key="x" * 64, body_sha256="y" * 64), now=NOW)


@pytest.mark.usefixtures("storage")
def test_another_account_may_have_the_same_message_number() -> None:
    received.note(APPID, PUSH, now=NOW)

    assert received.note("wxffffffffffffffff", PUSH, now=NOW).is_new


@pytest.mark.fault("C-12")
@pytest.mark.usefixtures("storage")
def test_what_could_not_be_worked_on_is_worked_on_at_the_retry() -> None:
    failed = received.note(APPID, PUSH, now=NOW)
    received.forget(failed)

    assert received.note(APPID, RETRY, now=NOW + timedelta(seconds=5)).is_new


@pytest.mark.usefixtures("storage")
def test_what_was_cut_off_is_taken_over_once() -> None:
    received.note(APPID, PUSH, now=NOW)
    later = NOW + received.WORK_LIMIT + timedelta(seconds=1)

    takers = [received.note(APPID, RETRY, now=later).is_new for _ in range(3)]

    assert takers == [True, False, False]


@pytest.mark.usefixtures("storage")
def test_while_the_first_is_at_work_nobody_takes_over() -> None:
    received.note(APPID, PUSH, now=NOW)

    assert not received.note(APPID, RETRY, now=NOW + timedelta(seconds=1)).is_new
