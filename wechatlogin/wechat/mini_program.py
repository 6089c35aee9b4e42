"""Login in a mini program: the code of `wx.login` says who it is (WeChat's page 小程序登录).

The answer's `session_key` opens what the mini program encrypts for its own server; a login needs
none of that, so the key is not even read.
"""

import re
from dataclasses import dataclass

from wechatlogin.wechat import answer as answers
from wechatlogin.wechat import errors
from wechatlogin.wechat.app import WeChatApp
from wechatlogin.wechat.http import WeChatHTTP

PATH = "/sns/jscode2session"
_JS_CODE = re.compile(r"[A-Za-z0-9_-]{1,512}")


@dataclass(frozen=True)
class MiniProgramGrant:
    """Whom a code stands for; the unionid is there if the app has an open-platform account."""

    openid: str
    unionid: str | None


def exchange_js_code(http: WeChatHTTP, app: WeChatApp, js_code: str) -> MiniProgramGrant:
    """Return whom this code stands for. One try only: a lost answer may have used it up.

    :raise LoginMustRestart: if the code is expired, used up or not one of this app's.
    :raise AccountRestricted: if WeChat does not let this person log in.
    :raise PlatformError: see its subclasses.
    """
    if not _JS_CODE.fullmatch(js_code):
        raise errors.LoginMustRestart(path=PATH, errmsg="not a code")
    params = {
        "appid": app.appid,
        "secret": app.secret.get_secret_value(),
        "js_code": js_code,
        "grant_type": "authorization_code",
    }
    answer = http.get(PATH, params)
    return MiniProgramGrant(
        openid=answers.required_openid(answer, path=PATH),
        unionid=answers.get_unionid(answer),
    )
