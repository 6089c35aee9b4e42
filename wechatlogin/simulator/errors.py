"""What the simulator refuses, in the three shapes a caller meets.

PlatformError      an API call: HTTP 200 with `errcode`, and a `rid` in `errmsg`
AuthorizeRefused   a page inside WeChat that shows a text and a number, and redirects nowhere
ControlError       the control side: an HTTP status with `{"error", "message"}`
"""

import secrets
from datetime import datetime

INVALID_CREDENTIAL = (
    "invalid credential, access_token is invalid or not latest, could get access_token by "
    "getStableAccessToken, more details at https://mmbizurl.cn/s/JtxxFh33r"
)

ERRMSG: dict[int, str] = {
    -1: "system error",
    40001: INVALID_CREDENTIAL,
    40002: "invalid grant_type",
    40003: "invalid openid",
    40008: "invalid message type",
    40013: "invalid appid",
    40014: "invalid access_token",
    40029: "invalid code",
    40030: "invalid refresh_token",
    40032: "invalid openid list size",
    40036: "invalid template_id size",
    40037: "invalid template_id",
    40039: "invalid url size",
    40052: "invalid action name",
    40053: "invalid action info",
    40066: "invalid url",
    40097: "invalid args",
    40125: "invalid appsecret",
    40163: "code been used",
    40201: "callback url not set",
    40202: "invalid action",
    40203: "invalid check_operator",
    41001: "access_token missing",
    41002: "appid missing",
    41003: "refresh_token missing",
    41004: "appsecret missing",
    41008: "missing code",
    41009: "missing openid",
    42001: "access_token expired",
    42002: "refresh_token expired",
    42003: "code expired",
    42007: "user revoked authorization",
    43001: "require GET method",
    43002: "require POST method",
    43004: "require subscribe",
    44002: "empty post data",
    44004: "empty content",
    45002: "content size out of limit",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit, must slower, retry next minute",
    45015: "response out of time limit or subscription is canceled",
    45029: "qrcode count out of limit",
    45047: "out of response count limit",
    47001: "data format error",
    47003: "argument invalid!",
    48001: "api unauthorized",
    48002: "user block message",
    48004: "api forbidden for irregularities",
    48006: "forbid to clear quota because of reaching the limit",
    50002: "user limited",
    61004: "access clientip is not registered",
    76021: "cgi_path not found",
    76022: "could not use this cgi_path, no permission",
}

AUTHORIZE_TEXTS: dict[int, str] = {
    10003: "redirect_uri 域名与后台配置不一致",
    10004: "此公众号被封禁",
    10005: "此公众号并没有这些 scope 的权限",
    10006: "必须关注此测试号",
    10009: "操作太频繁了，请稍后重试",
    10010: "scope 不能为空",
    10011: "redirect_uri 不能为空",
    10012: "appid 不能为空",
    10013: "state 不能为空",
    10015: "公众号未授权第三方平台",
    10016: "不支持微信开放平台的 Appid，请使用公众号 Appid",
}


class PlatformError(Exception):
    """An API call failed; `detail` replaces the usual words of the errcode."""

    def __init__(self, errcode: int, detail: str | None = None) -> None:
        self.errcode = errcode
        self.detail = detail or ERRMSG.get(errcode, "error")
        super().__init__(f"{errcode} {self.detail}")

    def answer(self, *, now: datetime) -> dict[str, object]:
        """Return the body WeChat would send, with a fresh rid."""
        return {"errcode": self.errcode, "errmsg": f"{self.detail} rid: {mint_rid(now)}"}


class AuthorizeRefused(Exception):
    """The authorize page shows an error; `number` is None where WeChat shows words only."""

    def __init__(self, number: int | None = None, text: str | None = None) -> None:
        self.number = number
        self.text = text or AUTHORIZE_TEXTS.get(number or 0, "该链接无法访问")
        super().__init__(self.text)


class ControlError(Exception):
    """The control side cannot do what was asked."""

    def __init__(self, code: str, message: str, *, status: int = 400) -> None:
        self.code = code
        self.message = message
        self.status = status
        super().__init__(message)


def mint_rid(now: datetime) -> str:
    """Return a request id: the hexadecimal Unix time of the call and two random groups."""
    return f"{int(now.timestamp()):08x}-{secrets.token_hex(4)}-{secrets.token_hex(4)}"
