"""Login inside WeChat: to its authorize page and back.

    begin    a pending attempt, and the address of WeChat's page with the attempt's scene as state
    finish   WeChat sent the browser back with a code: exchanged once, however often it comes

What can happen on the way back:

    the browser's cookie is there     the code is exchanged, the attempt is confirmed
    the cookie is lost                begin again once; if it is lost again, the person is asked
    the cookie is another browser's   refused
    no code                           the person refused
    the same state a second time      the outcome of the first, whichever code came with it
    a snapshot page                   nobody is logged in; the same state may come back with a
                                      real code after the person has tapped 使用完整服务
"""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import SecretStr

from wechatlogin.errors import (
    AuthorizationInvalid,
    AuthorizationRefused,
    SnapshotUser,
    WeChatError,
)
from wechatlogin.models import Attempt, Identity, Purpose, Status, Way, WeChatAppRow
from wechatlogin.services import accounts, attempts, wechat_apps
from wechatlogin.services.accounts import Sighting
from wechatlogin.services.site import Browser, Site
from wechatlogin.vault import sha256_hex
from wechatlogin.wechat.app import Right
from wechatlogin.wechat.errors import LoginMustRestart, SnapshotSuspected
from wechatlogin.wechat.oauth import Profile, Scope, UserGrant

CALLBACK_PATH = "/api/wechat/auth"
MAX_RESTARTS = 1
#: How long the second of two callbacks waits for the first to end.
PATIENCE_SECONDS = 8.0
LOOK_AGAIN_SECONDS = 0.05


@dataclass(frozen=True)
class Request:
    """What a browser wants of a login inside WeChat."""

    purpose: Purpose
    scope: Scope
    next_path: str | None = None
    requested_state: str | None = None
    parent_id: str | None = None
    restarts: int = 0


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


def begin(site: Site, browser: Browser, request: Request, *, now: datetime) -> str:
    """Start an attempt and return the address of WeChat's authorize page for it.

    :raise NotConfigured: if no account may do web authorization.
    """
    row = wechat_apps.verify_entitled(Right.WEB_AUTHORIZATION)
    new = attempts.NewAttempt(
        way=Way.IN_WECHAT,
        purpose=request.purpose,
        binding_hash=browser.binding_hash,
        browser=browser.name,
        ip=browser.ip,
        lifetime=timedelta(seconds=site.settings.authorize_seconds),
        scene=attempts.new_scene(),
        appid=row.appid,
        parent_id=request.parent_id,
        next_path=request.next_path,
        requested_state=request.requested_state,
        restarts=request.restarts,
    )
    attempts.start(new, now=now)
    return wechat_apps.client(site, row).authorize_url(
        redirect_uri=site.url(CALLBACK_PATH), state=new.scene, scope=request.scope
    )


def check_scene(state: str) -> bool:
    """Tell whether a state is one that we sent to WeChat."""
    attempt = attempts.get_by_scene(state)
    return attempt is not None and attempt.way == Way.IN_WECHAT


def finish(
    site: Site, browser: Browser, *, scene: str | None, code: str | None, now: datetime
) -> Outcome:
    """Take the browser that WeChat sent back to the outcome of its attempt.

    :raise AuthorizationInvalid: if the state is unknown, expired or another browser's.
    :raise AuthorizationRefused: if there is no code.
    :raise SnapshotUser: if WeChat showed a snapshot page.
    :raise WeChatError: if WeChat gives no answer to the code.
    """
    attempt = attempts.get_by_scene(scene) if scene else None
    if attempt is None or attempt.way != Way.IN_WECHAT:
        raise AuthorizationInvalid
    is_bound = browser.is_bound and attempt.binding_hash == browser.binding_hash
    if browser.is_bound and not is_bound:
        raise AuthorizationInvalid
    if attempts.status_at(attempt, now) in {Status.EXPIRED, Status.DECLINED, Status.FAILED}:
        raise AuthorizationInvalid
    if not code:
        attempts.decline(attempt.id, reason="refused", now=now)
        raise AuthorizationRefused
    if not is_bound and attempt.restarts < MAX_RESTARTS:
        return _restart(site, browser, attempt, now)
    try:
        attempt = _confirm_by_code(site, attempt, code, now)
    except LoginMustRestart:
        attempts.fail(attempt.id, reason="code_refused", now=now)
        if attempt.restarts >= MAX_RESTARTS:
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
    attempts.rebind(
        attempt.id, confirm_hash=confirm_hash, binding_hash=browser.binding_hash, now=now
    )
    return Confirmed(attempts.get(attempt.id) or attempt)


def _restart(site: Site, browser: Browser, attempt: Attempt, now: datetime) -> Restart:
    request = Request(
        purpose=Purpose(attempt.purpose),
        scope=scope_for(site, Purpose(attempt.purpose)),
        next_path=attempt.next_path,
        requested_state=attempt.requested_state,
        parent_id=attempt.parent_id,
        restarts=attempt.restarts + 1,
    )
    return Restart(begin(site, browser, request, now=now))


def scope_for(site: Site, purpose: Purpose) -> Scope:
    """Return what to ask WeChat for: a phone that confirms is silent, the rest as configured."""
    match purpose:
        case Purpose.CONFIRM:
            return Scope.BASE
        case Purpose.RESULT:
            return Scope.USERINFO
        case _:
            return Scope(site.settings.login_scope)


def _confirm_by_code(site: Site, attempt: Attempt, code: str, now: datetime) -> Attempt:
    """Exchange the code and confirm the attempt, or wait for the callback that is at it."""
    if not attempts.begin_exchange(attempt.id, code_hash=sha256_hex(code), now=now):
        return _outcome_of_other_callback(attempt.id, now)
    row = wechat_apps.get(attempt.appid or "")
    if row is None:
        raise AuthorizationInvalid
    try:
        identity = _identify(site, row, code, now)
    except (SnapshotUser, SnapshotSuspected):
        attempts.release_exchange(attempt.id, now=now)
        raise
    except LoginMustRestart:
        raise
    except WeChatError:
        attempts.fail(attempt.id, reason="wechat", now=now)
        raise
    return attempts.confirm(attempt.id, identity.openid, user_id=identity.user_id, now=now)


def _identify(site: Site, row: WeChatAppRow, code: str, now: datetime) -> Identity:
    client = wechat_apps.client(site, row)
    grant = client.exchange_code(code)
    if grant.is_snapshot_user:
        raise SnapshotUser
    profile = client.get_profile(grant) if Scope.USERINFO in grant.scopes else None
    return accounts.find_or_create_identity(row, _sighting(grant, profile), now=now)


def _sighting(grant: UserGrant, profile: Profile | None) -> Sighting:
    return Sighting(openid=grant.openid, unionid=grant.unionid, profile=profile)


def _outcome_of_other_callback(attempt_id: str, now: datetime) -> Attempt:
    """Wait until the callback that exchanges the code has ended, and share its outcome."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < give_up_at:
        attempt = attempts.get(attempt_id)
        if attempt is not None and attempt.status in {Status.CONFIRMED, Status.CLAIMED}:
            return attempt
        if attempt is None or attempt.status != Status.PENDING:
            break
        if attempt.exchange_hash is None:
            # Nothing else gives the right to exchange back.
            raise SnapshotUser
        time.sleep(LOOK_AGAIN_SECONDS)
    raise AuthorizationInvalid


def _ask_here(site: Site, attempt: Attempt, now: datetime) -> AskHere | Confirmed:
    if attempt.purpose == Purpose.CONFIRM:
        # The confirm page names the person and asks by itself; no session comes of this attempt.
        return Confirmed(attempt)
    identity = accounts.get_identity(attempt.appid or "", attempt.openid or "")
    if identity is None or attempt.status == Status.CLAIMED:
        raise AuthorizationInvalid
    token = site.vault.derive_token("ask_here", attempt.id)
    attempts.ask_here(attempt.id, confirm_hash=sha256_hex(token), now=now)
    return AskHere(attempt, identity, SecretStr(token))
