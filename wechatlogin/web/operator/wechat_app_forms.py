"""Reading what an operator typed about a WeChat app, and what of it is shown again.

Secrets are read and never shown; an empty field keeps the stored one.
"""

from dataclasses import dataclass
from typing import TypeVar

from flask import abort, request
from pydantic import SecretStr

from wechatlogin.errors import InvalidRequest
from wechatlogin.models import WeChatAppRow
from wechatlogin.services import wechat_apps
from wechatlogin.services.wechat_app_settings import GivenSecrets, WeChatAppSettings
from wechatlogin.web.parameters import get_single
from wechatlogin.wechat.app import AppKind, MessageMode

Chosen = TypeVar("Chosen", AppKind, MessageMode)
#: The fields that may be left empty.
_OPTIONAL = ("gh_id", "open_platform_group", "follow_url", "forward_url", "identifier")


@dataclass(frozen=True)
class AppForm:
    """One form as it was sent."""

    appid: str
    settings: WeChatAppSettings
    secrets: GivenSecrets

    @property
    def values(self) -> dict[str, str]:
        """What the form shows when it is shown again."""
        return {"appid": self.appid, **_shown(self.settings)}


def verify_row(appid: str) -> WeChatAppRow:
    """Return the app that an address names; without one there is no such page."""
    row = wechat_apps.get(appid)
    if row is None:
        abort(404)
    return row


def read() -> AppForm:
    """Return the form of the request.

    :raise InvalidRequest: if it is none of ours.
    """
    optional = {name: get_text(name) or None for name in _OPTIONAL}
    settings = WeChatAppSettings(
        name=get_text("name"),
        kind=_choice(AppKind, "kind"),
        mode=_choice(MessageMode, "mode"),
        **optional,
    )
    secrets = GivenSecrets(_secret("secret"), _secret("token"), _secret("aes_key"))
    return AppForm(get_text("appid"), settings, secrets)


def read_first() -> AppForm:
    """Return the short form of the first run: kind, name, appid and secret.

    :raise InvalidRequest: if it is none of ours.
    """
    settings = WeChatAppSettings(name=get_text("name"), kind=_choice(AppKind, "kind"))
    return AppForm(get_text("appid"), settings, GivenSecrets(_secret("secret")))


def get_text(name: str) -> str:
    """Return a field of the form without the blanks that copying brings along."""
    return (get_single(name, source=request.form) or "").strip()


def get_values(row: WeChatAppRow) -> dict[str, str]:
    """Return what the form shows of an app."""
    shown = {name: getattr(row, name) or "" for name in _OPTIONAL}
    return {"appid": row.appid, "name": row.name, "kind": row.kind, "mode": row.mode, **shown}


def _shown(settings: WeChatAppSettings) -> dict[str, str]:
    shown = {name: getattr(settings, name) or "" for name in _OPTIONAL}
    kind, mode = settings.kind.value, settings.mode.value
    return {"name": settings.name, "kind": kind, "mode": mode, **shown}


def _choice(choices: type[Chosen], name: str) -> Chosen:
    try:
        return choices(get_text(name))
    except ValueError as err:
        raise InvalidRequest from err


def _secret(name: str) -> SecretStr | None:
    value = get_text(name)
    return SecretStr(value) if value else None
