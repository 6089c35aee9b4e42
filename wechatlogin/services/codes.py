"""Verification codes: six digits for one purpose and one person, used once.

A code is not stored. Its digits follow from a random nonce and the installation's key, and the
row keeps a keyed hash to find it by; so the same code can be sent again while it lives, and a
copy of the database shows none. Whether who asks again is given the same one says `CODE_REPEAT`.

Whoever types a code is nobody yet, so wrong guesses count against the attempt of the browser
that types, before the guess is looked at: five, then the attempt is dead. Where a program hands a
code in (`spend`) there is no attempt: there its view counts the wrong ones.
"""

import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import SecretStr
from sqlalchemy import func, select, update

from wechatlogin.errors import CodeTriesExhausted, CodeWrong, RateLimited
from wechatlogin.extensions import db
from wechatlogin.models import (
    Attempt,
    AuditTag,
    Channel,
    Code,
    Identity,
    SendState,
    SentMessage,
    Way,
)
from wechatlogin.models.transaction import count_changed, repeatable, write
from wechatlogin.services import attempt_marks, attempts, audit, followers_only, wechat_apps
from wechatlogin.services.errand import Errand
from wechatlogin.services.site import Browser, Site
from wechatlogin.vault import Vault

TRIES = 5
PURPOSE_LOGIN = "login"
#: Within this time after a code was sent it is not sent again.
RESEND_INTERVAL = timedelta(seconds=60)
MESSAGES_PER_HOUR = 5
#: So many codes of one person live at once, then the last one is given again.
MOST_ALIVE = 5
TYPING_LIFETIME = timedelta(minutes=10)

# Unicode knows many digits; ours are these.
_CODE = re.compile(r"[1-9][0-9]{5}")


@dataclass(frozen=True)
class IssuedCode:
    """A live code, and whether it should be sent (again)."""

    id: int
    digits: SecretStr
    expires_at: datetime
    should_send: bool


@repeatable
def issue(site: Site, identity: Identity, *, now: datetime) -> IssuedCode:
    """Return a login code of the person's.

    With `CODE_REPEAT` it is the live one, if there is one, and asking extends its life. Without,
    it is a new one, unless `MOST_ALIVE` live or a message that was just sent holds the last one.
    `should_send` is false while such a message holds it.

    :raise RateLimited: if this person was sent too many messages within the hour.
    """
    expires_at = now + timedelta(seconds=site.settings.code_seconds)
    with write() as session:
        row = _get_repeated(site, identity.id, now)
        if row is None:
            row = _create(site.vault, identity.id, now, expires_at)
            audit.record(AuditTag.CODE_ISSUED, user_id=identity.user_id, now=now)
        elif site.settings.code_repeat:
            row.expires_at = expires_at
        should_send = not _was_just_sent(row, now)
        if should_send:
            _verify_message_budget(identity.id, now)
        session.flush()
    digits = SecretStr(_digits(site.vault, row))
    return IssuedCode(row.id, digits, row.expires_at, should_send)


@repeatable
def note_sent(code: IssuedCode, *, now: datetime) -> None:
    """Note that a message with the code is on its way to the chat."""
    with write() as session:
        session.execute(update(Code).where(Code.id == code.id).values(sent_at=now))


def start_typing(browser: Browser, *, errand: Errand, now: datetime) -> Attempt:
    """Start the attempt of a browser in which a code will be typed."""
    new = attempts.NewAttempt(
        way=Way.CODE,
        errand=errand,
        binding_hash=browser.binding_hash,
        browser=browser.name,
        ip=browser.ip,
        lifetime=TYPING_LIFETIME,
        scene=attempts.new_scene(),
    )
    return attempts.start(new, now=now)


def redeem(site: Site, attempt: Attempt, typed: str, *, now: datetime) -> Attempt:
    """Spend a code and confirm the attempt as the person it was issued to.

    Where the application requires it, the attempt awaits the person's following instead.

    :raise FollowUnknowable: if no account could know of that.
    :raise CodeTriesExhausted: if this attempt has no guess left.
    :raise CodeWrong: if the code is wrong, expired or used; the three look the same.
    """
    # The try is committed before the guess is looked at: parallel guesses get no more than five.
    if not attempt_marks.count_try(attempt.id, limit=TRIES, now=now):
        raise CodeTriesExhausted
    _find_out_following(site, attempt, typed, now)
    return _redeem(site, attempt, typed, now)


@repeatable
def _redeem(site: Site, attempt: Attempt, typed: str, now: datetime) -> Attempt:
    with write():
        row = _spend(site.vault, typed, now)
        if row is None:
            raise CodeWrong
        identity = db.session.get_one(Identity, row.identity_id)
        return followers_only.confirm(attempt, identity, now=now)


def get_holder(site: Site, typed: str, *, now: datetime) -> Identity | None:
    """Return whose a live code is, without spending it; None where it is nobody's."""
    if not _CODE.fullmatch(typed):
        return None
    query = select(Identity).join(Code, Code.identity_id == Identity.id)
    is_live = (Code.code_hash.in_(_hashes(site.vault, typed)), Code.expires_at > now)
    return db.session.scalar(query.where(*is_live))


@repeatable
def spend(
    site: Site, typed: str, *, now: datetime, appids: Collection[str] | None = None
) -> Identity:
    """Spend a code and return whom it was issued to; `appids` are the only apps whose codes count.

    A code of another app is not spent. Whoever calls this limits the wrong guesses.

    :raise CodeWrong: if the code is wrong, expired, used or another app's; they look the same.
    """
    identity = get_holder(site, typed, now=now)
    if identity is None or (appids is not None and identity.appid not in appids):
        raise CodeWrong
    with write():
        row = _spend(site.vault, typed, now)
        if row is None or row.identity_id != identity.id:
            raise CodeWrong
    return identity


def _find_out_following(site: Site, attempt: Attempt, typed: str, now: datetime) -> None:
    identity = get_holder(site, typed, now=now)
    row = wechat_apps.get(identity.appid) if identity else None
    if identity is not None and row is not None:
        followers_only.find_out(site, attempt, row, identity.openid, now=now)


def _spend(vault: Vault, typed: str, now: datetime) -> Code | None:
    live_now = (Code.code_hash.in_(_hashes(vault, typed)), Code.expires_at > now)
    row = db.session.scalar(select(Code).where(*live_now))
    if row is None:
        return None
    live = (Code.id == row.id, *live_now)
    spent = count_changed(update(Code).where(*live).values(code_hash=None, used_at=now))
    return row if spent == 1 else None


def _get_repeated(site: Site, identity_id: int, now: datetime) -> Code | None:
    """Return the live code that is given again, or None where it is time for a new one."""
    query = select(Code).where(
        Code.identity_id == identity_id,
        Code.purpose == PURPOSE_LOGIN,
        Code.code_hash.is_not(None),
        Code.expires_at > now,
    )
    alive = db.session.scalars(query.order_by(Code.id.desc()).limit(MOST_ALIVE)).all()
    if not alive:
        return None
    is_same = site.settings.code_repeat or _was_just_sent(alive[0], now)
    return alive[0] if is_same or len(alive) == MOST_ALIVE else None


def _was_just_sent(row: Code, now: datetime) -> bool:
    return row.sent_at is not None and now - row.sent_at < RESEND_INTERVAL


def _create(vault: Vault, identity_id: int, now: datetime, expires_at: datetime) -> Code:
    _free_dead_codes(now)
    while True:
        nonce = secrets.token_hex(16)
        hashes = _hashes(vault, _all_digits(vault, nonce)[0])
        if db.session.scalar(select(Code.id).where(Code.code_hash.in_(hashes))) is None:
            break
    row = Code(
        purpose=PURPOSE_LOGIN,
        identity_id=identity_id,
        nonce=nonce,
        code_hash=hashes[0],
        created_at=now,
        expires_at=expires_at,
    )
    db.session.add(row)
    db.session.flush()
    return row


def _free_dead_codes(now: datetime) -> None:
    db.session.execute(
        update(Code)
        .where(Code.code_hash.is_not(None), Code.expires_at <= now)
        .values(code_hash=None)
    )


def _verify_message_budget(identity_id: int, now: datetime) -> None:
    since = now - timedelta(hours=1)
    query = select(func.count(), func.min(SentMessage.created_at)).where(
        SentMessage.identity_id == identity_id,
        SentMessage.created_at > since,
        SentMessage.channel != Channel.PAGE,
        SentMessage.state != SendState.FAILED,
    )
    sent, first_at = db.session.execute(query).one()
    if sent >= MESSAGES_PER_HOUR:
        raise RateLimited(resets_in=first_at + timedelta(hours=1) - now)


def _digits(vault: Vault, row: Code) -> str:
    """Return the digits that a code was given, though the key may have been replaced since."""
    given = _all_digits(vault, row.nonce)
    return next((digits for digits in given if row.code_hash in _hashes(vault, digits)), given[0])


def _all_digits(vault: Vault, nonce: str) -> list[str]:
    """Return the digits that follow from a nonce by each key, the newest first."""
    # 256 pseudo-random bits, so that no value is noticeably likelier than another; and no leading
    # zero, which programs that take a code for a number would drop.
    hashes = vault.keyed_hashes("code digits", nonce)
    return [str(100_000 + int(each, 16) % 900_000) for each in hashes]


def _hashes(vault: Vault, digits: str) -> tuple[str, ...]:
    return vault.keyed_hashes("code", PURPOSE_LOGIN, digits)
