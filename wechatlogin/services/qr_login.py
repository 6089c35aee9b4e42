"""Login on a desktop: a QR code, a scan, a confirmation on the phone.

    start         an attempt and the text of its QR: the account's parametric QR (way `scan`),
                  or our own address (way `page`) where WeChat gives none
    scanned       a push or a phone's silent authorization says who scanned; this person alone
                  gets the link to the confirm page
    choose        the person taps the number that the desktop shows (or just confirms, or declines)

The link's token is derived, not stored: a push that comes three times is answered three times
with the same link. Whoever holds it may confirm; it is sent to the scanning person alone.
"""

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from wechatlogin.config import ConfirmPolicy
from wechatlogin.errors import (
    AttemptDeclined,
    AttemptNotFound,
    NoticeDue,
    RightMissing,
)
from wechatlogin.models import (
    Attempt,
    AuditTag,
    Identity,
    PrivacyNotice,
    Purpose,
    Status,
    Way,
    WeChatAppRow,
)
from wechatlogin.models.transaction import repeatable, write
from wechatlogin.services import (
    accounts,
    attempt_status,
    attempts,
    audit,
    followers_only,
    privacy_notices,
    wechat_apps,
)
from wechatlogin.services.accounts import Sighting
from wechatlogin.services.attempt_status import AttemptStatus
from wechatlogin.services.errand import Errand
from wechatlogin.services.privacy_notices import Agreement
from wechatlogin.services.site import Browser, Site
from wechatlogin.vault import sha256_hex
from wechatlogin.wechat.app import Right
from wechatlogin.wechat.errors import PlatformError

log = logging.getLogger(__name__)

CREATE_QRCODE = "qrcode/create"


@dataclass(frozen=True)
class Scanned:
    """What the phone is to be shown after a scan: the confirm page, or that it is done."""

    attempt: Attempt
    confirm_url: str | None


@dataclass(frozen=True)
class Scan:
    """A scan that is yet to be written down."""

    row: WeChatAppRow
    attempt: Attempt
    sighting: Sighting
    #: The person, if we know them already.
    known: Identity | None
    confirm_hash: str
    #: Where they confirm, if they are asked.
    confirm_url: str = field(repr=False)
    lifetime: timedelta


def start(
    site: Site,
    row: WeChatAppRow,
    browser: Browser,
    *,
    errand: Errand,
    now: datetime,
    shows_numbers: bool = True,
) -> Attempt:
    """Start an attempt whose QR a phone can scan.

    A page that shows no numbers keeps no cookie either: there a tap confirms, each time.

    :raise RightMissing: if WeChat makes no QR, and the account cannot do without.
    :raise OperatorNeeded: if WeChat refuses the account's secret, so that no QR leads anywhere.
    """
    scene = attempts.new_scene()
    lifetime = timedelta(seconds=site.settings.scan_seconds)
    url = _account_qr(site, row, scene, lifetime=lifetime, now=now)
    if url is None and not row.has(Right.WEB_AUTHORIZATION):
        raise RightMissing
    if url is None:
        site.pauses.verify_secret(row.appid, now=now)
    new = attempts.NewAttempt(
        way=Way.SCAN if url else Way.PAGE,
        errand=errand,
        binding_hash=browser.binding_hash,
        browser=browser.name,
        ip=browser.ip,
        lifetime=lifetime,
        scene=scene,
        confirm=_confirm_policy(site, errand, shows_numbers=shows_numbers),
        appid=row.appid,
        qr_content=url or site.url(f"/q/{scene}"),
    )
    return attempts.start(new, now=now)


def start_by_link(
    site: Site, row: WeChatAppRow, browser: Browser, *, errand: Errand, now: datetime
) -> Attempt:
    """Start an attempt that is confirmed where its address is opened in WeChat, on the same phone.

    It lasts as long as a visit to WeChat's page: a link takes longer to bring there than a scan.
    """
    scene = attempts.new_scene()
    new = attempts.NewAttempt(
        way=Way.PAGE,
        errand=errand,
        binding_hash=browser.binding_hash,
        browser=browser.name,
        ip=browser.ip,
        lifetime=timedelta(seconds=site.settings.authorize_seconds),
        scene=scene,
        confirm=_confirm_policy(site, errand, shows_numbers=True),
        appid=row.appid,
        qr_content=site.url(f"/q/{scene}"),
    )
    return attempts.start(new, now=now)


def get_scannable(row: WeChatAppRow, scene: str) -> Attempt | None:
    """Return the attempt of an account's parametric QR, however it stands."""
    attempt = attempts.get_by_scene(scene)
    is_ours = attempt is not None and attempt.way == Way.SCAN and attempt.appid == row.appid
    return attempt if is_ours else None


def scanned_by_push(
    site: Site, row: WeChatAppRow, *, scene: str, openid: str, now: datetime
) -> Scanned:
    """Pin the attempt of a parametric QR to the follower who scanned it.

    :raise AttemptError: if the scene is unknown or of another account, or as the state demands.
    """
    attempt = get_scannable(row, scene)
    if attempt is None:
        raise AttemptNotFound
    return pin(site, row, attempt, sighting=Sighting(openid, follows=True), now=now)


def scanned_by_page(site: Site, phone: Attempt, *, now: datetime) -> Scanned:
    """Pin the desktop's attempt to the person whose phone opened our address.

    :raise AttemptError: as the state demands.
    """
    attempt = attempts.get(phone.parent_id or "")
    row = wechat_apps.get(phone.appid or "")
    if attempt is None or row is None or attempt.way != Way.PAGE or phone.openid is None:
        raise AttemptNotFound
    return pin(site, row, attempt, sighting=Sighting(phone.openid), now=now)


def pin(
    site: Site, row: WeChatAppRow, attempt: Attempt, *, sighting: Sighting, now: datetime
) -> Scanned:
    """Pin a desktop's attempt to a person, and confirm it where the policy asks nothing more.

    :raise AttemptError: as the state demands.
    """
    scan = make_scan(site, row, attempt, sighting)
    attempt = write_scan(scan, now=now)
    site.bus.wake(attempt.id)
    if not check_asks(attempt, scan.known):
        _confirm(site, attempt, scan.known, now)
        attempt = attempts.get(attempt.id) or attempt
        if not attempt.awaits_follow:
            return Scanned(attempt, None)
    return Scanned(attempt, scan.confirm_url)


def make_scan(site: Site, row: WeChatAppRow, attempt: Attempt, sighting: Sighting) -> Scan:
    """Return what a person's scan of an attempt comes to; nothing is written yet."""
    token = site.vault.derive_token_again(
        lambda given: sha256_hex(given) == attempt.confirm_hash,
        "confirm",
        attempt.id,
        sighting.openid,
    )
    return Scan(
        row=row,
        attempt=attempt,
        sighting=sighting,
        known=accounts.get_identity(row.appid, sighting.openid),
        confirm_hash=sha256_hex(token),
        confirm_url=site.url(f"/confirm/{token}"),
        lifetime=timedelta(seconds=site.settings.scan_seconds),
    )


@repeatable
def write_scan(scan: Scan, *, now: datetime) -> Attempt:
    """Pin the attempt to the person, and note what the scan tells of them if they are known.

    The bus is to be woken afterwards.

    :raise AttemptError: as the state demands.
    """
    with write():
        scanned = attempts.scan(
            scan.attempt.id,
            scan.sighting.openid,
            confirm_hash=scan.confirm_hash,
            lifetime=scan.lifetime,
            now=now,
            asks_number=scan.attempt.confirm == ConfirmPolicy.NUMBER,
        )
        if scan.known is not None:
            accounts.find_or_create_identity(scan.row, scan.sighting, now=now)
    return scanned


def check_asks(attempt: Attempt, known: Identity | None) -> bool:
    """Tell whether a person who has scanned is asked anything before they are logged in."""
    if _get_notice_for(attempt, known) is not None:
        return True
    match ConfirmPolicy(attempt.confirm):
        case ConfirmPolicy.NEVER:
            return False
        case ConfirmPolicy.FIRST_TIME:
            return known is None or not attempts.check_claimed_before(
                attempt.binding_hash, known.user_id
            )
        case _:
            return True


def verify_confirmable(token: str) -> Attempt:
    """Return the scanned attempt of a confirm link.

    :raise AttemptNotFound: if there is none.
    """
    attempt = attempts.get_by_confirm_hash(sha256_hex(token))
    if attempt is None or attempt.way not in {Way.SCAN, Way.PAGE, Way.NUMBER}:
        raise AttemptNotFound
    return attempt


def get_person(attempt: Attempt) -> Identity | None:
    """Return who scanned, as far as we know them."""
    return accounts.get_identity(attempt.appid or "", attempt.openid or "")


def get_notice(attempt: Attempt) -> PrivacyNotice | None:
    """Return the privacy notice that the person agrees to by confirming, if one is due."""
    return _get_notice_for(attempt, get_person(attempt))


def choose(
    site: Site,
    token: str,
    number: int | None,
    *,
    now: datetime,
    agreement: Agreement | None = None,
) -> None:
    """Confirm with the number that the desktop shows; a wrong one declines.

    `number` is None where the policy asks for a tap alone; to the privacy notice that the page
    shows the person agrees by this.

    :raise AttemptDeclined: if the number is wrong.
    :raise NoticeDue: if they have to agree to another version.
    :raise AttemptError: as the state demands.
    """
    attempt = verify_confirmable(token)
    if attempt.awaits_follow:
        followers_only.look_again(site, attempt, now=now)
        return
    needs_number = attempt.confirm == ConfirmPolicy.NUMBER
    is_open = attempts.status_at(attempt, now) == Status.SCANNED
    if is_open and needs_number and number != attempt.number:
        _decline(site, attempt, AuditTag.ATTEMPT_WRONG_NUMBER, now)
        raise AttemptDeclined
    person = get_person(attempt)
    notice = _get_notice_for(attempt, person) if is_open else None
    if notice is None:
        agreement = None
    elif agreement is None or not privacy_notices.check_enough(agreement.shown, notice):
        raise NoticeDue(attempt.id)
    _confirm(site, attempt, person, now, agreement=agreement)


def decline(site: Site, token: str, *, now: datetime) -> None:
    """End the attempt because the person refused it.

    :raise AttemptNotFound: if there is none.
    """
    _decline(site, verify_confirmable(token), AuditTag.ATTEMPT_DECLINED, now)


def _confirm_policy(site: Site, errand: Errand, *, shows_numbers: bool) -> ConfirmPolicy:
    policy = errand.confirm_policy(site.settings)
    return policy if shows_numbers or policy is ConfirmPolicy.NEVER else ConfirmPolicy.TAP


def _account_qr(
    site: Site, row: WeChatAppRow, scene: str, *, lifetime: timedelta, now: datetime
) -> str | None:
    """Return what the account's own QR for the scene holds, if WeChat makes one."""
    is_paused = site.pauses.check_paused(row.appid, CREATE_QRCODE, now=now)
    if is_paused or not row.has(Right.PARAMETRIC_QR):
        return None
    try:
        # A little longer than the attempt: its last seconds can be scanned too.
        ticket = wechat_apps.client(site, row).create_qrcode(
            scene, max(lifetime, timedelta(seconds=60))
        )
    except PlatformError as err:
        log.warning("%s makes no QR, so the page shows one of ours: %s", row.appid, err.detail)
        site.pauses.pause(row.appid, CREATE_QRCODE, err, now=now)
        return None
    return ticket.url


def _get_notice_for(attempt: Attempt, person: Identity | None) -> PrivacyNotice | None:
    if attempt.purpose == Purpose.LINK:
        return None
    return privacy_notices.get_due(person.user_id if person else None)


def _confirm(
    site: Site,
    attempt: Attempt,
    known: Identity | None,
    now: datetime,
    *,
    agreement: Agreement | None = None,
) -> None:
    row = wechat_apps.get(attempt.appid or "")
    if row is None or attempt.openid is None:
        raise AttemptNotFound
    if known is None and attempt.way in {Way.SCAN, Way.NUMBER}:
        # Of somebody known this was noted when the push came.
        follows: bool | None = True
    else:
        follows = followers_only.find_out(site, attempt, row, attempt.openid, now=now)
    sighting = Sighting(attempt.openid, follows=follows)
    news = _confirm_person(row, attempt, sighting, now, agreement=agreement)
    site.bus.wake(attempt.id, news)


@repeatable
def _confirm_person(
    row: WeChatAppRow,
    attempt: Attempt,
    sighting: Sighting,
    now: datetime,
    *,
    agreement: Agreement | None,
) -> AttemptStatus:
    with write():
        identity = accounts.find_or_create_identity(row, sighting, now=now)
        if agreement is not None:
            # The desktop claims at once, and would be asked itself if this came later.
            privacy_notices.accept(identity.user_id, agreement, now=now)
        moved = followers_only.confirm(attempt, identity, now=now)
    return attempt_status.status_of(moved, identity, now=now)


@repeatable
def _decline(site: Site, attempt: Attempt, tag: AuditTag, now: datetime) -> None:
    with write():
        attempts.decline(attempt.id, reason=tag.value, now=now)
        audit.record(tag, detail=attempt.way, ip=attempt.ip, now=now)
    site.bus.wake(attempt.id)
