"""What an operator decides for a WeChat app, and what of it cannot be.

`WeChatAppSettings` is all that may be shown again; `GivenSecrets` are those that were typed, of
which a missing one keeps what is stored. `verify` says which field is wrong, and why. The template
that carries codes is chosen apart, since WeChat has the list: see `templates`.
"""

import re
import secrets
from dataclasses import dataclass, fields, replace

from pydantic import SecretStr

from wechatlogin.config import Settings
from wechatlogin.errors import ForwardURLRefused, InvalidRequest, SettingRefused
from wechatlogin.i18n import msgid
from wechatlogin.models import WeChatAppRow
from wechatlogin.services import forward_urls, wechat_apps
from wechatlogin.wechat.app import AppKind, MessageMode

LONGEST_NAME = 64
LONGEST_FOLLOW_URL = 256

_APPID = re.compile(r"wx[0-9A-Za-z]{16}")
_SECRET = re.compile(r"[0-9A-Za-z]{32}")
_TOKEN = re.compile(r"[0-9A-Za-z]{3,32}")
_AES_KEY = re.compile(r"[0-9A-Za-z]{43}")
_GH_ID = re.compile(r"gh_[0-9A-Za-z]{1,29}")
_FOLLOW_URL = re.compile(r"https?://[!-~]+", re.IGNORECASE)

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
#: The last of 43 characters carries four bits; those whose other two are zero are not ambiguous.
_LAST_LETTERS = "AEIMQUYcgkosw048"


@dataclass(frozen=True)
class WeChatAppSettings:
    """Everything about an app that is no secret and can be changed later."""

    name: str
    kind: AppKind = AppKind.SERVICE
    mode: MessageMode = MessageMode.SAFE
    gh_id: str | None = None
    open_platform_group: str | None = None
    follow_url: str | None = None
    forward_url: str | None = None
    identifier: str | None = None


@dataclass(frozen=True)
class GivenSecrets:
    """The secrets that were typed; None keeps what is stored."""

    secret: SecretStr | None = None
    token: SecretStr | None = None
    aes_key: SecretStr | None = None


NAMES = tuple(field.name for field in fields(WeChatAppSettings))


def of(row: WeChatAppRow) -> WeChatAppSettings:
    """Return the settings of an app as they are now."""
    return WeChatAppSettings(
        name=row.name,
        kind=AppKind(row.kind),
        mode=MessageMode(row.mode),
        gh_id=row.gh_id,
        open_platform_group=row.open_platform_group,
        follow_url=row.follow_url,
        forward_url=row.forward_url,
        identifier=row.identifier,
    )


def verify(
    settings: Settings, appid: str, wanted: WeChatAppSettings, given: GivenSecrets
) -> WeChatAppSettings:
    """Return settings that an app can have: those wanted, in the mode that its kind has.

    :raise SettingRefused: if one of them cannot be so; it names the field.
    """
    if not 0 < len(wanted.name) <= LONGEST_NAME or not wanted.name.isprintable():
        raise SettingRefused("name", msgid("名称是 1 到 64 个字，没有控制字符。"))
    _verify_secrets(given)
    if wanted.gh_id is not None and not _GH_ID.fullmatch(wanted.gh_id):
        raise SettingRefused("gh_id", msgid("原始 ID 以 gh_ 开头，后面是字母和数字。"))
    group = wanted.open_platform_group
    if group is not None and (len(group) > LONGEST_NAME or not group.isprintable()):
        raise SettingRefused("open_platform_group", msgid("名称最多 64 个字，没有控制字符。"))
    _verify_addresses(settings, wanted)
    if wanted.identifier is not None:
        _verify_identifier(appid, wanted.identifier)
    # A test account's page has no place for a key.
    return replace(wanted, mode=MessageMode.PLAIN) if wanted.kind is AppKind.TEST else wanted


def verify_new(
    settings: Settings, appid: str, wanted: WeChatAppSettings, given: GivenSecrets
) -> WeChatAppSettings:
    """Return the same for an app that is new.

    :raise SettingRefused: if one of them cannot be so, the secret is missing, or the appid is
        known.
    """
    _verify_new_appid(appid)
    if given.secret is None:
        raise SettingRefused("secret", msgid("请填写 AppSecret。"))
    return verify(settings, appid, wanted, given)


def new_token() -> SecretStr:
    """Return a token for WeChat's console, as hard to guess as the longest can be."""
    return SecretStr("".join(secrets.choice(_LETTERS) for _ in range(32)))


def new_aes_key() -> SecretStr:
    """Return an EncodingAESKey for WeChat's console."""
    first = "".join(secrets.choice(_LETTERS) for _ in range(42))
    return SecretStr(first + secrets.choice(_LAST_LETTERS))


def _verify_new_appid(appid: str) -> None:
    if not _APPID.fullmatch(appid):
        raise SettingRefused("appid", msgid("AppID 是 wx 加 16 个字母和数字，共 18 个字符。"))
    if wechat_apps.get(appid) is not None:
        raise SettingRefused("appid", msgid("这个 AppID 已经添加过了。"))


def _verify_secrets(given: GivenSecrets) -> None:
    rules = (
        ("secret", given.secret, _SECRET, msgid("AppSecret 是 32 个字母和数字。")),
        ("token", given.token, _TOKEN, msgid("Token 是 3 到 32 个字母和数字。")),
        ("aes_key", given.aes_key, _AES_KEY, msgid("EncodingAESKey 是 43 个字母和数字。")),
    )
    for field, value, pattern, message in rules:
        if value is not None and not pattern.fullmatch(value.get_secret_value()):
            raise SettingRefused(field, message)


def _verify_addresses(settings: Settings, wanted: WeChatAppSettings) -> None:
    follow = wanted.follow_url
    if follow is not None and (
        len(follow) > LONGEST_FOLLOW_URL or not _FOLLOW_URL.fullmatch(follow)
    ):
        message = msgid("二维码里的网址以 http:// 或 https:// 开头，最多 256 个字符。")
        raise SettingRefused("follow_url", message)
    if wanted.forward_url is not None:
        try:
            forward_urls.verify_url(settings, wanted.forward_url)
        except ForwardURLRefused as err:
            raise SettingRefused("forward_url", err.message) from err


def _verify_identifier(appid: str, identifier: str) -> None:
    try:
        wechat_apps.verify_identifier(appid, identifier)
    except InvalidRequest as err:
        message = msgid("标识是 1 到 31 个小写字母、数字和短横线，不能与其他账号的相同。")
        raise SettingRefused("identifier", message) from err
