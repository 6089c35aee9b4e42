"""The one module that moves an attempt.

                scan                 confirm                claim
     pending ─────────▶ scanned ─────────────▶ confirmed ─────────▶ claimed
        │  └───────────── confirm ───────────────▲ │
        │ decline / time / failure                 │ time
        └──────────▶ declined · expired · failed ◀─┘      (the last four states absorb everything)

Where an application requires it, `await_follow` stands in for the confirmation: the attempt is
scanned, belongs to its person for good, and `confirm_follower` alone confirms it.

Every move is a conditional UPDATE, so of two that happen at once one wins and the other is told
how things stand. Time needs no writer: a row past `expires_at` counts as expired in every move.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select, update

from wechatlogin.config import ConfirmPolicy
from wechatlogin.errors import (
    AttemptDeclined,
    AttemptError,
    AttemptExpired,
    AttemptNotFound,
    AttemptNotReady,
    AttemptSpent,
    AttemptTaken,
)
from wechatlogin.extensions import db
from wechatlogin.models import Attempt, Identity, Status, Way
from wechatlogin.models.transaction import count_changed, write
from wechatlogin.services import users
from wechatlogin.services.errand import Errand

#: A confirmation in the last second may still be claimed this long.
CLAIM_GRACE = timedelta(seconds=10)
#: The browser whose answer was lost may ask for it again this long.
CLAIM_REPEAT = timedelta(seconds=60)
#: An exchange that has not ended by then was cut off.
EXCHANGE_LIMIT = timedelta(seconds=15)
#: Whoever has to follow the account has this long for it.
FOLLOW_LIFETIME = timedelta(minutes=5)

#: Who the person is, is certain; nothing but a following may be missing.
_IS_PROVEN = or_(
    Attempt.status == Status.CONFIRMED,
    and_(Attempt.status == Status.SCANNED, Attempt.awaits_follow.is_(True)),
)


@dataclass(frozen=True)
class NewAttempt:
    """What is known of an attempt when it starts."""

    way: Way
    errand: Errand
    binding_hash: str
    browser: str
    ip: str | None
    lifetime: timedelta
    scene: str
    confirm: ConfirmPolicy = ConfirmPolicy.NEVER
    appid: str | None = None
    parent_id: str | None = None
    qr_content: str | None = None
    restarts: int = 0


def new_scene() -> str:
    """Return a scene of 128 random bits in the alphabet that WeChat permits for a state."""
    return secrets.token_hex(16)


def start(new: NewAttempt, *, now: datetime) -> Attempt:
    """Write down a pending attempt."""
    errand = new.errand
    attempt = Attempt(
        id=secrets.token_hex(16),
        scene=new.scene,
        binding_hash=new.binding_hash,
        way=new.way,
        purpose=errand.purpose,
        status=Status.PENDING,
        confirm=new.confirm,
        appid=new.appid,
        parent_id=new.parent_id,
        application_id=errand.application.id if errand.application else None,
        next_path=errand.next_path,
        requested_state=errand.requested_state,
        display=errand.display,
        opener_origin=errand.opener_origin,
        redirect_uri=errand.redirect_uri,
        link_user_id=errand.link_user_id,
        wants_profile=errand.wants_profile,
        qr_content=new.qr_content,
        restarts=new.restarts,
        tries=0,
        browser=new.browser,
        ip=new.ip,
        created_at=now,
        expires_at=now + new.lifetime,
    )
    with write() as session:
        session.add(attempt)
    return attempt


def get(attempt_id: str) -> Attempt | None:
    """Return the attempt as it is in the database now."""
    return _get(Attempt.id == attempt_id)


def get_by_scene(scene: str) -> Attempt | None:
    """Return the attempt that travels through WeChat as this scene."""
    return _get(Attempt.scene == scene)


def get_by_confirm_hash(confirm_hash: str) -> Attempt | None:
    """Return the attempt whose confirm link has this hash."""
    return _get(Attempt.confirm_hash == confirm_hash)


def status_at(attempt: Attempt, now: datetime) -> Status:
    """Return the status with time taken into account."""
    grace = CLAIM_GRACE if attempt.status == Status.CONFIRMED else timedelta(0)
    is_open = attempt.status in {Status.PENDING, Status.SCANNED, Status.CONFIRMED}
    if is_open and now >= attempt.expires_at + grace:
        return Status.EXPIRED
    return Status(attempt.status)


def scan(
    attempt_id: str,
    openid: str,
    *,
    confirm_hash: str,
    lifetime: timedelta,
    now: datetime,
    asks_number: bool = True,
) -> Attempt:
    """Pin the attempt to the first person who scans it; scanning again changes nothing.

    The person then has `lifetime` to confirm. Where a number is asked for, the two that the
    desktop does not show are chosen here too, so that the confirm page offers the same three
    however often it is opened.

    :raise AttemptTaken: if another person scanned first.
    :raise AttemptError: as the state demands.
    """
    choices = _three_numbers()
    with write():
        _move(
            attempt_id,
            now,
            [Attempt.status == Status.PENDING, Attempt.openid.is_(None)],
            status=Status.SCANNED,
            openid=openid,
            confirm_hash=confirm_hash,
            number=secrets.choice(choices) if asks_number else None,
            choices=choices if asks_number else None,
            scanned_at=now,
            expires_at=now + lifetime,
        )
        return _verify_owner(attempt_id, openid, {Status.SCANNED, Status.CONFIRMED}, now)


def confirm(attempt_id: str, openid: str, *, user_id: str, now: datetime) -> Attempt:
    """Confirm as the person who owns the attempt, or who becomes its owner by this.

    :raise AttemptTaken: if another person owns it.
    :raise AttemptError: as the state demands.
    """
    with write():
        _move(
            attempt_id,
            now,
            [
                Attempt.status.in_([Status.PENDING, Status.SCANNED]),
                Attempt.awaits_follow.is_(False),
                or_(Attempt.openid.is_(None), Attempt.openid == openid),
            ],
            status=Status.CONFIRMED,
            openid=openid,
            user_id=_verify_living(user_id),
            confirmed_at=now,
        )
        return _verify_owner(attempt_id, openid, {Status.CONFIRMED, Status.CLAIMED}, now)


def await_follow(attempt_id: str, identity: Identity, *, now: datetime) -> Attempt:
    """Note that the person is known for certain and only has to follow the account yet.

    They have `FOLLOW_LIFETIME` for it; to come again gives no more time.

    :raise AttemptTaken: if another person owns it.
    :raise AttemptError: as the state demands.
    """
    with write():
        _move(
            attempt_id,
            now,
            [
                Attempt.status.in_([Status.PENDING, Status.SCANNED]),
                Attempt.awaits_follow.is_(False),
                or_(Attempt.openid.is_(None), Attempt.openid == identity.openid),
            ],
            status=Status.SCANNED,
            awaits_follow=True,
            openid=identity.openid,
            user_id=_verify_living(identity.user_id),
            # A code can be typed before any account is known.
            appid=func.coalesce(Attempt.appid, identity.appid),
            number=None,
            choices=None,
            scanned_at=now,
            expires_at=now + FOLLOW_LIFETIME,
        )
        moved = {Status.SCANNED, Status.CONFIRMED, Status.CLAIMED}
        return _verify_owner(attempt_id, identity.openid, moved, now)


def confirm_follower(attempt_id: str, *, user_id: str, now: datetime) -> bool:
    """Confirm an attempt that awaits that this person follows; False where it does not."""
    with write():
        return _move(
            attempt_id,
            now,
            [
                Attempt.status == Status.SCANNED,
                Attempt.awaits_follow.is_(True),
                Attempt.user_id == user_id,
            ],
            status=Status.CONFIRMED,
            awaits_follow=False,
            confirmed_at=now,
        )


def decline(attempt_id: str, *, reason: str, now: datetime) -> None:
    """End an attempt that is not confirmed yet because the person said no."""
    _end(attempt_id, Status.DECLINED, reason, now)


def fail(attempt_id: str, *, reason: str, now: datetime) -> None:
    """End an attempt that is not confirmed yet because it cannot go on."""
    _end(attempt_id, Status.FAILED, reason, now)


def claim(attempt_id: str, *, binding_hash: str, now: datetime) -> tuple[Attempt, bool]:
    """Hand a confirmed attempt to the browser that started it, once.

    The same browser may ask again for a minute, since its answer can get lost; the flag tells
    the first time from a repetition.

    :raise AttemptNotFound: if it is unknown or another browser's: the two look the same.
    :raise AttemptNotReady: if it is not confirmed yet.
    :raise AttemptError: as the state demands.
    """
    with write():
        changed = count_changed(
            update(Attempt)
            .where(
                Attempt.id == attempt_id,
                Attempt.binding_hash == binding_hash,
                Attempt.status == Status.CONFIRMED,
                Attempt.expires_at > now - CLAIM_GRACE,
            )
            .values(status=Status.CLAIMED, claimed_at=now)
        )
        attempt = get(attempt_id)
        if attempt is None or attempt.binding_hash != binding_hash:
            raise AttemptNotFound
        if changed:
            return attempt, True
        if attempt.claimed_at is not None and now < attempt.claimed_at + CLAIM_REPEAT:
            return attempt, False
        raise _why_not(attempt, now)


def begin_exchange(
    attempt_id: str, *, code_hash: str, now: datetime, limit: timedelta = EXCHANGE_LIMIT
) -> bool:
    """Take the right to exchange an OAuth code for this attempt; only one caller gets it."""
    is_free = or_(Attempt.exchange_hash.is_(None), Attempt.exchange_at < now - limit)
    conditions = [Attempt.status == Status.PENDING, is_free]
    with write():
        return _move(attempt_id, now, conditions, exchange_hash=code_hash, exchange_at=now)


def release_exchange(attempt_id: str, *, now: datetime) -> None:
    """Let the next code be exchanged: this one told us nothing."""
    with write():
        _move(attempt_id, now, [Attempt.status == Status.PENDING], exchange_hash=None)


def rebind(attempt_id: str, *, confirm_hash: str, binding_hash: str, now: datetime) -> None:
    """Give a proven attempt to the browser that answered "log in here as …?" with its secret."""
    conditions = [_IS_PROVEN, Attempt.confirm_hash == confirm_hash]
    with write():
        _move(attempt_id, now, conditions, binding_hash=binding_hash)


def ask_here(attempt_id: str, *, confirm_hash: str, now: datetime) -> None:
    """Note the secret with which a browser that lost its cookie may take the attempt."""
    with write():
        _move(attempt_id, now, [_IS_PROVEN], confirm_hash=confirm_hash)


def count_try(attempt_id: str, *, limit: int, now: datetime) -> bool:
    """Count a guess before it is looked at; False when there are none left."""
    with write():
        return _move(
            attempt_id,
            now,
            [Attempt.status == Status.PENDING, Attempt.tries < limit],
            tries=Attempt.tries + 1,
        )


def check_claimed_before(binding_hash: str, user_id: str) -> bool:
    """Tell whether this browser has been logged in as this person before."""
    query = select(Attempt.id).where(
        Attempt.binding_hash == binding_hash,
        Attempt.user_id == user_id,
        Attempt.status == Status.CLAIMED,
    )
    return db.session.scalar(query.limit(1)) is not None


def _get(condition: ColumnElement[bool]) -> Attempt | None:
    query = select(Attempt).where(condition).execution_options(populate_existing=True)
    return db.session.scalar(query)


def _move(
    attempt_id: str, now: datetime, conditions: list[ColumnElement[bool]], **values: object
) -> bool:
    where = (Attempt.id == attempt_id, Attempt.expires_at > now, *conditions)
    return count_changed(update(Attempt).where(*where).values(**values)) == 1


def _verify_living(user_id: str) -> str:
    """Return the id under which the person lives now, locked for the unit of writes.

    :raise AttemptNotFound: if there is nobody any more.
    """
    living = users.lock(user_id)
    if living is None:
        raise AttemptNotFound
    return living


def _end(attempt_id: str, status: Status, reason: str, now: datetime) -> None:
    with write():
        _move(
            attempt_id,
            now,
            [Attempt.status.in_([Status.PENDING, Status.SCANNED])],
            status=status,
            failure=reason,
        )


def _verify_owner(attempt_id: str, openid: str, wanted: set[Status], now: datetime) -> Attempt:
    attempt = get(attempt_id)
    if attempt is None:
        raise AttemptNotFound
    if attempt.openid is not None and attempt.openid != openid:
        raise AttemptTaken
    if status_at(attempt, now) not in wanted:
        raise _why_not(attempt, now)
    return attempt


def _why_not(attempt: Attempt, now: datetime) -> AttemptError:
    match status_at(attempt, now):
        case Status.PENDING | Status.SCANNED | Status.CONFIRMED:
            return AttemptNotReady()
        case Status.CLAIMED:
            return AttemptSpent()
        case Status.DECLINED:
            return AttemptDeclined()
        case _:
            return AttemptExpired()


def _three_numbers() -> list[int]:
    chosen: list[int] = []
    while len(chosen) < 3:
        number = 10 + secrets.randbelow(90)
        if number not in chosen:
            chosen.append(number)
    return sorted(chosen)
