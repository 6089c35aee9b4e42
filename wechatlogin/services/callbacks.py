"""What a push from WeChat sets off, and what the chat answers.

scan, or follow by a scan      the confirm link
six digits, sent to an account
that can serve by chat alone   the same, for the login that shows this number
follow, unfollow               noted; a follower is welcomed
the code keyword, or a menu
click with it as key           the code; a stranger gets the link to authorize first, where the
                               account may ask for that
template receipt               what became of our message
the person takes data back     it is deleted
anything else                  nothing, which WeChat is told by `success`
"""

import logging
import re
import time
from contextlib import ExitStack
from datetime import datetime

from wechatlogin.errors import (
    AttemptDeclined,
    AttemptError,
    AttemptTaken,
    NumberWrong,
    RateLimited,
)
from wechatlogin.models import SendState, WeChatAppRow
from wechatlogin.services import (
    accounts,
    codes,
    delivery,
    number_login,
    qr_login,
    received,
    wechat_apps,
)
from wechatlogin.services.accounts import Sighting
from wechatlogin.services.qr_login import Scanned
from wechatlogin.services.site import Site
from wechatlogin.wechat import messages
from wechatlogin.wechat.messages import (
    AuthorizationChange,
    AuthorizationChangeKind,
    ClickEvent,
    DeliveryStatus,
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

# Unicode knows many digits; the page shows these, in two groups.
NUMBER = re.compile(r"([0-9]{3}) ?([0-9]{3})\Z")

_STATES = {
    DeliveryStatus.DELIVERED: SendState.DELIVERED,
    DeliveryStatus.BLOCKED: SendState.BLOCKED,
    DeliveryStatus.FAILED: SendState.FAILED,
}


def answer(site: Site, row: WeChatAppRow, push: Push, *, now: datetime) -> str | None:
    """Work on a push once and return the words of the reply, alike for its retries.

    :raise PushRefused: if the push is a replay with another body.
    """
    receipt = received.note(row.appid, push, now=now)
    if not receipt.is_new:
        return received.await_reply(site.vault, receipt)
    with ExitStack() as undo:
        undo.callback(received.forget, receipt)
        reply = _react(site, row, push, now)
        undo.pop_all()
    received.keep_reply(site.vault, receipt, reply, now=now)
    return reply


def _react(site: Site, row: WeChatAppRow, push: Push, now: datetime) -> str | None:
    match push:
        case ScanEvent():
            return _scanned(site, row, scene=push.scene, openid=push.openid, now=now)
        case SubscribeEvent():
            accounts.note_follow_event(row.appid, push.openid, follows=True, at=push.created_at)
            if push.scene and push.scene != delivery.FOLLOW_SCENE:
                return _scanned(site, row, scene=push.scene, openid=push.openid, now=now)
            return _welcome(site, row)
        case UnsubscribeEvent():
            accounts.note_follow_event(row.appid, push.openid, follows=False, at=push.created_at)
        case TextMessage():
            return _written(site, row, words=push.content.strip(), openid=push.openid, now=now)
        case ClickEvent():
            return _asked(site, row, words=push.key, openid=push.openid, now=now)
        case TemplateReceipt():
            _note_receipt(row, push, now)
        case AuthorizationChange():
            _note_change(row, push, now)
    return None


def _scanned(
    site: Site, row: WeChatAppRow, *, scene: str, openid: str, now: datetime
) -> str | None:
    try:
        scanned = qr_login.scanned_by_push(site, row, scene=scene, openid=openid, now=now)
    except (AttemptTaken, AttemptDeclined) as err:
        return site.translate(err.message)
    except AttemptError as err:
        log.info("scan of a scene that is not waiting: %s", err.code)
        return site.translate("这个二维码已失效，请在电脑上刷新后再扫。")
    return _ask_to_confirm(site, scanned)


def _ask_to_confirm(site: Site, scanned: Scanned) -> str:
    if scanned.confirm_url is None:
        return site.translate("已登录%(name)s。", name=site.settings.site_name)
    link = messages.link(scanned.confirm_url, site.translate("点这里确认登录"))
    return site.translate(
        "有人正在电脑上登录%(name)s。如果是你本人，%(link)s；不是你，请不要点。",
        name=site.settings.site_name,
        link=link,
    )


def _welcome(site: Site, row: WeChatAppRow) -> str:
    if wechat_apps.check_chat_only(row):
        return site.translate(
            "欢迎关注%(name)s。登录时，请把电脑上显示的 6 位号码发到这里；或发送「%(keyword)s」，"
            "领取验证码。",
            name=row.name,
            keyword=site.settings.code_keyword[0],
        )
    return site.translate("欢迎关注%(name)s。", name=row.name)


def _written(
    site: Site, row: WeChatAppRow, *, words: str, openid: str, now: datetime
) -> str | None:
    number = NUMBER.match(words)
    if number is None or not wechat_apps.check_chat_only(row):
        return _asked(site, row, words=words, openid=openid, now=now)
    try:
        sent = number_login.sent(site, row, "".join(number.groups()), openid, now=now)
    except (AttemptError, NumberWrong, RateLimited) as err:
        return site.translate(err.message)
    return _ask_to_confirm(site, sent)


def _asked(site: Site, row: WeChatAppRow, *, words: str, openid: str, now: datetime) -> str | None:
    keywords = {keyword.casefold() for keyword in site.settings.code_keyword}
    if words.strip().casefold() not in keywords:
        return None
    identity = accounts.get_identity(row.appid, openid)
    if identity is None and wechat_apps.check_chat_only(row):
        # Nothing could be authorized; the signed push itself says who writes.
        identity = accounts.find_or_create_identity(row, Sighting(openid, follows=True), now=now)
    if identity is None:
        url = site.url("/api/wechat/auth?state=code")
        link = messages.link(url, site.translate("请点击此处完成授权"))
        return site.translate("欢迎您，%(link)s", link=link)
    try:
        return delivery.code_text(site, codes.issue(site, identity, now=now))
    except RateLimited as err:
        return site.translate(err.message)


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
