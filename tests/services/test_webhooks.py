"""Webhooks on their way: signed, tried again, given up, sent once more; and never inside."""

import base64
import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from threading import Event

import pytest
from flask import Flask
from sqlalchemy import select, update

from tests.services.hooked import WECHAT, an_application, deliver, hooked, messages
from tests.services.one_person import LATER, LI, NOW, run_at_once
from tests.simulator.receiver import Answer, Received, Receiver
from tests.stories import a_user
from wechatlogin.config import Environment
from wechatlogin.errors import DeliveryUnknown, SettingRefused
from wechatlogin.extensions import db
from wechatlogin.models import Application, AuditEntry, AuditTag, WebhookDelivery
from wechatlogin.models.transaction import write
from wechatlogin.services import (
    application_users,
    applications,
    webhook_secrets,
    webhook_settings,
    webhooks,
)
from wechatlogin.services.paging import SIZE
from wechatlogin.services.site import Site
from wechatlogin.services.webhook_settings import WebhookSettings
from wechatlogin.services.webhooks import PAUSES, State
from wechatlogin.wechat.notices import Poster, PostLimits

HASTE = PostLimits(timedelta(seconds=0.5), timedelta(seconds=0.3), timedelta(seconds=1))
SECOND = timedelta(seconds=1)


@pytest.fixture
def server() -> Iterator[Receiver]:
    """The server of an application."""
    receiver = Receiver()
    yield receiver
    receiver.stop()


def tell(site: Site, uri: str) -> str:
    """Have something to tell to an application there, and return its secret."""
    application, secret = hooked(site, uri, events=("user.login",))
    application_users.find_or_create(application.id, a_user(NOW), now=NOW)
    return secret


def the_message() -> WebhookDelivery:
    (message,) = messages()
    return message


def signatures(got: Received) -> list[str]:
    return got.headers["webhook-signature"].split(" ")


def signature_by(secret: str, got: Received) -> str:
    """Return the signature as the specification has it, which is not to be ours by accident."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{got.headers['webhook-id']}.{got.headers['webhook-timestamp']}.".encode() + got.body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def test_a_message_is_signed_by_the_applications_secret(storage: Site, server: Receiver) -> None:
    secret = tell(storage, f"{server.url}/hook")

    assert deliver(storage, after=SECOND) == 1

    (got,) = server.received
    assert (got.method, got.path) == ("POST", "/hook")
    assert got.headers["Content-Type"] == "application/json"
    assert got.headers["webhook-id"] == the_message().id
    assert got.headers["webhook-timestamp"] == str(int((NOW + SECOND).timestamp()))
    assert signatures(got) == [signature_by(secret, got)]
    assert got.body.decode() == the_message().payload
    assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_what_was_taken_is_never_sent_again(storage: Site, server: Receiver, status: int) -> None:
    tell(storage, server.url)
    server.says(b"", status=status)

    deliver(storage)

    assert deliver(storage, after=timedelta(days=30)) == 0
    message = the_message()
    assert webhooks.get_state(message) is State.DELIVERED
    assert (message.tries, message.status, message.delivered_at) == (1, status, NOW)


@pytest.mark.parametrize("status", [301, 302, 307, 400, 403, 404, 429, 500, 503])
def test_what_was_not_taken_is_tried_again(storage: Site, server: Receiver, status: int) -> None:
    tell(storage, server.url)
    elsewhere = {"Location": f"{server.url}/elsewhere"}
    server.answer = lambda got: Answer(b"the body of it", status, headers=elsewhere)

    assert deliver(storage) == 1

    assert deliver(storage, after=9 * SECOND) == 0
    assert [got.path for got in server.received] == ["/"]
    message = the_message()
    assert webhooks.get_state(message) is State.WAITING
    assert (message.status, message.error) == (status, None)


def test_it_is_tried_for_days_by_the_same_id_and_then_given_up(
    storage: Site, server: Receiver
) -> None:
    tell(storage, server.url)
    server.says(b"", status=500)
    after, waits = timedelta(), []

    while the_message().next_try_at is not None:
        assert deliver(storage, after=after) == 1
        again_at = the_message().next_try_at
        if again_at is not None:
            waits.append(again_at - NOW - after)
            after = again_at - NOW

    assert all(pause <= wait <= 1.2 * pause for pause, wait in zip(PAUSES, waits, strict=True))
    assert {got.headers["webhook-id"] for got in server.received} == {the_message().id}
    assert len({got.headers["webhook-timestamp"] for got in server.received}) == len(PAUSES) + 1
    assert webhooks.get_state(the_message()) is State.GIVEN_UP


def test_messages_of_one_moment_are_not_all_tried_again_at_one_moment(
    storage: Site, server: Receiver
) -> None:
    application, _ = hooked(storage, server.url, events=("user.login",))
    for _ in range(8):
        application_users.find_or_create(application.id, a_user(NOW), now=NOW)
    server.says(b"", status=500)

    deliver(storage)

    assert len({message.next_try_at for message in messages()}) > 1


def test_a_server_that_is_gone_for_good_is_not_asked_again(storage: Site, server: Receiver) -> None:
    tell(storage, server.url)
    server.says(b"", status=410)

    deliver(storage)

    assert (webhooks.get_state(the_message()), the_message().tries) == (State.GIVEN_UP, 1)


def test_a_server_that_hangs_is_left_alone_and_holds_up_nobody(
    storage: Site, server: Receiver
) -> None:
    hanging, is_over = Receiver(), Event()
    hanging.answer = lambda got: Answer(str(is_over.wait(5)).encode())
    slow, _ = hooked(storage, hanging.url, events=("user.login",))
    for _ in range(5):
        application_users.find_or_create(slow.id, a_user(NOW), now=NOW)
    tell(storage, server.url)

    hasty = replace(storage, poster=Poster(HASTE, permits_loopback=True))
    deliver(hasty)

    is_over.set()
    hanging.stop()
    assert (len(hanging.received), len(server.received)) == (1, 1)
    waiting = [one for one in messages() if one.application_id == slow.id]
    assert [webhooks.get_state(one) for one in waiting] == [State.WAITING] * 5
    assert {one.error for one in waiting} == {"ReadTimeout", None}


def test_two_processes_send_a_message_once(
    stored_app: Flask, storage: Site, server: Receiver
) -> None:
    tell(storage, server.url)

    run_at_once(stored_app, [lambda: deliver(storage)] * 3)

    assert (len(server.received), the_message().tries) == (1, 1)


def test_without_an_address_a_message_is_given_up(storage: Site, server: Receiver) -> None:
    tell(storage, server.url)
    with write() as session:
        session.execute(update(Application).values(webhook_uri=None))

    deliver(storage)

    assert (webhooks.get_state(the_message()), the_message().error) == (
        State.GIVEN_UP,
        webhooks.NO_ADDRESS,
    )


def test_an_operator_sends_once_more_what_was_given_up(storage: Site, server: Receiver) -> None:
    tell(storage, server.url)
    server.says(b"", status=410)
    deliver(storage)
    server.says(b"")
    application = db.session.scalars(select(Application)).one()

    assert webhooks.resend_failed(application, now=LATER) == 1
    assert deliver(storage, after=LATER - NOW) == 1

    assert webhooks.get_state(the_message()) is State.DELIVERED
    assert webhooks.resend_failed(application, now=LATER) == 0
    assert len({got.headers["webhook-id"] for got in server.received}) == 1


def test_also_what_was_taken_can_be_sent_once_more(storage: Site, server: Receiver) -> None:
    tell(storage, server.url)
    deliver(storage)

    webhooks.resend(the_message(), now=LATER)
    deliver(storage, after=LATER - NOW)

    assert len({got.headers["webhook-timestamp"] for got in server.received}) == 2
    assert server.received[0].body == server.received[1].body


def test_nobody_sees_the_messages_of_another_application(storage: Site) -> None:
    tell(storage, "https://shop.example/hook")
    other = an_application(storage)

    for delivery_id in (the_message().id, "msg_nothing", "没有"):
        with pytest.raises(DeliveryUnknown):
            webhooks.verify(other, delivery_id)
    assert webhooks.get_deliveries(other, after=None).rows == []


def test_messages_are_listed_a_page_at_a_time(storage: Site) -> None:
    application, _ = hooked(storage, events=("user.login",))
    for number in range(SIZE + 1):
        webhooks.send_test(application, now=NOW + number * SECOND)

    first = webhooks.get_deliveries(application, after=None)
    second = webhooks.get_deliveries(application, after=first.end)

    assert [len(first.rows), len(second.rows), second.end] == [SIZE, 1, None]
    assert first.rows[0].created_at == NOW + SIZE * SECOND


def test_while_a_secret_is_replaced_both_sign(storage: Site, server: Receiver) -> None:
    old = tell(storage, server.url)
    application = db.session.scalars(select(Application)).one()
    new = webhook_settings.rotate(storage, application, by=LI, now=NOW).get_secret_value()

    deliver(storage)
    webhooks.resend(the_message(), now=NOW + webhook_secrets.OVERLAP)
    deliver(storage, after=webhook_secrets.OVERLAP)

    during, after = server.received
    assert signatures(during) == [signature_by(new, during), signature_by(old, during)]
    assert signatures(after) == [signature_by(new, after)]


def test_no_secret_is_stored_readable_or_in_the_audit(storage: Site) -> None:
    secret = tell(storage, "https://shop.example/hook")
    application = db.session.scalars(select(Application)).one()
    new = webhook_settings.rotate(storage, application, by=LI, now=NOW).get_secret_value()

    stored = repr([vars(one) for one in (application, *db.session.scalars(select(AuditEntry)))])

    assert "webhook_secret" in stored
    assert not any(one.removeprefix("whsec_") in stored for one in (secret, new))


def test_the_audit_says_what_was_changed_and_by_whom(storage: Site) -> None:
    application = an_application(storage)
    wanted = WebhookSettings("https://shop.example/hook", ("user.login",))

    webhook_settings.save(storage, application, wanted, by=LI, now=NOW)

    entries = db.session.scalars(select(AuditEntry).where(AuditEntry.actor == LI.name)).all()
    changes = [(entry.before, entry.after) for entry in entries]
    assert {entry.ip for entry in entries} == {LI.ip}
    assert changes == [
        (
            {"webhook_uri": None, "webhook_events": []},
            {"webhook_uri": "https://shop.example/hook", "webhook_events": ["user.login"]},
        ),
        ({"webhook_secret": "(none)"}, {"webhook_secret": "(set)"}),
    ]


INSIDE = [
    "http://shop.example/hook",
    "https://127.0.0.1/hook",
    "https://localhost/hook",
    "https://[::1]/hook",
    "https://10.0.0.7/hook",
    "https://172.16.0.1/hook",
    "https://192.168.1.9/hook",
    "https://169.254.169.254/latest",
    "https://100.64.0.1/hook",
    "https://100.100.100.200/hook",
    "https://168.63.129.16/hook",
    "https://0.0.0.0/hook",
    "https://[fd12:3456::1]/hook",
    "https://[fe80::1]/hook",
    "https://[::ffff:7f00:1]/hook",
    "https://[64:ff9b::7f00:1]/hook",
    "https://[2002:7f00:1::]/hook",
    "https://0x7f000001/hook",
    "https://2130706433/hook",
    "https://shop/hook",
    "https://shop.internal/hook",
    "https://user@shop.example/hook",
    "https://shop.example/hook#x",
    "ftp://shop.example/hook",
]


@pytest.mark.parametrize("uri", INSIDE)
def test_in_production_no_address_inside_can_be_saved(storage: Site, uri: str) -> None:
    site = replace(
        storage,
        settings=storage.settings.model_copy(update={"environment": Environment.PRODUCTION}),
    )
    application = an_application(site)

    with pytest.raises(SettingRefused) as caught:
        webhook_settings.save(
            site, application, WebhookSettings(uri, ("user.login",)), by=LI, now=NOW
        )

    assert caught.value.field == "webhook_uri"
    assert webhook_settings.of(application) == WebhookSettings()


@pytest.mark.parametrize(
    ("events", "scopes"),
    [(("user.left",), WECHAT), ((), WECHAT), (("follow.changed",), ("openid",))],
)
def test_only_what_can_be_told_can_be_asked_for(
    storage: Site, events: tuple[str, ...], scopes: tuple[str, ...]
) -> None:
    application = an_application(storage, scopes=scopes)
    wanted = WebhookSettings("https://shop.example/hook", events)

    with pytest.raises(SettingRefused) as caught:
        webhook_settings.save(storage, application, wanted, by=LI, now=NOW)

    assert caught.value.field == "webhook_events"


def test_in_production_a_name_that_leads_inside_is_not_gone_to(
    storage: Site, server: Receiver
) -> None:
    tell(storage, server.url)
    # What was saved while developing, or a name that meant something else then.
    outward = replace(storage, poster=Poster())

    deliver(outward)

    assert server.received == []
    assert the_message().error == "AddressBarred"


def test_a_removed_application_leaves_no_message(storage: Site) -> None:
    tell(storage, "https://shop.example/hook")

    applications.remove(db.session.scalars(select(Application)).one(), now=NOW)

    assert messages() == []


def test_what_an_operator_sends_is_in_the_audit(storage: Site, server: Receiver) -> None:
    application, _ = hooked(storage, server.url, events=("user.login",))
    webhooks.send_test(application, by=LI, now=NOW)
    server.says(b"", status=410)
    deliver(storage)
    assert webhooks.has_given_up(application)
    webhooks.resend_failed(application, by=LI, now=NOW)
    assert not webhooks.has_given_up(application)
    webhooks.resend(messages()[0], by=LI, now=NOW)

    query = select(AuditEntry).where(AuditEntry.tag == AuditTag.WEBHOOK_SENT)
    noted = db.session.scalars(query.order_by(AuditEntry.id)).all()
    assert {(entry.actor, entry.detail) for entry in noted} == {("li", application.client_id)}
    assert [entry.after for entry in noted] == [
        {"event": "webhook.test"},
        {"messages": 1},
        {"message": messages()[0].id},
    ]
