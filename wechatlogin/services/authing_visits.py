"""Logins that Authing's browser SDKs begin by sending the browser to a connection of ours.

    verify    what the page asks for: a connection of its application, and where to go on to
    begin     a pending attempt, and WeChat's page for it (`web_login.begin`)

The way back is `web_login.finish`; `authing_users.claim` ends it. Where it leads is exactly one of
the application's redirect URIs. A window that another page has opened leads nowhere: its opener
hears of the outcome, if its origin is one of the application's.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from wechatlogin.errors import ApplicationDisabled, OriginUnknown, RedirectUnknown, RightMissing
from wechatlogin.models import Application, Display, Purpose, WeChatAppRow
from wechatlogin.services import applications, connections, web_login
from wechatlogin.services.errand import Errand
from wechatlogin.services.site import Browser, Site
from wechatlogin.services.web_login import Request
from wechatlogin.wechat.app import Right
from wechatlogin.wechat.oauth import Scope

#: The name of the connection that the first SDK, which names none, means.
FIRST_CONNECTION = "wechat:webpage-authorization"
#: What a redirect URI may have at most, as the attempt keeps it.
LONGEST_URI = 1024

# A page of Authing's own, which the SDK names on a phone instead of one of the application's.
_HOSTED_PAGE = re.compile(r"/interaction/oidc/[A-Za-z0-9_-]{1,64}/login")


@dataclass(frozen=True)
class Asked:
    """What a page asks for."""

    client_id: str
    connection: str
    redirect_url: str | None = None
    #: In a window that the page has opened.
    is_popup: bool = False
    #: The path that it is asked by, to begin anew.
    path: str | None = None


@dataclass(frozen=True)
class Permit:
    """What was asked for and is permitted."""

    row: WeChatAppRow
    errand: Errand

    @property
    def is_inside_wechat(self) -> bool:
        """Whether the page that it takes can only be opened in WeChat."""
        return self.row.has(Right.WEB_AUTHORIZATION)


def verify(site: Site, asked: Asked) -> Permit:
    """Return what is permitted of what was asked for.

    :raise ApplicationUnknown: if there is no such application.
    :raise ApplicationDisabled: if its operator has stopped it.
    :raise RedirectUnknown: if the URI is none of its own, or it has none.
    :raise OriginUnknown: if it is to hear of a window, and has registered no origin.
    :raise AppidRefused: if it has no such connection.
    :raise RightMissing: if the connection's kind of app has no page.
    """
    application = applications.verify(asked.client_id)
    if application.is_disabled:
        raise ApplicationDisabled
    row = connections.verify(application, asked.connection)
    if not (row.has(Right.WEB_AUTHORIZATION) or row.has(Right.WEBSITE_LOGIN)):
        raise RightMissing
    errand = Errand(
        purpose=Purpose.LOGIN,
        application=application,
        next_path=asked.path,
        display=Display.POPUP if asked.is_popup else Display.PAGE,
        redirect_uri=_verify_target(site, application, asked),
    )
    return Permit(row, errand)


def begin(
    site: Site, browser: Browser, permit: Permit, *, now: datetime, english: bool = False
) -> str:
    """Start an attempt and return the address of WeChat's page for it."""
    scope = web_login.scope_for(site, permit.errand)
    wanted = Request(
        row=permit.row,
        errand=permit.errand,
        scope=scope if permit.is_inside_wechat else Scope.LOGIN,
        english=english,
    )
    return web_login.begin(site, browser, wanted, now=now).url


def _verify_target(site: Site, application: Application, asked: Asked) -> str:
    if asked.is_popup:
        # Nothing goes there: whoever opened the window is told, and no other origin.
        if not application.origins:
            raise OriginUnknown
        return application.origins[0]
    registered, wanted = application.redirect_uris, asked.redirect_url
    if wanted is not None and wanted.startswith(site.settings.public_url):
        path = wanted.removeprefix(site.settings.public_url)
        wanted = None if _HOSTED_PAGE.fullmatch(path) else wanted
    if wanted is None and registered:
        wanted = registered[0]
    # Compared as text, since every reading of an address has its own idea of what is the same.
    if wanted is None or wanted not in registered or len(wanted) > LONGEST_URI:
        raise RedirectUnknown
    return wanted
