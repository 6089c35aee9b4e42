"""Login by a number that the desktop shows and the person sends to the account.

This is the way for accounts whose chat is all they have: personal and uncertified ones, and
certified subscription accounts (WeChat's page 接口权限说明). A text message and the passive reply
to it are enough.

    start    an attempt and six digits, which are shown once and kept as a keyed hash alone
    sent     the message pins the attempt to its sender, who gets the link to the confirm page,
             as after a scan (`services/qr_scans.py`)

The digits match the person to the screen, so the confirm page asks for a tap and no second
number. It still asks: whoever was talked into sending somebody else's number reads there whose
computer it is.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import SecretStr
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from wechatlogin.config import ConfirmPolicy
from wechatlogin.errors import (
    AttemptExpired,
    AttemptNotFound,
    AttemptTaken,
    NumberWrong,
    RateLimited,
)
from wechatlogin.extensions import db
from wechatlogin.models import Attempt, AuditEntry, AuditTag, Way, WeChatAppRow
from wechatlogin.models.transaction import repeatable, write
from wechatlogin.services import attempts, audit, qr_scans
from wechatlogin.services.accounts import Sighting
from wechatlogin.services.errand import Errand
from wechatlogin.services.qr_scans import Scanned
from wechatlogin.services.site import Browser, Site

LIFETIME = timedelta(minutes=5)
#: So many numbers that no login waits for may one person send within the period.
WRONG_NUMBERS = 5
WRONG_PERIOD = timedelta(minutes=10)


@dataclass(frozen=True)
class Started:
    """An attempt, and the digits to show; they cannot be had again."""

    attempt: Attempt
    digits: SecretStr


@repeatable
def start(
    site: Site, row: WeChatAppRow, browser: Browser, *, errand: Errand, now: datetime
) -> Started:
    """Start an attempt with a number of its own among all that wait for this account."""
    confirm = errand.confirm_policy(site.settings)
    while True:
        digits = str(100_000 + secrets.randbelow(900_000))
        new = attempts.NewAttempt(
            way=Way.NUMBER,
            errand=errand,
            binding_hash=browser.binding_hash,
            browser=browser.name,
            ip=browser.ip,
            lifetime=LIFETIME,
            scene=_scenes(site, row, digits, _period(now))[0],
            confirm=ConfirmPolicy.TAP if confirm is ConfirmPolicy.NUMBER else confirm,
            appid=row.appid,
        )
        try:
            with write():
                if _find(site, row, digits, now) is None:
                    return Started(attempts.start(new, now=now), SecretStr(digits))
        except IntegrityError:
            # Another process has taken the same number a moment ago, unless it is something else.
            if attempts.get_by_scene(new.scene) is None:
                raise


def sent(site: Site, row: WeChatAppRow, digits: str, openid: str, *, now: datetime) -> Scanned:
    """Pin the attempt that shows these digits to the person who sent them.

    :raise NumberWrong: if none waits for them, or another person was first; the two look the same.
    :raise RateLimited: if this person has sent too many wrong ones.
    :raise AttemptError: if the person's own attempt is declined or spent.
    """
    sender = site.vault.keyed_hash("number sender", row.appid, openid)
    _verify_guesses(sender, now)
    try:
        attempt = _find(site, row, digits, now)
        if attempt is None:
            raise AttemptNotFound
        return qr_scans.pin(site, row, attempt, sighting=Sighting(openid, follows=True), now=now)
    except (AttemptNotFound, AttemptTaken, AttemptExpired) as err:
        audit.record(AuditTag.ATTEMPT_UNKNOWN_NUMBER, actor=sender, now=now)
        raise NumberWrong from err


def _verify_guesses(sender: str, now: datetime) -> None:
    query = select(func.count(), func.min(AuditEntry.at)).where(
        AuditEntry.at > now - WRONG_PERIOD,
        AuditEntry.tag == AuditTag.ATTEMPT_UNKNOWN_NUMBER,
        AuditEntry.actor == sender,
    )
    wrong, first_at = db.session.execute(query).one()
    if wrong >= WRONG_NUMBERS:
        raise RateLimited(resets_in=first_at + WRONG_PERIOD - now)


def _find(site: Site, row: WeChatAppRow, digits: str, now: datetime) -> Attempt | None:
    """Return the newest attempt with this number; who waits started in this period or the last."""
    for period in (_period(now), _period(now) - 1):
        for scene in _scenes(site, row, digits, period):
            attempt = attempts.get_by_scene(scene)
            if attempt is not None:
                return attempt
    return None


def _period(now: datetime) -> int:
    # With the time in the hash a number becomes free again, though its attempt stays on record.
    return int(now.timestamp()) // int(LIFETIME.total_seconds())


def _scenes(site: Site, row: WeChatAppRow, digits: str, period: int) -> tuple[str, ...]:
    """Return the scene of a number by each key of ours, the newest first."""
    return site.vault.keyed_hashes("number", row.appid, digits, str(period))
