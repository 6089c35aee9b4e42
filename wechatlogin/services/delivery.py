"""Getting a verification code to the person: template message, customer message, or the page.

The first that works is used; `outbox` sends it. What carried the code before is not sent again
within a minute, however often the page is asked for. The page is always left, and then says why:

not_following   the person does not follow the account, and neither kind reaches anybody else
not_permitted   the account may send neither kind
unreachable     WeChat refused both, or could not be asked
uncertain       WeChat was asked and has not answered: the message may arrive, so no other follows
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select, update

from wechatlogin.errors import WeChatError
from wechatlogin.extensions import db
from wechatlogin.models import Channel, Code, Identity, SendState, SentMessage, WeChatAppRow
from wechatlogin.models.transaction import repeatable, write
from wechatlogin.services import chats, codes, following, outbox, templates, wechat_apps
from wechatlogin.services.codes import IssuedCode
from wechatlogin.services.outbox import Sending, TemplateContent, TextContent
from wechatlogin.services.site import Site
from wechatlogin.wechat.app import Right
from wechatlogin.wechat.errors import ValueRefused

log = logging.getLogger(__name__)

FOLLOW_SCENE = "follow"


class Reason(StrEnum):
    """Why a code had to be shown on the page."""

    NOT_FOLLOWING = "not_following"
    NOT_PERMITTED = "not_permitted"
    UNREACHABLE = "unreachable"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True)
class Delivery:
    """How a code reaches the person; the page has a reason."""

    channel: Channel
    reason: Reason | None = None


def deliver_code(
    site: Site, row: WeChatAppRow, identity: Identity, code: IssuedCode, *, now: datetime
) -> Delivery:
    """Send a code by the first channel that takes it; the caller shows it where none did.

    Asked again within a minute, it sends nothing and tells how the code went the first time.
    """
    # The code's number alone could come back with a restored database, and WeChat drop it.
    nature = site.vault.keyed_hash("code message", str(code.id), code.digits.get_secret_value())
    to = outbox.find_sending(identity, f"code-{nature[:16]}", lasts=codes.RESEND_INTERVAL, now=now)
    is_uncertain = False
    for channel, content in _contents(site, row, to, code):
        outcome = outbox.send(site, row, to, content, now=now)
        if outcome.state in {SendState.ACCEPTED, SendState.DELIVERED}:
            codes.note_sent(code, now=now)
            return Delivery(channel)
        is_uncertain = outcome.state is SendState.PENDING
        if is_uncertain or _get_follows(to) is False:
            break
    outbox.note_shown(row, to, now=now)
    reason = _reason(site, row, to, is_uncertain=is_uncertain, now=now)
    return Delivery(Channel.PAGE, reason)


@repeatable
def note_receipt(appid: str, msgid: str, state: SendState, *, now: datetime) -> bool:
    """Note what became of a template message; False when no message of ours has this number.

    Where it has not arrived, the code may be asked for again at once.
    """
    recipient = select(SentMessage.identity_id).where(
        SentMessage.appid == appid, SentMessage.msgid == msgid
    )
    with write() as session:
        is_ours = outbox.note_receipt(appid, msgid, state, now=now)
        if is_ours and state is not SendState.DELIVERED:
            live = (Code.identity_id.in_(recipient), Code.code_hash.is_not(None))
            unsent = update(Code).where(*live).values(sent_at=None)
            session.execute(unsent.execution_options(synchronize_session=False))
    return is_ours


def find_or_create_follow_url(site: Site, row: WeChatAppRow, *, now: datetime) -> str | None:
    """Return what the account's own QR holds, or None where WeChat gives none."""
    if row.follow_url is None and row.has(Right.PARAMETRIC_QR):
        try:
            ticket = wechat_apps.client(site, row).create_permanent_qrcode(FOLLOW_SCENE)
        except WeChatError as err:
            log.warning("no QR to follow %s: %s", row.appid, err.code)
            return None
        _keep_follow_url(row.id, ticket.url)
        return ticket.url
    return row.follow_url


@repeatable
def _keep_follow_url(row_id: int, url: str) -> None:
    this = update(WeChatAppRow).where(WeChatAppRow.id == row_id)
    with write() as session:
        session.execute(this.values(follow_url=url))


def _contents(
    site: Site, row: WeChatAppRow, to: Sending, code: IssuedCode
) -> Iterator[tuple[Channel, TemplateContent | TextContent]]:
    # Both kinds reach followers alone.
    if _get_follows(to) is False:
        return
    template = _template_content(site, row, code)
    if template is not None:
        yield Channel.TEMPLATE, template
    if row.has(Right.CUSTOMER_MESSAGE):
        chat = chats.open_chat(site, row, to.openid)
        yield Channel.CUSTOMER, TextContent(chats.give_code(chat, code))


def _template_content(site: Site, row: WeChatAppRow, code: IssuedCode) -> TemplateContent | None:
    if not (row.template_id and row.template_fields and row.has(Right.TEMPLATE_MESSAGE)):
        return None
    try:
        data = templates.fill(site, row, code.digits)
    except ValueRefused as err:
        log.warning("template %s cannot carry a code: %s", row.template_id, err.detail)
        return None
    return TemplateContent(row.template_id, data)


def _get_follows(to: Sending) -> bool | None:
    # The column, since what a refusal has just taught is not in an identity read before.
    return db.session.scalar(select(Identity.follows).where(Identity.id == to.identity_id))


def _reason(
    site: Site, row: WeChatAppRow, to: Sending, *, is_uncertain: bool, now: datetime
) -> Reason:
    """Find out why nothing is known to be sent, so that the page can say what helps."""
    if not (row.has(Right.CUSTOMER_MESSAGE) or row.template_id):
        return Reason.NOT_PERMITTED
    follows = _get_follows(to)
    if follows is None:
        follows = following.ask(site, row, to.openid, now=now)
    if follows is False:
        return Reason.NOT_FOLLOWING
    return Reason.UNCERTAIN if follows and is_uncertain else Reason.UNREACHABLE
