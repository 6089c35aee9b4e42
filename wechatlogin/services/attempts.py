"""The one module that moves an attempt.

                scan                 confirm                claim
     pending ─────────▶ scanned ─────────────▶ confirmed ─────────▶ claimed
        │  └───────────── confirm ───────────────▲ │
        │ decline / time / failure                 │ time
        └──────────▶ declined · expired · failed ◀─┘      (the last four states absorb everything)

Where an application requires it, `await_follow` stands in for the confirmation: the attempt is
scanned, belongs to its person for good, and `confirm_follower` alone confirms it.

Nobody claims before its person has agreed to the privacy notice, where there is one
(`services/agreements.py`): until then it stays confirmed, and can still be refused. What is noted
on an attempt that stays where it is: `services/attempt_marks.py`.

Every move is a conditional UPDATE, so of two that happen at once one wins and the other is told
how things stand. Time needs no writer: a row past `expires_at` counts as expired in every move.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, bindparam, func, or_, select, update

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
from wechatlogin.models.transaction import count_changed, repeatable, write
from wechatlogin.services import attempt_counts, attempt_moves, privacy_notices, users
from wechatlogin.services.errand import Errand

#: A confirmation in the last second may still be claimed this long.
CLAIM_GRACE = timedelta(seconds=10)
#: The browser whose answer was lost may ask for it again this long.
CLAIM_REPEAT = timedelta(seconds=60)
#: Whoever has to follow the account has this long for it.
FOLLOW_LIFETIME = timedelta(minutes=5)

_AS_IT_IS = select(Attempt).execution_options(populate_existing=True)
_BY_ID = _AS_IT_IS.where(Attempt.id == bindparam("value"))
_BY_SCENE = _AS_IT_IS.where(Attempt.scene == bindparam("value"))
_BY_CONFIRM_HASH = _AS_IT_IS.where(Attempt.confirm_hash == bindparam("value"))
_IS_UNCONFIRMED = (Attempt.status.in_([Status.PENDING, Status.SCANNED]),)


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


@repeatable
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
        attempt_counts.count_move(attempt, "started")
    return attempt


def get(attempt_id: str) -> Attempt | None:
    """Return the attempt as it is in the database now."""
    return db.session.scalar(_BY_ID, {"value": attempt_id})


def get_by_scene(scene: str) -> Attempt | None:
    """Return the attempt that travels through WeChat as this scene."""
    return db.session.scalar(_BY_SCENE, {"value": scene})


def get_by_confirm_hash(confirm_hash: str) -> Attempt | None:
    """Return the attempt whose confirm link has this hash."""
    return db.session.scalar(_BY_CONFIRM_HASH, {"value": confirm_hash})


def status_at(attempt: Attempt, now: datetime) -> Status:
    """Return the status with time taken into account."""
    grace = CLAIM_GRACE if attempt.status == Status.CONFIRMED else timedelta(0)
    is_open = attempt.status in {Status.PENDING, Status.SCANNED, Status.CONFIRMED}
    if is_open and now >= attempt.expires_at + grace:
        return Status.EXPIRED
    return Status(attempt.status)


@repeatable
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
        is_first = attempt_moves.run(
            attempt_moves.SCAN,
            attempt_id,
            now,
            status=Status.SCANNED,
            openid=openid,
            confirm_hash=confirm_hash,
            number=secrets.choice(choices) if asks_number else None,
            choices=choices if asks_number else None,
            scanned_at=now,
            expires_at=now + lifetime,
        )
        moved = _verify_owner(attempt_id, openid, {Status.SCANNED, Status.CONFIRMED}, now)
        if is_first:
            attempt_counts.count_move(moved, Status.SCANNED)
        return moved


@repeatable
def confirm(attempt_id: str, openid: str, *, user_id: str, now: datetime) -> Attempt:
    """Confirm as the person who owns the attempt, or who becomes its owner by this.

    :raise AttemptTaken: if another person owns it.
    :raise AttemptError: as the state demands.
    """
    with write():
        is_first = attempt_moves.run(
            attempt_moves.CONFIRM,
            attempt_id,
            now,
            status=Status.CONFIRMED,
            openid=openid,
            user_id=_verify_living(user_id),
            confirmed_at=now,
        )
        moved = _verify_owner(attempt_id, openid, {Status.CONFIRMED, Status.CLAIMED}, now)
        if is_first:
            attempt_counts.count_move(moved, Status.CONFIRMED)
        return moved


@repeatable
def await_follow(attempt_id: str, identity: Identity, *, now: datetime) -> Attempt:
    """Note that the person is known for certain and only has to follow the account yet.

    They have `FOLLOW_LIFETIME` for it; to come again gives no more time.

    :raise AttemptTaken: if another person owns it.
    :raise AttemptError: as the state demands.
    """
    with write():
        move(
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


@repeatable
def confirm_follower(attempt_id: str, *, user_id: str, now: datetime) -> bool:
    """Confirm an attempt that awaits that this person follows; False where it does not."""
    with write():
        is_moved = move(
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
        if is_moved:
            attempt_counts.count_move(get(attempt_id), Status.CONFIRMED)
        return is_moved


def refuse(attempt_id: str, *, binding_hash: str, reason: str, now: datetime) -> bool:
    """End a confirmed attempt in whose own browser the person said no; False where it is none."""
    ours = (Attempt.status == Status.CONFIRMED, Attempt.binding_hash == binding_hash)
    return _end(attempt_id, Status.DECLINED, reason, now - CLAIM_GRACE, which=ours)


def decline(attempt_id: str, *, reason: str, now: datetime) -> None:
    """End an attempt that is not confirmed yet because the person said no."""
    _end(attempt_id, Status.DECLINED, reason, now)


def fail(attempt_id: str, *, reason: str, now: datetime) -> None:
    """End an attempt that is not confirmed yet because it cannot go on."""
    _end(attempt_id, Status.FAILED, reason, now)


@repeatable
def claim(
    attempt_id: str, *, binding_hash: str, now: datetime, asks_notice: bool = True
) -> tuple[Attempt, bool]:
    """Hand a confirmed attempt to the browser that started it, once.

    The same browser may ask again for a minute, since its answer can get lost; the flag tells
    the first time from a repetition. `asks_notice` is off where the owner's own program has shown
    the privacy notice.

    :raise AttemptNotFound: if it is unknown or another browser's: the two look the same.
    :raise AttemptNotReady: if it is not confirmed yet.
    :raise NoticeDue: if its person has yet to agree to the privacy notice.
    :raise AttemptError: as the state demands.
    """
    with write():
        changed = attempt_moves.run(
            attempt_moves.CLAIM,
            attempt_id,
            now - CLAIM_GRACE,
            claimed_by=binding_hash,
            status=Status.CLAIMED,
            claimed_at=now,
        )
        attempt = get(attempt_id)
        if attempt is None or attempt.binding_hash != binding_hash:
            raise AttemptNotFound
        if changed and asks_notice:
            # What was changed is rolled back.
            privacy_notices.verify_accepted(attempt)
        if changed:
            attempt_counts.count_move(attempt, Status.CLAIMED)
            attempt_counts.time_login(attempt, now)
            return attempt, True
        if attempt.claimed_at is not None and now < attempt.claimed_at + CLAIM_REPEAT:
            return attempt, False
        raise _why_not(attempt, now)


def check_claimed_before(binding_hash: str, user_id: str) -> bool:
    """Tell whether this browser has been logged in as this person before."""
    query = select(Attempt.id).where(
        Attempt.binding_hash == binding_hash,
        Attempt.user_id == user_id,
        Attempt.status == Status.CLAIMED,
    )
    return db.session.scalar(query.limit(1)) is not None


def move(
    attempt_id: str, now: datetime, conditions: list[ColumnElement[bool]], **values: object
) -> bool:
    """Change an attempt whose time is not over, if it meets the conditions; tell whether it did."""
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


@repeatable
def _end(
    attempt_id: str,
    status: Status,
    reason: str,
    now: datetime,
    *,
    which: tuple[ColumnElement[bool], ...] = _IS_UNCONFIRMED,
) -> bool:
    with write():
        is_moved = move(attempt_id, now, list(which), status=status, failure=reason)
        if is_moved:
            attempt_counts.count_move(get(attempt_id), status)
            attempt_counts.count_end(status, reason)
    return is_moved


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
