"""The address of the authorize page, read as strictly as WeChat does (reference 1.1).

The parameters stand in one order: appid, redirect_uri, response_type, scope, state; then those
that may be added, and nothing else.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from wechatlogin.simulator.apps import Account
from wechatlogin.simulator.errors import AuthorizeRefused

ORDER = ("appid", "redirect_uri", "response_type", "scope", "state")
ADDITIONS = frozenset({"forcePopup", "forceSnapShot", "connect_redirect", "component_appid"})
MISSING = {"appid": 10012, "redirect_uri": 10011, "scope": 10010, "state": 10013}
SCOPES = frozenset({"snsapi_base", "snsapi_userinfo"})
STATE = re.compile(r"[A-Za-z0-9]{1,128}")
DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class AuthorizeRequest:
    appid: str
    redirect_uri: str
    scope: str
    state: str
    additions: frozenset[str] = field(default_factory=frozenset)

    def callback(self, code: str | None) -> str:
        """Return where the browser is sent: the query is kept, the code comes before any hash."""
        parts = urlsplit(self.redirect_uri)
        given = f"code={code}&state={self.state}" if code else f"state={self.state}"
        query = f"{parts.query}&{given}" if parts.query else given
        return parts._replace(query=query).geturl()


def parse(raw_query: str, *, state_required: bool) -> AuthorizeRequest:
    """Read the query as it stands in the address.

    :raise AuthorizeRefused: 10010 to 10013 for what is missing, and "该链接无法访问" for a wrong
        order, a doubled or unknown parameter, or a value that is out of its alphabet.
    """
    pairs = [_pair(part) for part in raw_query.split("&") if part]
    values = dict(pairs)
    for name, number in MISSING.items():
        if not values.get(name) and (name != "state" or state_required):
            raise AuthorizeRefused(number)
    _verify_order([name for name, _ in pairs], state_given="state" in values)
    _verify_values(values)
    wishes = {name for name in ADDITIONS & values.keys() if values[name] in {"true", "1"}}
    return AuthorizeRequest(
        appid=unquote(values["appid"]),
        redirect_uri=unquote(values["redirect_uri"]),
        scope=unquote(values["scope"]),
        state=values.get("state", ""),
        additions=frozenset(wishes),
    )


def verify_redirect(account: Account, redirect_uri: str) -> None:
    """:raise AuthorizeRefused: 10003 unless the host is exactly one that is configured."""
    parts = urlsplit(redirect_uri)
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or "@" in parts.netloc:
        raise AuthorizeRefused(10003)
    if not any(_covers(domain, parts) for domain in account.domains):
        raise AuthorizeRefused(10003)


def _covers(domain: str, parts: SplitResult) -> bool:
    try:
        port = parts.port
    except ValueError:
        return False
    if ":" in domain:
        # Only a test account may name a port at WeChat; here any may, for work on a laptop.
        return domain == f"{parts.hostname}:{port}"
    return domain == parts.hostname and port in (None, DEFAULT_PORTS[parts.scheme])


def _pair(part: str) -> tuple[str, str]:
    name, _, value = part.partition("=")
    return name, value


def _verify_order(names: Sequence[str], *, state_given: bool) -> None:
    expected = ORDER if state_given else ORDER[:-1]
    rest = names[len(expected) :]
    in_order = tuple(names[: len(expected)]) == expected
    if not in_order or len(set(rest)) != len(rest) or not set(rest) <= ADDITIONS:
        raise AuthorizeRefused()


def _verify_values(values: dict[str, str]) -> None:
    if values["response_type"] != "code":
        raise AuthorizeRefused()
    if unquote(values["scope"]) not in SCOPES:
        raise AuthorizeRefused(text="Scope 参数错误或没有 Scope 权限")
    if "://" in values["redirect_uri"]:
        raise AuthorizeRefused(text="redirect_uri 参数错误")
    if values.get("state") and not STATE.fullmatch(values["state"]):
        raise AuthorizeRefused(text="state 参数错误")
