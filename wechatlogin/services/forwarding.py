"""Which pushes go on to the owner's other program, and what becomes of its answer.

An account has one callback URL, which is ours. Where the owner has another program that answers
people, `forward_url` says where; it gets what is not ours to answer.

    push                                    we             goes on    who speaks
    scan or follow with a scene of ours     work on it     no         we
    six digits, where the account serves
    by its chat alone                       work on it     no         we
    the code keyword                        work on it     no         we
    a keyword of the owner's                               no         we
    receipt of a message of ours            note it        no         nobody
    receipt of another message                             yes        nobody
    follow without a scene of ours          note it        yes        it, else our welcome
    unfollow                                note it        yes        nobody
    the person takes data back              delete it      yes        nobody
    other words, another menu entry                        yes        it, else the owner's default
    scan of another scene                                  yes        it, else nobody
    anything else                                          yes        it, else nobody

It is asked once for each push, whatever WeChat repeats: that it is asked is written down before,
as a failure, and only one worker gets to write it. If it fails, everybody else is served as if it
were not there, and the failure is counted.
"""

import logging
import re
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from wechatlogin.errors import ForwardingFailed
from wechatlogin.extensions import db
from wechatlogin.models import Forwarded, ReceivedMessage, SentMessage, WeChatAppRow
from wechatlogin.services import received, wechat_apps
from wechatlogin.services.received import Receipt
from wechatlogin.services.site import Site
from wechatlogin.wechat.errors import WeChatBusy
from wechatlogin.wechat.messages import AuthorizationChange, PassiveReply, Push, TemplateReceipt

log = logging.getLogger(__name__)

#: Counted from a push's arrival: whoever takes longer than `received.WORK_LIMIT` counts as cut off.
PATIENCE_SECONDS = 3.5
# As `attempts.new_scene` makes them. Others may look alike: the table of attempts decides, and
# this only says what a scene was that is not there any more.
_OUR_KIND_OF_SCENE = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Passed:
    """How the other program took a push, if it was asked, and what it says to the person."""

    state: Forwarded | None = None
    reply: PassiveReply | None = None


def check_our_kind_of_scene(scene: str | None) -> bool:
    """Tell whether a scene looks like one of ours, though no attempt has it."""
    return scene is not None and _OUR_KIND_OF_SCENE.fullmatch(scene) is not None


def check_goes_on(row: WeChatAppRow, push: Push, words: str | None) -> bool:
    """Tell whether a push goes on; `words` are what we answer it with ourselves."""
    if row.forward_url is None or words is not None:
        return False
    return not (isinstance(push, TemplateReceipt) and _check_our_message(row, push))


def pass_on(
    site: Site, row: WeChatAppRow, push: Push, receipt: Receipt, *, now: datetime, until: float
) -> Passed:
    """Ask the other program once; by `until`, a time of the monotonic clock, it has failed."""
    if row.forward_url is None:
        return Passed()
    app, url = wechat_apps.credentials(site.vault, row), row.forward_url
    # The end of this unit gives the connection back, so that none is held while we wait.
    if not received.claim_forwarding(receipt):
        return Passed()
    patience = timedelta(seconds=until - time.monotonic())
    try:
        with site.http.slots.taken(""):
            reply = site.forwarder.forward(app, url, push, now=now, patience=patience)
    except WeChatBusy:
        log.warning("forwarding of a push of %s failed: too many wait for WeChat", app.appid)
        return Passed(Forwarded.FAILED)
    except ForwardingFailed as err:
        log.warning("forwarding of a push of %s failed: %s", app.appid, err.reason)
        return Passed(Forwarded.FAILED)
    # WeChat shows nothing in answer to these; they come from a sender of its own.
    is_to_nobody = isinstance(push, AuthorizationChange)
    return Passed(Forwarded.ANSWERED, None if is_to_nobody else reply)


def count_failed(appid: str, since: datetime) -> int:
    """Return how many pushes of an account the other program has not taken since then.

    What is under way is not counted.
    """
    failed = select(func.count(ReceivedMessage.id)).where(
        ReceivedMessage.appid == appid,
        ReceivedMessage.forwarded == Forwarded.FAILED,
        ReceivedMessage.received_at >= since,
        ReceivedMessage.answered_at.is_not(None),
    )
    return db.session.scalar(failed) or 0


def _check_our_message(row: WeChatAppRow, push: TemplateReceipt) -> bool:
    ours = select(SentMessage.id).where(
        SentMessage.appid == row.appid, SentMessage.msgid == push.msgid
    )
    return db.session.scalar(ours) is not None
