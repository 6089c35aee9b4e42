"""Bans: whom an operator lets no longer in.

A banned person gets no session anywhere: `services/sessions.py` refuses to start one, and so do the
doors that tell a program who somebody is without a session (`users.verify_admitted`). What they
had ends at once. A ban stays with the person when they are merged with another user. It ends with
their data (`services/deletion.py`): who erased them in WeChat and comes back is a new person.
"""

from datetime import datetime

from sqlalchemy import update

from wechatlogin.errors import UserUnknown
from wechatlogin.models import AuditTag, User
from wechatlogin.models.transaction import count_changed, repeatable, write
from wechatlogin.services import audit, sessions, users
from wechatlogin.services.audit import Actor


def ban(user_id: str, *, by: Actor, reason: str | None = None, now: datetime) -> bool:
    """Let a person no longer in, and end all their sessions; False if they were banned before.

    The reason is kept in the audit, and is in what is exported of the person.

    :raise UserUnknown: if there is no such person.
    """
    return _save(user_id, banned_at=now, by=by, detail=reason, now=now)


def unban(user_id: str, *, by: Actor, now: datetime) -> bool:
    """Let a person in again; False if they were not banned.

    :raise UserUnknown: if there is no such person.
    """
    return _save(user_id, banned_at=None, by=by, detail=None, now=now)


@repeatable
def _save(
    user_id: str, *, banned_at: datetime | None, by: Actor, detail: str | None, now: datetime
) -> bool:
    with write():
        living = users.lock(user_id)
        if living is None:
            raise UserUnknown
        is_other = User.banned_at.is_(None) if banned_at else User.banned_at.is_not(None)
        which = update(User).where(User.id == living, is_other)
        is_changed = count_changed(which.values(banned_at=banned_at)) == 1
        if banned_at:
            sessions.end_all(living, now=now)
        if is_changed:
            tag = AuditTag.USER_BANNED if banned_at else AuditTag.USER_UNBANNED
            before, after = {"banned": not banned_at}, {"banned": bool(banned_at)}
            audit.record_change(
                tag, by, before=before, after=after, detail=detail, user_id=living, now=now
            )
    return is_changed
