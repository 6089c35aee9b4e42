"""The outbox: every message that an account sends by itself leaves through here, and leaves once.

A message is written down as pending, under a number of its own, before WeChat is asked. Whoever
comes second with the number, a repeated request or another process, sends nothing: it waits for
the first one's outcome.

 pending ──answer──▶ accepted ──receipt──▶ delivered · blocked · failed
    │ └───refusal──▶ failed
    └ no usable answer: it stays pending, since it may have been sent

What stays pending is not repeated, with one exception: WeChat takes a template message once in ten
minutes under one number, so a template message may be handed over again in that time. A failed
message stays failed; a new try has a new number. What the page showed instead is noted as well.
"""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from wechatlogin import metrics
from wechatlogin.errors import WeChatError
from wechatlogin.extensions import db
from wechatlogin.models import Channel, Identity, SendState, SentMessage, WeChatAppRow
from wechatlogin.models.transaction import after_commit, count_changed, repeatable, write
from wechatlogin.services import accounts, wechat_apps
from wechatlogin.services.site import Site
from wechatlogin.wechat import sending
from wechatlogin.wechat.errors import PlatformError, RecipientUnreachable, WeChatUnreachable

log = logging.getLogger(__name__)

#: Whoever has no answer by then never gets one: a call may need a new access token, too.
CALL_LIMIT = timedelta(seconds=20)
#: WeChat remembers a number for ten minutes; one is left for clocks that differ.
REPEATABLE = timedelta(minutes=9)
#: How long a second request waits for the outcome of the first.
PATIENCE_SECONDS = 3.0
LOOK_AGAIN_SECONDS = 0.05

_SENDING_PATHS = frozenset({sending.TEMPLATE_PATH, sending.TEXT_PATH})


@dataclass(frozen=True)
class TemplateContent:
    """A template message; `data` has the values by field."""

    template_id: str
    data: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True)
class TextContent:
    """A customer-service text."""

    text: str = field(repr=False)


@dataclass(frozen=True)
class Sending:
    """One occasion to send something to somebody; a deliberate repetition is another one.

    `subject` is what it is about, such as one code; `number` counts its sendings.
    """

    #: None where the person is not known yet.
    identity_id: int | None
    openid: str = field(repr=False)
    subject: str
    number: int

    def message_id(self, channel: Channel) -> str:
        """Return the number of its message on a channel, at most 64 ASCII characters."""
        return f"{self.subject}-{self.number}-{channel}"


@dataclass(frozen=True)
class Outcome:
    """What is known of a message; `PENDING` means that it may have been sent."""

    state: SendState
    errcode: int | None = None


def find_sending(identity: Identity, subject: str, *, lasts: timedelta, now: datetime) -> Sending:
    """Return the sending that a request belongs to: the latest, unless it began `lasts` ago.

    It is the next one then, and also if the person could not be reached and has followed since.
    Requests that come at the same time get the same.
    """
    query = select(SentMessage).where(
        SentMessage.identity_id == identity.id,
        SentMessage.client_msg_id.startswith(f"{subject}-", autoescape=True),
    )
    sent: dict[int, list[SentMessage]] = {}
    for message in db.session.scalars(query.execution_options(populate_existing=True)):
        number = str(message.client_msg_id).removeprefix(f"{subject}-").partition("-")[0]
        sent.setdefault(int(number), []).append(message)
    latest = max(sent, default=0)
    is_over = bool(sent) and _check_over(sent[latest], identity, lasts=lasts, now=now)
    return Sending(identity.id, identity.openid, subject, latest + is_over)


def send(
    site: Site,
    row: WeChatAppRow,
    to: Sending,
    content: TemplateContent | TextContent,
    *,
    now: datetime,
) -> Outcome:
    """Send a message of a sending, unless that was done, and return what is known of it."""
    channel = Channel.TEMPLATE if isinstance(content, TemplateContent) else Channel.CUSTOMER
    message_id = to.message_id(channel)
    known = _get(row.appid, message_id) or _note_pending(row, to, channel, now)
    if not (known.is_new or _take_over(known, now)):
        return _await_outcome(row.appid, message_id, now)
    try:
        msgid = _hand_over(site, row, to, content)
    except WeChatError as err:
        return _note_failure(known, row, to, err, now=now)
    _note(known, SendState.ACCEPTED, now=now, msgid=msgid)
    return Outcome(SendState.ACCEPTED)


def note_shown(row: WeChatAppRow, to: Sending, *, now: datetime) -> None:
    """Note that the page showed what no message could carry; once for a sending."""
    if _get(row.appid, to.message_id(Channel.PAGE)) is None:
        shown = _note_pending(row, to, Channel.PAGE, now)
        _note(shown, SendState.DELIVERED, now=now)


@repeatable
def note_receipt(appid: str, msgid: str, state: SendState, *, now: datetime) -> bool:
    """Note what a receipt says of a template message; False when none of ours has this number.

    Where two receipts come for one, the later counts. Nothing goes back to accepted.
    """
    ours = update(SentMessage).where(SentMessage.appid == appid, SentMessage.msgid == msgid)
    with write():
        is_ours = count_changed(ours.values(state=state, updated_at=now)) == 1
        if is_ours:
            # Only template messages have receipts.
            after_commit(metrics.MESSAGES.labels(str(Channel.TEMPLATE), str(state)).inc)
    return is_ours


@dataclass(frozen=True)
class _Noted:
    """A message as it is written down; `is_new` if that was done by this very request."""

    id: int
    channel: Channel
    state: SendState
    errcode: int | None
    updated_at: datetime
    is_new: bool = False


def _check_over(
    messages: list[SentMessage], identity: Identity, *, lasts: timedelta, now: datetime
) -> bool:
    began = min(message.created_at for message in messages)
    if now - began >= lasts:
        return True
    never_left = all(
        message.state == SendState.FAILED or message.channel == Channel.PAGE for message in messages
    )
    checked_at = identity.follows_checked_at
    has_followed = identity.follows is True and checked_at is not None and checked_at > began
    return never_left and has_followed


def _get(appid: str, message_id: str) -> _Noted | None:
    query = select(
        SentMessage.id,
        SentMessage.channel,
        SentMessage.state,
        SentMessage.errcode,
        SentMessage.updated_at,
    ).where(SentMessage.appid == appid, SentMessage.client_msg_id == message_id)
    found = db.session.execute(query).one_or_none()
    if found is None:
        return None
    id_, channel, state, errcode, updated_at = found
    return _Noted(id_, Channel(channel), SendState(state), errcode, updated_at)


@repeatable
def _note_pending(row: WeChatAppRow, to: Sending, channel: Channel, now: datetime) -> _Noted:
    appid, message_id = row.appid, to.message_id(channel)
    message = SentMessage(
        appid=appid,
        identity_id=to.identity_id,
        channel=channel,
        state=SendState.PENDING,
        client_msg_id=message_id,
        created_at=now,
        updated_at=now,
    )
    try:
        with write() as session:
            session.add(message)
    except IntegrityError:
        known = _get(appid, message_id)
        if known is None:
            # Not a double: the person has been erased meanwhile.
            raise
        return known
    return _Noted(message.id, channel, SendState.PENDING, None, now, is_new=True)


@repeatable
def _take_over(known: _Noted, now: datetime) -> bool:
    """Take over a template message whose sender has had no answer; only one caller gets it."""
    may_arrive_twice = (
        SentMessage.id == known.id,
        SentMessage.channel == Channel.TEMPLATE,
        SentMessage.state == SendState.PENDING,
        SentMessage.updated_at < now - CALL_LIMIT,
        SentMessage.created_at > now - REPEATABLE,
    )
    taken = update(SentMessage).where(*may_arrive_twice).values(updated_at=now)
    with write():
        return count_changed(taken) == 1


def _await_outcome(appid: str, message_id: str, now: datetime) -> Outcome:
    """Return the outcome of a message that another request sends, as far as it comes in time."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while True:
        db.session.commit()
        known = _get(appid, message_id)
        if known is None:
            return Outcome(SendState.FAILED)
        is_over = known.state is not SendState.PENDING or known.updated_at < now - CALL_LIMIT
        if is_over or time.monotonic() >= give_up_at:
            return Outcome(known.state, known.errcode)
        time.sleep(LOOK_AGAIN_SECONDS)


def _hand_over(
    site: Site, row: WeChatAppRow, to: Sending, content: TemplateContent | TextContent
) -> str | None:
    client = wechat_apps.client(site, row)
    if isinstance(content, TextContent):
        client.send_text(to.openid, content.text)
        return None
    return client.send_template(
        to.openid,
        template_id=content.template_id,
        data=content.data,
        client_msg_id=to.message_id(Channel.TEMPLATE),
    )


def _note_failure(
    known: _Noted, row: WeChatAppRow, to: Sending, err: WeChatError, *, now: datetime
) -> Outcome:
    errcode = err.errcode if isinstance(err, PlatformError) else None
    log.warning("%s message not accepted: %s errcode=%s", known.channel, err.code, errcode)
    if _may_have_been_sent(err):
        metrics.MESSAGES.labels(str(known.channel), str(SendState.PENDING)).inc()
        return Outcome(SendState.PENDING)
    _note(known, SendState.FAILED, now=now, errcode=errcode)
    if isinstance(err, RecipientUnreachable) and err.not_following:
        accounts.note_follow_answer(row.appid, to.openid, follows=False, now=now)
    return Outcome(SendState.FAILED, errcode)


def _may_have_been_sent(err: WeChatError) -> bool:
    # Before the message itself an access token may have been asked for, and that have failed.
    return isinstance(err, WeChatUnreachable) and err.sent and err.path in _SENDING_PATHS


@repeatable
def _note(
    known: _Noted,
    state: SendState,
    *,
    now: datetime,
    msgid: str | None = None,
    errcode: int | None = None,
) -> None:
    pending = (SentMessage.id == known.id, SentMessage.state == SendState.PENDING)
    values = {"state": state, "msgid": msgid, "errcode": errcode, "updated_at": now}
    with write() as session:
        session.execute(update(SentMessage).where(*pending).values(**values))
    metrics.MESSAGES.labels(str(known.channel), str(state)).inc()
