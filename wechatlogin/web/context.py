"""What a view asks of the request in front of it: the site, the browser, the language."""

from typing import cast

from flask import Response, current_app, g, request
from flask_babel import get_locale

from wechatlogin.i18n import LANGUAGES
from wechatlogin.services.site import Browser, Site
from wechatlogin.services.ways import Device
from wechatlogin.web import cookies
from wechatlogin.wechat import user_agent


def current_site() -> Site:
    """Return the installation that this process serves."""
    return cast(Site, current_app.extensions["wechatlogin"])


def current_browser() -> Browser:
    """Return the browser in front of us; one without a cookie gets it with the answer."""
    if "browser" not in g:
        sent = cookies.read(cookies.BROWSER)
        g.browser = Browser(
            binding=sent or cookies.new_browser_secret(),
            is_bound=sent is not None,
            name=browser_name(),
            ip=request.remote_addr,
            language=current_language(),
            session_token=cookies.read(cookies.SESSION),
        )
    return cast(Browser, g.browser)


def current_language() -> str:
    """Return the language of the request by our own name, which a locale writes out more fully."""
    spoken = get_locale()
    named = (name for name in LANGUAGES if spoken and name.split("_")[0] == spoken.language)
    return next(named, current_site().settings.default_language)


def keep_browser_secret(response: Response) -> Response:
    """Give a browser its secret with the answer to the first request that needed one."""
    browser = g.get("browser")
    if browser is not None and not browser.is_bound:
        cookies.write(response, cookies.BROWSER, browser.binding, cookies.BROWSER_LIFETIME)
    return response


def browser_name() -> str:
    """Return system and browser as they are kept, such as "Windows · Edge" (`words.browser`)."""
    name = user_agent.describe_browser(request.user_agent.string)
    return f"{name.system} · {name.browser}"


def is_in_wechat() -> bool:
    """Tell whether the page is open in WeChat's own browser; good for looks, not for trust."""
    return user_agent.in_wechat(request.user_agent.string)


def device() -> Device:
    """Return in which kind of browser the page is open; good for looks, not for trust."""
    if is_in_wechat():
        return Device.IN_WECHAT
    is_mobile = user_agent.is_mobile(request.user_agent.string)
    return Device.PHONE if is_mobile else Device.DESKTOP


def wants_json() -> bool:
    """Tell whether the caller prefers JSON to a page."""
    accepted = request.accept_mimetypes
    return accepted["application/json"] > accepted["text/html"]
