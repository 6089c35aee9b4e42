"""The outbox: a message leaves once, whoever asks twice, and its row tells what became of it."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from tests.servers import TEMPLATE_ID, Simulator
from tests.services import messaging
from tests.services.messaging import TEMPLATE_PATH, TEXT_PATH, Messaging
from wechatlogin.extensions import db
from wechatlogin.models import Channel, Identity, SendState, SentMessage, WeChatAppRow
from wechatlogin.models.transaction import write
from wechatlogin.services import accounts, outbox, wechat_apps
from wechatlogin.services.message_words import words_for
from wechatlogin.services.outbox import Outcome, Sending, TemplateContent, TextContent
from wechatlogin.services.site import Site
from wechatlogin.wechat.http import Limits, WeChatHTTP

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TEMPLATE = TemplateContent(TEMPLATE_ID, {"character_string1": "482915", "thing2": "30 分钟内有效"})
TEXT = TextContent("验证码：482915")
CONTENTS = {Channel.TEMPLATE: TEMPLATE, Channel.CUSTOMER: TEXT}
BOTH = pytest.mark.parametrize("channel", CONTENTS)
ACCEPTED = Outcome(SendState.ACCEPTED)


@pytest.fixture
def post(storage: Site, simulator: Simulator) -> Iterator[Messaging]:
    ready = messaging.set_up(storage, simulator)
    yield ready
    ready.site.http.close()


def a_sending(post: Messaging, now: datetime = NOW) -> Sending:
    return outbox.find_sending(post.identity, "test-subject", lasts=MINUTE, now=now)


def send(
    post: Messaging, channel: Channel, to: Sending | None = None, now: datetime = NOW
) -> Outcome:
    chosen = to or a_sending(post, now)
    return outbox.send(post.site, post.row, chosen, CONTENTS[channel], now=now)


def rows() -> list[SentMessage]:
    db.session.commit()
    query = select(SentMessage).order_by(SentMessage.id)
    return list(db.session.scalars(query, execution_options={"populate_existing": True}))


def path_of(channel: Channel) -> str:
    return TEMPLATE_PATH if channel is Channel.TEMPLATE else TEXT_PATH


@BOTH
def test_a_message_is_sent_and_noted(post: Messaging, channel: Channel) -> None:
    outcome = send(post, channel)

    (row,) = rows()
    assert outcome == ACCEPTED
    assert (row.channel, row.state, row.errcode) == (channel, SendState.ACCEPTED, None)
    assert (row.msgid is not None) == (channel is Channel.TEMPLATE)
    assert len(post.chat()) == 1


def test_it_is_pending_before_wechat_is_asked(
    post: Messaging, stored_app: Flask, simulator: Simulator
) -> None:
    simulator.fault(TEMPLATE_PATH, "slow", delay=1.5, times=1)
    to, site, ids = a_sending(post), post.site, (post.row.id, post.identity.id)
    db.session.commit()
    seen: list[str] = []
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(send_elsewhere, stored_app, site, ids, to)
        while not seen and not sent.done():
            seen = [row.state for row in rows()]

    assert seen == [SendState.PENDING]
    assert sent.result() == ACCEPTED


def send_elsewhere(
    app: Flask,
    site: Site,
    ids: tuple[int, int],
    to: Sending,
    channel: Channel = Channel.TEMPLATE,
) -> Outcome:
    with app.app_context():
        try:
            row = db.session.get_one(WeChatAppRow, ids[0])
            return outbox.send(site, row, to, CONTENTS[channel], now=NOW)
        finally:
            db.session.remove()


@BOTH
def test_eight_that_send_the_same_at_once_make_one_call_and_one_row(
    post: Messaging, stored_app: Flask, channel: Channel, simulator: Simulator
) -> None:
    simulator.fault(path_of(channel), "slow", delay=0.3, times=1)
    site, ids = post.site, (post.row.id, post.identity.id)
    db.session.commit()

    def send_it(_: int) -> Outcome:
        with stored_app.app_context():
            identity = db.session.get_one(Identity, ids[1])
            to = outbox.find_sending(identity, "test-subject", lasts=MINUTE, now=NOW)
            db.session.remove()
        return send_elsewhere(stored_app, site, ids, to, channel)

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(send_it, range(8)))

    assert outcomes == [ACCEPTED] * 8
    assert len(rows()) == 1
    assert len(post.calls(path_of(channel))) == 1
    assert len(post.chat()) == 1


@BOTH
def test_what_was_accepted_is_not_sent_again_within_the_sending(
    post: Messaging, channel: Channel
) -> None:
    outcomes = [send(post, channel, now=NOW + timedelta(seconds=n)) for n in (0, 1, 59)]

    assert outcomes == [ACCEPTED] * 3
    assert len(post.calls(path_of(channel))) == 1


@BOTH
def test_a_deliberate_repetition_is_sent_under_another_number(
    post: Messaging, channel: Channel
) -> None:
    send(post, channel)
    send(post, channel, now=NOW + MINUTE)

    assert [row.client_msg_id for row in rows()] == [
        f"test-subject-0-{channel}",
        f"test-subject-1-{channel}",
    ]
    assert len(post.chat()) == 2


def test_two_people_and_two_subjects_have_sendings_of_their_own(post: Messaging) -> None:
    send(post, Channel.TEMPLATE)

    other = outbox.find_sending(post.identity, "test-subject-2", lasts=MINUTE, now=NOW)
    later = outbox.find_sending(post.identity, "test-subject", lasts=MINUTE, now=NOW + MINUTE)

    assert (other.number, later.number) == (0, 1)


@BOTH
@pytest.mark.parametrize("errcode", [40003, 43101, 45009, 45015, 45047, 47003, 48001, 99999])
def test_a_refusal_is_noted_with_its_errcode_and_final_for_its_number(
    post: Messaging, channel: Channel, errcode: int
) -> None:
    post.simulator.fault(path_of(channel), "errcode", errcode=errcode, times=1)

    outcomes = [send(post, channel) for _ in range(2)]

    (row,) = rows()
    assert outcomes == [Outcome(SendState.FAILED, errcode)] * 2
    assert (row.state, row.errcode) == (SendState.FAILED, errcode)
    assert len(post.calls(path_of(channel))) == 1


@pytest.mark.parametrize(("errcode", "follows"), [(43004, False), (43101, None), (45015, None)])
def test_who_is_told_not_to_follow_is_noted_as_such(
    post: Messaging, errcode: int, follows: bool | None
) -> None:
    post.simulator.fault(TEMPLATE_PATH, "errcode", errcode=errcode, times=1)

    send(post, Channel.TEMPLATE)

    known = accounts.get_identity(post.row.appid, post.identity.openid)
    assert known is not None
    assert known.follows is follows


@BOTH
@pytest.mark.parametrize("mode", ["truncate", "reset", "http_500", "html", "garbage"])
def test_without_a_usable_answer_the_message_stays_pending(
    post: Messaging, channel: Channel, mode: str
) -> None:
    post.simulator.fault(path_of(channel), mode, times=1)

    outcome = send(post, channel)

    assert outcome.state is SendState.PENDING
    assert [row.state for row in rows()] == [SendState.PENDING]


def test_a_message_whose_answer_came_too_late_is_in_the_chat_once(post: Messaging) -> None:
    hasty = impatient(post)
    post.simulator.fault(TEXT_PATH, "slow", delay=1.5, times=1)

    outcome = send(hasty, Channel.CUSTOMER)
    again = send(hasty, Channel.CUSTOMER, now=NOW + timedelta(seconds=30))

    hasty.site.http.close()
    assert {outcome.state, again.state} == {SendState.PENDING}
    assert wait_for_calls(post, TEXT_PATH) == 1
    assert len(post.chat()) == 1


def impatient(post: Messaging) -> Messaging:
    """Return the same with little patience for an answer; the access token is there already."""
    wechat_apps.access_tokens(post.site, post.row).get()
    limits = Limits(read=timedelta(seconds=0.5))
    http = WeChatHTTP(post.site.http.platform, limits=limits)
    return replace(post, site=replace(post.site, http=http))


def wait_for_calls(post: Messaging, path: str) -> int:
    """Wait until the simulator has answered a call that nobody waits for any more."""
    give_up_at = time.monotonic() + 10
    while not (calls := post.calls(path)) and time.monotonic() < give_up_at:
        time.sleep(0.1)
    return len(calls)


def test_a_template_message_without_an_answer_may_be_handed_over_again_and_arrives_once(
    post: Messaging,
) -> None:
    to = a_sending(post)
    post.simulator.fault(TEMPLATE_PATH, "truncate", times=1)
    first = send(post, Channel.TEMPLATE, to)
    assert len(post.chat()) == 1

    again = send(post, Channel.TEMPLATE, to, now=NOW + timedelta(seconds=21))

    (row,) = rows()
    assert (first.state, again) == (SendState.PENDING, ACCEPTED)
    assert row.state == SendState.ACCEPTED
    assert row.msgid is not None
    assert len(post.calls(TEMPLATE_PATH)) == 2
    assert len(post.chat()) == 1


@pytest.mark.parametrize("after", [timedelta(seconds=19), timedelta(minutes=9)])
def test_it_is_left_alone_while_its_sender_may_be_at_work_and_when_wechat_forgets_its_number(
    post: Messaging, after: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "PATIENCE_SECONDS", 0.2)
    to = a_sending(post)
    post.simulator.fault(TEMPLATE_PATH, "truncate", times=1)
    send(post, Channel.TEMPLATE, to)

    again = send(post, Channel.TEMPLATE, to, now=NOW + after)

    assert again.state is SendState.PENDING
    assert len(post.calls(TEMPLATE_PATH)) == 1


def test_what_a_killed_process_has_left_pending_is_not_sent_to_the_chat_a_second_time(
    post: Messaging,
) -> None:
    to = a_sending(post)
    with write() as session:
        session.add(
            SentMessage(
                appid=post.row.appid,
                identity_id=post.identity.id,
                channel=Channel.CUSTOMER,
                state=SendState.PENDING,
                client_msg_id=to.message_id(Channel.CUSTOMER),
                created_at=NOW,
                updated_at=NOW,
            )
        )

    outcome = send(post, Channel.CUSTOMER, to, now=NOW + timedelta(seconds=30))

    assert outcome.state is SendState.PENDING
    assert post.calls(TEXT_PATH) == []


def test_when_no_access_token_was_to_be_had_nothing_was_sent(post: Messaging) -> None:
    post.simulator.fault("/cgi-bin/stable_token", "reset")

    outcome = send(post, Channel.TEMPLATE)

    assert outcome == Outcome(SendState.FAILED)
    assert post.calls(TEMPLATE_PATH) == []


def test_a_text_that_is_too_long_for_wechat_fails_without_a_call(post: Messaging) -> None:
    outcome = outbox.send(post.site, post.row, a_sending(post), TextContent("好" * 683), now=NOW)

    assert outcome.state is SendState.FAILED
    assert post.calls(TEXT_PATH) == []


@pytest.mark.parametrize("state", [SendState.DELIVERED, SendState.BLOCKED, SendState.FAILED])
def test_a_receipt_says_what_became_of_a_message(post: Messaging, state: SendState) -> None:
    send(post, Channel.TEMPLATE)
    (row,) = rows()

    noted = outbox.note_receipt(post.row.appid, str(row.msgid), state, now=NOW + MINUTE)

    assert noted
    assert [(one.state, one.updated_at) for one in rows()] == [(state, NOW + MINUTE)]
    assert send(post, Channel.TEMPLATE) == Outcome(state)


def test_a_receipt_of_another_accounts_message_is_not_ours(post: Messaging) -> None:
    send(post, Channel.TEMPLATE)
    (row,) = rows()

    noted = outbox.note_receipt("wx0000000000000000", str(row.msgid), SendState.FAILED, now=NOW)

    assert not noted
    assert rows()[0].state == SendState.ACCEPTED


def test_what_the_page_showed_is_noted_once(post: Messaging) -> None:
    for _ in range(2):
        outbox.note_shown(post.row, a_sending(post), now=NOW)

    assert [(row.channel, row.state) for row in rows()] == [(Channel.PAGE, SendState.DELIVERED)]


def test_a_person_who_is_erased_meanwhile_is_sent_nothing(post: Messaging) -> None:
    to = a_sending(post)
    accounts.erase_identity(post.row.appid, to.openid, now=NOW)

    with pytest.raises(Exception, match=r"(?i)foreign key"):
        send(post, Channel.TEMPLATE, to)

    assert post.calls(TEMPLATE_PATH) == []


def test_neither_the_row_nor_a_repr_holds_the_code_or_the_openid(post: Messaging) -> None:
    to = a_sending(post)
    send(post, Channel.TEMPLATE, to)

    kept = [str(getattr(rows()[0], column.name)) for column in SentMessage.__table__.columns]

    assert not [value for value in kept if "482915" in value]
    assert "482915" not in repr(TEMPLATE) + repr(TEXT)
    assert to.openid not in repr(to)


def test_the_chat_gets_the_text_as_it_was_written(post: Messaging) -> None:
    send(post, Channel.CUSTOMER)

    assert post.chat() == ["custom: 验证码：482915"]


@pytest.mark.parametrize(
    ("channel", "state", "errcode", "msgid", "words"),
    [
        (Channel.TEMPLATE, SendState.PENDING, None, None, "可能已经发出"),
        (Channel.TEMPLATE, SendState.ACCEPTED, None, "1", "还没有送达回执"),
        (Channel.CUSTOMER, SendState.ACCEPTED, None, None, "没有送达回执"),
        (Channel.TEMPLATE, SendState.DELIVERED, None, "1", "已送达"),
        (Channel.TEMPLATE, SendState.BLOCKED, None, "1", "用户拒收"),
        (Channel.TEMPLATE, SendState.FAILED, None, "1", "接收后没有送达"),
        (Channel.TEMPLATE, SendState.FAILED, 40037, None, "模板编号不正确"),
        (Channel.TEMPLATE, SendState.FAILED, 99999, None, "没有说明"),
        (Channel.TEMPLATE, SendState.FAILED, None, None, "没有连上微信"),
        (Channel.PAGE, SendState.DELIVERED, None, None, "显示在页面上"),
    ],
)
def test_every_state_has_its_words(
    channel: Channel, state: SendState, errcode: int | None, msgid: str | None, words: str
) -> None:
    message = SentMessage(channel=channel, state=state, errcode=errcode, msgid=msgid)

    told = words_for(message)

    assert words in f"{told.state}{told.reason}"
    assert (told.advice is not None) == (errcode == 40037)
