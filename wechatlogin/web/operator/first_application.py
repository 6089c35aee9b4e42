"""The first application of an owner: two fields, and the four settings that a program asks for."""

from flask_babel import gettext

from wechatlogin import clock
from wechatlogin.errors import SettingRefused
from wechatlogin.services import applications
from wechatlogin.services.applications import Credentials, NewApplication
from wechatlogin.web.context import current_site
from wechatlogin.web.operator import desk
from wechatlogin.web.operator.console_values import ConsoleValue

DISCOVERY_PATH = "/.well-known/openid-configuration"


def create(name: str, redirect_uri: str) -> Credentials:
    """Write the application down and return its credentials.

    :raise SettingRefused: if name or redirect URI cannot be so.
    """
    if not redirect_uri:
        raise SettingRefused("redirect_uris", gettext("请填写回调地址。"))
    # Many programs that speak OpenID Connect send no code challenge, and do not say so.
    new = NewApplication(name, redirect_uris=(redirect_uri,), requires_pkce=False)
    return applications.create(current_site().vault, new, by=desk.current_actor(), now=clock.now())


def describe_error(err: SettingRefused) -> dict[str, str]:
    """Return what is wrong, by the field of the form."""
    field = "redirect_uri" if err.field == "redirect_uris" else err.field
    return {field: gettext(err.message)}


def get_settings(made: Credentials, redirect_uri: str) -> list[ConsoleValue]:
    """Return what a program's settings page asks for."""
    issuer = current_site().issuer
    return [
        ConsoleValue("issuer", gettext("Issuer（签发者）"), issuer),
        ConsoleValue("discovery", gettext("Discovery 地址"), issuer + DISCOVERY_PATH),
        ConsoleValue("client_id", "Client ID", made.client_id),
        ConsoleValue("client_secret", "Client secret", made.client_secret or ""),
        ConsoleValue("redirect_uri", gettext("回调地址（redirect URI）"), redirect_uri),
    ]
