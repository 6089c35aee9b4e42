"""The scan that most pushes are about: a code of ours that waits, and somebody who is to confirm.

The attempt is moved, and the push is noted with its reply, in one unit of writes. Where anything is
out of the ordinary nothing is written, and `callbacks` goes step by step:

    the push is known already
    the scene is none of ours, or its attempt does not wait to be scanned
    nothing is to be confirmed: to scan is enough
    to hear from the person changes more: that they follow is news, or a login waits for it
"""

from datetime import datetime

from sqlalchemy.exc import IntegrityError

from wechatlogin.errors import AttemptError
from wechatlogin.models import Attempt, Status, WeChatAppRow
from wechatlogin.models.transaction import repeatable, write
from wechatlogin.services import (
    attempt_status,
    attempts,
    chats,
    followers_only,
    qr_scans,
    received,
)
from wechatlogin.services.accounts import Sighting
from wechatlogin.services.qr_scans import Scan, Scanned
from wechatlogin.services.site import Site
from wechatlogin.wechat.messages import PassiveReply, ScanEvent, SubscribeEvent


def answer(
    site: Site, row: WeChatAppRow, push: ScanEvent | SubscribeEvent, *, now: datetime
) -> PassiveReply | None:
    """Work on a scan and return its reply; None, with nothing written, where it is no plain one.

    No unit of writes may be open.
    """
    attempt = qr_scans.get_scannable(row, push.scene) if push.scene else None
    if attempt is None or attempts.status_at(attempt, now) is not Status.PENDING:
        return None
    scan = qr_scans.make_scan(site, row, attempt, Sighting(push.openid, follows=True))
    is_news = followers_only.check_news(row, scan.known, now=now)
    if is_news or not qr_scans.check_asks(attempt, scan.known):
        return None
    chat = chats.chat_of(site, row, push.openid, scan.known)
    reply = PassiveReply(chats.ask_to_confirm(chat, Scanned(attempt, scan.confirm_url)))
    try:
        scanned = _write(site, scan, push, reply, now=now)
    except (AttemptError, IntegrityError):
        return None
    site.bus.wake(attempt.id, attempt_status.status_of(scanned, scan.known, now=now))
    return reply


@repeatable
def _write(
    site: Site,
    scan: Scan,
    push: ScanEvent | SubscribeEvent,
    reply: PassiveReply,
    *,
    now: datetime,
) -> Attempt:
    with write():
        scanned = qr_scans.write_scan(scan, now=now)
        received.note_answered(site.vault, scan.row.appid, push, reply, now=now)
    return scanned
