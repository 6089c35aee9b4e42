"""The end-user API of the Quectel / Acceleronix cloud, as far as it is about WeChat.

    POST   /v2/enduser/enduserapi/wechatOffiaccountAuthLogin   a code of the authorize page
    POST   /v2/enduser/enduserapi/wechatMiniprogramAuthLogin   a code of `wx.login`
    PUT    /v2/enduser/enduserapi/refreshToken                 a new pair for a refresh token
    GET    /v2/enduser/enduserapi/userInfo                     who it is, by `Authorization`
    DELETE /v2/enduser/enduserapi/userLogout                   both tokens end

Parameters come in the query, as a form or as JSON; answers are in the API's own envelope
(`quectel_envelope.py`).
"""

from flask import Blueprint, request
from werkzeug.wrappers import Response

from wechatlogin import clock
from wechatlogin.compat import quectel_envelope
from wechatlogin.errors import ParameterMissing
from wechatlogin.extensions import csrf, limiter
from wechatlogin.services import end_users
from wechatlogin.services.end_users import SignedLogin
from wechatlogin.web import given
from wechatlogin.web.context import current_site
from wechatlogin.web.login import start_limit
from wechatlogin.web.waiting import poll_limit
from wechatlogin.wechat.app import Right

bp = Blueprint("quectel", __name__, url_prefix="/v2/enduser/enduserapi")
# There are no cookies here: whoever asks proves it by a signature or a token.
csrf.exempt(bp)


@bp.post("/wechatOffiaccountAuthLogin")
@limiter.limit(start_limit)
def log_in_by_page() -> Response:
    wanted = _read_login("code", Right.WEB_AUTHORIZATION)
    pair = end_users.log_in(current_site(), wanted, ip=request.remote_addr, now=clock.now())
    return quectel_envelope.answer_pair(pair)


@bp.post("/wechatMiniprogramAuthLogin")
@limiter.limit(start_limit)
def log_in_by_mini_program() -> Response:
    wanted = _read_login("jsCode", Right.MINI_PROGRAM_LOGIN)
    pair = end_users.log_in(current_site(), wanted, ip=request.remote_addr, now=clock.now())
    return quectel_envelope.answer_pair(pair)


@bp.put("/refreshToken")
@limiter.limit(start_limit)
def refresh() -> Response:
    # Some clients send the token as they send an access token, with an empty body.
    token = given.get_given("refreshToken") or _authorization()
    pair = end_users.refresh(current_site(), token, now=clock.now())
    return quectel_envelope.answer_pair(pair)


@bp.get("/userInfo")
@limiter.limit(poll_limit)
def show_user() -> Response:
    person = end_users.get_profile(_authorization(), now=clock.now())
    return quectel_envelope.answer_profile(person)


@bp.delete("/userLogout")
@limiter.limit(poll_limit)
def log_out() -> Response:
    end_users.log_out(_authorization(), ip=request.remote_addr, now=clock.now())
    return quectel_envelope.answer_nothing()


def _read_login(code_name: str, right: Right) -> SignedLogin:
    return SignedLogin(
        appid=given.require("appId"),
        code=given.require(code_name),
        user_domain=given.require("userDomain"),
        signature=given.require("signature"),
        right=right,
        country=given.get_given("mcc"),
    )


def _authorization() -> str:
    token = request.headers.get("Authorization", "").strip()
    if not token:
        raise ParameterMissing("token")
    return token
