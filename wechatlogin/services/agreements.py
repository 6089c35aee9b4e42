"""A confirmed login whose person has yet to read the privacy notice, in the browser it began in.

    get_waiting    whether there is something to read
    agree          they agree: the attempt can be claimed
    refuse         they do not, and nobody is logged in

On a phone that confirms for a desktop the question is part of the confirm page (`confirmations`).
"""

from datetime import datetime

from wechatlogin.errors import AttemptNotFound
from wechatlogin.models import Attempt, AuditTag, PrivacyNotice, Purpose, Status
from wechatlogin.models.transaction import repeatable, write
from wechatlogin.services import attempt_marks, attempts, audit, privacy_notices
from wechatlogin.services.privacy_notices import Agreement
from wechatlogin.services.site import Browser, Site

REFUSED = "notice_refused"


def verify_own(attempt_id: str, browser: Browser) -> Attempt:
    """Return the attempt of this browser.

    :raise AttemptNotFound: if it is unknown or another browser's: the two look the same.
    """
    attempt = attempts.get(attempt_id)
    if attempt is None or attempt.binding_hash != browser.binding_hash:
        raise AttemptNotFound
    return attempt


def get_waiting(attempt: Attempt, *, now: datetime) -> PrivacyNotice | None:
    """Return what the person has to agree to before this attempt is claimed, and give them time."""
    is_open = attempts.status_at(attempt, now) == Status.CONFIRMED
    if not is_open or attempt.purpose == Purpose.LINK:
        return None
    notice = privacy_notices.get_due(attempt.user_id)
    if notice is not None:
        binding_hash = attempt.binding_hash
        attempt_marks.give_time_to_read(attempt.id, binding_hash=binding_hash, now=now)
    return notice


def agree(attempt: Attempt, agreement: Agreement, *, now: datetime) -> bool:
    """Note that the attempt's person agrees; False where they were shown too old a version.

    :raise AttemptNotFound: if it is not known who they are, or nobody any more.
    """
    is_known = attempts.status_at(attempt, now) in {Status.CONFIRMED, Status.CLAIMED}
    if attempt.user_id is None or not (is_known or attempt.awaits_follow):
        raise AttemptNotFound
    return privacy_notices.accept(attempt.user_id, agreement, now=now)


@repeatable
def refuse(site: Site, attempt: Attempt, *, ip: str | None, now: datetime) -> None:
    """End the attempt because its person does not agree; one that has ended is left alone."""
    with write():
        is_ended = attempts.refuse(
            attempt.id, binding_hash=attempt.binding_hash, reason=REFUSED, now=now
        )
        if is_ended:
            tag, user_id = AuditTag.NOTICE_REFUSED, attempt.user_id
            audit.record(tag, user_id=user_id, ip=ip, detail=attempt.way, now=now)
    site.bus.wake(attempt.id)


def check_refused(attempt_id: str, browser: Browser, next_path: str) -> bool:
    """Tell whether this browser's person has refused in a login that was to lead to a path."""
    attempt = attempts.get(attempt_id)
    if attempt is None or attempt.binding_hash != browser.binding_hash:
        return False
    is_refused = attempt.status == Status.DECLINED and attempt.failure == REFUSED
    return is_refused and attempt.next_path == next_path
