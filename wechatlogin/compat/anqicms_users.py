"""AnQiCMS's users: logging in with the verification code from the chat, and the token after it.

    POST /api/login            {"platform": "wechat", "code", "remember"}: the user and a token
    GET  /api/user/detail      who it is; near its end a new token comes as `update-token`
    GET  /logout?return=json   the token ends, which is told by 1001

A program shows the token as the header `token`, a browser as the cookie `token`, which no script
can read. The cookie of our own pages opens nothing here, and a token nothing there.
"""

from datetime import datetime, timedelta

from flask import Blueprint, current_app, request
from flask import Response as Answer
from flask_babel import gettext
from pydantic import BaseModel, ConfigDict, ValidationError
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.wrappers import Response

from wechatlogin import clock
from wechatlogin.compat import anqicms_envelope
from wechatlogin.compat.anqicms_envelope import Number
from wechatlogin.errors import (
    ForeignOrigin,
    InvalidRequest,
    LoginRequired,
    ParameterMissing,
    ParameterWrong,
)
from wechatlogin.extensions import csrf, limiter
from wechatlogin.services import code_login
from wechatlogin.services.code_login import LoggedIn
from wechatlogin.services.site import Browser
from wechatlogin.web.code import limit_tries, limit_tries_of_all
from wechatlogin.web.context import browser_name, current_site
from wechatlogin.web.parameters import get_single
from wechatlogin.web.waiting import poll_limit

bp = Blueprint("anqicms_users", __name__)

WECHAT = "wechat"
#: The name is AnQiCMS's, as header and as cookie.
TOKEN = "token"  # noqa: S105 - the name of a cookie, not a secret
#: How long a browser keeps the cookie when the person did not ask to be remembered.
SHORT = timedelta(hours=24)


class LoginRequest(BaseModel):
    """The body of a login, as far as it is read; some programs send the code as a number."""

    model_config = ConfigDict(frozen=True, coerce_numbers_to_str=True)

    platform: str = ""
    code: str = ""
    remember: bool = False


def was_wrong(answer: Answer) -> bool:
    """Tell whether a login failed; only those count against the limits."""
    told = answer.get_json(silent=True) or {}
    return bool(told.get("code") == Number.FAILED)


# No form of ours comes here; another site's page is told apart by the origin that it has to show.
@bp.post("/api/login")
@csrf.exempt
@limit_tries(was_wrong)
@limit_tries_of_all(was_wrong)
def log_in() -> Response:
    wanted, now = _read_login(), clock.now()
    browser = Browser(binding="", is_bound=True, name=browser_name(), ip=request.remote_addr)
    former = request.cookies.get(TOKEN)
    person = code_login.log_in(current_site(), browser, wanted.code, former=former, now=now)
    answer = anqicms_envelope.answer_user(person, msg="", shows_token=True)
    _keep(answer, person, code_login.LIFETIME if wanted.remember else SHORT)
    return answer


@bp.get("/api/user/detail")
@limiter.limit(poll_limit)
def show_user() -> Response:
    site, now = current_site(), clock.now()
    person = code_login.verify(site, _token(), now=now)
    answer = anqicms_envelope.answer_user(person, msg=None, shows_token=False)
    if renewed := code_login.renew(site, person, now=now):
        _hand_over(answer, renewed, now)
    return answer


@bp.get("/logout")
@limiter.limit(poll_limit)
def log_out() -> Response:
    if get_single("return") != "json":
        # Our own pages log out by a form.
        raise MethodNotAllowed(["POST"])
    # A link or a picture on another site shall log nobody out.
    if request.headers.get("Sec-Fetch-Site", "none") not in {"same-origin", "none"}:
        raise ForeignOrigin
    token = request.headers.get(TOKEN) or request.cookies.get(TOKEN)
    if token:
        code_login.log_out(current_site(), token, ip=request.remote_addr, now=clock.now())
    answer = anqicms_envelope.answer(Number.NOT_LOGGED_IN, gettext("已退出登录"))
    _set_cookie(answer, "", timedelta(0))
    return answer


def _read_login() -> LoginRequest:
    try:
        wanted = LoginRequest.model_validate_json(request.get_data())
    except ValidationError as err:
        raise InvalidRequest from err
    for name in ("platform", "code"):
        if not getattr(wanted, name):
            raise ParameterMissing(name)
    if wanted.platform != WECHAT:
        raise ParameterWrong("platform")
    return wanted.model_copy(update={"code": wanted.code.strip()})


def _token() -> str:
    token = request.headers.get(TOKEN) or request.cookies.get(TOKEN)
    if not token:
        raise LoginRequired
    return token


def _hand_over(answer: Response, person: LoggedIn, now: datetime) -> None:
    """Give a new token to whoever showed the old one, in the same place too."""
    answer.headers["update-token"] = person.token.get_secret_value()
    if not request.headers.get(TOKEN):
        _keep(answer, person, person.ends_at - now)


def _keep(answer: Response, person: LoggedIn, lifetime: timedelta) -> None:
    _set_cookie(answer, person.token.get_secret_value(), lifetime)


def _set_cookie(answer: Response, value: str, lifetime: timedelta) -> None:
    answer.set_cookie(
        TOKEN,
        value,
        max_age=lifetime,
        path="/",
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
    )
