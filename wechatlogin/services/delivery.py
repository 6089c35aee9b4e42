"""Getting a verification code to the person: template message, customer message, or the page.

The first that works is used. The page is always left, and then says why: the person does not
follow the account, or the account may not write to them now.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import update

from wechatlogin.errors import WeChatError
from wechatlogin.models import Channel, Identity, SendState, SentMessage, WeChatAppRow
from wechatlogin.models.transaction import count_changed, write
from wechatlogin.services import accounts, codes, wechat_apps
from wechatlogin.services.codes import IssuedCode
from wechatlogin.services.site import Site
from wechatlogin.wechat.app import Right
from wechatlogin.wechat.client import WeChatClient
from wechatlogin.wechat.errors import PlatformError, RecipientUnreachable

log = logging.getLogger(__name__)

FOLLOW_SCENE = "follow"


class Reason(StrEnum):
    """Why a code had to be shown on the page."""

    NOT_FOLLOWING = "not_following"
    NOT_PERMITTED = "not_permitted"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True)
class Delivery:
    """How a code reaches the person; the page has a reason."""

    channel: Channel
    reason: Reason | None = None


@dataclass(frozen=True)
class _Message:
    """A code on its way to a person."""

    site: Site
    row: WeChatAppRow
    identity: Identity
    code: IssuedCode
    client: WeChatClient

    @property
    def minutes(self) -> int:
        return self.site.settings.code_seconds // 60


def deliver_code(
    site: Site, row: WeChatAppRow, identity: Identity, code: IssuedCode, *, now: datetime
) -> Delivery:
    """Send a code by the first channel that takes it; the caller shows it where none did."""
    message = _Message(site, row, identity, code, wechat_apps.client(site, row))
    for channel, send in _channels(row, identity):
        try:
            msgid = send(message)
        except WeChatError as err:
            _note_failure(message, channel, err, now)
        else:
            _record(message, channel, SendState.ACCEPTED, now=now, msgid=msgid)
            codes.note_sent(code, now=now)
            return Delivery(channel)
    reason = _reason(message)
    _record(message, Channel.PAGE, SendState.DELIVERED, now=now)
    return Delivery(Channel.PAGE, reason)


def note_receipt(appid: str, msgid: str, state: SendState, *, now: datetime) -> bool:
    """Note what became of a template message; False when no message of ours has this number."""
    ours = update(SentMessage).where(SentMessage.appid == appid, SentMessage.msgid == msgid)
    with write():
        return count_changed(ours.values(state=state, updated_at=now)) == 1


def find_or_create_follow_url(site: Site, row: WeChatAppRow, *, now: datetime) -> str | None:
    """Return what the account's own QR holds, or None where WeChat gives none."""
    if row.follow_url is None and row.has(Right.PARAMETRIC_QR):
        try:
            ticket = wechat_apps.client(site, row).create_permanent_qrcode(FOLLOW_SCENE)
        except WeChatError as err:
            log.warning("no QR to follow %s: %s", row.appid, err.code)
            return None
        with write() as session:
            session.execute(
                update(WeChatAppRow).where(WeChatAppRow.id == row.id).values(follow_url=ticket.url)
            )
        return ticket.url
    return row.follow_url


def code_text(site: Site, code: IssuedCode) -> str:
    """Return the words in which a code is sent to a chat."""
    return site.translate(
        "验证码：%(code)s，%(minutes)s 分钟内有效。请勿告诉他人。",
        code=code.digits.get_secret_value(),
        minutes=site.settings.code_seconds // 60,
    )


def _channels(
    row: WeChatAppRow, identity: Identity
) -> list[tuple[Channel, Callable[[_Message], str | None]]]:
    channels: list[tuple[Channel, Callable[[_Message], str | None]]] = []
    # Both kinds reach followers alone.
    if identity.follows is False:
        return channels
    if row.template_id and row.template_fields and row.has(Right.TEMPLATE_MESSAGE):
        channels.append((Channel.TEMPLATE, _send_template))
    if row.has(Right.CUSTOMER_MESSAGE):
        channels.append((Channel.CUSTOMER, _send_text))
    return channels


def _send_template(message: _Message) -> str:
    digits = message.code.digits.get_secret_value()
    data = {
        field: text.replace("{code}", digits).replace("{minutes}", str(message.minutes))
        for field, text in (message.row.template_fields or {}).items()
    }
    return message.client.send_template(
        message.identity.openid,
        template_id=message.row.template_id or "",
        data=data,
        client_msg_id=f"code-{message.code.id}-{int(message.code.expires_at.timestamp())}",
    )


def _send_text(message: _Message) -> None:
    message.client.send_text(message.identity.openid, code_text(message.site, message.code))


def _note_failure(message: _Message, channel: Channel, err: WeChatError, now: datetime) -> None:
    errcode = err.errcode if isinstance(err, PlatformError) else None
    log.warning("%s message not sent: %s errcode=%s", channel, err.code, errcode)
    _record(message, channel, SendState.FAILED, now=now, errcode=errcode)
    if isinstance(err, RecipientUnreachable) and err.not_following:
        accounts.note_follow_answer(message.row.appid, message.identity.openid, follows=False)


def _reason(message: _Message) -> Reason:
    """Find out why nothing could be sent, so that the page can say what helps."""
    row = message.row
    if not (row.has(Right.CUSTOMER_MESSAGE) or row.template_id):
        return Reason.NOT_PERMITTED
    known = accounts.get_identity(row.appid, message.identity.openid)
    if known is not None and known.follows is not None:
        return Reason.UNREACHABLE if known.follows else Reason.NOT_FOLLOWING
    try:
        follower = message.client.get_follower(message.identity.openid)
    except WeChatError:
        return Reason.UNREACHABLE
    accounts.note_follow_answer(row.appid, message.identity.openid, follows=follower.follows)
    return Reason.UNREACHABLE if follower.follows else Reason.NOT_FOLLOWING


def _record(
    message: _Message,
    channel: Channel,
    state: SendState,
    *,
    now: datetime,
    msgid: str | None = None,
    errcode: int | None = None,
) -> None:
    with write() as session:
        session.add(
            SentMessage(
                appid=message.row.appid,
                identity_id=message.identity.id,
                channel=channel,
                state=state,
                msgid=msgid,
                errcode=errcode,
                created_at=now,
                updated_at=now,
            )
        )
