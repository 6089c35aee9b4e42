"""WeChat's dialect of OAuth 2: authorize pages, codes and profiles.

Follows WeChat's pages 网页授权 and 网站应用微信登录. Authlib does the protocol; what WeChat does
its own way is in the two sessions at the end: `appid` and `secret` for `client_id` and
`client_secret`, the token fetched by GET, parameters in a fixed order, and the fragment
`#wechat_redirect`. A refusal is not reported as `error=`; either no code comes back or nobody does.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from urllib import parse

from authlib.integrations import requests_client
from pydantic import SecretStr

from wechatlogin.wechat import answer as answers
from wechatlogin.wechat import errors, profile
from wechatlogin.wechat.app import Platform, WeChatApp
from wechatlogin.wechat.http import Answer, WeChatHTTP
from wechatlogin.wechat.profile import Profile

__all__ = [
    "OWN_EXTRAS",
    "Extra",
    "Profile",
    "Scope",
    "UserGrant",
    "authorize_url",
    "exchange_code",
    "fetch_profile",
    "qrconnect_url",
]

TOKEN_PATH = "/sns/oauth2/access_token"  # noqa: S105 - a path, not a secret
_AUTHORIZE_PATH = "/connect/oauth2/authorize"
_QRCONNECT_PATH = "/connect/qrconnect"
_STATE = re.compile(r"[A-Za-z0-9]{1,128}")
_CODE = re.compile(r"[A-Za-z0-9_-]{1,512}")
# WeChat checks the address against a pattern: another order makes the page unavailable.
_AUTHORIZE_ORDER = ("appid", "redirect_uri", "response_type", "scope", "state")
_NAME_IN_WECHAT = {"client_id": "appid"}
# What wxLogin.js adds where the page lies in a frame of the website: the frame itself goes back,
# and the page is in its plain new look, which needs 220 px each way.
_IN_FRAME = {
    "login_type": "jssdk",
    "self_redirect": "true",
    "stylelite": "1",
    "color_scheme": "auto",
}


class Scope(StrEnum):
    """What a person is asked for: nothing (BASE), their profile, or a login at a website."""

    BASE = "snsapi_base"
    USERINFO = "snsapi_userinfo"
    LOGIN = "snsapi_login"


class Extra(StrEnum):
    """What may be asked of the authorize page beside the scope."""

    #: The sheet is shown, even to whom it could be spared.
    FORCE_POPUP = "forcePopup"
    #: The page opens as a snapshot page.
    FORCE_SNAPSHOT = "forceSnapShot"
    #: Not documented; it keeps WeChat from calling back twice.
    CONNECT_REDIRECT = "connect_redirect"

    @property
    def given(self) -> str:
        """The value that asks for it."""
        return "1" if self is Extra.CONNECT_REDIRECT else "true"


#: What our own logins ask for.
OWN_EXTRAS: Mapping[Extra, str] = MappingProxyType({Extra.CONNECT_REDIRECT: "1"})


@dataclass(frozen=True)
class UserGrant:
    """What a code was worth; a snapshot user must never be logged in."""

    access_token: SecretStr
    openid: str
    unionid: str | None
    scopes: frozenset[str]
    is_snapshot_user: bool


def authorize_url(
    app: WeChatApp,
    platform: Platform,
    *,
    redirect_uri: str,
    state: str,
    scope: Scope,
    extras: Mapping[Extra, str] = OWN_EXTRAS,
) -> str:
    """Return the page to open inside WeChat.

    :raise RequestRejected: if the state is not 1 to 128 letters and digits.
    """
    _verify_state(state, path=_AUTHORIZE_PATH)
    url, _state = _WeChatSession(app).create_authorization_url(
        platform.open_url.rstrip("/") + _AUTHORIZE_PATH,
        state,
        redirect_uri=redirect_uri,
        scope=scope.value,
        **{extra.value: value for extra, value in extras.items()},
    )
    return url


def qrconnect_url(
    app: WeChatApp,
    platform: Platform,
    *,
    redirect_uri: str,
    state: str,
    in_frame: bool = False,
    english: bool = False,
) -> str:
    """Return the page with the QR code of a website app, for a window or for a frame of ours.

    :raise RequestRejected: if the state is not 1 to 128 letters and digits.
    """
    _verify_state(state, path=_QRCONNECT_PATH)
    url, _state = _WeChatSession(app).create_authorization_url(
        platform.open_url.rstrip("/") + _QRCONNECT_PATH,
        state,
        redirect_uri=redirect_uri,
        scope=Scope.LOGIN.value,
        **({"lang": "en"} if english else {}),
        **(_IN_FRAME if in_frame else {}),
    )
    return url


def exchange_code(http: WeChatHTTP, app: WeChatApp, code: str) -> UserGrant:
    """Return what this code grants. One try only: the code may be used up even by a lost answer.

    :raise LoginMustRestart: if the code is expired, used up or not one of this app's.
    :raise PlatformError: see its subclasses.
    """
    if not _CODE.fullmatch(code):
        raise errors.LoginMustRestart(path=TOKEN_PATH, errmsg="not a code")
    return _read_grant(_TokenSession(app, http).fetch_grant(code))


def fetch_profile(http: WeChatHTTP, grant: UserGrant, *, lang: str = "zh_CN") -> Profile:
    """Return the profile of the person who granted this.

    :raise SnapshotSuspected: if WeChat refuses the profile it had consent for.
    :raise WeChatGarbled: if the answer is about somebody else.
    :raise PlatformError: see its subclasses.
    """
    params = {
        "access_token": grant.access_token.get_secret_value(),
        "openid": grant.openid,
        "lang": lang,
    }
    try:
        answer = http.get(profile.PATH, params)
    except errors.OperatorNeeded as err:
        # A base scope never has a profile; after consent, 48001 is what a snapshot page gets.
        if err.errcode != 48001 or grant.scopes == {Scope.BASE}:
            raise
        raise errors.SnapshotSuspected(
            path=profile.PATH, errcode=err.errcode, errmsg=err.errmsg
        ) from err
    person = profile.read_profile(answer, http.platform)
    if person.openid != grant.openid:
        raise errors.WeChatGarbled(path=profile.PATH, reason="another person's openid")
    return person


def _verify_state(state: str, *, path: str) -> None:
    if not _STATE.fullmatch(state):
        raise errors.RequestRejected(path=path, errmsg="state must be 1 to 128 letters and digits")


def _read_grant(answer: Answer) -> UserGrant:
    scopes = answers.get_text(answer, "scope") or ""
    return UserGrant(
        access_token=SecretStr(answers.required_text(answer, "access_token", path=TOKEN_PATH)),
        openid=answers.required_openid(answer, path=TOKEN_PATH),
        unionid=answers.get_unionid(answer),
        scopes=frozenset(scope for scope in re.split(r"[,\s]+", scopes) if scope),
        is_snapshot_user=answers.is_set(answer, "is_snapshotuser"),
    )


@dataclass(frozen=True)
class _TokenAnswer:
    """An answer that is through our own checks, in the shape Authlib reads one."""

    answer: Answer
    status_code: int = 200

    def json(self) -> Answer:
        return self.answer


class _WeChatSession(requests_client.OAuth2Session):
    """Authlib's client, naming and ordering things as WeChat wants; used for one address."""

    def __init__(self, app: WeChatApp) -> None:
        super().__init__(
            client_id=app.appid,
            client_secret=app.secret.get_secret_value(),
            token_endpoint_auth_method="wechat",  # noqa: S106 - a method's name, not a secret
        )
        self.register_client_auth_method(("wechat", _as_appid_and_secret))

    def create_authorization_url(self, url: str, *args: Any, **kwargs: Any) -> tuple[str, str]:
        """Return Authlib's address as WeChat wants it, and the state."""
        standard, state = super().create_authorization_url(url, *args, **kwargs)
        query = {
            _NAME_IN_WECHAT.get(name, name): value
            for name, value in parse.parse_qsl(parse.urlsplit(standard).query)
        }
        order = (*_AUTHORIZE_ORDER, *Extra, "lang", *_IN_FRAME)
        ordered = [(name, query[name]) for name in order if name in query]
        return f"{url}?{_encoded(ordered)}#wechat_redirect", state


class _TokenSession(_WeChatSession):
    """The same, sending through our one door; used for one code."""

    def __init__(self, app: WeChatApp, http: WeChatHTTP) -> None:
        super().__init__(app)
        self._http = http

    def fetch_grant(self, code: str) -> Answer:
        """Return the token endpoint's answer for this code."""
        try:
            return dict(self.fetch_token(TOKEN_PATH, method="GET", code=code))
        except (ValueError, TypeError, requests_client.OAuthError) as err:
            reason = type(err).__name__
        raise errors.WeChatGarbled(path=TOKEN_PATH, reason=reason)

    def request(
        self, method: str, url: str, withhold_token: bool = False, auth: Any = None, **kwargs: Any
    ) -> _TokenAnswer:
        """Send what Authlib prepared through `WeChatHTTP`, which checks the answer."""
        signed, _headers, _body = auth.prepare(method, url, kwargs.get("headers"), "")
        parts = parse.urlsplit(signed)
        return _TokenAnswer(self._http.get(parts.path, dict(parse.parse_qsl(parts.query))))


def _as_appid_and_secret(
    client: Any, method: str, uri: str, headers: Any, body: str
) -> tuple[str, Any, str]:
    path, _mark, query = uri.partition("?")
    credentials = _encoded([("appid", client.client_id), ("secret", client.client_secret)])
    return f"{path}?{credentials}&{query}", headers, body


def _encoded(pairs: list[tuple[str, str]]) -> str:
    return parse.urlencode(pairs, quote_via=parse.quote, safe="")
