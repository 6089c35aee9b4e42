"""Login with a website app, by WeChat's page with the QR code (reference: 网站应用微信登录).

GET /login/website            on to WeChat's page. `display=page`: the browser goes there and comes
                              back. `display=popup`: in a window that another page has opened; that
                              page is ours, or the one of `client_id` at its `origin`
GET /login/website/return     where WeChat sends the window or the frame back to

In which of three places WeChat's page is shown decides what the return is answered:

    page      the browser is logged in and goes on
    popup     it is logged in, and a page tells the opener and closes the window
    frame     a few words; our page around the frame waits for the attempt and claims it

A frame that WeChat's page sends back brings no `Lax` cookie, since another site has started the
navigation. A page of ours that opens the same address again does: it is then our own doing.
"""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode

from flask import Blueprint, g, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_login import current_user
from werkzeug.wrappers import Response

from wechatlogin import clock
from wechatlogin.errors import InvalidRequest, LoginError
from wechatlogin.extensions import limiter
from wechatlogin.models import Attempt, Display, Way
from wechatlogin.services import accounts, attempts, logins, ways, web_login, wechat_apps
from wechatlogin.services.errand import Errand
from wechatlogin.services.ways import Offer
from wechatlogin.services.web_login import Restart
from wechatlogin.web import arrivals, cookies, destinations, login_urls, offers, people
from wechatlogin.web import errors as error_pages
from wechatlogin.web.context import current_browser, current_site
from wechatlogin.web.login import read_errand, start_limit
from wechatlogin.web.parameters import get_single
from wechatlogin.wechat.app import Right

bp = Blueprint("website", __name__)

#: Says in the address that our own page has opened it again.
AGAIN = "again"


@bp.get("/login/website")
@limiter.limit(start_limit)
def start() -> Response:
    errand = _read_errand()
    is_anew = get_single("prompt") == login_urls.ANEW
    if current_user.is_authenticated and errand.display is Display.PAGE and not is_anew:
        return redirect(errand.next_path or url_for("account.show"), 302)
    ways.verify_permitted(errand.application, Way.WEBSITE)
    row = wechat_apps.verify_entitled(Right.WEBSITE_LOGIN, errand.application)
    return offers.to_wechat(Offer(Way.WEBSITE, row), errand)


@bp.get("/login/website/return")
@limiter.limit(start_limit)
def finish() -> Response | str:
    returned = web_login.Returned(Way.WEBSITE, get_single("state"), get_single("code"))
    attempt = attempts.get_by_scene(returned.scene or "")
    if attempt and _must_open_again(attempt):
        return _open_again()
    g.website_errand = Errand.of(attempt) if attempt else None
    now = clock.now()
    outcome = web_login.finish(current_site(), current_browser(), returned, now=now)
    if isinstance(outcome, Restart):
        return redirect(outcome.url, 302)
    return _confirmed(outcome.attempt, now)


def render_error(err: LoginError) -> Response:
    """Answer an error where the login is shown: to the page, in the frame, or to the opener."""
    errand: Errand | None = g.get("website_errand")
    if errand is None or errand.display is Display.PAGE:
        return error_pages.render(err)
    if errand.display is Display.POPUP:
        return make_response(_tell_opener(errand, _Told("failed", error=err.code)), err.status)
    page = _frame_page(
        kind="warning",
        title=gettext("登录没有完成"),
        text=gettext(err.message),
        page_url=login_urls.website_url(errand, Display.PAGE),
    )
    return make_response(page, err.status)


@dataclass(frozen=True)
class _Told:
    """What the page that opened the window is told; nothing in it opens a door."""

    status: str
    error: str | None = None
    user_id: str | None = None
    nickname: str | None = None
    avatar_url: str | None = None

    def as_json(self) -> str:
        """Return the message; see docs/website-login.md."""
        message: dict[str, object] = {"source": "wechatlogin", "status": self.status}
        if self.error is not None:
            message["error"] = self.error
        if self.user_id is not None:
            message["user"] = {
                "id": self.user_id,
                "nickname": self.nickname,
                "avatar_url": self.avatar_url,
            }
        return json.dumps(message)


def _read_errand() -> Errand:
    display, origin = get_single("display") or Display.PAGE, get_single("origin")
    if display not in {Display.PAGE, Display.POPUP} or (origin and display != Display.POPUP):
        raise InvalidRequest
    errand = read_errand()
    if display == Display.PAGE:
        return errand
    ours = current_site().settings.public_url
    opener = web_login.verify_opener(errand.application, origin) if origin else ours
    # From here on the opener may hear what goes wrong.
    errand = replace(errand, display=Display.POPUP, opener_origin=opener)
    g.website_errand = errand
    return errand


def _must_open_again(attempt: Attempt) -> bool:
    # Not every browser says what it asks for.
    is_framed = request.headers.get("Sec-Fetch-Dest", "iframe") == "iframe"
    has_cookie = cookies.read(cookies.BROWSER) is not None
    is_lost = is_framed and not has_cookie and AGAIN not in request.args
    return is_lost and attempt.display == Display.FRAME


def _open_again() -> str:
    # Nothing here may ask for the browser: one without its cookie would be given a new one.
    again = {**request.args, AGAIN: "1"}
    url = f"{url_for('website.finish')}?{urlencode(again)}"
    return _frame_page(
        kind="info", title=gettext("正在登录"), text=gettext("请稍候，马上就好"), refresh_url=url
    )


def _confirmed(attempt: Attempt, now: datetime) -> Response | str:
    follow_url = destinations.get_follow_url(attempt)
    if follow_url and attempt.display != Display.FRAME:
        return redirect(follow_url, 302)
    match Display(attempt.display):
        case Display.FRAME:
            is_done = follow_url is None
            return _frame_page(
                kind="success" if is_done else "info",
                title=gettext("已确认"),
                text=gettext("正在进入…") if is_done else gettext("还要关注公众号"),
            )
        case Display.POPUP:
            return _claimed_in_popup(attempt, now)
        case _:
            return arrivals.arrive(attempt, now=now)


def _claimed_in_popup(attempt: Attempt, now: datetime) -> Response:
    login = logins.claim(current_site(), attempt.id, current_browser(), now=now)
    attempt = login.attempt
    identity = accounts.get_identity(attempt.appid or "", attempt.openid or "")
    told = _Told(
        "claimed",
        user_id=attempt.user_id,
        nickname=identity.nickname if identity else None,
        avatar_url=identity.avatar_url if identity else None,
    )
    return people.log_in(make_response(_tell_opener(Errand.of(attempt), told)), login)


def _tell_opener(errand: Errand, told: _Told) -> str:
    return render_template(
        "login_popup.html",
        is_done=told.status == "claimed",
        origin=errand.opener_origin,
        message=told.as_json(),
        site_name=offers.site_name(errand),
    )


def _frame_page(
    *, kind: str, title: str, text: str, refresh_url: str | None = None, page_url: str | None = None
) -> str:
    return render_template(
        "login_frame.html",
        kind=kind,
        title=title,
        text=text,
        refresh_url=refresh_url,
        page_url=page_url,
    )
