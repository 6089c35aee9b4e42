"""A code's way to the person: template message, customer message, page, and never twice."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from tests.servers import Simulator
from tests.services import messaging
from tests.services.messaging import FIELDS, TEMPLATE_PATH, TEXT_PATH, Messaging
from wechatlogin.extensions import db
from wechatlogin.models import Channel, Identity, SendState, SentMessage, WeChatAppRow
from wechatlogin.models.transaction import write
from wechatlogin.services import accounts, codes, delivery
from wechatlogin.services.delivery import Delivery, Reason
from wechatlogin.services.site import Site
from wechatlogin.wechat.app import AppKind

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
BY_TEMPLATE = Delivery(Channel.TEMPLATE)
BY_TEXT = Delivery(Channel.CUSTOMER)
SetUp = Callable[..., Messaging]


@pytest.fixture
def set_up(storage: Site, simulator: Simulator) -> Iterator[SetUp]:
    opened: list[Messaging] = []

    def make(**given: Any) -> Messaging:
        opened.append(messaging.set_up(storage, simulator, **given))
        return opened[-1]

    yield make
    for each in opened:
        each.site.http.close()


def deliver(post: Messaging, now: datetime = NOW) -> Delivery:
    """Do what the result page does, whether the code should be sent or not."""
    code = codes.issue(post.site, post.identity, now=now)
    return delivery.deliver_code(post.site, post.row, post.identity, code, now=now)


def should_send(post: Messaging, now: datetime) -> bool:
    return codes.issue(post.site, post.identity, now=now).should_send


def on_page(reason: Reason) -> Delivery:
    return Delivery(Channel.PAGE, reason)


def states() -> list[tuple[str, str, int | None]]:
    db.session.commit()
    query = select(SentMessage.channel, SentMessage.state, SentMessage.errcode)
    return [(row[0], row[1], row[2]) for row in db.session.execute(query.order_by(SentMessage.id))]


def test_the_template_message_comes_first(set_up: SetUp) -> None:
    post = set_up()

    assert deliver(post) == BY_TEMPLATE
    assert post.kinds() == ["template"]
    assert states() == [(Channel.TEMPLATE, SendState.ACCEPTED, None)]


@pytest.mark.parametrize("errcode", [43101, 40037, 47003, 48001, 45009, -1])
def test_where_the_template_is_refused_the_customer_message_follows(
    set_up: SetUp, errcode: int
) -> None:
    post = set_up()
    post.simulator.fault(TEMPLATE_PATH, "errcode", errcode=errcode, times=1)

    assert deliver(post) == BY_TEXT
    assert post.kinds() == ["custom"]
    assert states() == [
        (Channel.TEMPLATE, SendState.FAILED, errcode),
        (Channel.CUSTOMER, SendState.ACCEPTED, None),
    ]


@pytest.mark.parametrize("errcode", [45015, 45047, 48001, 48002])
def test_where_both_are_refused_the_page_is_left(set_up: SetUp, errcode: int) -> None:
    post = set_up(template=False)
    post.simulator.fault(TEXT_PATH, "errcode", errcode=errcode, times=1)

    assert deliver(post) == on_page(Reason.UNREACHABLE)
    assert states() == [
        (Channel.CUSTOMER, SendState.FAILED, errcode),
        (Channel.PAGE, SendState.DELIVERED, None),
    ]


def test_who_turns_out_not_to_follow_is_not_written_to_in_another_way(set_up: SetUp) -> None:
    post = set_up(follows=False)
    post.simulator.follow(post.person, post.account.appid)
    post.simulator.unfollow(post.person, post.account.appid)

    assert deliver(post) == on_page(Reason.NOT_FOLLOWING)
    assert len(post.calls(TEMPLATE_PATH)) == 1
    assert post.calls(TEXT_PATH) == []
    assert states()[0] == (Channel.TEMPLATE, SendState.FAILED, 43004)


def test_who_is_known_not_to_follow_is_not_written_to_at_all(set_up: SetUp) -> None:
    post = set_up()
    accounts.note_follow_answer(post.row.appid, post.identity.openid, follows=False, now=NOW)

    assert deliver(post) == on_page(Reason.NOT_FOLLOWING)
    assert post.calls(TEMPLATE_PATH) + post.calls(TEXT_PATH) == []


def test_an_account_that_may_send_nothing_says_so(set_up: SetUp) -> None:
    post = set_up(kind=AppKind.PERSONAL, template=False)

    assert deliver(post) == on_page(Reason.NOT_PERMITTED)


def test_a_certified_subscription_account_has_the_customer_message_alone(set_up: SetUp) -> None:
    post = set_up(kind=AppKind.SUBSCRIPTION)

    assert deliver(post) == BY_TEXT
    assert post.calls(TEMPLATE_PATH) == []


def test_a_template_that_does_not_fit_any_more_is_passed_over(set_up: SetUp) -> None:
    post = set_up()
    with write():
        post.row.template_fields = {
            **FIELDS,
            "thing2": "{minutes} 分钟之内有效，请不要把它告诉任何其他人",
        }

    assert deliver(post) == BY_TEXT
    assert post.calls(TEMPLATE_PATH) == []


def test_whoever_reloads_within_a_minute_is_sent_nothing_more(set_up: SetUp) -> None:
    post = set_up()

    went = [deliver(post, NOW + n * SECOND) for n in (0, 1, 59)]

    assert went == [BY_TEMPLATE] * 3
    assert post.kinds() == ["template"]
    assert len(post.calls(TEMPLATE_PATH)) == 1


def test_a_reload_asks_wechat_nothing_either_where_everything_was_refused(set_up: SetUp) -> None:
    post = set_up()
    for path in (TEMPLATE_PATH, TEXT_PATH):
        post.simulator.fault(path, "errcode", errcode=48001)

    went = [deliver(post, NOW + n * SECOND) for n in (0, 1, 59)]

    assert went == [on_page(Reason.UNREACHABLE)] * 3
    assert [len(post.calls(path)) for path in (TEMPLATE_PATH, TEXT_PATH)] == [1, 1]
    assert len(states()) == 3


def test_a_minute_later_the_code_is_sent_again_by_whatever_works_then(set_up: SetUp) -> None:
    post = set_up()
    post.simulator.fault(TEMPLATE_PATH, "errcode", errcode=47003, times=1)

    went = [deliver(post, NOW + n * SECOND) for n in (0, 60)]

    assert went == [BY_TEXT, BY_TEMPLATE]
    assert post.kinds() == ["custom", "template"]


def test_of_eight_that_load_the_page_at_once_all_see_the_one_message(
    set_up: SetUp, stored_app: Flask
) -> None:
    post = set_up()
    post.simulator.fault(TEMPLATE_PATH, "errcode", errcode=47003, times=1)
    code = codes.issue(post.site, post.identity, now=NOW)
    site, ids = post.site, (post.row.id, post.identity.id)
    db.session.commit()

    def load(_: int) -> Delivery:
        with stored_app.app_context():
            row = db.session.get_one(WeChatAppRow, ids[0])
            identity = db.session.get_one(Identity, ids[1])
            try:
                return delivery.deliver_code(site, row, identity, code, now=NOW)
            finally:
                db.session.remove()

    with ThreadPoolExecutor(8) as pool:
        went = list(pool.map(load, range(8)))

    assert went == [BY_TEXT] * 8
    assert post.kinds() == ["custom"]
    assert [len(post.calls(path)) for path in (TEMPLATE_PATH, TEXT_PATH)] == [1, 1]


def test_without_an_answer_the_page_shows_the_code_and_no_other_message_follows(
    set_up: SetUp,
) -> None:
    post = set_up()
    post.simulator.fault(TEMPLATE_PATH, "truncate", times=1)

    went = deliver(post)

    assert went == on_page(Reason.UNCERTAIN)
    assert post.kinds() == ["template"]
    assert post.calls(TEXT_PATH) == []
    assert should_send(post, NOW + SECOND)


def test_whoever_reloads_then_gets_the_same_message_confirmed(set_up: SetUp) -> None:
    post = set_up()
    post.simulator.fault(TEMPLATE_PATH, "truncate", times=1)
    deliver(post)

    again = deliver(post, NOW + 21 * SECOND)

    assert again == BY_TEMPLATE
    assert post.kinds() == ["template"]
    assert not should_send(post, NOW + 22 * SECOND)


def test_a_customer_message_without_an_answer_is_not_repeated_on_a_reload(set_up: SetUp) -> None:
    post = set_up(template=False)
    post.simulator.fault(TEXT_PATH, "truncate", times=1)

    went = [deliver(post, NOW + n * SECOND) for n in (0, 30)]

    assert went == [on_page(Reason.UNCERTAIN)] * 2
    assert post.kinds() == ["custom"]


def test_a_stranger_of_whom_no_answer_came_is_told_to_follow(set_up: SetUp) -> None:
    post = set_up(follows=False)
    # Whom an account has never met it cannot ask about.
    post.simulator.follow(post.person, post.account.appid)
    post.simulator.unfollow(post.person, post.account.appid)
    post.simulator.fault(TEMPLATE_PATH, "reset", times=1)

    assert deliver(post) == on_page(Reason.NOT_FOLLOWING)
    assert post.calls(TEXT_PATH) == []


@pytest.mark.parametrize("state", [SendState.BLOCKED, SendState.FAILED])
def test_a_message_that_did_not_arrive_gives_way_to_the_next_channel_on_a_reload(
    set_up: SetUp, state: SendState
) -> None:
    post = set_up()
    deliver(post)
    msgid = db.session.scalars(select(SentMessage.msgid)).one()
    assert not should_send(post, NOW + SECOND)

    noted = delivery.note_receipt(post.row.appid, str(msgid), state, now=NOW + SECOND)

    assert noted
    assert should_send(post, NOW + 2 * SECOND)
    assert deliver(post, NOW + 2 * SECOND) == BY_TEXT
    assert states()[0][1] == state


def test_a_message_that_has_arrived_is_not_sent_again(set_up: SetUp) -> None:
    post = set_up()
    deliver(post)
    msgid = db.session.scalars(select(SentMessage.msgid)).one()

    delivery.note_receipt(post.row.appid, str(msgid), SendState.DELIVERED, now=NOW + SECOND)

    assert not should_send(post, NOW + 2 * SECOND)
    assert deliver(post, NOW + 2 * SECOND) == BY_TEMPLATE
    assert states() == [(Channel.TEMPLATE, SendState.DELIVERED, None)]


def test_a_receipt_of_somebody_elses_message_is_none_of_ours(set_up: SetUp) -> None:
    assert not delivery.note_receipt(set_up().row.appid, "1", SendState.FAILED, now=NOW)


def test_a_new_code_is_another_message(set_up: SetUp) -> None:
    post = set_up()
    deliver(post)

    later = NOW + timedelta(minutes=31)

    assert deliver(post, later) == BY_TEMPLATE
    numbers = db.session.scalars(select(SentMessage.client_msg_id)).all()
    assert len({str(number).split("-")[1] for number in numbers}) == 2
