"""The address of a website's login page, read as WeChat does (reference 2.1).

The order is free, and what is unknown is passed over; most additions come from wxLogin.js.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from wechatlogin.simulator import authorize_request
from wechatlogin.simulator.apps import Account, Right
from wechatlogin.simulator.errors import AuthorizeRefused

SCOPE = "snsapi_login"
STYLESHEETS = ("https://", "data:text/css;base64,")


@dataclass(frozen=True)
class QRConnectRequest:
    """What a website asks for; `itself` sends the frame, and not the whole window, back."""

    appid: str
    redirect_uri: str
    state: str
    english: bool = False
    itself: bool = False
    white: bool = False
    lite: bool = False
    stylesheet: str | None = None


def parse(values: Mapping[str, str]) -> QRConnectRequest:
    """Read the query.

    :raise AuthorizeRefused: in WeChat's words, for what is missing or wrong.
    """
    if not values.get("appid"):
        raise AuthorizeRefused(text="AppID 参数错误")
    if not values.get("redirect_uri"):
        raise AuthorizeRefused(text="redirect_uri 参数错误")
    if values.get("scope") != SCOPE:
        raise AuthorizeRefused(text="Scope 参数错误或没有 Scope 权限")
    if values.get("response_type") != "code":
        raise AuthorizeRefused()
    lite = values.get("stylelite") == "1"
    href = values.get("href", "")
    return QRConnectRequest(
        appid=values["appid"],
        redirect_uri=values["redirect_uri"],
        state=values.get("state", ""),
        english=values.get("lang") == "en",
        itself=values.get("self_redirect") == "true",
        white=values.get("style") == "white",
        lite=lite,
        stylesheet=href if href.startswith(STYLESHEETS) and not lite else None,
    )


def verify(account: Account | None, wish: QRConnectRequest) -> None:
    """Check that the app may ask for this.

    :raise AuthorizeRefused: in WeChat's words, without a number.
    """
    if account is None:
        raise AuthorizeRefused(text="AppID 参数错误")
    if account.banned:
        raise AuthorizeRefused()
    if not account.may(Right.WEBSITE_LOGIN):
        raise AuthorizeRefused(text="Scope 参数错误或没有 Scope 权限")
    try:
        authorize_request.verify_redirect(account, wish.redirect_uri)
    except AuthorizeRefused as err:
        raise AuthorizeRefused(text="redirect_uri 参数错误") from err
