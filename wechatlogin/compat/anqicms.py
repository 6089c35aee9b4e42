"""AnQiCMS's "Official WeChat Authorization Interface".

    GET  /api/wechat/auth?state=               in WeChat: 302 to its authorize page
    GET  /api/wechat/auth?code=&state=         WeChat sends the browser back: the result page
    POST /api/wechat/auth/here                 "log in here", where the cookie was lost

`state=code` asks for a verification code in the chat; other values have no special function.
The value itself stays with the attempt: what travels through WeChat is the attempt's scene.
Errors are `{"code", "msg"}` where JSON is asked for: -1 failed, 4001 not in WeChat, 4002 bad
parameters; else a page with the same numbers.
"""

from flask import Blueprint, jsonify, redirect, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wechatlogin import clock
from wechatlogin.errors import (
    AttemptSpent,
    AuthorizationInvalid,
    InvalidRequest,
    LoginError,
    NotInWeChat,
)
from wechatlogin.extensions import csrf, limiter
from wechatlogin.models import Attempt, Purpose, Way
from wechatlogin.services import logins, web_login, wechat_apps
from wechatlogin.services.errand import Errand
from wechatlogin.services.web_login import AskHere, Confirmed, Restart
from wechatlogin.web import arrivals, people, results
from wechatlogin.web.context import current_browser, current_site, is_in_wechat, wants_json
from wechatlogin.web.login import start_limit
from wechatlogin.web.offers import open_in_wechat
from wechatlogin.web.parameters import get_single
from wechatlogin.wechat.app import Right
from wechatlogin.wechat.errors import LoginMustRestart

bp = Blueprint("anqicms", __name__)

OK = 0
FAILED = -1
NOT_IN_WECHAT = 4001
BAD_PARAMETERS = 4002
LONGEST_STATE = 128

_BAD_PARAMETERS = (AuthorizationInvalid, InvalidRequest, LoginMustRestart, AttemptSpent)


@bp.get("/api/wechat/auth")
@limiter.limit(start_limit)
def auth() -> Response | str:
    code, state = get_single("code"), get_single("state")
    if not is_in_wechat():
        if wants_json():
            raise NotInWeChat
        return open_in_wechat(url_for("anqicms.auth", state=state))
    if code is None and not _is_return(state):
        return redirect(_begin(state), 302)
    return _finish(code, state)


@bp.post("/api/wechat/auth/here")
@csrf.exempt
@limiter.limit(start_limit)
def log_in_here() -> Response | str:
    # The hidden token is the proof here: the browser has just shown that it keeps no cookies.
    scene, _, token = (get_single("token", source=request.form) or "").partition(".")
    outcome = web_login.accept_here(
        current_site(), current_browser(), scene=scene, token=token, now=clock.now()
    )
    return _confirmed(outcome.attempt)


def code_of(err: LoginError) -> int:
    """Return AnQiCMS's number for an error."""
    if isinstance(err, NotInWeChat):
        return NOT_IN_WECHAT
    return BAD_PARAMETERS if isinstance(err, _BAD_PARAMETERS) else FAILED


def render_error(err: LoginError) -> Response:
    """Answer an error in AnQiCMS's envelope, or on the result page."""
    number = code_of(err)
    if wants_json():
        return jsonify(code=number, msg=_message(number))
    return results.error_page(err, number=number, again_url=url_for("anqicms.auth"))


def _message(number: int) -> str:
    match number:
        case 4001:
            return gettext("请在微信中打开")
        case 4002:
            return gettext("微信授权参数错误")
        case _:
            return gettext("微信授权失败")


def _is_return(state: str | None) -> bool:
    """Tell a browser that comes back without a code, because the person refused, from a start."""
    return "code" in request.args or (state is not None and web_login.check_scene(state))


def _begin(state: str | None) -> str:
    if state is not None and len(state) > LONGEST_STATE:
        raise InvalidRequest
    wanted = web_login.Request(
        row=wechat_apps.verify_entitled(Right.WEB_AUTHORIZATION),
        errand=Errand(purpose=Purpose.RESULT, requested_state=state),
        scope=web_login.scope_for(current_site(), Purpose.RESULT),
    )
    return web_login.begin(current_site(), current_browser(), wanted, now=clock.now()).url


def _finish(code: str | None, scene: str | None) -> Response | str:
    returned = web_login.Returned(Way.IN_WECHAT, scene, code)
    outcome = web_login.finish(current_site(), current_browser(), returned, now=clock.now())
    match outcome:
        case Restart():
            return redirect(outcome.url, 302)
        case AskHere():
            return results.ask_here(outcome, action=url_for("anqicms.log_in_here"))
        case Confirmed():
            return _confirmed(outcome.attempt)


def _confirmed(attempt: Attempt) -> Response | str:
    site, now = current_site(), clock.now()
    if attempt.purpose != Purpose.RESULT:
        return arrivals.arrive(attempt, now=now)
    login = logins.claim(site, attempt.id, current_browser(), now=now)
    if wants_json():
        return people.log_in(jsonify(code=OK, msg=gettext("微信授权成功")), login)
    return people.log_in(results.success(login.attempt, now=now), login)
