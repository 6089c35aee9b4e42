"""The scan of a desktop's QR code: a push or a phone's silent authorization says who it was.

Whoever scans first owns the attempt, and this person alone gets the link to the confirm page
(`services/confirmations.py`). Where the policy asks for nothing more, to scan is to confirm.

The link's token is derived, not stored: a push that comes three times is answered three times
with the same link. Whoever holds it may confirm; it is sent to the scanning person alone.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from wechatlogin.config import ConfirmPolicy
from wechatlogin.errors import AttemptNotFound
from wechatlogin.models import Attempt, Identity, Way, WeChatAppRow
from wechatlogin.models.transaction import repeatable, write
from wechatlogin.services import accounts, attempts, confirmations, wechat_apps
from wechatlogin.services.accounts import Sighting
from wechatlogin.services.site import Site
from wechatlogin.vault import sha256_hex


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
        confirmations.confirm(site, attempt, scan.known, now=now)
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
    if confirmations.get_notice_for(attempt, known) is not None:
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
