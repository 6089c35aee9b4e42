"""Logins that another program carries through: it shows an API key, and none of our pages is open.

    begin_scan     an attempt and the account's QR for it; the scene is a UUID
    look           how the scan stands; once it is confirmed, the token
    begin_visit    an attempt, and WeChat's authorize page, which leads back to the program's page
    exchange       the code that came back there becomes the token; one try

There is no cookie here. An attempt belongs to the application that started it: what stands for the
browser's secret follows from the application and the scene, so no other key and no browser can ask
for the attempt. A token is handed out once; for a minute the same question is answered alike.

The number that a desktop would show cannot be shown here, and one application stands for many
browsers: so a scan is confirmed by a tap, also where the policy is `number` or `first_time`.
"""

import re
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import SecretStr
from sqlalchemy.exc import IntegrityError

from wechatlogin.config import ConfirmPolicy
from wechatlogin.errors import (
    AttemptExpired,
    AttemptNotFound,
    AuthorizationInvalid,
    ParameterWrong,
    WeChatError,
)
from wechatlogin.models import Application, Attempt, Status, Way, WeChatAppRow
from wechatlogin.services import attempts, channel_tokens, code_exchange, logins, wechat_apps
from wechatlogin.services.errand import Errand
from wechatlogin.services.qr_login import CREATE_QRCODE
from wechatlogin.services.site import Browser, Site
from wechatlogin.vault import sha256_hex
from wechatlogin.wechat import qrcode
from wechatlogin.wechat.app import Right
from wechatlogin.wechat.errors import LoginMustRestart, WeChatBusy
from wechatlogin.wechat.oauth import Extra, Scope
from wechatlogin.wechat.qrcode import QRTicket

#: How long a QR may be scanned: what WeChat makes of a request that names no time.
QR_LIFETIME = timedelta(seconds=60)
LONGEST_URI = 1024

_SCENE = re.compile(r"[0-9a-f-]{32,36}")


@dataclass(frozen=True)
class ScanBegun:
    """A QR of the account, and what to ask for the outcome by."""

    scene: str
    ticket: str
    lifetime: timedelta


@dataclass(frozen=True)
class Waiting:
    """Nothing has been confirmed yet: `pending`, or `scanned`."""

    status: Status


@dataclass(frozen=True)
class Granted:
    """The person's token; `redirect_uri` is where the program wanted to go on to."""

    token: SecretStr
    redirect_uri: str | None


@dataclass(frozen=True)
class Visit:
    """What WeChat's authorize page is opened for."""

    #: Where the program goes on to afterwards; WeChat does not hear of it.
    redirect_uri: str
    #: The program's page that WeChat sends the browser back to.
    callback: str
    scope: Scope = Scope.BASE


def begin_scan(
    site: Site, application: Application, redirect_uri: str, *, now: datetime
) -> ScanBegun:
    """Start an attempt that a scan of the returned QR pins.

    :raise ParameterWrong: if the URI is none of the application's.
    :raise RightMissing: if no account of the application's may make such a QR.
    :raise WeChatError: if WeChat makes none now.
    """
    _verify_registered(application, "redirectUri", redirect_uri)
    row = wechat_apps.verify_entitled(Right.PARAMETRIC_QR, application)
    scene = str(uuid.uuid4())
    ticket = _create_ticket(site, row, scene, now)
    errand = Errand(application=application, redirect_uri=redirect_uri)
    policy = errand.confirm_policy(site.settings)
    caller = _caller(site, application, scene)
    new = attempts.NewAttempt(
        way=Way.SCAN,
        errand=errand,
        binding_hash=caller.binding_hash,
        browser=caller.name,
        ip=caller.ip,
        lifetime=QR_LIFETIME,
        scene=scene,
        confirm=policy if policy is ConfirmPolicy.NEVER else ConfirmPolicy.TAP,
        appid=row.appid,
        qr_content=ticket.url,
    )
    attempts.start(new, now=now)
    return ScanBegun(scene, ticket.ticket, ticket.expires_in)


def look(site: Site, application: Application, scene: str, *, now: datetime) -> Waiting | Granted:
    """Return how a scan stands, and its token once it is confirmed.

    :raise AttemptNotFound: if no scan of this application has the scene.
    :raise AttemptError: if the scan has ended, or its token was handed out more than a minute ago.
    """
    attempt = _verify_own(site, application, scene, Way.SCAN)
    status = attempts.status_at(attempt, now)
    if status in {Status.PENDING, Status.SCANNED}:
        return Waiting(status)
    return _grant(site, application, attempt, now)


def begin_visit(site: Site, application: Application, visit: Visit, *, now: datetime) -> str:
    """Start an attempt and return the address of WeChat's authorize page for it.

    The state is a UUID without hyphens: WeChat documents letters and digits alone for it.

    :raise ParameterWrong: if a URI is none of the application's, or the two are the same.
    :raise RightMissing: if no account of the application's may authorize people.
    """
    _verify_registered(application, "redirectUri", visit.redirect_uri)
    _verify_registered(application, "callback", visit.callback)
    if visit.redirect_uri == visit.callback:
        raise ParameterWrong("redirectUri")
    row = wechat_apps.verify_entitled(Right.WEB_AUTHORIZATION, application)
    state = uuid.uuid4().hex
    _start_visit(site, application, row, scene=state, redirect_uri=visit.redirect_uri, now=now)
    return wechat_apps.client(site, row).authorize_url(
        redirect_uri=visit.callback,
        state=state,
        scope=visit.scope,
        extras={Extra.FORCE_POPUP: "false"},
    )


def exchange(
    site: Site, application: Application, code: str, state: str | None, *, now: datetime
) -> Granted:
    """Return the token of the person whom WeChat's code stands for.

    WeChat is asked once for each attempt; without a state the code itself makes the attempt.

    :raise AttemptNotFound: if no visit of this application has the state.
    :raise AttemptError: if its time is over, or it was answered more than a minute ago.
    :raise AuthorizationInvalid: if another code came first, or this one was refused before.
    :raise SnapshotUser: if WeChat showed a snapshot page; the state is still good.
    :raise WeChatError: if WeChat refuses the code, or gives no answer.
    """
    if state is None:
        attempt = _find_or_start_visit(site, application, code, now)
    else:
        attempt = _verify_own(site, application, state, Way.IN_WECHAT)
    match attempts.status_at(attempt, now):
        case Status.EXPIRED:
            raise AttemptExpired
        case Status.DECLINED | Status.FAILED:
            raise AuthorizationInvalid
    try:
        attempt = code_exchange.confirm_by_code(site, attempt, code, now=now)
    except LoginMustRestart:
        attempts.fail(attempt.id, reason="code_refused", now=now)
        raise
    if attempt.exchange_hash != sha256_hex(code):
        # The state alone is no proof: it stands in the address of a page.
        raise AuthorizationInvalid
    return _grant(site, application, attempt, now)


def _grant(site: Site, application: Application, attempt: Attempt, now: datetime) -> Granted:
    caller = _caller(site, application, attempt.scene)
    login = logins.claim(site, attempt.id, caller, holder=application, now=now)
    token = channel_tokens.issue(site, application, login, now=now)
    return Granted(token, login.attempt.redirect_uri)


def _caller(site: Site, application: Application, scene: str) -> Browser:
    """Return what stands for a browser; the application's name is all that a person can be told."""
    binding = site.vault.derive_token("open authorization", application.client_id, scene)
    return Browser(binding=binding, is_bound=True, name=application.name, ip=None)


def _verify_own(site: Site, application: Application, scene: str, way: Way) -> Attempt:
    attempt = attempts.get_by_scene(scene) if _SCENE.fullmatch(scene) else None
    caller = _caller(site, application, scene)
    if attempt is None or attempt.way != way or attempt.binding_hash != caller.binding_hash:
        raise AttemptNotFound
    return attempt


def _verify_registered(application: Application, field: str, uri: str) -> None:
    # Compared as text, since every reading of an address has its own idea of what is the same.
    if uri not in application.redirect_uris or len(uri) > LONGEST_URI:
        raise ParameterWrong(field)


def _create_ticket(site: Site, row: WeChatAppRow, scene: str, now: datetime) -> QRTicket:
    if site.pauses.check_paused(row.appid, CREATE_QRCODE, now=now):
        raise WeChatBusy(path=qrcode.PATH, errmsg="paused after an earlier failure")
    try:
        return wechat_apps.client(site, row).create_qrcode(scene, QR_LIFETIME)
    except WeChatError as err:
        site.pauses.pause(row.appid, CREATE_QRCODE, err, now=now)
        raise


def _find_or_start_visit(site: Site, application: Application, code: str, now: datetime) -> Attempt:
    """Return the attempt of a code that came without a state; its scene follows from the code."""
    row = wechat_apps.verify_entitled(Right.WEB_AUTHORIZATION, application)
    scene = site.vault.keyed_hash("open authorization code", application.client_id, code)
    known = attempts.get_by_scene(scene)
    if known is not None:
        return known
    try:
        return _start_visit(site, application, row, scene=scene, redirect_uri=None, now=now)
    except IntegrityError:
        # The same code came twice at once.
        known = attempts.get_by_scene(scene)
        if known is None:
            raise
        return known


def _start_visit(
    site: Site,
    application: Application,
    row: WeChatAppRow,
    *,
    scene: str,
    redirect_uri: str | None,
    now: datetime,
) -> Attempt:
    caller = _caller(site, application, scene)
    new = attempts.NewAttempt(
        way=Way.IN_WECHAT,
        errand=Errand(application=application, redirect_uri=redirect_uri),
        binding_hash=caller.binding_hash,
        browser=caller.name,
        ip=caller.ip,
        lifetime=timedelta(seconds=site.settings.authorize_seconds),
        scene=scene,
        appid=row.appid,
    )
    return attempts.start(new, now=now)
