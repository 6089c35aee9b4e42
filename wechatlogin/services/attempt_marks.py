"""What is noted on an attempt that stays in its state: tries, codes, browsers, time to read."""

from datetime import datetime, timedelta

from sqlalchemy import and_, or_

from wechatlogin.models import Attempt, Status
from wechatlogin.models.transaction import repeatable, write
from wechatlogin.services import attempts

#: An exchange that has not ended by then was cut off.
EXCHANGE_LIMIT = timedelta(seconds=15)
#: Whoever has to read the privacy notice has this long for it, from the confirmation on.
READING_LIFETIME = timedelta(minutes=10)

#: Who the person is, is certain; nothing but a following may be missing.
_IS_PROVEN = or_(
    Attempt.status == Status.CONFIRMED,
    and_(Attempt.status == Status.SCANNED, Attempt.awaits_follow.is_(True)),
)


@repeatable
def give_time_to_read(attempt_id: str, *, binding_hash: str, now: datetime) -> None:
    """Let a confirmed attempt wait while its person reads; to come again gives no more time."""
    attempt = attempts.get(attempt_id)
    if attempt is None or attempt.confirmed_at is None:
        return
    until = attempt.confirmed_at + READING_LIFETIME
    conditions = [
        Attempt.status == Status.CONFIRMED,
        Attempt.binding_hash == binding_hash,
        Attempt.expires_at < until,
    ]
    with write():
        attempts.move(attempt_id, now - attempts.CLAIM_GRACE, conditions, expires_at=until)


@repeatable
def begin_exchange(
    attempt_id: str, *, code_hash: str, now: datetime, limit: timedelta = EXCHANGE_LIMIT
) -> bool:
    """Take the right to exchange an OAuth code for this attempt; only one caller gets it."""
    is_free = or_(Attempt.exchange_hash.is_(None), Attempt.exchange_at < now - limit)
    conditions = [Attempt.status == Status.PENDING, is_free]
    with write():
        return attempts.move(attempt_id, now, conditions, exchange_hash=code_hash, exchange_at=now)


@repeatable
def release_exchange(attempt_id: str, *, now: datetime) -> None:
    """Let the next code be exchanged: this one told us nothing."""
    with write():
        attempts.move(attempt_id, now, [Attempt.status == Status.PENDING], exchange_hash=None)


@repeatable
def rebind(attempt_id: str, *, confirm_hash: str, binding_hash: str, now: datetime) -> None:
    """Give a proven attempt to the browser that answered "log in here as …?" with its secret."""
    conditions = [_IS_PROVEN, Attempt.confirm_hash == confirm_hash]
    with write():
        attempts.move(attempt_id, now, conditions, binding_hash=binding_hash)


@repeatable
def ask_here(attempt_id: str, *, confirm_hash: str, now: datetime) -> None:
    """Note the secret with which a browser that lost its cookie may take the attempt."""
    with write():
        attempts.move(attempt_id, now, [_IS_PROVEN], confirm_hash=confirm_hash)


@repeatable
def count_try(attempt_id: str, *, limit: int, now: datetime) -> bool:
    """Count a guess before it is looked at; False when there are none left."""
    with write():
        return attempts.move(
            attempt_id,
            now,
            [Attempt.status == Status.PENDING, Attempt.tries < limit],
            tries=Attempt.tries + 1,
        )
