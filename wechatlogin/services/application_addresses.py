"""Which addresses an application may have registered: those that nobody can read in two ways.

Whether an address is registered is later a comparison of two texts (RFC 6749, 3.1.2.3; RFC 9700,
4.1.3). So one is taken only if browsers open exactly what is written: no user, no fragment, no
wildcard, no backslash, no dot segment, a host in its one spelling.

    redirect, post-logout    https; http on this machine; of a public client also the private-use
                             scheme of an app, which has a dot (RFC 8252, 7.1)
    back-channel logout      https; http within the owner's own network
    webhook                  https, no address of a network of anybody's own; while developing this
                             machine too
    origin                   https or http on this machine, as a browser writes it in `Origin`
"""

import ipaddress
import re
from ipaddress import IPv4Address, IPv6Address

from wechatlogin.i18n import msgid
from wechatlogin.wechat import deadline

LONGEST = 1024
TOO_LONG = msgid("地址不能超过 1024 个字符。")
ODD_CHARACTERS = msgid("地址只能用 ASCII 字符，不能有空格、反斜杠、星号或引号。")
RELATIVE = msgid("要写完整的地址，例如 https://shop.example/callback。")
FRAGMENT = msgid("地址不能带 # 片段。")
USER = msgid("地址不能带用户名或密码。")
MALFORMED = msgid("地址的主机、端口或路径不规范：主机用小写，路径里不能有 . 或 .. 段。")
NEEDS_HTTPS = msgid("只能用 https；http 只能用于本机（localhost、127.0.0.1、[::1]）。")
NEEDS_HTTPS_OUTSIDE = msgid("只能用 https；http 只能用于本机和内网的主机。")
SCHEME = msgid("这个协议不能用；公开的应用还可用带点的协议，例如 com.example.app:/cb。")
NOT_AN_ORIGIN = msgid("来源只写协议、主机和端口，例如 https://shop.example，不写路径和默认端口。")

NOT_PUBLIC = msgid("webhook 只发到公网的 https 地址，不能是本机或内网的主机。")

#: Names that no public server has (RFC 6761, 6762, 8375, and ICANN's .internal).
_PRIVATE_DOMAINS = (".localhost", ".local", ".internal", ".home.arpa")
_DEFAULT_PORTS = {"https": "443", "http": "80"}

_WRITTEN = re.compile(r"(?:[A-Za-z0-9._~:/?#\[\]@!$&()+,;=-]|%[0-9A-Fa-f]{2})+")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):")
_WEB = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9._-]+|\[[0-9a-f:]+\])(?::(?P<port>[1-9][0-9]{0,4}))?"
    r"(?P<path>/[^?\[\]]*)?(?P<query>\?[^\[\]]*)?"
)
_OF_AN_APP = re.compile(
    r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+:"
    r"(?:(?://[A-Za-z0-9._~-]+)?(?P<path>/(?!/)[^?\[\]]*)|//[A-Za-z0-9._~-]+)(\?[^\[\]]*)?"
)
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_DOT_SEGMENT = re.compile(r"(?:\.|%2e){1,2}", re.IGNORECASE)


def get_redirect_fault(uri: str, *, is_public: bool) -> str | None:
    """Return why a browser cannot be sent to this address, as a message, or None."""
    return _get_common_fault(uri) or _get_scheme_fault(uri, is_public=is_public)


def get_backchannel_fault(uri: str) -> str | None:
    """Return why our server cannot call this address, as a message, or None.

    The operator alone sets it, so it may well lie inside their own network.
    """
    fault = _get_common_fault(uri)
    parts = _WEB.fullmatch(uri)
    if fault is not None or parts is None:
        return fault or NEEDS_HTTPS_OUTSIDE
    is_permitted = parts["scheme"] == "https" or _is_private(parts["host"])
    return None if is_permitted else NEEDS_HTTPS_OUTSIDE


def get_webhook_fault(uri: str, *, permits_loopback: bool) -> str | None:
    """Return why our server does not send webhooks to this address, as a message, or None.

    What a name resolves to is looked at whenever one is sent (`wechat/deadline.py`).
    """
    fault = _get_common_fault(uri)
    parts = _WEB.fullmatch(uri)
    if fault is not None or parts is None:
        return fault or NOT_PUBLIC
    if permits_loopback and _is_loopback(parts["host"]):
        return None
    address = _get_ip(parts["host"])
    is_public = deadline.check_public(str(address)) if address else not _is_private(parts["host"])
    return None if is_public and parts["scheme"] == "https" else NOT_PUBLIC


def get_origin_fault(origin: str) -> str | None:
    """Return why no page can be of this origin, as a message, or None."""
    fault = get_redirect_fault(origin, is_public=False)
    parts = _WEB.fullmatch(origin)
    if fault is not None or parts is None:
        return fault
    is_plain = parts["path"] is None and parts["query"] is None
    return None if is_plain and parts["port"] != _DEFAULT_PORTS[parts["scheme"]] else NOT_AN_ORIGIN


def _get_common_fault(uri: str) -> str | None:
    if len(uri) > LONGEST:
        return TOO_LONG
    if not _WRITTEN.fullmatch(uri):
        return ODD_CHARACTERS
    scheme = _SCHEME.match(uri)
    if scheme is None or uri.startswith("//"):
        return RELATIVE
    if "#" in uri:
        return FRAGMENT
    if "@" in re.split(r"[/?]", uri[scheme.end() :].removeprefix("//"), maxsplit=1)[0]:
        return USER
    return _get_shape_fault(uri) if scheme[1] in _DEFAULT_PORTS else None


def _get_shape_fault(uri: str) -> str | None:
    parts = _WEB.fullmatch(uri)
    if parts is None or not _is_host(parts["host"]) or int(parts["port"] or 1) > 65535:
        return MALFORMED
    return MALFORMED if _has_dot_segment(parts["path"]) else None


def _get_scheme_fault(uri: str, *, is_public: bool) -> str | None:
    web, own = _WEB.fullmatch(uri), _OF_AN_APP.fullmatch(uri)
    if web is not None:
        is_here = web["scheme"] == "https" or _is_loopback(web["host"])
        return None if is_here else NEEDS_HTTPS
    if own is None or not is_public:
        return SCHEME
    return MALFORMED if _has_dot_segment(own["path"]) else None


def _has_dot_segment(path: str | None) -> bool:
    return any(_DOT_SEGMENT.fullmatch(segment) for segment in (path or "").split("/"))


def _is_host(host: str) -> bool:
    labels = host.split(".")
    if host.startswith("[") or _NUMBER.fullmatch(labels[-1]):
        # What ends in a number is an address to a browser, however it is written.
        return _get_ip(host) is not None
    return len(host) <= 253 and all(_LABEL.fullmatch(label) for label in labels)


def _get_ip(host: str) -> IPv4Address | IPv6Address | None:
    """Return the IP address that a host is, if it is written in its one spelling."""
    bare = host.removeprefix("[").removesuffix("]")
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return None
    is_bracketed = host == f"[{bare}]"
    is_plain = str(address) == bare and is_bracketed == (address.version == 6)
    return address if is_plain else None


def _is_loopback(host: str) -> bool:
    address = _get_ip(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def _is_private(host: str) -> bool:
    address = _get_ip(host)
    if address is not None:
        return address.is_private
    # A name without a dot is found in the owner's own network alone.
    return "." not in host or host.endswith(_PRIVATE_DOMAINS)
