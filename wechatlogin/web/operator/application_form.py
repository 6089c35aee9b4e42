"""The form of an application's settings: as texts, as it was typed, and as settings.

describe     settings as the form shows them
read_typed   what was sent, as it is, so that a form that is refused comes back as it was
read         that as settings
"""

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from flask import render_template, url_for
from flask_babel import gettext
from pydantic import SecretStr
from werkzeug.datastructures import MultiDict

from wechatlogin.config import ConfirmPolicy, FollowPolicy
from wechatlogin.errors import InvalidRequest, SettingRefused
from wechatlogin.i18n import msgid
from wechatlogin.models import Algorithm, Application, SubjectType
from wechatlogin.services import application_settings, ways, wechat_apps
from wechatlogin.services.application_settings import ALL_SCOPES, ApplicationSettings
from wechatlogin.services.applications import NewApplication
from wechatlogin.web import words
from wechatlogin.web.parameters import get_single

#: A form's fields as texts; boxes that are ticked as lists of their values.
Typed = Mapping[str, Any]

_LISTS = ("redirect_uris", "post_logout_redirect_uris", "origins", "appids", "ways", "mccs")
_SWITCHES = ("is_public", "requires_pkce", "is_first_party")
_NUMBERS = ("access_seconds", "refresh_seconds")
_CHOICES: Mapping[str, Callable[[str], object]] = {
    "subject_type": SubjectType,
    "id_token_algorithm": Algorithm,
    "confirm": ConfirmPolicy,
    "follow": FollowPolicy,
}
_LONGEST_NUMBER = 9


def describe(settings: ApplicationSettings) -> Typed:
    """Return settings as the form shows them."""
    given = {one.name: getattr(settings, one.name) for one in fields(settings)}
    lists = {name: "\n".join(str(one) for one in given[name]) for name in _LISTS}
    return {**given, **lists, "scopes": list(settings.scopes)}


DEFAULTS = describe(ApplicationSettings(""))


def read_typed(form: MultiDict[str, str]) -> Typed:
    """Return what was sent, as it is.

    :raise InvalidRequest: if a field is there twice.
    """
    names = [name for name in (*application_settings.NAMES, "client_id") if name != "scopes"]
    if any(len(form.getlist(name)) > 1 for name in names):
        raise InvalidRequest
    texts = {name: form.get(name, "") for name in names if name not in _SWITCHES}
    switches = {name: name in form for name in (*_SWITCHES, "keeps_secret")}
    return {**texts, **switches, "scopes": form.getlist("scopes")}


def read(typed: Typed) -> ApplicationSettings:
    """Return what was typed as settings, which have not been verified yet.

    :raise SettingRefused: if a number is none.
    """
    lists = {name: tuple(typed[name].split()) for name in _LISTS}
    numbers = {name: get_number(name, typed[name]) for name in _NUMBERS}
    given: dict[str, Any] = {**lists, **numbers, "scopes": tuple(typed["scopes"])}
    given |= {name: typed[name] for name in _SWITCHES}
    given |= {name: _choose(typed[name], kind) for name, kind in _CHOICES.items()}
    given["mccs"] = tuple(get_number("mccs", mcc) for mcc in lists["mccs"])
    for name in ("email_template", "backchannel_logout_uri"):
        given[name] = typed[name].strip() or None
    return ApplicationSettings(typed["name"].strip(), **given)


def read_new(typed: Typed, form: MultiDict[str, str]) -> NewApplication:
    """Return what was typed for a new application, with what it brings along.

    :raise SettingRefused: as `read` does.
    """
    settings = read(typed)
    given = {one.name: getattr(settings, one.name) for one in fields(settings)}
    secret = get_single("client_secret", source=form)
    return NewApplication(
        **given,
        client_id=typed["client_id"].strip() or None,
        client_secret=SecretStr(secret) if secret else None,
        keeps_secret=typed["keeps_secret"],
    )


def told(err: SettingRefused) -> dict[str, str]:
    """Return what is wrong by its field, with the line of a list that is meant."""
    text = gettext(err.message)
    is_list = err.field in _LISTS and err.value
    told = gettext("%(value)s：%(text)s", value=err.value, text=text) if is_list else text
    return {err.field: told}


def show_new(typed: Typed, errors: Mapping[str, str]) -> str:
    """Return the form of a new application."""
    return _show(
        typed,
        errors,
        title=gettext("新建应用"),
        is_new=True,
        action=url_for("operator_applications.create"),
        back_url=url_for("operator_applications.show_all"),
    )


def show(application: Application, typed: Typed, errors: Mapping[str, str]) -> str:
    """Return the form of an application that there is."""
    target: dict[str, Any] = {"client_id": application.client_id}
    return _show(
        typed,
        errors,
        title=gettext("%(name)s 的设置", name=words.isolate(application.name)),
        is_new=False,
        action=url_for("operator_applications.change", **target),
        back_url=url_for("operator_applications.show", **target),
    )


def get_number(field: str, text: str) -> int:
    """Return a text as a whole number.

    :raise SettingRefused: if it is none.
    """
    plain = text.strip()
    if not (plain.isascii() and plain.isdecimal() and len(plain) <= _LONGEST_NUMBER):
        raise SettingRefused(field, msgid("请填写整数。"), text)
    return int(plain)


def _show(typed: Typed, errors: Mapping[str, str], **page: object) -> str:
    return render_template(
        "operator/application_form.html",
        typed=typed,
        errors=errors,
        options=_options(),
        known_apps=_known_apps(),
        known_ways=", ".join(sorted(ways.NAMED)),
        scopes=_scopes(),
        **page,
    )


def _choose(text: str, kind: Callable[[str], object]) -> object:
    try:
        return kind(text)
    except ValueError as err:
        # A form of ours offers nothing else.
        raise InvalidRequest from err


def _options() -> dict[str, list[tuple[str, str]]]:
    """Return the words of every choice."""
    return {
        "subject_type": [
            (SubjectType.PUBLIC, gettext("所有应用相同（public）")),
            (SubjectType.PAIRWISE, gettext("每个应用不同（pairwise）")),
        ],
        "id_token_algorithm": [(one.value, one.value) for one in Algorithm],
        "confirm": [
            (ConfirmPolicy.NUMBER, gettext("点选电脑上显示的数字")),
            (ConfirmPolicy.TAP, gettext("点一下确认")),
            (ConfirmPolicy.FIRST_TIME, gettext("只在第一次登录时确认")),
            (ConfirmPolicy.NEVER, gettext("不用确认")),
        ],
        "follow": [
            (FollowPolicy.NEVER, gettext("不要求")),
            (FollowPolicy.ASK, gettext("登录后建议关注")),
            (FollowPolicy.REQUIRE, gettext("关注后才能登录")),
        ],
    }


def _known_apps() -> str:
    named = [f"{row.appid} {row.name}" for row in wechat_apps.get_all()]
    return ", ".join(named) or gettext("还没有")


def _scopes() -> list[tuple[str, str]]:
    told = {
        "profile": gettext("profile：昵称、头像和语言"),
        "email": gettext("email：代用的邮箱地址"),
        "offline_access": gettext("offline_access：refresh token"),
        "wechat": gettext("wechat：openid、unionid、appid 和是否关注"),
    }
    return [(scope, told[scope]) for scope in ALL_SCOPES if scope in told]
