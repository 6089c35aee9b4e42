"""What an operator decides for an application, and what of it cannot be.

`ApplicationSettings` is the whole of it; `verify` says which setting is wrong, by its name here and
a sentence for people. docs/applications.md lists the settings as the command line calls them.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any

from wechatlogin.config import ConfirmPolicy, FollowPolicy
from wechatlogin.errors import SettingRefused
from wechatlogin.i18n import msgid
from wechatlogin.models import Algorithm, Application, SubjectType
from wechatlogin.services import application_addresses as addresses
from wechatlogin.services import ways, wechat_apps

LONGEST_NAME = 64
#: What an application may be granted unless its operator says otherwise.
SCOPES = ("openid", "profile", "email", "offline_access")
#: And what there is besides: who the person is to WeChat.
ALL_SCOPES = (*SCOPES, "wechat")
#: An address that no mail can reach (RFC 2606), for programs that insist on one.
EMAIL_TEMPLATE = "{sub}@wechat.invalid"
ACCESS_SECONDS = range(60, 86_400 + 1)
REFRESH_SECONDS = range(3600, 365 * 86_400 + 1)

_MCCS = range(1, 1000)
_LONGEST_LOCAL_PART = 64
_LONGEST_EMAIL = 128
#: RFC 2606, and for `.localhost` RFC 6761: nobody's mail is there.
_NOBODYS = r"(invalid|test|example|localhost|example\.(com|net|org))"
_WORD = r"[a-z0-9_+-]+"
_LABEL = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_EMAIL = re.compile(
    rf"(?P<before>({_WORD}(\.{_WORD})*\.?)?)\{{sub\}}(?P<after>\.?({_WORD}(\.{_WORD})*)?(?<!\.))"
    rf"@({_LABEL}\.)*{_NOBODYS}"
)


@dataclass(frozen=True)
class ApplicationSettings:
    """Everything about an application that can be changed later."""

    name: str
    #: It runs in a browser or on a phone, where no secret can be kept.
    is_public: bool = False
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    backchannel_logout_uri: str | None = None
    origins: tuple[str, ...] = ()
    #: Its WeChat apps, the preferred one first; none means all there are.
    appids: tuple[str, ...] = ()
    #: The ways that its login page offers, the preferred one first; none means all there are.
    ways: tuple[str, ...] = ()
    #: `openid` is always among them.
    scopes: tuple[str, ...] = SCOPES
    requires_pkce: bool = True
    is_first_party: bool = False
    subject_type: SubjectType = SubjectType.PUBLIC
    email_template: str | None = EMAIL_TEMPLATE
    id_token_algorithm: Algorithm = Algorithm.RS256
    access_seconds: int = 3600
    refresh_seconds: int = 30 * 86_400
    confirm: ConfirmPolicy = ConfirmPolicy.NUMBER
    follow: FollowPolicy = FollowPolicy.NEVER
    #: Mobile country codes that its user domain serves; none means all.
    mccs: tuple[int, ...] = ()


#: In the order in which they are shown.
NAMES = tuple(field.name for field in fields(ApplicationSettings))


def of(application: Application) -> ApplicationSettings:
    """Return the settings of an application as they are now."""
    stored = {name: getattr(application, name) for name in NAMES}
    plain: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in stored.items()
    }
    return replace(
        ApplicationSettings(**plain),
        subject_type=SubjectType(application.subject_type),
        id_token_algorithm=Algorithm(application.id_token_algorithm),
        confirm=ConfirmPolicy(application.confirm),
        follow=FollowPolicy(application.follow),
    )


def get_columns(settings: ApplicationSettings) -> dict[str, object]:
    """Return the settings as an application's row has them."""
    given = {name: getattr(settings, name) for name in NAMES}
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in given.items()
    }


def verify(wanted: ApplicationSettings) -> ApplicationSettings:
    """Return settings that an application can have: those wanted, nothing named twice.

    :raise SettingRefused: if one of them cannot be so.
    """
    _verify_name(wanted.name)
    _verify_addresses(wanted)
    _verify_lists(wanted)
    if wanted.is_public and not wanted.requires_pkce:
        raise SettingRefused("requires_pkce", msgid("公开的应用没有密钥，所以一定要用 PKCE。"))
    if wanted.email_template is not None:
        _verify_email(wanted.email_template, wanted.subject_type)
    _verify_seconds("access_seconds", wanted.access_seconds, ACCESS_SECONDS)
    _verify_seconds("refresh_seconds", wanted.refresh_seconds, REFRESH_SECONDS)
    return replace(
        wanted,
        redirect_uris=_once(wanted.redirect_uris),
        post_logout_redirect_uris=_once(wanted.post_logout_redirect_uris),
        origins=_once(wanted.origins),
        appids=_once(wanted.appids),
        ways=_once(wanted.ways),
        scopes=_once(("openid", *wanted.scopes)),
        mccs=tuple(dict.fromkeys(wanted.mccs)),
    )


def _verify_name(name: str) -> None:
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable() or name != name.strip():
        message = msgid("名称是 1 到 64 个字，首尾没有空格，也没有控制字符。")
        raise SettingRefused("name", message)


def _verify_addresses(wanted: ApplicationSettings) -> None:
    is_public = wanted.is_public
    for field in ("redirect_uris", "post_logout_redirect_uris"):
        for uri in getattr(wanted, field):
            fault = addresses.get_redirect_fault(uri, is_public=is_public)
            _refuse(field, fault, uri)
    backchannel = wanted.backchannel_logout_uri
    if backchannel is not None:
        fault = addresses.get_backchannel_fault(backchannel)
        _refuse("backchannel_logout_uri", fault, backchannel)
    for origin in wanted.origins:
        _refuse("origins", addresses.get_origin_fault(origin), origin)


def _verify_lists(wanted: ApplicationSettings) -> None:
    for appid in wanted.appids:
        if wechat_apps.get(appid) is None:
            raise SettingRefused("appids", msgid("没有登记过这个公众号或微信应用。"), appid)
    for way in wanted.ways:
        if way not in ways.NAMED:
            message = msgid("登录方式只有 in_wechat、scan、website、number 和 code。")
            raise SettingRefused("ways", message, way)
    for scope in wanted.scopes:
        if scope not in ALL_SCOPES:
            message = msgid("scope 只有 openid、profile、email、offline_access 和 wechat。")
            raise SettingRefused("scopes", message, scope)
    for mcc in wanted.mccs:
        if mcc not in _MCCS:
            raise SettingRefused("mccs", msgid("移动国家码是 1 到 999 的数字。"), str(mcc))


def _verify_email(template: str, subject_type: SubjectType) -> None:
    parts = _EMAIL.fullmatch(template) if len(template) <= _LONGEST_EMAIL else None
    if parts is None:
        message = msgid(
            "邮箱模板里有且只有一个 {sub}，用小写，域名是不会有人收信的保留域名，"
            "例如 {sub}@wechat.invalid。"
        )
        raise SettingRefused("email_template", message, template)
    longest_sub = 64 if subject_type == SubjectType.PAIRWISE else 32
    if len(parts["before"]) + longest_sub + len(parts["after"]) > _LONGEST_LOCAL_PART:
        message = msgid("这样的邮箱 @ 前面会超过 64 个字符。")
        raise SettingRefused("email_template", message, template)


def _verify_seconds(field: str, seconds: int, permitted: range) -> None:
    if seconds in permitted:
        return
    message = msgid("access token 的有效期是 60 秒到 86400 秒。")
    if field == "refresh_seconds":
        message = msgid("refresh token 的有效期是 3600 秒到 31536000 秒（一年）。")
    raise SettingRefused(field, message, str(seconds))


def _refuse(field: str, fault: str | None, value: str) -> None:
    if fault is not None:
        raise SettingRefused(field, fault, value)


def _once(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
