"""wechat-server's API, for one-api, new-api and whatever else logs people in by it.

    GET /api/wechat/user?code=&app_id=       {"success", "message", "data": openid, or ""}
    GET /api/wechat/access_token?app_id=     {"success", "message", "access_token", "expiration"}
    GET /api/status                          what a client shows of the server; for everybody

The first two want an application's API key in `Authorization`, bare or after `Bearer `. Answers
come with HTTP 200, failures too; what the original has no answer for keeps its status. Too often is
a 429 without a body. The words are the original's own in every language. Where WeChat pushes is
`web/pushes.py`.
"""

import re
from typing import cast

from flask import Blueprint, current_app, g, jsonify, request
from flask import Response as Answer
from flask.blueprints import BlueprintSetupState
from flask_babel import gettext
from werkzeug.wrappers import Response

from wechatlogin import clock
from wechatlogin.errors import (
    AccessTokenWithheld,
    ApiKeyWrong,
    CodeWrong,
    InvalidRequest,
    LoginError,
    ParameterMissing,
    RateLimited,
)
from wechatlogin.extensions import limiter
from wechatlogin.models import Application
from wechatlogin.services import api_keys, wechat_server
from wechatlogin.web.code import tries_limit_of_all
from wechatlogin.web.context import current_site
from wechatlogin.web.login import start_limit
from wechatlogin.web.parameters import get_single
from wechatlogin.web.waiting import poll_limit

bp = Blueprint("wechat_server", __name__)

NO_KEY = "无权进行此操作，未登录或 token 无效"
NOT_PERMITTED = "无权进行此操作，未登录或 token 无效，或没有权限"
BAD_PARAMETERS = "无效的参数"
#: As long as a key of ours or of another system's may be.
LONGEST_KEY = 256
STARTED_AT = "STARTED_AT"

_BLANKS = re.compile(r"\s")


@bp.record_once
def _note_start(state: BlueprintSetupState) -> None:
    state.app.config[STARTED_AT] = clock.now()


def caller_key() -> str:
    """Return whose requests are counted together: an application's, or a stranger's address."""
    application = _get_application()
    return f"application {application.id}" if application else request.remote_addr or ""


def was_wrong(answer: Answer) -> bool:
    """Tell whether a guess failed; only those count against the limit of an application."""
    return bool(answer.is_json and answer.get_json().get("data") == "")


# Everybody who types a code at the application comes through its one key.
@bp.get("/api/wechat/user")
@limiter.limit(poll_limit, key_func=caller_key)
@limiter.limit(tries_limit_of_all, key_func=caller_key, deduct_when=was_wrong)
def identify() -> Response:
    application, now = _verify_application(), clock.now()
    code, appid = get_single("code"), get_single("app_id")
    if code is None:
        raise ParameterMissing("code")
    typed = _BLANKS.sub("", code)
    try:
        openid = wechat_server.identify(current_site(), application, typed, appid=appid, now=now)
    except CodeWrong:
        openid = ""
    return jsonify(success=True, message="", data=openid)


@bp.get("/api/wechat/access_token")
@limiter.limit(start_limit, key_func=caller_key)
def access_token() -> Response:
    application = _verify_application()
    issued = wechat_server.hand_out_access_token(
        current_site(), application, appid=get_single("app_id")
    )
    return jsonify(
        success=True,
        message="",
        access_token=issued.access_token.get_secret_value(),
        expiration=int(issued.expires_in.total_seconds()),
    )


@bp.get("/api/status")
@limiter.limit(poll_limit)
def status() -> Response:
    site = current_site()
    data = {
        "version": "",
        "start_time": int(current_app.config[STARTED_AT].timestamp()),
        "email_verification": False,
        "github_oauth": False,
        "github_client_id": "",
        "system_name": site.settings.site_name,
        "footer_html": "",
    }
    return jsonify(success=True, message="", data=data)


def render_error(err: LoginError) -> Response:
    """Answer an error as wechat-server does."""
    if isinstance(err, RateLimited):
        return Answer(status=err.status)
    match err:
        case ApiKeyWrong():
            return _failure(NO_KEY)
        case AccessTokenWithheld():
            return _failure(NOT_PERMITTED)
        case InvalidRequest():
            return _failure(BAD_PARAMETERS)
        case _:
            return _failure(gettext(err.message), status=err.status)


def _failure(message: str, *, status: int = 200) -> Response:
    answer = jsonify(success=False, message=message)
    answer.status_code = status
    return answer


def _verify_application() -> Application:
    application = _get_application()
    if application is None:
        raise ApiKeyWrong
    return application


def _get_application() -> Application | None:
    """Return the application whose API key the request shows; looked up once."""
    if "wechat_server_caller" not in g:
        key = request.headers.get("Authorization", "").strip().removeprefix("Bearer ").strip()
        is_one = 0 < len(key) <= LONGEST_KEY
        g.wechat_server_caller = api_keys.get_application(key, now=clock.now()) if is_one else None
    return cast("Application | None", g.wechat_server_caller)
