"""The result pages inside WeChat: the outcome as a popup over the page."""

from datetime import datetime

from flask import make_response, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wechatlogin.errors import LoginError, RateLimited, SnapshotUser
from wechatlogin.models import Attempt, Channel, Identity, WeChatAppRow
from wechatlogin.services import accounts, chats, codes, delivery, wechat_apps
from wechatlogin.services.codes import IssuedCode
from wechatlogin.services.delivery import Reason
from wechatlogin.services.errand import Errand
from wechatlogin.services.qr_image import draw_svg
from wechatlogin.services.web_login import AskHere
from wechatlogin.web import offers
from wechatlogin.web.context import current_site

STATE_THAT_ASKS_FOR_A_CODE = "code"


def success(attempt: Attempt, *, now: datetime) -> Response:
    """Show that the person authorized, and send the code if that was asked for."""
    identity = accounts.get_identity(attempt.appid or "", attempt.openid or "")
    if attempt.requested_state != STATE_THAT_ASKS_FOR_A_CODE or identity is None:
        return _result(
            kind="success",
            title=gettext("授权成功"),
            text=gettext("你已用微信登录%(name)s。", name=current_site().settings.site_name),
            primary=_to_account(),
        )
    try:
        return _code(identity, now)
    except RateLimited as err:
        minutes = max(1, round(err.resets_in.total_seconds() / 60))
        return _result(
            kind="warning",
            title=gettext("获取验证码太频繁"),
            text=gettext("请在 %(minutes)s 分钟后再试。", minutes=minutes),
            primary=_to_account(),
        )


def tell_code(attempt: Attempt, *, now: datetime) -> str | None:
    """Send the code that the person authorized for and return what a program is told of it.

    That is the code itself where no message could be sent; None where no code was asked for.

    :raise RateLimited: if this person was sent too many messages.
    """
    identity = accounts.get_identity(attempt.appid or "", attempt.openid or "")
    if attempt.requested_state != STATE_THAT_ASKS_FOR_A_CODE or identity is None:
        return None
    site, row = current_site(), wechat_apps.verify(identity.appid)
    issued = codes.issue(site, identity, now=now)
    if issued.should_send:
        sent = delivery.deliver_code(site, row, identity, issued, now=now)
        if sent.channel == Channel.PAGE:
            return chats.give_code(chats.open_chat(site, row, identity.openid), issued)
    return gettext("验证码已发送到微信")


def scanned() -> str:
    """Show on the phone that the desktop is logged in, where nothing has to be confirmed."""
    return render_template(
        "message.html",
        kind="success",
        title=gettext("已确认"),
        text=gettext("请回到电脑，页面会自动进入。"),
    )


def ask_here(asked: AskHere, *, action: str) -> str:
    """Ask a browser that keeps no cookies whether to log in as this person."""
    token = f"{asked.attempt.scene}.{asked.token.get_secret_value()}"
    offers.open_up_for(Errand.of(asked.attempt))
    return render_template(
        "ask_here.html",
        nickname=asked.identity.nickname or gettext("微信用户"),
        avatar_url=asked.identity.avatar_url,
        action=action,
        token=token,
        cancel_url=url_for("login.start"),
    )


def error_page(err: LoginError, *, number: int, again_url: str) -> Response:
    """Show what went wrong, the number that programs know it by, and how to go on."""
    is_snapshot = err.code == SnapshotUser.code
    return _result(
        status=err.status,
        kind="warning" if is_snapshot else "error",
        title=gettext("请使用完整服务") if is_snapshot else gettext("微信授权失败"),
        text=gettext(err.message),
        reason=None if is_snapshot else gettext("错误代码：%(code)s", code=number),
        primary=None if is_snapshot else {"label": gettext("重新授权"), "url": again_url},
    )


def _code(identity: Identity, now: datetime) -> Response:
    site = current_site()
    row = wechat_apps.verify(identity.appid)
    issued = codes.issue(site, identity, now=now)
    if issued.should_send:
        sent = delivery.deliver_code(site, row, identity, issued, now=now)
        if sent.channel == Channel.PAGE:
            return _code_on_page(row, issued, sent.reason, now)
    return _result(
        kind="success",
        title=gettext("验证码已发送到微信"),
        text=gettext(
            "请查看公众号「%(name)s」的消息，%(minutes)s 分钟内有效。",
            name=row.name,
            minutes=site.settings.code_seconds // 60,
        ),
        primary=_to_account(),
        secondary={"label": gettext("没收到？"), "url": url_for("pages.help") + "#code"},
    )


def _code_on_page(
    row: WeChatAppRow, issued: IssuedCode, reason: Reason | None, now: datetime
) -> Response:
    site = current_site()
    follow_url = None
    if reason is Reason.NOT_FOLLOWING:
        follow_url = delivery.find_or_create_follow_url(site, row, now=now)
    return _result(
        kind="success",
        title=gettext("你的验证码"),
        text=gettext("%(minutes)s 分钟内有效。", minutes=site.settings.code_seconds // 60),
        code=issued.digits.get_secret_value(),
        reason=_why_here(reason),
        follow_qr_svg=draw_svg(follow_url) if follow_url else None,
        follow_name=row.name,
        primary=_to_account(),
    )


def _why_here(reason: Reason | None) -> str:
    match reason:
        case Reason.NOT_FOLLOWING:
            return gettext("你还没有关注公众号，所以验证码显示在这里。")
        case Reason.NOT_PERMITTED:
            return gettext("这个公众号不能主动发消息，所以验证码显示在这里。")
        case Reason.UNCERTAIN:
            return gettext("微信没有及时回应，公众号的消息可能会到；没收到的话，请用这里的验证码。")
        case _:
            return gettext("公众号现在不能给你发消息，所以验证码显示在这里。")


def _to_account() -> dict[str, str]:
    return {"label": gettext("知道了"), "url": url_for("account.show")}


def _result(*, status: int = 200, **shown: object) -> Response:
    page = {
        "code": None,
        "reason": None,
        "follow_qr_svg": None,
        "follow_name": "",
        "primary": None,
        "secondary": None,
        **shown,
    }
    return make_response(render_template("result.html", **page), status)
