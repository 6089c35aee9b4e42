"""The confirmation of a desktop's login on the phone of whoever scanned its code.

choose     the person taps the number that the desktop shows, or just confirms
decline    they say no; a wrong number says so, too
confirm    the attempt is confirmed as this person, or waits for their following
"""

from datetime import datetime

from wechatlogin.config import ConfirmPolicy
from wechatlogin.errors import AttemptDeclined, AttemptNotFound, NoticeDue
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
from wechatlogin.services.privacy_notices import Agreement
from wechatlogin.services.site import Site
from wechatlogin.vault import sha256_hex


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
    """Return the privacy notice that whoever scanned agrees to by confirming, if one is due."""
    return get_notice_for(attempt, get_person(attempt))


def get_notice_for(attempt: Attempt, person: Identity | None) -> PrivacyNotice | None:
    """Return the same for a person; None is somebody whom we do not know."""
    if attempt.purpose == Purpose.LINK:
        return None
    return privacy_notices.get_due(person.user_id if person else None)


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
    notice = get_notice_for(attempt, person) if is_open else None
    if notice is None:
        agreement = None
    elif agreement is None or not privacy_notices.check_enough(agreement.shown, notice):
        raise NoticeDue(attempt.id)
    confirm(site, attempt, person, now=now, agreement=agreement)


def decline(site: Site, token: str, *, now: datetime) -> None:
    """End the attempt because the person refused it.

    :raise AttemptNotFound: if there is none.
    """
    _decline(site, verify_confirmable(token), AuditTag.ATTEMPT_DECLINED, now)


def confirm(
    site: Site,
    attempt: Attempt,
    person: Identity | None,
    *,
    now: datetime,
    agreement: Agreement | None = None,
) -> None:
    """Confirm a scanned attempt as whoever scanned it, or let it wait for their following.

    `person` is None where we do not know them yet.

    :raise FollowUnknowable: if they have to follow, and no account could know whether they do.
    :raise AttemptError: as the state demands.
    """
    row = wechat_apps.get(attempt.appid or "")
    if row is None or attempt.openid is None:
        raise AttemptNotFound
    if person is None and attempt.way in {Way.SCAN, Way.NUMBER}:
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
