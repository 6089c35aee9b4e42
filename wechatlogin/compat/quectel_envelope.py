"""The end-user API's envelope: `{"code", "data", "extMsg", "msg"}`, its numbers and its words.

The API's own numbers come with HTTP 200, and 200 is success. What it has no number for (400, 411,
413, 415, 429, 503) has the same number as HTTP status. The words are the API's own in every
language.
"""

from datetime import datetime, timedelta, timezone

from flask import jsonify, request
from werkzeug.wrappers import Response

from wechatlogin.errors import (
    ApplicationDisabled,
    ApplicationUnknown,
    CountryNotServed,
    CountryUnknown,
    LoginError,
    NotConfigured,
    ParameterMissing,
    SignatureWrong,
    SnapshotUser,
    TokenInvalid,
    UserDomainMalformed,
    UserUnknown,
    WeChatError,
)
from wechatlogin.services.end_user_tokens import Token, TokenPair
from wechatlogin.services.end_users import EndUserProfile
from wechatlogin.wechat.errors import PlatformError, WeChatBusy, WeChatGarbled, WeChatUnreachable

SUCCESS = 200
LOGOUT_FAILED = 5045
NORMAL = 1
#: Moments are written in the data centre's time.
BEIJING = timezone(timedelta(hours=8))

NUMBERS: dict[type[LoginError], int] = {
    UserDomainMalformed: 5013,
    ApplicationUnknown: 5015,
    TokenInvalid: 5032,
    UserUnknown: 5033,
    ApplicationDisabled: 5104,
    NotConfigured: 5373,
    SignatureWrong: 5420,
    CountryNotServed: 6084,
    CountryUnknown: 6085,
}
#: What the API says when a parameter is missing, by the parameter's name.
MISSING = {
    "appId": 5218,
    "code": 5372,
    "jsCode": 5372,
    "userDomain": 5023,
    "signature": 5550,
    "token": 5106,
}
WORDS = {
    5013: "用户域格式不正确",
    5015: "用户域不存在",
    5023: "请输入用户域",
    5032: "token验证失败",
    5033: "用户不存在",
    LOGOUT_FAILED: "用户退出登录失败",
    5104: "用户域已停用",
    5106: "请输入token",
    5218: "请输入appid",
    5367: "获取用户OpenID请求异常",
    5368: "获取用户OpenID失败",
    5369: "解析用户OpenID失败",
    5372: "请输入code",
    5373: "企业未配置该公众号Secret",
    5420: "签名验证失败",
    5550: "请输入签名",
    6084: "MCC不属于当前数据中心",
    6085: "查询MCC的数据中心失败",
}
#: The same numbers, where a mini program asks.
MINI_PROGRAM_WORDS = {5372: "请输入jsCode", 5373: "企业未配置该小程序Secret"}
UNKNOWN = (
    "address",
    "alipayUserId",
    "appleUserId",
    "city",
    "email",
    "facebookUserId",
    "logonMode",
    "nationality",
    "phone",
    "province",
    "qqUserId",
    "remark",
    "sex",
    "signature",
    "timezone",
    "twitterUserId",
)


def answer_pair(pair: TokenPair) -> Response:
    """Answer with a token pair."""
    return _envelope({"accessToken": _token(pair.access), "refreshToken": _token(pair.refresh)})


def answer_profile(person: EndUserProfile) -> Response:
    """Answer with what is known of a person; fields that we know nothing about are null."""
    return _envelope(
        {
            **dict.fromkeys(UNKNOWN),
            "headimg": person.avatar_url,
            "lang": person.language,
            "lastLoginTime": _moment(person.last_login_at),
            "lastLoginTimeTs": _milliseconds(person.last_login_at),
            # The API spells it so.
            "nikeName": person.nickname,
            "registerTime": _moment(person.registered_at),
            "registerTimeTs": _milliseconds(person.registered_at),
            "status": NORMAL,
            "uid": person.uid,
            "wechatMiniprogramUserId": person.mini_program_openid,
            "wechatOffiaccountUserId": person.official_account_openid,
            "wechatUnionId": person.unionid,
        }
    )


def answer_nothing() -> Response:
    """Answer that it is done."""
    return _envelope(None)


def number_of(err: LoginError) -> int:
    """Return the API's number for an error, or its HTTP status where the API has none."""
    if isinstance(err, ParameterMissing):
        return MISSING.get(err.field, err.status)
    if isinstance(err, SnapshotUser | WeChatError):
        return _number_of_wechats(err)
    return next((number for kind, number in NUMBERS.items() if isinstance(err, kind)), err.status)


def render_error(err: LoginError) -> Response:
    """Answer an error in the API's envelope."""
    number = number_of(err)
    if number == err.status and request.endpoint == "quectel.log_out" and err.status >= 500:
        number = LOGOUT_FAILED
    words = WORDS.get(number, err.message)
    if request.endpoint == "quectel.log_in_by_mini_program":
        words = MINI_PROGRAM_WORDS.get(number, words)
    response = _envelope(None, code=number, msg=words, ext_msg=_details(err))
    response.status_code = SUCCESS if number in WORDS else err.status
    return response


def _number_of_wechats(err: LoginError) -> int:
    match err:
        case WeChatGarbled():
            return 5369
        case WeChatUnreachable() | WeChatBusy(errcode=None):
            return 5367
        case _:
            return 5368


def _details(err: LoginError) -> str | None:
    """Return what a developer needs beyond the number: what WeChat's errcode was."""
    if not isinstance(err, SnapshotUser | WeChatError):
        return None
    errcode = err.errcode if isinstance(err, PlatformError) else None
    return err.code if errcode is None else f"{err.code} {errcode}"


def _envelope(
    data: dict[str, object] | None,
    *,
    code: int = SUCCESS,
    msg: str = "",
    ext_msg: str | None = None,
) -> Response:
    return jsonify(code=code, data=data, extMsg=ext_msg, msg=msg)


def _token(token: Token) -> dict[str, object]:
    ends = int(token.expires_at.timestamp())
    return {"expirationTime": ends, "token": token.text.get_secret_value()}


def _moment(at: datetime) -> str:
    return at.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
