"""`/device`: a person says whether a device that shows a code may log in as them (RFC 8628, 3.3).

GET  /device                    the field for the code
GET  /device?user_code=…        where the field leads, or the QR on the screen: who asks, and from
                                where; whoever is not logged in here logs in first
POST /device                    the answer; the page that it leads to says how things stand

To open a page changes nothing. Who answers first, and nobody else, is who the device is told of.
"""

from datetime import datetime

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_login import current_user
from werkzeug.wrappers import Response

from wechatlogin import clock
from wechatlogin.errors import UserCodeWrong
from wechatlogin.extensions import limiter
from wechatlogin.models import Status
from wechatlogin.services import attempts, device_login, privacy_notices
from wechatlogin.services.device_login import DeviceLogin
from wechatlogin.web import brands, code, following, login_urls, people, permissions, words
from wechatlogin.web.context import current_site, is_in_wechat
from wechatlogin.web.login import start_limit
from wechatlogin.web.parameters import get_single
from wechatlogin.web.permissions import Permission
from wechatlogin.wechat.oauth import Scope

bp = Blueprint("device", __name__)


def was_wrong(response: Response) -> bool:
    """Tell whether a guess failed; only those count against the limits."""
    return response.status_code == UserCodeWrong.status


@bp.get("/device")
@limiter.limit(start_limit)
@code.limit_tries(was_wrong)
@code.limit_tries_of_all(was_wrong)
def show() -> Response | str | tuple[str, int]:
    typed, now = get_single("user_code"), clock.now()
    if typed is None:
        return _ask_code()
    try:
        login = device_login.verify(typed, now=now)
        if not current_user.is_authenticated:
            return redirect(_login_url(login), 303)
        return _show(login, now)
    except UserCodeWrong as err:
        return _ask_code(typed, gettext(err.message)), err.status


@bp.post("/device")
@limiter.limit(start_limit)
@code.limit_tries(was_wrong)
@code.limit_tries_of_all(was_wrong)
def answer() -> Response:
    now = clock.now()
    # The page that asks to follow has the code in its address alone.
    typed = get_single("user_code", source=request.form) or get_single("user_code")
    login = device_login.verify(typed or "", now=now)
    if not current_user.is_authenticated:
        return redirect(_login_url(login), 303)
    decision = get_single("decision", source=request.form)
    if decision == "decline":
        device_login.decline(login, current_user.session, now=now)
    elif decision == "confirm" or login.attempt.awaits_follow:
        device_login.confirm(current_site(), login, current_user.session, now=now)
    return redirect(_url(login), 303)


def _show(login: DeviceLogin, now: datetime) -> Response | str:
    """Show the question, or what the person has answered.

    :raise UserCodeWrong: if somebody else has answered.
    """
    status = attempts.status_at(login.attempt, now)
    if status == Status.PENDING and privacy_notices.get_due(current_user.user.id):
        # There is a newer notice than when they logged in here; a login asks for it.
        return redirect(_login_url(login, prompt=login_urls.ANEW), 303)
    if status == Status.PENDING and _may_ask_name(login):
        return redirect(_login_url(login, profile=1, prompt=login_urls.ANEW, asked=1), 303)
    if status == Status.PENDING:
        return _ask(login, now)
    if not device_login.check_owner(login, current_user.user.id):
        raise UserCodeWrong
    if following.check_awaiting(login.attempt, now):
        return following.ask_on_phone(login.attempt, _url(login), now=now)
    return _tell(login, status)


def _ask(login: DeviceLogin, now: datetime) -> str:
    attempt, identity = login.attempt, people.get_shown_identity(current_user.user)
    is_near = attempt.ip == request.remote_addr
    return render_template(
        "device_confirm.html",
        action=url_for("device.answer"),
        user_code=login.user_code,
        device=words.browser(attempt.browser),
        place=gettext("与你在同一网络") if is_near else words.place(attempt.ip, None),
        time_text=words.moment(attempt.created_at, now=now),
        nickname=(identity and identity.nickname) or gettext("微信用户"),
        # In WeChat itself there is but one.
        another_url=None if is_in_wechat() else _login_url(login, prompt=login_urls.ANEW),
        permissions=_get_permissions(login),
        site_name=brands.brand_of(login.application),
    )


def _get_permissions(login: DeviceLogin) -> list[Permission]:
    """Return what the person permits by a yes; the owner's own applications need nothing."""
    application = login.application
    if application.is_first_party:
        return []
    hidden = set() if application.email_template else {"email"}
    return permissions.get_permissions(set(login.scope.split()) - hidden)


def _tell(login: DeviceLogin, status: Status) -> str:
    kind, title = "success", gettext("已确认")
    text = gettext("请回到设备，它会自动登录。")
    if status == Status.DECLINED:
        kind, title = "info", gettext("已拒绝这次登录")
        text = gettext("设备上没有登录。")
    site_name = brands.brand_of(login.application)
    return render_template("message.html", kind=kind, title=title, text=text, site_name=site_name)


def _ask_code(typed: str | None = None, error: str | None = None) -> str:
    action = url_for("device.show")
    return render_template("device.html", action=action, typed=typed, error=error)


def _may_ask_name(login: DeviceLogin) -> bool:
    """Tell whether WeChat is to be asked for a name that the application wants and nobody knows."""
    is_wanted = "profile" in login.scope.split() and get_single("asked") is None
    may_ask = is_in_wechat() and current_site().settings.login_scope == Scope.USERINFO
    identity = people.get_shown_identity(current_user.user)
    return is_wanted and may_ask and not (identity and identity.nickname)


def _login_url(
    login: DeviceLogin, *, profile: int = 0, prompt: str | None = None, asked: int | None = None
) -> str:
    """Return where the person logs in: at first without WeChat's question for name and picture."""
    return url_for(
        "login.start",
        client_id=login.application.client_id,
        next=_url(login, asked=asked),
        profile=profile,
        prompt=prompt,
    )


def _url(login: DeviceLogin, *, asked: int | None = None) -> str:
    return url_for("device.show", user_code=login.user_code, asked=asked)
