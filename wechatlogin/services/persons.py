"""One person as operators see them: what is known of them, and ending their sessions."""

from datetime import datetime, timedelta

from sqlalchemy import or_, select

from wechatlogin.errors import UserUnknown
from wechatlogin.extensions import db
from wechatlogin.models import (
    Application,
    ApplicationUser,
    Attempt,
    AuditEntry,
    AuditTag,
    Merge,
    MergeState,
    User,
)
from wechatlogin.models.transaction import repeatable, write
from wechatlogin.services import audit, paging, sessions, users
from wechatlogin.services.audit import Actor
from wechatlogin.services.paging import Page, Place

#: That an operator looks at a person is noted once in this time.
VIEW_INTERVAL = timedelta(minutes=10)


def verify(user_id: str) -> User:
    """Return a person by their id, or by one that was merged into them.

    :raise UserUnknown: if there is no such person.
    """
    living = users.resolve_user_id(user_id)
    user = db.session.get(User, living) if living else None
    if user is None:
        raise UserUnknown
    return user


def note_view(user_id: str, *, by: Actor, now: datetime) -> None:
    """Note that an operator looks at a person's data."""
    recent = select(AuditEntry.id).where(
        AuditEntry.user_id == user_id,
        AuditEntry.at > now - VIEW_INTERVAL,
        AuditEntry.tag == AuditTag.USER_VIEWED,
        AuditEntry.actor == by.name,
    )
    if db.session.scalar(recent.limit(1)) is None:
        audit.record(AuditTag.USER_VIEWED, user_id=user_id, actor=by.name, ip=by.ip, now=now)


def get_applications(user_id: str) -> list[tuple[ApplicationUser, Application]]:
    """Return the applications that a person has logged in to, the last one first."""
    query = (
        select(ApplicationUser, Application)
        .join(Application, Application.id == ApplicationUser.application_id)
        .where(ApplicationUser.user_id == user_id)
        .order_by(ApplicationUser.last_login_at.desc())
    )
    return [(known, application) for known, application in db.session.execute(query)]


def get_attempts(user_id: str, *, after: Place | None) -> Page[Attempt]:
    """Return a page of a person's login attempts, the last one first.

    :raise InvalidRequest: if the place is none of this list's.
    """
    query = select(Attempt).where(Attempt.user_id == user_id)
    return paging.get_page(query, Attempt.created_at, Attempt.id, after=after)


def get_audit(user_id: str) -> Page[AuditEntry]:
    """Return what was noted about a person, the last first; one page, the audit has them all."""
    # What was noted before a merge keeps the id that it was noted under.
    former = [
        merge.other_user_id
        for merge in get_merges(user_id)
        if merge.state == MergeState.MERGED and merge.user_id == user_id
    ]
    query = select(AuditEntry).where(AuditEntry.user_id.in_([user_id, *former]))
    return paging.get_page(query, AuditEntry.at, AuditEntry.id, after=None)


def get_merges(user_id: str) -> list[Merge]:
    """Return the merges in which a person is one of the two, the last one first."""
    is_one = or_(Merge.user_id == user_id, Merge.other_user_id == user_id)
    return list(db.session.scalars(select(Merge).where(is_one).order_by(Merge.id.desc())))


@repeatable
def end_session(user_id: str, public_id: str, *, by: Actor, now: datetime) -> bool:
    """End one of a person's sessions; False if it is not theirs, or no more."""
    with write():
        is_ended = sessions.end_one(user_id, public_id, now=now)
        if is_ended:
            _record_end(user_id, public_id, by, now)
    return is_ended


@repeatable
def end_all_sessions(user_id: str, *, by: Actor, now: datetime) -> None:
    """Log a person out everywhere."""
    with write():
        sessions.end_all(user_id, now=now)
        _record_end(user_id, "all", by, now)


def _record_end(user_id: str, which: str, by: Actor, now: datetime) -> None:
    audit.record_change(
        AuditTag.SESSION_ENDED,
        by,
        before=None,
        after=None,
        detail=which,
        user_id=user_id,
        now=now,
    )
