"""What an examination brings: for each step whether it is right, why, and what helps."""

from dataclasses import dataclass
from enum import StrEnum

from wechatlogin.i18n import msgid


class Step(StrEnum):
    """What is examined: first the installation, then each WeChat app."""

    SETTINGS = "settings"
    PUBLIC_URL = "public_url"
    CERTIFICATE = "certificate"
    CLOCK = "clock"
    DATABASE = "database"
    REDIS = "redis"
    PROXIES = "proxies"
    COOKIES = "cookies"

    SECRET = "secret"  # noqa: S105 - the name of a step, not a secret
    WHITE_LIST = "white_list"
    CALLBACK = "callback"
    WECHAT_CHECK = "wechat_check"
    PUSH = "push"
    MODE = "mode"
    DOMAIN = "domain"
    RIGHTS = "rights"
    TEMPLATE = "template"
    TOKEN_OWNER = "token_owner"  # noqa: S105 - the name of a step, not a secret


class State(StrEnum):
    """How a step ended; `UNKNOWN` is "can't tell"."""

    OK = "ok"
    WRONG = "wrong"
    UNKNOWN = "unknown"


TITLES = {
    Step.SETTINGS: msgid("设置"),
    Step.PUBLIC_URL: msgid("公开地址"),
    Step.CERTIFICATE: msgid("证书"),
    Step.CLOCK: msgid("时钟"),
    Step.DATABASE: msgid("数据库"),
    Step.REDIS: msgid("Redis"),
    Step.PROXIES: msgid("反向代理"),
    Step.COOKIES: msgid("Cookie 与 https"),
    Step.SECRET: msgid("AppID 与 AppSecret"),
    Step.WHITE_LIST: msgid("IP 白名单"),
    Step.CALLBACK: msgid("服务器地址与令牌"),
    Step.WECHAT_CHECK: msgid("微信的网络检测"),
    Step.PUSH: msgid("微信的推送"),
    Step.MODE: msgid("消息加解密方式"),
    Step.DOMAIN: msgid("域名校验文件"),
    Step.RIGHTS: msgid("接口权限"),
    Step.TEMPLATE: msgid("模板消息"),
    Step.TOKEN_OWNER: msgid("access_token 的归属"),
}


@dataclass(frozen=True)
class Finding:
    """What a step showed, in the language of whoever asked."""

    step: Step
    state: State
    reason: str
    #: What to do, with the words of WeChat's console and the values to paste.
    remedy: str | None = None
    #: WeChat's number, and its name for the call, by which its support finds it.
    errcode: int | None = None
    rid: str | None = None
