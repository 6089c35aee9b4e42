"""`/login/code`: logging in by a verification code that came to the person's WeChat.

GET  /login/code    where to get a code, and the field for it
POST /login/code    the code; five guesses, then the page has to be opened anew
"""

import re
from collections.abc import Callable, Sequence

from flask import Blueprint, redirect, render_template, request, url_for
from flask import Response as Answer
from flask_babel import gettext
from flask_limiter import RouteLimit
from werkzeug.wrappers import Response

from wechatlogin import clock
from wechatlogin.errors import AttemptNotFound, CodeError, CodeTriesExhausted, CodeWrong
from wechatlogin.extensions import limiter
from wechatlogin.models import Attempt, Status, Way, WeChatAppRow
from wechatlogin.services import agreements, attempts, codes, logins, ways
from wechatlogin.services.errand import Errand
from wechatlogin.web import agreeing, destinations, login_urls, offers, people
from wechatlogin.web.context import current_browser, current_site
from wechatlogin.web.login import read_errand, start_limit
from wechatlogin.web.menu import Menu
from wechatlogin.web.parameters import get_single
from wechatlogin.wechat.app import Right

bp = Blueprint("code", __name__)

#: Tells by an answer whether a guess was wrong.
Judge = Callable[[Answer], bool]

# Unicode knows many digits; ours are these.
SIX_DIGITS = re.compile(r"[0-9]{6}\Z")


def tries_limit() -> str:
    """Return how many wrong codes one address may type."""
    return current_site().settings.limit_code_tries


def tries_limit_of_all() -> str:
    """Return how many wrong codes may be typed from everywhere together."""
    return current_site().settings.limit_code_tries_all


def limit_tries(was_wrong: Judge) -> RouteLimit:
    """Limit the wrong codes of one address, at whatever door it types them."""
    return limiter.shared_limit(tries_limit, "code tries", deduct_when=was_wrong)


def limit_tries_of_all(was_wrong: Judge) -> RouteLimit:
    """Limit the wrong codes that come from everywhere together, at all doors."""
    return limiter.shared_limit(
        tries_limit_of_all,
        "code tries of all",
        key_func=lambda: "everybody",
        deduct_when=was_wrong,
    )


def was_wrong(response: Response) -> bool:
    """Tell whether a guess failed; only those count against the limits."""
    return response.status_code != 303


@bp.get("/login/code")
@limiter.limit(start_limit)
def ask() -> str:
    errand = read_errand()
    ways.verify_permitted(errand.application, Way.CODE)
    attempt = codes.start_typing(current_browser(), errand=errand, now=clock.now())
    return _page(attempt)


@bp.post("/login/code")
@limit_tries(was_wrong)
@limit_tries_of_all(was_wrong)
def redeem() -> Response | tuple[str, int]:
    site, browser, now = current_site(), current_browser(), clock.now()
    attempt = _typing_attempt()
    try:
        attempt = codes.redeem(site, attempt, _typed(), now=now)
    except CodeError as err:
        return _again(attempt, err), err.status
    if follow_url := destinations.get_follow_url(attempt):
        return redirect(follow_url, 303)
    # A newer version than the page was shown with is asked for before the claim.
    agreements.agree(attempt, agreeing.read_agreement(), now=now)
    login = logins.claim(site, attempt.id, browser, now=now)
    return people.log_in(redirect(destinations.after(login, now=now), 303), login)


def _typing_attempt() -> Attempt:
    attempt = attempts.get(get_single("attempt", source=request.form) or "")
    is_ours = attempt is not None and attempt.binding_hash == current_browser().binding_hash
    if attempt is None or not is_ours or attempt.way != Way.CODE:
        raise AttemptNotFound
    return attempt


def _typed() -> str:
    typed = re.sub(r"\s", "", get_single("code", source=request.form) or "")
    if not SIX_DIGITS.match(typed):
        raise CodeWrong
    return typed


def _again(attempt: Attempt, err: CodeError) -> str:
    is_open = attempts.status_at(attempt, clock.now()) == Status.PENDING
    return _page(
        attempt,
        error=gettext(err.message),
        is_open=is_open and not isinstance(err, CodeTriesExhausted),
    )


def _page(attempt: Attempt, *, error: str | None = None, is_open: bool = True) -> str:
    site, errand = current_site(), Errand.of(attempt)
    menu = Menu.read(errand)
    chat_only = _get_chat_only(menu.apps)
    offers.open_up_for(errand)
    return render_template(
        "code.html",
        action=url_for("code.redeem"),
        attempt_id=attempt.id,
        is_open=is_open,
        error=error,
        notice_version=agreeing.get_current_version(),
        how_to=[
            *_how_to_ask(chat_only),
            gettext(
                "在这里输入验证码，%(minutes)s 分钟内有效。",
                minutes=site.settings.code_seconds // 60,
            ),
        ],
        auth_url=None if chat_only else site.url(url_for("anqicms.auth", state="code")),
        restart_url=menu.get_code_url(),
        back_url=login_urls.restart_url(errand),
        site_name=offers.site_name(errand),
    )


def _get_chat_only(apps: Sequence[WeChatAppRow]) -> WeChatAppRow | None:
    """Return the account that codes are asked from by writing to it, where none may do more."""
    if any(app.has(Right.WEB_AUTHORIZATION) for app in apps):
        return None
    return next((app for app in apps if app.has(Right.CHAT)), None)


def _how_to_ask(chat_only: WeChatAppRow | None) -> list[str]:
    if chat_only is None:
        return [
            gettext("在微信中打开下面的地址，同意授权。"),
            gettext("公众号会把 6 位验证码发给你。"),
        ]
    keyword = current_site().settings.code_keyword[0]
    return [
        gettext("在微信中关注公众号「%(name)s」。", name=chat_only.name),
        gettext("给它发送「%(keyword)s」，它会回复 6 位验证码。", keyword=keyword),
    ]
