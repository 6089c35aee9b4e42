"""Scans that Authing's SDKs draw on a page of another site: no cookie of ours belongs to it.

    begin       an attempt with its QR, and `random`, which the page keeps to itself
    look        how the scan stands; once it is confirmed, a ticket
    exchange    the ticket becomes the person and their token, once, within 300 s

`random` is the attempt's id with a secret behind it; what stands for a browser's cookie follows
from that secret and the application, so with no other application is it worth anything. The
page shows no number, so a tap confirms, also where the policy is `number` or `first_time`.
"""

import re
import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import IntEnum

from pydantic import SecretStr

from wechatlogin import vault
from wechatlogin.errors import (
    ApplicationDisabled,
    ApplicationUnknown,
    AttemptNotFound,
    RightMissing,
)
from wechatlogin.models import Application, Attempt, Identity, Session, Status, WeChatAppRow
from wechatlogin.models.transaction import repeatable, write
from wechatlogin.services import (
    accounts,
    application_users,
    applications,
    attempts,
    authing_tokens,
    authing_users,
    connections,
    qr_login,
    scan_tickets,
    sessions,
    web_login,
    wechat_apps,
)
from wechatlogin.services.authing_users import AuthingUser
from wechatlogin.services.errand import Errand
from wechatlogin.services.scan_tickets import Door
from wechatlogin.services.site import Browser, Site
from wechatlogin.vault import sha256_hex
from wechatlogin.wechat.app import Right

_SCENE = re.compile(r"[0-9a-f]{32}")
_SCANNABLE = (Right.PARAMETRIC_QR, Right.WEB_AUTHORIZATION)


class ScanStatus(IntEnum):
    """How a scan stands, by Authing's numbers."""

    EXPIRED = -1
    WAITING = 0
    SCANNED = 1
    AUTHORIZED = 2
    CANCELLED = 3
    FAILED = 5


@dataclass(frozen=True)
class ScanBegun:
    """What the page asks by, and the scene that its picture is found by."""

    random: str = field(repr=False)
    scene: str
    lifetime: timedelta


@dataclass(frozen=True)
class Look:
    """How a scan stands, and who has scanned, as far as the page may show it."""

    status: ScanStatus
    ticket: SecretStr | None = None
    user_id: str | None = None
    nickname: str | None = None
    avatar_url: str | None = None
    #: FAILED: why.
    reason: str | None = None


def verify_application(client_id: str, origin: str | None) -> Application:
    """Return the application that a page of this origin, or a server without one, asks for.

    :raise OriginUnknown: if it, or nobody, has registered exactly this origin.
    :raise ApplicationUnknown: if a server asks, and there is none.
    :raise ApplicationDisabled: if its operator has stopped it.
    """
    application = applications.get(client_id)
    if origin is not None:
        web_login.verify_opener(application, origin)
    if application is None:
        raise ApplicationUnknown
    if application.is_disabled:
        raise ApplicationDisabled
    return application


def begin(
    site: Site,
    application: Application,
    connection: str | None,
    *,
    browser: Browser,
    now: datetime,
) -> ScanBegun:
    """Start an attempt; `browser` is the one that shows it.

    :raise AppidRefused: if the connection is none of the application's.
    :raise RightMissing: if it cannot do with a QR.
    """
    secret = scan_tickets.new_secret()
    page = replace(browser, binding=_binding(site, application, secret))
    row, errand = _verify_row(application, connection), Errand(application=application)
    attempt = qr_login.start(site, row, page, errand=errand, now=now, shows_numbers=False)
    return ScanBegun(attempt.id + secret, attempt.scene, attempt.expires_at - now)


def get_qr_content(scene: str, *, now: datetime) -> str | None:
    """Return what the QR of a scan that waits holds, or None where there is none."""
    attempt = attempts.get_by_scene(scene) if _SCENE.fullmatch(scene) else None
    if attempt is None or attempts.status_at(attempt, now) != Status.PENDING:
        return None
    return attempt.qr_content


def look(site: Site, application: Application, random: str, *, now: datetime) -> Look:
    """Return how a scan stands.

    :raise AttemptNotFound: if it is unknown, or another application's: the two look the same.
    """
    attempt = _verify_own(site, application, random)
    status = attempts.status_at(attempt, now)
    if status == Status.CONFIRMED:
        attempt, is_first = attempts.claim(attempt.id, binding_hash=attempt.binding_hash, now=now)
        status = Status(attempt.status)
        if is_first:
            site.bus.wake(attempt.id)
    match status:
        case Status.PENDING:
            return Look(ScanStatus.WAITING)
        case Status.SCANNED:
            return _with_person(Look(ScanStatus.SCANNED), attempt)
        case Status.CLAIMED:
            return _authorized(site, attempt, now)
        case Status.DECLINED:
            return Look(ScanStatus.CANCELLED)
        case Status.FAILED:
            return Look(ScanStatus.FAILED, reason=attempt.failure)
        case _:
            return Look(ScanStatus.EXPIRED)


@repeatable
def exchange(
    site: Site, application: Application, ticket: str, *, browser: Browser, now: datetime
) -> AuthingUser:
    """Return the person whom a ticket of this application stands for, once.

    :raise TicketInvalid: if it is unknown, another application's, spent or older than 300 s.
    """
    with write():
        attempt, user_id = scan_tickets.spend(site, Door.AUTHING, application, ticket, now=now)
        session = _start_session(application, attempt, user_id, browser=browser, now=now)
    return authing_users.describe(site, application, session, attempt, now=now)


@repeatable
def _start_session(
    application: Application, attempt: Attempt, user_id: str, *, browser: Browser, now: datetime
) -> Session:
    with write() as database:
        application_users.find_or_create(application.id, user_id, now=now)
        # Nobody sees this value; the program's token stands for the session by another name.
        session = sessions.start(
            secrets.token_urlsafe(32),
            sessions.Owner(user_id=user_id),
            # What the person sees among their sessions, and where the page with the QR was open.
            browser=replace(browser, name=application.name, ip=attempt.ip),
            way=attempt.way,
            lifetime=authing_tokens.LIFETIME,
            application_id=application.id,
            now=now,
        )
        database.flush()
        accounts.note_login(user_id, way=attempt.way, ip=attempt.ip, now=now)
    return session


def _verify_row(application: Application, connection: str | None) -> WeChatAppRow:
    if connection is None:
        row = wechat_apps.get_entitled(Right.PARAMETRIC_QR, application)
        return row or wechat_apps.verify_entitled(Right.WEB_AUTHORIZATION, application)
    row = connections.verify(application, connection)
    if not any(row.has(right) for right in _SCANNABLE):
        raise RightMissing
    return row


def _verify_own(site: Site, application: Application, random: str) -> Attempt:
    attempt_id, secret = scan_tickets.verify_held(random)
    attempt, binding = attempts.get(attempt_id), _binding(site, application, secret)
    if attempt is None or not vault.equal(attempt.binding_hash, sha256_hex(binding)):
        raise AttemptNotFound
    return attempt


def _authorized(site: Site, attempt: Attempt, now: datetime) -> Look:
    claimed_at = attempt.claimed_at
    if claimed_at is None or now >= claimed_at + scan_tickets.LIFETIME:
        return Look(ScanStatus.EXPIRED)
    is_spent = attempt.exchange_hash is not None
    ticket = None if is_spent else scan_tickets.issue(site, Door.AUTHING, attempt)
    known = Look(ScanStatus.AUTHORIZED, ticket=ticket, user_id=attempt.user_id)
    return _with_person(known, attempt)


def _with_person(known: Look, attempt: Attempt) -> Look:
    identity: Identity | None = authing_users.get_identity(attempt)
    if identity is None:
        return known
    return replace(known, nickname=identity.nickname, avatar_url=identity.avatar_url)


def _binding(site: Site, application: Application, secret: str) -> str:
    return scan_tickets.derive_binding(site, Door.AUTHING, application.client_id, secret)
