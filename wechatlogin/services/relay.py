"""The relay: a site of the owner's does its own WeChat login through our authorization domain.

WeChat sends people back to one domain per account: ours. So the site sends the browser to us as
if we were WeChat's page, and is sent WeChat's code as if WeChat had done it:

    verify   what the site asks for; its redirect URI is exactly one of an application's
    begin    a pending attempt, and WeChat's page with our way back and the attempt's scene as state
    finish   WeChat sent the browser back: the code goes on, with the site's own state

The code is not ours to exchange, nobody is logged in here, and no identity is made. What can
happen on the way back:

    the cookie is there                      the code goes on, and the attempt is spent
    the same code again, within a minute     goes on again, where WeChat knows it as used
    another code                             begin again once: a state hands on a single code
    no code                                  the person refused; the site gets its state alone
    no cookie                                begin again once, then refused: to hand on what may be
                                             another person's code would log this one in as them
    another browser's cookie, too late       refused
    the site was struck off meanwhile        refused
"""

import re
from collections.abc import Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import quote_plus, urlencode

from sqlalchemy import select

from wechatlogin.errors import (
    AppidRefused,
    AuthorizationInvalid,
    AuthorizationRefused,
    CookieMissing,
    InvalidRequest,
    RedirectUnknown,
)
from wechatlogin.extensions import db
from wechatlogin.models import Application, Attempt, Purpose, Status, Way, WeChatAppRow
from wechatlogin.services import applications, attempt_marks, attempts, ways, wechat_apps
from wechatlogin.services.errand import Errand
from wechatlogin.services.site import Browser, Site
from wechatlogin.services.web_login import MAX_RESTARTS, Restart
from wechatlogin.vault import sha256_hex
from wechatlogin.wechat.oauth import Extra, Scope

#: Where WeChat sends the browser back to; the scope and the extras stand in the query.
RETURN_PATH = "/connect/return"
#: What a redirect URI may have at most, as the attempt keeps it.
LONGEST_URI = 1024
# Longer than any attempt lasts, so that no other code gets its turn.
_FOR_GOOD = timedelta(days=1)
# WeChat documents letters and digits alone. Ours is what travels through it, so the site's own
# may be what sites really use, such as base64 or JSON.
_STATE = re.compile(r"[ -~]{1,128}")
_URI = re.compile(r"https?://[!\"$-~]+")


@dataclass(frozen=True)
class PageWish:
    """How WeChat's page is to ask; the way back repeats it, to begin again alike."""

    scope: Scope
    extras: Set[Extra] = frozenset()

    @property
    def way(self) -> Way:
        """Which of WeChat's two pages it is."""
        return Way.WEBSITE if self.scope is Scope.LOGIN else Way.IN_WECHAT

    @property
    def return_path(self) -> str:
        """Where WeChat sends the browser back to."""
        query = urlencode([("scope", self.scope.value), *self.given_extras.items()])
        return f"{RETURN_PATH}?{query}"

    @property
    def given_extras(self) -> dict[Extra, str]:
        """What is asked for beside the scope, with the values that ask for it."""
        # In the order of the names, so that the same wish is always the same address.
        return {extra: extra.given for extra in Extra if extra in self.extras}


@dataclass(frozen=True)
class Asked:
    """What a site asks WeChat's page for, by way of us."""

    appid: str
    redirect_uri: str
    #: The site's own; it never travels through WeChat.
    state: str = field(repr=False)
    page: PageWish
    client_id: str | None = None


@dataclass(frozen=True)
class Permit:
    """A relay that may begin: as which app, for whom, how to ask."""

    row: WeChatAppRow
    errand: Errand
    page: PageWish


@dataclass(frozen=True)
class Returned:
    """What WeChat sent the browser back with."""

    page: PageWish
    scene: str | None
    code: str | None = field(repr=False)


@dataclass(frozen=True)
class Relayed:
    """Send the browser on to the site."""

    url: str = field(repr=False)


def verify(asked: Asked) -> Permit:
    """Return the relay that is asked for, if somebody registered it.

    :raise InvalidRequest: if the state is not 1 to 128 printable ASCII characters.
    :raise ApplicationUnknown: if the client id is nobody's.
    :raise RedirectUnknown: if no application has exactly this redirect URI.
    :raise AppidRefused: if the application has no such WeChat app, or its kind no such page.
    """
    if not _STATE.fullmatch(asked.state):
        raise InvalidRequest
    registered = _get_registered(asked)
    if not registered:
        raise RedirectUnknown
    for application in registered:
        row = _get_row(application, asked)
        if row is not None:
            return Permit(row, _errand(application, asked), asked.page)
    raise AppidRefused


def begin(site: Site, browser: Browser, permit: Permit, *, now: datetime, restarts: int = 0) -> str:
    """Start an attempt and return the address of WeChat's page for it."""
    page, row = permit.page, permit.row
    new = attempts.NewAttempt(
        way=page.way,
        errand=permit.errand,
        binding_hash=browser.binding_hash,
        browser=browser.name,
        ip=browser.ip,
        lifetime=timedelta(seconds=site.settings.authorize_seconds),
        scene=attempts.new_scene(),
        appid=row.appid,
        restarts=restarts,
    )
    attempts.start(new, now=now)
    client, back = wechat_apps.client(site, row), site.url(page.return_path)
    if page.way is Way.WEBSITE:
        return client.qrconnect_url(redirect_uri=back, state=new.scene)
    return client.authorize_url(
        redirect_uri=back, state=new.scene, scope=page.scope, extras=page.given_extras
    )


def finish(site: Site, browser: Browser, returned: Returned, *, now: datetime) -> Relayed | Restart:
    """Take the browser that WeChat sent back on to the site.

    :raise AuthorizationInvalid: if the state is unknown, expired, spent or another browser's.
    :raise AuthorizationRefused: if there is neither a code nor the cookie.
    :raise CookieMissing: if the browser came without its cookie again.
    :raise RedirectUnknown: if the site's redirect URI is not registered any more.
    """
    attempt = _verify_attempt(returned, now)
    redirect_uri = _verify_redirect_uri(Errand.of(attempt))
    if not browser.is_bound:
        if not returned.code:
            raise AuthorizationRefused
        if attempt.restarts >= MAX_RESTARTS:
            raise CookieMissing
        return _restart(site, browser, attempt, returned.page, now=now)
    if attempt.binding_hash != browser.binding_hash:
        raise AuthorizationInvalid
    code_hash = sha256_hex(returned.code or "")
    if _hand_on(attempt, code_hash, now=now):
        state = attempt.requested_state or ""
        return Relayed(add_to_query(redirect_uri, returned.code, state))
    is_late = not returned.code or attempt.exchange_hash == code_hash
    if is_late or attempt.restarts >= MAX_RESTARTS:
        raise AuthorizationInvalid
    return _restart(site, browser, attempt, returned.page, now=now)


def add_to_query(uri: str, code: str | None, state: str) -> str:
    """Return a redirect URI with WeChat's two parameters after the query that it has."""
    mark = "" if uri.endswith(("?", "&")) else "&" if "?" in uri else "?"
    given = f"code={quote_plus(code)}&" if code else ""
    return f"{uri}{mark}{given}state={quote_plus(state)}"


def _get_registered(asked: Asked) -> list[Application]:
    uri = asked.redirect_uri
    if asked.client_id:
        named = [applications.verify(asked.client_id)]
    else:
        named = list(db.session.scalars(select(Application).order_by(Application.id)))
    if len(uri) > LONGEST_URI or not _URI.fullmatch(uri):
        return []
    return [application for application in named if uri in application.redirect_uris]


def _get_row(application: Application, asked: Asked) -> WeChatAppRow | None:
    for row in wechat_apps.get_for(application):
        if row.appid == asked.appid and ways.check_entitled(row, asked.page.way):
            return row
    return None


def _errand(application: Application, asked: Asked) -> Errand:
    return Errand(
        purpose=Purpose.RELAY,
        application=application,
        requested_state=asked.state,
        redirect_uri=asked.redirect_uri,
    )


def _verify_attempt(returned: Returned, now: datetime) -> Attempt:
    attempt = attempts.get_by_scene(returned.scene or "")
    if attempt is None or attempt.purpose != Purpose.RELAY or attempt.way != returned.page.way:
        raise AuthorizationInvalid
    if attempts.status_at(attempt, now) is not Status.PENDING:
        raise AuthorizationInvalid
    return attempt


def _verify_redirect_uri(errand: Errand) -> str:
    """Return where the code goes, if it may still go there."""
    application, uri = errand.application, errand.redirect_uri
    if application is None or uri is None or uri not in application.redirect_uris:
        raise RedirectUnknown
    return uri


def _hand_on(attempt: Attempt, code_hash: str, *, now: datetime) -> bool:
    """Spend the attempt on the first code, and tell whether this is that one, a minute ago at most.

    WeChat calls back twice at times.
    """
    attempt_marks.begin_exchange(attempt.id, code_hash=code_hash, now=now, limit=_FOR_GOOD)
    spent = attempts.get(attempt.id)
    if spent is None or spent.exchange_at is None or spent.exchange_hash != code_hash:
        return False
    return now < spent.exchange_at + attempts.CLAIM_REPEAT


def _restart(
    site: Site, browser: Browser, attempt: Attempt, page: PageWish, *, now: datetime
) -> Restart:
    permit = Permit(wechat_apps.verify(attempt.appid or ""), Errand.of(attempt), page)
    return Restart(begin(site, browser, permit, now=now, restarts=attempt.restarts + 1))
