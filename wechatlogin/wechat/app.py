"""A WeChat account as we use it: its credentials, its rights, and the hosts of the platform.

The rights follow WeChat's page 接口权限说明: a certified service account may do everything, a
personal subscription account may only listen and answer.
"""

from dataclasses import dataclass
from enum import StrEnum

from pydantic import SecretStr


class AppKind(StrEnum):
    """What was registered with WeChat; `SUBSCRIPTION` is certified, `PERSONAL` is not."""

    SERVICE = "service"
    SERVICE_UNCERTIFIED = "service_uncertified"
    SUBSCRIPTION = "subscription"
    PERSONAL = "personal"
    TEST = "test"
    WEBSITE = "website"
    MINI_PROGRAM = "mini_program"


class MessageMode(StrEnum):
    """How pushes arrive: 明文模式, 兼容模式, 安全模式."""

    PLAIN = "plain"
    COMPATIBLE = "compatible"
    SAFE = "safe"


class Right(StrEnum):
    """One thing an account may be entitled to."""

    ACCESS_TOKEN = "access_token"  # noqa: S105 - the name of a right, not a secret
    PUSHES = "pushes"
    #: People can write to it, and it can reply.
    CHAT = "chat"
    WEB_AUTHORIZATION = "web_authorization"
    WEBSITE_LOGIN = "website_login"
    MINI_PROGRAM_LOGIN = "mini_program_login"
    PARAMETRIC_QR = "parametric_qr"
    TEMPLATE_MESSAGE = "template_message"
    CUSTOMER_MESSAGE = "customer_message"
    USER_INFO = "user_info"
    MENU = "menu"


_LISTENING = frozenset({Right.ACCESS_TOKEN, Right.PUSHES, Right.CHAT})
_CERTIFIED = _LISTENING | {Right.CUSTOMER_MESSAGE, Right.USER_INFO, Right.MENU}
_FULL = _CERTIFIED | {Right.WEB_AUTHORIZATION, Right.PARAMETRIC_QR, Right.TEMPLATE_MESSAGE}

_RIGHTS: dict[AppKind, frozenset[Right]] = {
    AppKind.SERVICE: _FULL,
    AppKind.TEST: _FULL,
    AppKind.SERVICE_UNCERTIFIED: _LISTENING | {Right.MENU},
    AppKind.SUBSCRIPTION: _CERTIFIED,
    AppKind.PERSONAL: _LISTENING,
    AppKind.WEBSITE: frozenset({Right.WEBSITE_LOGIN, Right.PUSHES}),
    AppKind.MINI_PROGRAM: frozenset({Right.ACCESS_TOKEN, Right.PUSHES, Right.MINI_PROGRAM_LOGIN}),
}


def rights_of(kind: AppKind) -> frozenset[Right]:
    """Return what WeChat lets an account of this kind do."""
    return _RIGHTS[kind]


@dataclass(frozen=True)
class WeChatApp:
    """One account's credentials; the secrets never show in a repr."""

    appid: str
    secret: SecretStr
    kind: AppKind
    token: SecretStr | None = None
    aes_key: SecretStr | None = None
    mode: MessageMode = MessageMode.PLAIN
    gh_id: str | None = None


@dataclass(frozen=True)
class Platform:
    """Where WeChat is.

    `avatar_hosts` names hosts (`host` or `host:port`) that avatars may come from besides WeChat's.
    """

    open_url: str = "https://open.weixin.qq.com"
    api_url: str = "https://api.weixin.qq.com"
    mp_url: str = "https://mp.weixin.qq.com"
    avatar_hosts: tuple[str, ...] = ()
