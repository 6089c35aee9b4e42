"""Users as rows: under which id somebody lives now, and the lock on them.

Whoever changes what belongs to a person (identities, attempts, sessions) in one unit of writes
locks the person first. Then a merge at the same moment is either over or has not begun, and no two
units wait for each other; SQLite needs none of this, its unit of writes is alone anyway.
"""

import secrets
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import bindparam, select

from wechatlogin.errors import UserBanned
from wechatlogin.extensions import db
from wechatlogin.models import AuditTag, Merge, MergeState, User
from wechatlogin.services import audit

_LOCKED = (
    select(User)
    .where(User.id.in_(bindparam("ids", expanding=True)))
    .order_by(User.id)
    .with_for_update()
    .execution_options(populate_existing=True)
)
_BANNED = select(User.id).where(User.id == bindparam("id"), User.banned_at.is_not(None))


def resolve_user_id(user_id: str) -> str | None:
    """Return the id under which a person lives now; None if there is no such person.

    It is the given one, or the one of whom they were merged into, however often. A merge that is
    merged again is written under the id that stays, so that one step is always enough.
    """
    if db.session.scalar(select(User.id).where(User.id == user_id)) is not None:
        return user_id
    query = select(Merge.user_id).where(
        Merge.other_user_id == user_id, Merge.state == MergeState.MERGED
    )
    return db.session.scalar(query.order_by(Merge.id.desc()).limit(1))


def lock(user_id: str, *, beside: str | None = None) -> str | None:
    """Lock a person for the unit of writes and return the id they live under now, if they do.

    `beside` is another person who is locked with them, if there is one.
    """
    # Nearly everybody lives under the id that is known. Two are always locked by one question.
    if beside is None and lock_all((user_id,)):
        return user_id
    while (living := resolve_user_id(user_id)) is not None:
        if living in {user.id for user in lock_all(filter(None, (living, beside)))}:
            return living
    return None


def lock_all(user_ids: Iterable[str]) -> list[User]:
    """Lock these people for the unit of writes, always in the same order; the missing are left out.

    All that one unit needs are locked by one call.
    """
    return list(db.session.scalars(_LOCKED, {"ids": list(user_ids)}))


def verify_admitted(user_id: str | None) -> None:
    """Let a person pass whom no operator has banned; they are locked where a session starts.

    :raise UserBanned: if one has.
    """
    if user_id is not None and db.session.scalar(_BANNED, {"id": user_id}) is not None:
        raise UserBanned


def create(*, now: datetime) -> User:
    """Create a person, who needs an identity in the same unit of writes."""
    user = User(id=secrets.token_hex(16), created_at=now)
    db.session.add(user)
    audit.record(AuditTag.USER_CREATED, user_id=user.id, now=now)
    return user
