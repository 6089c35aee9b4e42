"""Where pushes may be forwarded to: an address that the operator enters, checked when it is saved.

The operator alone sets it, so it may well lie inside their own network. It must not be our own
callback URL: every push would then come back to us once.
"""

import posixpath
import re
from typing import NewType
from urllib.parse import unquote, urlsplit

from wechatlogin.config import Settings
from wechatlogin.errors import ForwardURLRefused
from wechatlogin.i18n import msgid

#: An address that `verify_url` has let through.
ForwardURL = NewType("ForwardURL", str)

LONGEST = 512
OWN_PATH = "/api/wechat"
_PORTS = {"http": 80, "https": 443}
# What could be read in two ways, a backslash above all, is left out.
_ADDRESS = re.compile(r"https?://[!$-;=?A-Z\[\]_a-z~]+", re.IGNORECASE)
_HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?|[0-9a-f:.]+")

_OURS = msgid("转发地址不能是本服务自己的回调地址。")


def verify_url(settings: Settings, url: str) -> ForwardURL:
    """Return an address that pushes may be forwarded to.

    :raise ForwardURLRefused: if it is none: http or https, a host, no user, no fragment, at most
        512 characters of ASCII, and not our own callback URL.
    """
    if len(url) > LONGEST or not _ADDRESS.fullmatch(url):
        raise ForwardURLRefused
    place = _place(url)
    path = posixpath.normpath("/" + unquote(urlsplit(url).path).lstrip("/"))
    if place in _own_places(settings) and f"{path}/".startswith(f"{OWN_PATH}/"):
        raise ForwardURLRefused(_OURS)
    return ForwardURL(url)


def _place(url: str) -> tuple[str, int]:
    """Return host and port of an address."""
    try:
        parts = urlsplit(url)
        port = parts.port if parts.port is not None else _PORTS[parts.scheme]
    except ValueError as err:
        raise ForwardURLRefused from err
    host = parts.hostname or ""
    if port == 0 or not _HOST.fullmatch(host):
        raise ForwardURLRefused
    return host.rstrip("."), port


def _own_places(settings: Settings) -> set[tuple[str, int]]:
    public = _place(settings.public_url)
    # A proxy may answer under http too, and whoever is on this machine can go round it.
    hosts = {public[0], *(host.partition(":")[0].lower() for host in settings.hosts)}
    bound = int(settings.bind.rpartition(":")[2]) if _binds_a_port(settings) else public[1]
    on_this_machine = {(host, bound) for host in ("127.0.0.1", "localhost", "::1", *hosts)}
    return {(host, port) for host in hosts for port in (public[1], 80, 443)} | on_this_machine


def _binds_a_port(settings: Settings) -> bool:
    return settings.bind.rpartition(":")[2].isdigit()
