"""Authing's browser logins: a page sends its browser here, and gets `code`, `message`, `data` back.

GET  /oauth/wechatmp/url/<userPoolId>           the SDKs of 2019: the first redirect URI
GET  /connections/social/<identifier>           `app_id`, `redirect_url`: all since then
GET  /connections/return                        WeChat sends the browser back
POST /connections/return/here                   "log in here", where the cookie was lost

`from_guard=1` means that the page has opened a window. It is told by `postMessage`, to each of
the application's origins by name, and the window closes; on a phone there is no window, and the
SDK says `redirected=1`.

Who is refused is sent back with another `code` than 200, as long as it is known where to: what is
wrong with the application, its connection or its address is said on a page.
"""

import json
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, g, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wechatlogin import clock
from wechatlogin.compat import authing_envelope
from wechatlogin.errors import AuthorizationInvalid, InvalidRequest, LoginError, SnapshotUser
from wechatlogin.extensions import csrf, limiter
from wechatlogin.models import Attempt, Display, Way
from wechatlogin.services import attempts, authing_users, authing_visits, web_login
from wechatlogin.services.authing_visits import Asked
from wechatlogin.services.errand import Errand
from wechatlogin.services.web_login import AskHere, Confirmed, Restart
from wechatlogin.web import destinations, languages, own_paths, relay, results
from wechatlogin.web.context import current_browser, current_site, is_in_wechat
from wechatlogin.web.login import start_limit
from wechatlogin.web.offers import open_in_wechat
from wechatlogin.web.parameters import get_single
from wechatlogin.web.security import Openers, Openness, open_up
from wechatlogin.wechat.errors import SnapshotSuspected

bp = Blueprint("authing", __name__)

#: What still fits into the QR code that leads into WeChat.
LONGEST_QUERY = 2000
EVENT = {"source": "authing", "eventType": "socialLogin"}


@bp.before_request
def keep_opener() -> None:
    """Let a page that opened a window for its login stay in touch with it."""
    open_up(Openness(Openers.OPENER))


@bp.get("/oauth/wechatmp/url/<user_pool_id>")
@limiter.limit(start_limit)
def start_first(user_pool_id: str) -> Response | str:
    return _start(Asked(user_pool_id, authing_visits.FIRST_CONNECTION, path=_path_to_begin_anew()))


@bp.get("/connections/social/<identifier>")
@limiter.limit(start_limit)
def start(identifier: str) -> Response | str:
    is_window = get_single("from_guard") == "1" and get_single("redirected") != "1"
    return _start(
        Asked(
            client_id=get_single("app_id") or "",
            connection=identifier,
            redirect_url=get_single("redirect_url"),
            is_popup=is_window,
            path=_path_to_begin_anew(),
        )
    )


@bp.get(web_login.PROGRAM_CALLBACK_PATH)
@limiter.limit(start_limit)
def finish() -> Response | str:
    attempt = _verify_attempt(get_single("state"))
    returned = web_login.Returned(Way(attempt.way), attempt.scene, get_single("code"))
    outcome = web_login.finish(current_site(), current_browser(), returned, now=clock.now())
    match outcome:
        case Restart():
            return redirect(outcome.url, 302)
        case AskHere():
            return results.ask_here(outcome, action=url_for("authing.log_in_here"))
        case Confirmed():
            return _arrive(outcome.attempt)


@bp.post(f"{web_login.PROGRAM_CALLBACK_PATH}/here")
@csrf.exempt
@limiter.limit(start_limit)
def log_in_here() -> Response | str:
    # The hidden token is the proof here: the browser has just shown that it keeps no cookies.
    scene, _, token = (get_single("token", source=request.form) or "").partition(".")
    _verify_attempt(scene)
    outcome = web_login.accept_here(
        current_site(), current_browser(), scene=scene, token=token, now=clock.now()
    )
    return _arrive(outcome.attempt)


def render_error(err: LoginError) -> Response:
    """Answer an error where the login leads to, or on a page where that is not certain."""
    errand: Errand | None = g.get("authing_errand")
    # After a snapshot page the same state may still come back with a real code.
    if errand is None or isinstance(err, SnapshotUser | SnapshotSuspected):
        return relay.render_error(err)
    return _tell(errand, code=err.status, message=gettext(err.message))


def _start(asked: Asked) -> Response | str:
    site = current_site()
    permit = authing_visits.verify(site, asked)
    g.authing_errand = permit.errand
    if permit.is_inside_wechat and not is_in_wechat():
        return open_in_wechat(request.full_path.rstrip("?"))
    english = languages.html_lang() == "en"
    url = authing_visits.begin(site, current_browser(), permit, now=clock.now(), english=english)
    return redirect(url, 302)


def _path_to_begin_anew() -> str | None:
    if len(request.query_string) > LONGEST_QUERY:
        raise InvalidRequest
    return own_paths.get_own_path(request.full_path.rstrip("?"))


def _verify_attempt(scene: str | None) -> Attempt:
    attempt = attempts.get_by_scene(scene or "")
    errand = Errand.of(attempt) if attempt is not None else None
    if attempt is None or errand is None or not errand.is_for_program:
        raise AuthorizationInvalid
    if attempt.way not in {Way.IN_WECHAT, Way.WEBSITE}:
        raise AuthorizationInvalid
    g.authing_errand = errand
    return attempt


def _arrive(attempt: Attempt) -> Response:
    if follow_url := destinations.get_follow_url(attempt):
        return redirect(follow_url, 302)
    user = authing_users.claim(current_site(), attempt.id, current_browser(), now=clock.now())
    return _tell(
        Errand.of(attempt),
        code=authing_envelope.OK,
        message=authing_envelope.success_words(),
        data=authing_envelope.user_fields(user),
    )


def _tell(
    errand: Errand, *, code: int, message: str, data: dict[str, object] | None = None
) -> Response:
    """Tell the program, by its own page or by the page that opened this window."""
    if errand.display is Display.POPUP:
        return _tell_opener(errand, code, {"code": code, "message": message, "data": data})
    told = {"code": str(code), "message": message}
    if data is not None:
        told["data"] = json.dumps(data, ensure_ascii=False)
    uri = errand.redirect_uri or ""
    separator = "&" if urlsplit(uri).query else "?"
    return redirect(f"{uri.rstrip('?')}{separator}{urlencode(told)}", 302)


def _tell_opener(errand: Errand, code: int, told: dict[str, object]) -> Response:
    application = errand.application
    page = render_template(
        "login_popup.html",
        is_done=code == authing_envelope.OK,
        # A browser hands it to the opener alone, and only if that is of the origin named.
        origin=" ".join(application.origins) if application else "",
        message=json.dumps({**told, "event": EVENT}),
        site_name=application.name if application else "",
    )
    return make_response(page, code)
