"""Login by a page of WeChat's: its authorize page inside WeChat (way `in_wechat`), or a website
app's page with the QR code on a desktop (way `website`).

    begin    a pending attempt, and the address of WeChat's page with the attempt's scene as state
    finish   WeChat sent the browser back with a code: exchanged once, however often it comes

What can happen on the way back (the exchange itself is in `services/code_exchange.py`):

    the browser's cookie is there     the code is exchanged, the attempt is confirmed
    the cookie is lost                in WeChat: begin again once; if it is lost again, the person
                                      is asked. On a desktop: refused
    the cookie is another browser's   refused
    no code                           the person refused
    the same state a second time      the outcome of the first, whichever code came with it
    a snapshot page                   nobody is logged in; the same state may come back with a
                                      real code after the person has tapped 使用完整服务
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydantic import SecretStr

from wechatlogin.errors import (
    AuthorizationInvalid,
    AuthorizationRefused,
    NoticeRefused,
    OriginUnknown,
    RightMissing,
)
from wechatlogin.models import (
    Application,
    Attempt,
    Display,
    Identity,
    Purpose,
    Status,
    Way,
    WeChatAppRow,
)
from wechatlogin.services import (
    accounts,
    agreements,
    attempt_marks,
    attempts,
    code_exchange,
    ways,
    wechat_apps,
)
from wechatlogin.services.errand import Errand
from wechatlogin.services.site import Browser, Site
from wechatlogin.vault import sha256_hex
from wechatlogin.wechat.errors import LoginMustRestart
from wechatlogin.wechat.oauth import Scope

#: Where WeChat sends the browser back to.
CALLBACK_PATHS = {Way.IN_WECHAT: "/api/wechat/auth", Way.WEBSITE: "/login/website/return"}
#: The same for a login that goes on to a program's page.
PROGRAM_CALLBACK_PATH = "/connections/return"
MAX_RESTARTS = 1


@dataclass(frozen=True)
class Request:
    """A visit to WeChat's page: as which app, for what, and what to ask the person for."""

    row: WeChatAppRow
    errand: Errand
    scope: Scope
    #: The desktop's attempt that a phone is to confirm.
    parent_id: str | None = None
    restarts: int = 0
    #: Ask for a page in English; the page of a website app can.
    english: bool = False

    @property
    def way(self) -> Way:
        """What page it is."""
        return Way.WEBSITE if self.scope is Scope.LOGIN else Way.IN_WECHAT

    @property
    def callback_path(self) -> str:
        """Where WeChat sends the browser back to."""
        return PROGRAM_CALLBACK_PATH if self.errand.is_for_program else CALLBACK_PATHS[self.way]


@dataclass(frozen=True)
class Visit:
    """An attempt, and the page of WeChat's that the browser goes to for it."""

    attempt: Attempt
    url: str


@dataclass(frozen=True)
class Returned:
    """What WeChat sent the browser back with."""

    way: Way
    scene: str | None
    code: str | None = field(repr=False)


@dataclass(frozen=True)
class Restart:
    """Send the browser to WeChat once more."""

    url: str


@dataclass(frozen=True)
class AskHere:
    """The cookie is lost for good: ask whether to log in here as this person."""

    attempt: Attempt
    identity: Identity
    token: SecretStr


@dataclass(frozen=True)
class Confirmed:
    """The person is known; the browser may claim the attempt."""

    attempt: Attempt


Outcome = Restart | AskHere | Confirmed


def begin(site: Site, browser: Browser, request: Request, *, now: datetime) -> Visit:
    """Start an attempt and return the address of WeChat's page for it.

    :raise RightMissing: if an app of this kind has no such page.
    """
    row = request.row
    if not ways.check_entitled(row, request.way):
        raise RightMissing
    new = attempts.NewAttempt(
        way=request.way,
        errand=request.errand,
        binding_hash=browser.binding_hash,
        browser=browser.name,
        ip=browser.ip,
        lifetime=timedelta(seconds=site.settings.authorize_seconds),
        scene=attempts.new_scene(),
        appid=row.appid,
        parent_id=request.parent_id,
        restarts=request.restarts,
    )
    attempt = attempts.start(new, now=now)
    client, back = wechat_apps.client(site, row), site.url(request.callback_path)
    if request.way is Way.WEBSITE:
        in_frame = request.errand.display is Display.FRAME
        url = client.qrconnect_url(
            redirect_uri=back, state=new.scene, in_frame=in_frame, english=request.english
        )
        return Visit(attempt, url)
    url = client.authorize_url(redirect_uri=back, state=new.scene, scope=request.scope)
    return Visit(attempt, url)


def verify_opener(application: Application | None, origin: str) -> str:
    """Return the origin of a page that opened a window for a login and is to hear of it.

    :raise OriginUnknown: if it is not exactly one that the application has registered.
    """
    if application is None or origin not in application.origins:
        raise OriginUnknown
    return origin


def check_scene(state: str) -> bool:
    """Tell whether a state is one that we sent to WeChat's authorize page."""
    attempt = attempts.get_by_scene(state)
    return attempt is not None and attempt.way == Way.IN_WECHAT


def finish(site: Site, browser: Browser, returned: Returned, *, now: datetime) -> Outcome:
    """Take the browser that WeChat sent back to the outcome of its attempt.

    :raise AuthorizationInvalid: if the state is unknown, expired or another browser's.
    :raise AuthorizationRefused: if there is no code.
    :raise NoticeRefused: if the person did not agree to the privacy notice.
    :raise SnapshotUser: if WeChat showed a snapshot page.
    :raise WeChatError: if WeChat gives no answer to the code.
    """
    attempt = attempts.get_by_scene(returned.scene or "")
    if attempt is None or attempt.way != returned.way:
        raise AuthorizationInvalid
    if attempt.purpose == Purpose.RELAY:
        # Another site's code is not ours to exchange; `services/relay.py` hands it on.
        raise AuthorizationInvalid
    is_bound = browser.is_bound and attempt.binding_hash == browser.binding_hash
    # A desktop's browser keeps its cookies; one that has none is another one.
    if not is_bound and (browser.is_bound or attempt.way == Way.WEBSITE):
        raise AuthorizationInvalid
    if attempt.failure == agreements.REFUSED:
        raise NoticeRefused
    if attempts.status_at(attempt, now) in {Status.EXPIRED, Status.DECLINED, Status.FAILED}:
        raise AuthorizationInvalid
    try:
        return _follow_code(site, browser, attempt, returned.code, now=now, is_bound=is_bound)
    finally:
        # Our page around a frame waits for this.
        site.bus.wake(attempt.id)


def _follow_code(
    site: Site,
    browser: Browser,
    attempt: Attempt,
    code: str | None,
    *,
    is_bound: bool,
    now: datetime,
) -> Outcome:
    if not code:
        attempts.decline(attempt.id, reason="refused", now=now)
        raise AuthorizationRefused
    if not is_bound and attempt.restarts < MAX_RESTARTS:
        return _restart(site, browser, attempt, now)
    try:
        attempt = code_exchange.confirm_by_code(
            site, attempt, code, now=now, language=browser.language
        )
    except LoginMustRestart:
        attempts.fail(attempt.id, reason="code_refused", now=now)
        # The page around a frame waits for this attempt and would not know a new one.
        if attempt.restarts >= MAX_RESTARTS or attempt.display == Display.FRAME:
            raise
        return _restart(site, browser, attempt, now)
    return Confirmed(attempt) if is_bound else _ask_here(site, attempt, now)


def accept_here(
    site: Site, browser: Browser, *, scene: str, token: str, now: datetime
) -> Confirmed:
    """Give the attempt to a browser without cookie whose person said "log in here".

    :raise AuthorizationInvalid: if the token is not the one that was asked with.
    """
    attempt = attempts.get_by_scene(scene)
    confirm_hash = sha256_hex(token)
    if attempt is None or attempt.confirm_hash != confirm_hash:
        raise AuthorizationInvalid
    attempt_marks.rebind(
        attempt.id, confirm_hash=confirm_hash, binding_hash=browser.binding_hash, now=now
    )
    return Confirmed(attempts.get(attempt.id) or attempt)


def _restart(site: Site, browser: Browser, attempt: Attempt, now: datetime) -> Restart:
    is_website = attempt.way == Way.WEBSITE
    request = Request(
        row=wechat_apps.verify(attempt.appid or ""),
        errand=Errand.of(attempt),
        scope=Scope.LOGIN if is_website else scope_for(site, Errand.of(attempt)),
        parent_id=attempt.parent_id,
        restarts=attempt.restarts + 1,
    )
    return Restart(begin(site, browser, request, now=now).url)


def scope_for(site: Site, errand: Errand) -> Scope:
    """Return what to ask for inside WeChat: a phone that confirms is silent, the rest as set."""
    match errand.purpose:
        case Purpose.CONFIRM:
            return Scope.BASE
        case Purpose.RESULT | Purpose.LINK:
            return Scope.USERINFO
        case _ if errand.wants_profile is not None:
            return Scope.USERINFO if errand.wants_profile else Scope.BASE
        case _:
            return Scope(site.settings.login_scope)


def _ask_here(site: Site, attempt: Attempt, now: datetime) -> AskHere | Confirmed:
    if attempt.purpose == Purpose.CONFIRM:
        # The confirm page names the person and asks by itself; no session comes of this attempt.
        return Confirmed(attempt)
    identity = accounts.get_identity(attempt.appid or "", attempt.openid or "")
    if identity is None or attempt.status == Status.CLAIMED:
        raise AuthorizationInvalid
    token = site.vault.derive_token("ask_here", attempt.id)
    attempt_marks.ask_here(attempt.id, confirm_hash=sha256_hex(token), now=now)
    return AskHere(attempt, identity, SecretStr(token))
