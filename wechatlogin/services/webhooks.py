"""Telling applications of people, by webhooks (Standard Webhooks 1.0).

    write_down     with what it tells of, in its unit of writes: nothing is lost, nothing made up
    deliver_next   once that is over: one message that is due is claimed, signed, posted
        2xx        taken
        410        given up at once: the server says that it wants no more of it
        else       due again by `PAUSES`, then given up
    resend         an operator has it sent once more, from the first try on

What is told is in `services/webhook_events.py`. Whoever claims a message has it to itself until it
is due again, which is later than any try ends. A server that does not answer is left alone for a
while with all its messages, so that those of others do not wait behind them.
"""

import hashlib
import json
import logging
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, delete, or_, select, update

from wechatlogin.errors import DeliveryUnknown, NoticeNotTaken
from wechatlogin.extensions import db
from wechatlogin.models import Application, AuditTag, WebhookDelivery, WebhookEvent
from wechatlogin.models.transaction import count_changed, repeatable, write
from wechatlogin.services import audit, webhook_secrets
from wechatlogin.services.audit import COMMAND_LINE, Actor
from wechatlogin.services.paging import Page, Place, get_page
from wechatlogin.services.site import Site

log = logging.getLogger(__name__)

#: How long after a try the next one is due, before the jitter: three days in all. No try lasts as
#: long as the shortest.
PAUSES = (
    timedelta(seconds=10),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
#: How long a server is left alone that did not answer.
REST = timedelta(seconds=30)
GONE = 410
NO_ADDRESS = "NoAddress"
#: Under this name the database's session counts the messages that were written in it.
_WRITTEN = "webhooks"


class State(StrEnum):
    """What has become of a message."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"


@repeatable
def write_down(
    application: Application,
    event: WebhookEvent,
    data: Mapping[str, object],
    *,
    now: datetime,
    user_id: str | None = None,
) -> None:
    """Write down what an application is to hear, in the unit of writes that is under way.

    `user_id` is whom it tells of.
    """
    body = {"type": event.value, "timestamp": _iso(now), "data": data}
    row = WebhookDelivery(
        id=f"msg_{secrets.token_hex(16)}",
        application_id=application.id,
        user_id=user_id,
        event=event,
        payload=json.dumps(body, ensure_ascii=False, separators=(",", ":")),
        created_at=now,
        next_try_at=now,
    )
    with write() as session:
        session.add(row)
        session.flush()
    _count(1)


def forget(user_id: str) -> None:
    """Delete what was told of a person; what is still waiting stays until it is.

    A unit of writes is under way.
    """
    is_over = or_(WebhookDelivery.delivered_at.is_not(None), WebhookDelivery.next_try_at.is_(None))
    theirs = delete(WebhookDelivery).where(WebhookDelivery.user_id == user_id, is_over)
    db.session.execute(theirs.execution_options(synchronize_session=False))


def count_written() -> int:
    """Return how many messages were written since this was last asked, in this context."""
    written: int = db.session.info.pop(_WRITTEN, 0)
    return written


def deliver_next(site: Site, *, now: datetime) -> bool:
    """Deliver the message that has been due for longest; False when none is due.

    No unit of writes may be open around it. One that is not taken stays for later.
    """
    delivery = _claim(now)
    if delivery is None:
        return False
    application = db.session.get_one(Application, delivery.application_id, populate_existing=True)
    uri, keys = application.webhook_uri, webhook_secrets.get_live(site.vault, application, now=now)
    if uri is None or not keys:
        _save(delivery, error=NO_ADDRESS, status=None, next_try_at=None)
        return True
    headers = webhook_secrets.sign(keys, delivery.id, delivery.payload, now=now)
    # No connection is held while the other server is waited for.
    db.session.commit()
    try:
        status = site.poster.deliver(uri, delivery.payload.encode(), headers)
    except NoticeNotTaken as err:
        log.warning("%s did not take a webhook: %s", application.client_id, err.reason)
        _save(delivery, error=err.reason[:64], status=None)
        _let_rest(application, now)
    else:
        _note_answer(application, delivery, status, now=now)
    return True


def get_deliveries(application: Application, *, after: Place | None) -> Page[WebhookDelivery]:
    """Return an application's messages, the newest first."""
    query = select(WebhookDelivery).where(WebhookDelivery.application_id == application.id)
    return get_page(query, WebhookDelivery.created_at, WebhookDelivery.id, after=after)


def verify(application: Application, delivery_id: str) -> WebhookDelivery:
    """Return a message of an application.

    :raise DeliveryUnknown: if it has none by this id.
    """
    query = select(WebhookDelivery).where(
        WebhookDelivery.id == delivery_id, WebhookDelivery.application_id == application.id
    )
    # Not every database takes every character.
    delivery = db.session.scalar(query) if delivery_id.isascii() else None
    if delivery is None:
        raise DeliveryUnknown
    return delivery


def get_state(delivery: WebhookDelivery) -> State:
    """Return what has become of a message."""
    if delivery.delivered_at is not None:
        return State.DELIVERED
    return State.WAITING if delivery.next_try_at is not None else State.GIVEN_UP


@repeatable
def send_test(application: Application, *, now: datetime, by: Actor = COMMAND_LINE) -> None:
    """Have a message sent that tells of nobody."""
    data = {"client_id": application.client_id}
    with write():
        write_down(application, WebhookEvent.TEST, data, now=now)
        _record(application.id, {"event": WebhookEvent.TEST.value}, by=by, now=now)


@repeatable
def resend(delivery: WebhookDelivery, *, now: datetime, by: Actor = COMMAND_LINE) -> None:
    """Have a message sent once more, under the same id, also one that was taken."""
    with write():
        _renew(WebhookDelivery.id == delivery.id, now=now)
        _record(delivery.application_id, {"message": delivery.id}, by=by, now=now)


@repeatable
def resend_failed(application: Application, *, now: datetime, by: Actor = COMMAND_LINE) -> int:
    """Have all messages sent once more that were given up; return how many those are."""
    with write():
        count = _renew(
            WebhookDelivery.application_id == application.id,
            WebhookDelivery.delivered_at.is_(None),
            WebhookDelivery.next_try_at.is_(None),
            now=now,
        )
        if count:
            _record(application.id, {"messages": count}, by=by, now=now)
    return count


def has_given_up(application: Application) -> bool:
    """Tell whether there is anything that `resend_failed` would send."""
    query = select(WebhookDelivery.id).where(
        WebhookDelivery.application_id == application.id,
        WebhookDelivery.delivered_at.is_(None),
        WebhookDelivery.next_try_at.is_(None),
    )
    return db.session.scalar(query.limit(1)) is not None


@repeatable
def _renew(*which: ColumnElement[bool], now: datetime) -> int:
    anew = update(WebhookDelivery).where(*which)
    with write():
        count = count_changed(anew.values(tries=0, next_try_at=now, delivered_at=None))
    _count(count)
    return count


def _record(application_id: int, sent: Mapping[str, object], *, by: Actor, now: datetime) -> None:
    application = db.session.get_one(Application, application_id)
    audit.record_change(
        AuditTag.WEBHOOK_SENT,
        by,
        before=None,
        after=sent,
        detail=application.client_id,
        now=now,
    )


@repeatable
def _claim(now: datetime) -> WebhookDelivery | None:
    """Return a message that is due, which is nobody else's until it is due again."""
    due = select(WebhookDelivery).where(
        WebhookDelivery.delivered_at.is_(None), WebhookDelivery.next_try_at <= now
    )
    due = due.order_by(WebhookDelivery.next_try_at, WebhookDelivery.id).limit(1)
    while (row := db.session.scalar(due.execution_options(populate_existing=True))) is not None:
        tries, again_at = row.tries, _get_next(row, now)
        ours = update(WebhookDelivery).where(
            WebhookDelivery.id == row.id,
            WebhookDelivery.tries == tries,
            WebhookDelivery.next_try_at <= now,
            WebhookDelivery.delivered_at.is_(None),
        )
        with write():
            if count_changed(ours.values(tries=tries + 1, next_try_at=again_at, tried_at=now)):
                return row
    return None


def _get_next(delivery: WebhookDelivery, now: datetime) -> datetime | None:
    """Return when a try that fails is followed by another."""
    if delivery.tries >= len(PAUSES):
        return None
    # What was written at one moment is not tried again at one moment.
    spread = hashlib.sha256(delivery.id.encode()).digest()[0] / 256 / 5
    return now + PAUSES[delivery.tries] * (1 + spread)


@repeatable
def _let_rest(application: Application, now: datetime) -> None:
    due = update(WebhookDelivery).where(
        WebhookDelivery.application_id == application.id,
        WebhookDelivery.delivered_at.is_(None),
        WebhookDelivery.next_try_at <= now,
    )
    with write():
        count_changed(due.values(next_try_at=now + REST))


def _note_answer(
    application: Application, delivery: WebhookDelivery, status: int, *, now: datetime
) -> None:
    answered: dict[str, object] = {"status": status, "error": None}
    if 200 <= status < 300:
        answered |= {"delivered_at": now, "next_try_at": None}
    else:
        log.warning("%s did not take a webhook: HTTP %s", application.client_id, status)
    if status == GONE:
        answered["next_try_at"] = None
    _save(delivery, **answered)


@repeatable
def _save(delivery: WebhookDelivery, **values: object) -> None:
    with write() as session:
        which = update(WebhookDelivery).where(WebhookDelivery.id == delivery.id)
        session.execute(which.values(**values))


def _count(count: int) -> None:
    db.session.info[_WRITTEN] = db.session.info.get(_WRITTEN, 0) + count


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
