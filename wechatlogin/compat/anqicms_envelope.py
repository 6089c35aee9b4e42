"""AnQiCMS's answers: `{"code", "msg"}`, with `data` where there is some.

    0     done, the person is authorized or logged in     1001   not logged in
    200   done, and a verification code is on its way     1002   not permitted
    -1    failed, `msg` says why                          4001   not opened in WeChat
                                                          4002   WeChat's parameters are wrong

All of them come with HTTP 200. What AnQiCMS knows nothing of (too often, another site's page, the
body, our own trouble) has its HTTP status too.
"""

from enum import IntEnum

from flask import jsonify
from flask_babel import gettext
from werkzeug.wrappers import Response

from wechatlogin.errors import (
    AttemptSpent,
    AuthorizationInvalid,
    BodyNotAccepted,
    CodeWrong,
    ForeignOrigin,
    InvalidRequest,
    LoginError,
    LoginRequired,
    NotInWeChat,
    ParameterMissing,
    ParameterWrong,
    RateLimited,
    TokenInvalid,
)
from wechatlogin.services.code_login import LoggedIn
from wechatlogin.web.errors import DatabaseBusy, NotAccepted
from wechatlogin.wechat.errors import LoginMustRestart

NORMAL = 1


class Number(IntEnum):
    """What `code` can be."""

    OK = 0
    FAILED = -1
    REQUEST_OK = 200
    NOT_LOGGED_IN = 1001
    NOT_PERMITTED = 1002
    NOT_IN_WECHAT = 4001
    BAD_PARAMETERS = 4002


_NOT_LOGGED_IN = (LoginRequired, TokenInvalid)
_BAD_PARAMETERS = (AuthorizationInvalid, InvalidRequest, LoginMustRestart, AttemptSpent)
_BEYOND_ANQICMS = (BodyNotAccepted, DatabaseBusy, ForeignOrigin, NotAccepted, RateLimited)

#: What AnQiCMS tells of a user and we do not know, as its empty value.
UNKNOWN: dict[str, object] = {
    "parent_id": 0,
    "url_token": "",
    "real_name": "",
    "first_name": "",
    "last_name": "",
    "birthday": "",
    "introduce": "",
    "email": "",
    "email_verified": False,
    "phone": "",
    "group_id": 0,
    "google_id": "",
    "reset_password": False,
    "is_retailer": 0,
    "balance": 0,
    "total_reward": 0,
    "invite_code": "",
    "expire_time": 0,
    "extra": {},
    "group": None,
    "link": "",
}


def code_of(err: LoginError) -> Number:
    """Return AnQiCMS's number for an error on the way through WeChat's page."""
    if isinstance(err, NotInWeChat):
        return Number.NOT_IN_WECHAT
    if isinstance(err, _NOT_LOGGED_IN):
        return Number.NOT_LOGGED_IN
    if err.status == 403:
        return Number.NOT_PERMITTED
    return Number.BAD_PARAMETERS if isinstance(err, _BAD_PARAMETERS) else Number.FAILED


def answer(number: Number, msg: str | None) -> Response:
    """Answer without data."""
    return jsonify(code=number.value, msg=msg)


def answer_user(person: LoggedIn, *, msg: str | None, shows_token: bool) -> Response:
    """Answer with the user of a token; the token itself is there after a login alone."""
    registered = int(person.registered_at.timestamp())
    last_login = int(person.last_login_at.timestamp())
    user = {
        **UNKNOWN,
        "id": person.number,
        "created_time": registered,
        "updated_time": last_login,
        "user_name": person.nickname or "",
        "avatar_url": person.avatar_url or "",
        "full_avatar_url": person.avatar_url or "",
        "status": NORMAL,
        "last_login": last_login,
        "token": person.token.get_secret_value() if shows_token else "",
    }
    return jsonify(code=Number.OK.value, msg=msg, data=user)


def answer_error(err: LoginError, number: Number, msg: str) -> Response:
    """Answer an error by its number."""
    response = answer(number, msg)
    if isinstance(err, _BEYOND_ANQICMS):
        response.status_code = err.status
    return response


def render_error(err: LoginError) -> Response:
    """Answer an error where people log in and out; a wrong parameter is a failure like others."""
    number = code_of(err)
    if number is Number.BAD_PARAMETERS:
        number = Number.FAILED
    return answer_error(err, number, _words(err))


def _words(err: LoginError) -> str:
    match err:
        case LoginRequired() | TokenInvalid():
            return gettext("该操作需要登录，请登录后重试")
        case CodeWrong():
            return gettext("验证码不正确")
        case ParameterMissing():
            return gettext("用户信息不完整")
        case ParameterWrong(field="platform"):
            return gettext("这里只能用微信验证码登录。")
        case _:
            return gettext(err.message)
