"""Deleting a person, whoever asks for it: they themselves, an operator, or WeChat.

    sessions                    end as by a log-out: tokens and codes die, programs are told
    attempts                    those in which they showed who they are, or were asked to
    identities, and with them   verification codes, the states of sent messages
    the user, and with them     consents, what applications know them by, their merges, what was
                                told of them by webhooks and is not still waiting to be
    audit                       stays, under an id that names nobody: without their addresses and
                                what operators wrote about them

A ban ends with the person: nothing is kept by which they could be told again. Who comes back is a
new person, whom applications know by another `sub`.
"""

from datetime import datetime

from sqlalchemy import and_, delete, select, update

from wechatlogin.errors import UserUnknown
from wechatlogin.extensions import db
from wechatlogin.models import (
    Attempt,
    AuditEntry,
    AuditTag,
    Code,
    Identity,
    Merge,
    MergeState,
    User,
)
from wechatlogin.models.transaction import repeatable, write
from wechatlogin.services import audit, sessions, users, webhook_events, webhooks
from wechatlogin.services.audit import Actor

#: Entries in which an operator may have written down why.
_REASONED = (AuditTag.USER_BANNED, AuditTag.USER_UNBANNED)


@repeatable
def delete_person(user_id: str, *, by: Actor | None, now: datetime) -> None:
    """Delete a person and all that is theirs; `by` is the operator, or None for themselves.

    :raise UserUnknown: if there is no such person.
    """
    with write():
        # Before the user is locked, as whoever redeems a code takes the two in this order.
        _end_codes(user_id)
        living = users.lock(user_id)
        if living is None:
            raise UserUnknown
        sessions.end_all(living, now=now)
        _delete_attempts(living)
        delete_user(living, now=now)
        _record(living, by, now)


def delete_user(user_id: str, *, now: datetime) -> None:
    """Delete a user whose sessions have been ended, in the unit of writes that is under way."""
    webhooks.forget(user_id)
    webhook_events.note_deletion(user_id, now=now)
    _forget_in_audit(user_id)
    is_open = Merge.state != MergeState.MERGED
    db.session.execute(delete(Merge).where(Merge.other_user_id == user_id, is_open))
    db.session.execute(delete(User).where(User.id == user_id))
    db.session.expire_all()


def _end_codes(user_id: str) -> None:
    theirs = select(Identity.id).where(Identity.user_id == users.resolve_user_id(user_id))
    live = update(Code).where(Code.identity_id.in_(theirs), Code.code_hash.is_not(None))
    db.session.execute(live.values(code_hash=None).execution_options(synchronize_session=False))


def _delete_attempts(user_id: str) -> None:
    identities = select(Identity.appid, Identity.openid).where(Identity.user_id == user_id)
    shown = [
        and_(Attempt.appid == appid, Attempt.openid == openid)
        for appid, openid in db.session.execute(identities)
    ]
    # One at a time, so that each goes along its index.
    for theirs in (Attempt.user_id == user_id, *shown):
        one = delete(Attempt).where(theirs)
        db.session.execute(one.execution_options(synchronize_session=False))


def _forget_in_audit(user_id: str) -> None:
    merged = select(Merge.other_user_id).where(
        Merge.user_id == user_id, Merge.state == MergeState.MERGED
    )
    ids = [user_id, *db.session.scalars(merged)]
    of_them = update(AuditEntry).where(AuditEntry.user_id.in_(ids))
    own, reasoned = AuditEntry.actor.is_(None), AuditEntry.tag.in_(_REASONED)
    for entries in (
        of_them.where(own).values(ip=None),
        of_them.where(reasoned).values(detail=None),
    ):
        db.session.execute(entries.execution_options(synchronize_session=False))


def _record(user_id: str, by: Actor | None, now: datetime) -> None:
    if by is None:
        audit.record(AuditTag.USER_ERASED, user_id=user_id, detail="account page", now=now)
        return
    audit.record_change(
        AuditTag.USER_ERASED, by, before=None, after=None, detail=None, user_id=user_id, now=now
    )
