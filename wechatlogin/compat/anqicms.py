"""AnQiCMS's "Official WeChat Authorization Interface".

    GET  /api/wechat/auth?state=               in WeChat: 302 to its authorize page
    GET  /api/wechat/auth?code=&state=         WeChat sends the browser back: the result page
    POST /api/wechat/auth/here                 "log in here", where the cookie was lost

`state=code` asks for a verification code in the chat; other values have no special function.
The value itself stays with the attempt: what travels through WeChat is the attempt's scene.
Where JSON is asked for, by `Accept` or `return=json`, the outcome is `{"code", "msg"}` with the
numbers of `anqicms_envelope.py`: 0 authorized, 200 authorized and the code is on its way; else it
is a page with the same numbers. Logging in with the code is in `anqicms_users.py`.
"""

from flask import Blueprint, redirect, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wechatlogin import clock
from wechatlogin.compat import anqicms_envelope
from wechatlogin.compat.anqicms_envelope import Number, code_of
from wechatlogin.errors import InvalidRequest, LoginError, NotInWeChat
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

bp = Blueprint("anqicms", __name__)

LONGEST_STATE = 128


@bp.get("/api/wechat/auth")
@limiter.limit(start_limit)
def auth() -> Response | str:
    code, state = get_single("code"), get_single("state")
    if not is_in_wechat():
        if _wants_json():
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


def render_error(err: LoginError) -> Response:
    """Answer an error in AnQiCMS's envelope, or on the result page."""
    number = code_of(err)
    if _wants_json():
        return anqicms_envelope.answer_error(err, number, _message(number, err))
    return results.error_page(err, number=number.value, again_url=url_for("anqicms.auth"))


def _message(number: Number, err: LoginError) -> str:
    match number:
        case Number.NOT_IN_WECHAT:
            return gettext("请在微信中打开")
        case Number.BAD_PARAMETERS:
            return gettext("微信授权参数错误")
        case Number.FAILED:
            return gettext("微信授权失败")
        case _:
            return gettext(err.message)


def _wants_json() -> bool:
    return wants_json() or request.args.get("return") == "json"


def _is_return(state: str | None) -> bool:
    """Tell a browser that comes back without a code, because the person refused, from a start."""
    return "code" in request.args or (state is not None and web_login.check_scene(state))


def _begin(state: str | None) -> str:
    if state is not None and len(state) > LONGEST_STATE:
        raise InvalidRequest
    errand = Errand(purpose=Purpose.RESULT, requested_state=state)
    wanted = web_login.Request(
        row=wechat_apps.verify_entitled(Right.WEB_AUTHORIZATION),
        errand=errand,
        scope=web_login.scope_for(current_site(), errand),
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
    if _wants_json():
        told = results.tell_code(login.attempt, now=now)
        number = Number.OK if told is None else Number.REQUEST_OK
        answer = anqicms_envelope.answer(number, told or gettext("微信授权成功"))
        return people.log_in(answer, login)
    return people.log_in(results.success(login.attempt, now=now), login)
