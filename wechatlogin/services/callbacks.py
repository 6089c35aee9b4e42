"""What a push from WeChat sets off, and what the chat answers.

scan, or follow by a scan      the confirm link; the welcome, where the code was there to follow
six digits                     the same, for the login that shows this number; where there is none,
                               an account whose chat is all it has says so
follow, unfollow               noted; a follower is welcomed
the code keyword, or a menu
click with it as key, or with
wechat-server's own            the code; a stranger gets the link to authorize first, where the
                               account may ask for that and `CODE_REPEAT` is not off
a keyword of the owner's, or
a menu click with it as key    the owner's reply
other words, another click     the owner's default reply, if there is one
template receipt               what became of our message
the person takes data back     it is deleted
anything else                  nothing, which WeChat is told by `success`

Most scans are plain ones, which `plain_scans` works on in one unit of writes.
What is not ours to answer goes on to the owner's other program first, see `forwarding`.
What is said, and in which language, is in `chats`.
"""

import logging
import re
import time
from contextlib import ExitStack
from datetime import datetime

from wechatlogin.errors import (
    AttemptDeclined,
    AttemptError,
    AttemptNotFound,
    AttemptTaken,
    NumberWrong,
    RateLimited,
)
from wechatlogin.i18n import msgid
from wechatlogin.models import SendState, WeChatAppRow
from wechatlogin.services import (
    accounts,
    chats,
    codes,
    delivery,
    followers_only,
    forwarding,
    number_login,
    plain_scans,
    qr_scans,
    received,
    unfollowing,
    wechat_apps,
)
from wechatlogin.services.accounts import Sighting
from wechatlogin.services.chats import Chat
from wechatlogin.services.site import Site
from wechatlogin.wechat.messages import (
    AuthorizationChange,
    AuthorizationChangeKind,
    ClickEvent,
    DeliveryStatus,
    PassiveReply,
    Push,
    ScanEvent,
    SubscribeEvent,
    TemplateReceipt,
    TextMessage,
    UnsubscribeEvent,
)

log = logging.getLogger(__name__)

#: `RevokeInfo` values: nickname and picture, and everything.
REVOKED_PROFILE = "205"
REVOKED_ALL = "301"
#: A receipt can overtake the answer to the call that it belongs to.
RECEIPT_TRIES = 10
RECEIPT_PAUSE_SECONDS = 0.1

#: The key of the menu entry that wechat-server sets up.
CODE_BUTTON = "USER_VERIFICATION"
SCENE_GONE = msgid("这个二维码已失效，请在电脑上刷新后再扫。")

# Unicode knows many digits; the page shows these, in two groups.
NUMBER = re.compile(r"([0-9]{3}) ?([0-9]{3})\Z")

_STATES = {
    DeliveryStatus.DELIVERED: SendState.DELIVERED,
    DeliveryStatus.BLOCKED: SendState.BLOCKED,
    DeliveryStatus.FAILED: SendState.FAILED,
}


def answer(site: Site, row: WeChatAppRow, push: Push, *, now: datetime) -> PassiveReply | None:
    """Work on a push once and return the reply, alike for its retries.

    :raise PushRefused: if the push is a replay with another body.
    """
    if isinstance(push, ScanEvent | SubscribeEvent):
        plain = plain_scans.answer(site, row, push, now=now)
        if plain is not None:
            return plain
    until = time.monotonic() + forwarding.PATIENCE_SECONDS
    receipt = received.note(row.appid, push, now=now)
    if not receipt.is_new:
        return received.await_reply(site.vault, receipt)
    with ExitStack() as undo:
        undo.callback(received.forget, receipt)
        words = _react(site, row, push, now)
        undo.pop_all()
    passed = forwarding.Passed()
    if forwarding.check_goes_on(row, push, words):
        passed = forwarding.pass_on(site, row, push, receipt, now=now, until=until)
    reply = passed.reply
    if reply is None:
        words = words or _otherwise(site, row, push)
        reply = PassiveReply(words) if words else None
    received.keep_reply(site.vault, receipt, reply, forwarded=passed.state, now=now)
    return reply


def _react(site: Site, row: WeChatAppRow, push: Push, now: datetime) -> str | None:
    if isinstance(push, SubscribeEvent | ScanEvent | TextMessage | ClickEvent):
        # Only followers can write to an account or use its menu and its QR.
        followers_only.note_presence(site, row, push.openid, at=push.created_at, now=now)
    match push:
        case ScanEvent():
            return _scanned(chats.open_chat(site, row, push.openid), push.scene, now=now)
        case SubscribeEvent():
            chat = chats.open_chat(site, row, push.openid)
            return _scanned(chat, push.scene, now=now) if push.scene else None
        case UnsubscribeEvent():
            unfollowing.note(site, row, push.openid, at=push.created_at, now=now)
        case TextMessage():
            chat = chats.open_chat(site, row, push.openid)
            return _written(chat, push.content.strip(), now=now)
        case ClickEvent():
            chat, is_button = chats.open_chat(site, row, push.openid), push.key == CODE_BUTTON
            return _asked_for_code(chat, now) if is_button else _asked(chat, push.key, now=now)
        case TemplateReceipt():
            _note_receipt(row, push, now)
        case AuthorizationChange():
            _note_change(row, push, now)
    return None


def _otherwise(site: Site, row: WeChatAppRow, push: Push) -> str | None:
    """Return what is said where neither we nor the owner's other program had an answer."""
    match push:
        case ScanEvent() | SubscribeEvent() if forwarding.check_our_kind_of_scene(push.scene):
            return chats.open_chat(site, row, push.openid).site.translate(SCENE_GONE)
        case SubscribeEvent():
            return chats.welcome(chats.open_chat(site, row, push.openid))
        case TextMessage() | ClickEvent():
            return chats.get_default_reply(chats.open_chat(site, row, push.openid))
    return None


def _scanned(chat: Chat, scene: str, *, now: datetime) -> str | None:
    site = chat.site
    if scene == delivery.FOLLOW_SCENE:
        return chats.welcome(chat)
    try:
        scanned = qr_scans.scanned_by_push(site, chat.row, scene=scene, openid=chat.openid, now=now)
    except (AttemptTaken, AttemptDeclined) as err:
        return site.translate(err.message)
    except AttemptNotFound:
        # It may be a code of the owner's other program.
        return None
    except AttemptError as err:
        log.info("scan of a scene that is not waiting: %s", err.code)
        return site.translate(SCENE_GONE)
    return chats.ask_to_confirm(chat, scanned)


def _written(chat: Chat, words: str, *, now: datetime) -> str | None:
    number = NUMBER.match(words)
    if number is None:
        return _asked(chat, words, now=now)
    try:
        sent = number_login.sent(
            chat.site, chat.row, "".join(number.groups()), chat.openid, now=now
        )
    except (NumberWrong, RateLimited) as err:
        if wechat_apps.check_chat_only(chat.row):
            return chat.site.translate(err.message)
        # With such an account few log in by a number: the digits may mean something else.
        return _asked(chat, words, now=now)
    except AttemptError as err:
        return chat.site.translate(err.message)
    return chats.ask_to_confirm(chat, sent)


def _asked(chat: Chat, words: str, *, now: datetime) -> str | None:
    keywords = {keyword.casefold() for keyword in chat.site.settings.code_keyword}
    if words.strip().casefold() in keywords:
        return _asked_for_code(chat, now)
    return chats.get_keyword_reply(chat, words)


def _asked_for_code(chat: Chat, now: datetime) -> str:
    identity = accounts.get_identity(chat.row.appid, chat.openid)
    is_enough = wechat_apps.check_chat_only(chat.row) or not chat.site.settings.code_repeat
    if identity is None and is_enough:
        # Nothing can, or need, be authorized; the signed push itself says who writes.
        sighting = Sighting(chat.openid, follows=True)
        identity = accounts.find_or_create_identity(chat.row, sighting, now=now)
    if identity is None:
        return chats.ask_to_authorize(chat)
    try:
        return chats.give_code(chat, codes.issue(chat.site, identity, now=now))
    except RateLimited as err:
        return chat.site.translate(err.message)


def _note_receipt(row: WeChatAppRow, push: TemplateReceipt, now: datetime) -> None:
    for _ in range(RECEIPT_TRIES):
        if delivery.note_receipt(row.appid, push.msgid, _STATES[push.status], now=now):
            return
        time.sleep(RECEIPT_PAUSE_SECONDS)
    log.info("receipt for a message that is not ours")


def _note_change(row: WeChatAppRow, push: AuthorizationChange, now: datetime) -> None:
    if push.openid is None:
        log.warning("change of authorization without a person: %s", push.kind)
        return
    is_erasure = push.kind is AuthorizationChangeKind.CANCELLED or REVOKED_ALL in push.revoke_info
    if is_erasure:
        accounts.erase_identity(row.appid, push.openid, now=now)
    elif push.kind is AuthorizationChangeKind.MODIFIED or REVOKED_PROFILE in push.revoke_info:
        accounts.clear_profile(row.appid, push.openid, now=now)
