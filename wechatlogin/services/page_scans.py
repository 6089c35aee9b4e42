"""Scans that a page of another site shows: it is of a registered origin and has no cookie of ours.

    begin        an attempt with its QR, and the id that the page keeps to itself
    verify_own   how it stands, for the page that knows the id
    claim        once it is confirmed: a ticket, and what the page may show of the person
    exchange     the site's server shows its API key and the ticket, and is told who it is

The id is the attempt's own with a secret behind it. What stands for the browser's cookie follows
from that secret and the origin: so the id is worth nothing on another origin, and nowhere does
it open a door of ours. A ticket is good once, for the server of the application alone.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from pydantic import SecretStr
from sqlalchemy import Engine

from wechatlogin import vault
from wechatlogin.errors import ApplicationDisabled, AttemptNotFound
from wechatlogin.models import Application, Attempt, Identity, WeChatAppRow
from wechatlogin.models.transaction import repeatable, write
from wechatlogin.services import (
    accounts,
    application_users,
    applications,
    attempt_status,
    attempts,
    qr_login,
    scan_tickets,
    users,
    web_login,
    wechat_apps,
)
from wechatlogin.services.attempt_status import AttemptStatus
from wechatlogin.services.errand import Errand
from wechatlogin.services.scan_tickets import Door
from wechatlogin.services.site import Browser, Site
from wechatlogin.vault import sha256_hex
from wechatlogin.wechat.app import Right


@dataclass(frozen=True)
class ScanBegun:
    """What the page draws, and what it asks by."""

    scan_id: str = field(repr=False)
    qr_content: str
    lifetime: timedelta


@dataclass(frozen=True)
class OwnScan:
    """A scan that the page has shown to be its own, and how it stands."""

    attempt_id: str
    binding_hash: str = field(repr=False)
    status: AttemptStatus


@dataclass(frozen=True)
class Claimed:
    """What the page is given at the end."""

    ticket: SecretStr
    lifetime: timedelta
    nickname: str | None
    avatar_url: str | None


@dataclass(frozen=True)
class Visitor:
    """Whom the site's server is told of."""

    user_id: str
    nickname: str | None
    avatar_url: str | None


def verify_application(client_id: str, origin: str) -> Application:
    """Return the application whose page asks.

    :raise ApplicationUnknown: if there is none.
    :raise OriginUnknown: if it has not registered exactly this origin.
    :raise ApplicationDisabled: if its operator has stopped it.
    """
    application = applications.verify(client_id)
    web_login.verify_opener(application, origin)
    if application.is_disabled:
        raise ApplicationDisabled
    return application


def begin(
    site: Site, application: Application, origin: str, *, browser: Browser, now: datetime
) -> ScanBegun:
    """Start an attempt for a page of this origin; `browser` is the one that shows it.

    :raise RightMissing: if none of the application's accounts can do with a QR.
    """
    secret = scan_tickets.new_secret()
    page = replace(browser, binding=_binding(site, origin, secret))
    row, errand = _verify_account(application), Errand(application=application)
    attempt = qr_login.start(site, row, page, errand=errand, now=now)
    return ScanBegun(attempt.id + secret, attempt.qr_content or "", attempt.expires_at - now)


def verify_own(site: Site, engine: Engine, scan_id: str, origin: str, *, now: datetime) -> OwnScan:
    """Return the scan that a page of this origin began.

    :raise AttemptNotFound: if it is unknown, or another page's: the two look the same.
    """
    attempt_id, secret = scan_tickets.verify_held(scan_id)
    binding_hash = sha256_hex(_binding(site, origin, secret))
    status = attempt_status.get_status(engine, attempt_id, now=now)
    if status is None or not vault.equal(status.binding_hash, binding_hash):
        raise AttemptNotFound
    return OwnScan(attempt_id, binding_hash, status)


def claim(site: Site, scan: OwnScan, *, now: datetime) -> Claimed:
    """Give the page its ticket; for a minute the same question is answered alike.

    :raise AttemptNotReady: if nobody has confirmed yet.
    :raise AttemptError: as the state demands.
    """
    attempt, is_first = attempts.claim(scan.attempt_id, binding_hash=scan.binding_hash, now=now)
    if is_first:
        site.bus.wake(attempt.id)
    identity = _get_identity(attempt)
    return Claimed(
        ticket=scan_tickets.issue(site, Door.OURS, attempt),
        lifetime=scan_tickets.LIFETIME - (now - (attempt.claimed_at or now)),
        nickname=identity.nickname if identity else None,
        avatar_url=identity.avatar_url if identity else None,
    )


@repeatable
def exchange(site: Site, application: Application, ticket: str, *, now: datetime) -> Visitor:
    """Return the person whom a ticket of this application stands for, once.

    :raise TicketInvalid: if it is unknown, another application's, spent or older than 300 s.
    :raise UserBanned: if an operator has banned the person.
    """
    with write():
        attempt, user_id = scan_tickets.spend(site, Door.OURS, application, ticket, now=now)
        users.verify_admitted(user_id)
        accounts.note_login(user_id, way=attempt.way, ip=attempt.ip, now=now)
        application_users.find_or_create(application.id, user_id, now=now)
        identity = _get_identity(attempt)
        return Visitor(
            user_id,
            identity.nickname if identity else None,
            identity.avatar_url if identity else None,
        )


def _verify_account(application: Application) -> WeChatAppRow:
    row = wechat_apps.get_entitled(Right.PARAMETRIC_QR, application)
    return row or wechat_apps.verify_entitled(Right.WEB_AUTHORIZATION, application)


def _binding(site: Site, origin: str, secret: str) -> str:
    return scan_tickets.derive_binding(site, Door.OURS, origin, secret)


def _get_identity(attempt: Attempt) -> Identity | None:
    return accounts.get_identity(attempt.appid or "", attempt.openid or "")
