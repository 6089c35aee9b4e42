"""The account's own access token: how to get one, and where the client expects to find it.

Follows WeChat's pages getStableAccessToken and getAccessToken. Keeping the token, and renewing it
once over all processes, needs a database and is done behind `AccessTokens`.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from pydantic import SecretStr

from wechatlogin.wechat import answer as answers
from wechatlogin.wechat import second_chance
from wechatlogin.wechat.app import WeChatApp
from wechatlogin.wechat.http import Answer, WeChatHTTP

STABLE_PATH = "/cgi-bin/stable_token"
CLASSIC_PATH = "/cgi-bin/token"
_GRANT_TYPE = "client_credential"


@dataclass(frozen=True)
class IssuedToken:
    """A token and how long it has to live, which WeChat counts from its first issue."""

    access_token: SecretStr
    expires_in: timedelta


class AccessTokens(Protocol):
    """Where the client takes the account's token from."""

    def get(self) -> SecretStr:
        """Return the present token, fetching one if there is none."""
        ...

    def renew(self, failed: SecretStr) -> SecretStr:
        """Return a token that is not the failed one, unless WeChat has no other."""
        ...


def fetch_stable_token(
    http: WeChatHTTP, app: WeChatApp, *, force_refresh: bool = False
) -> IssuedToken:
    """Return the account's token; calling again returns the same one.

    A forced refresh kills the old token at once. WeChat does it 20 times a day, at least 30 s
    apart, and silently returns the present token otherwise.

    :raise OperatorNeeded: if the credentials are wrong or our IP is not on the white list.
    :raise PlatformError: see its subclasses.
    """
    body = {
        "grant_type": _GRANT_TYPE,
        "appid": app.appid,
        "secret": app.secret.get_secret_value(),
        "force_refresh": force_refresh,
    }
    answer = second_chance.ask_again_when_answered(lambda: http.post(STABLE_PATH, {}, body))
    return _read_token(answer, path=STABLE_PATH)


def fetch_classic_token(http: WeChatHTTP, app: WeChatApp) -> IssuedToken:
    """Return a new token; the one before dies within five minutes, whoever uses it.

    :raise OperatorNeeded: if the credentials are wrong or our IP is not on the white list.
    :raise PlatformError: see its subclasses.
    """
    params = {
        "grant_type": _GRANT_TYPE,
        "appid": app.appid,
        "secret": app.secret.get_secret_value(),
    }
    return _read_token(http.get(CLASSIC_PATH, params), path=CLASSIC_PATH)


def _read_token(answer: Answer, *, path: str) -> IssuedToken:
    return IssuedToken(
        access_token=SecretStr(answers.required_text(answer, "access_token", path=path)),
        expires_in=answers.required_lifetime(answer, path=path),
    )
