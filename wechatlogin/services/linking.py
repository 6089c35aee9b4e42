"""A logged-in person adds another WeChat identity to their account, and takes one away.

Adding is a login attempt of purpose LINK, which the other WeChat confirms like a login; what it
ends in is `Outcome`. The browser that claims it must be in a live session of the account.

Taking away leaves the identity to a user of its own, without name and picture, and notes that the
two are apart: whoever comes with it again is that new user, and no unionid brings it back. Only
the person can add it again.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import delete, func, select, update

from wechatlogin.errors import AccountLeft, AttemptNotFound, IdentityNotFound, LastIdentity
from wechatlogin.extensions import db
from wechatlogin.models import (
    ApplicationUser,
    Attempt,
    AuditTag,
    Code,
    Identity,
    MergeReason,
    MergeState,
    Purpose,
    Session,
    Status,
    User,
)
from wechatlogin.models.transaction import repeatable, write
from wechatlogin.services import accounts, audit, merge_moves, merging, users
from wechatlogin.services.session_ends import end_matching
from wechatlogin.vault import sha256_hex


class Outcome(StrEnum):
    """What became of adding an identity."""

    ADDED = "added"
    #: It was the person's already.
    ALREADY = "already"
    #: It was another user's, and the two are one user now.
    JOINED = "joined"
    #: It is another user's, and an operator has to decide.
    WAITING = "waiting"
    #: It is another user's, and an operator keeps the two apart.
    APART = "apart"


@dataclass(frozen=True)
class Removal:
    """Which identity to take away, from whom."""

    user_id: str
    identity_id: int
    #: The session the person is in; the only one opened by the identity that stays.
    session_token: str | None = None


def lock_both(attempt: Attempt, session: Session | None) -> None:
    """Lock the user that an attempt adds to and the one that the identity has.

    :raise AccountLeft: unless this is a session of the user that the attempt adds to.
    """
    if session is None or session.user_id is None or session.user_id != attempt.link_user_id:
        raise AccountLeft
    users.lock_all(filter(None, (attempt.link_user_id, attempt.user_id)))


def link(attempt: Attempt, *, now: datetime) -> Outcome:
    """Add the identity of a claimed attempt to the user it was started by.

    Both users are locked (`lock_both`) in the unit of writes that is under way.

    :raise AttemptNotFound: if one of the two is gone.
    :raise UserBanned: if an operator has banned the one that the identity has.
    """
    identity = accounts.get_identity(attempt.appid or "", attempt.openid or "")
    user_id = attempt.link_user_id
    if identity is None or user_id is None:
        raise AttemptNotFound
    users.verify_admitted(identity.user_id)
    if identity.user_id == user_id:
        # A new identity whose unionid is the person's has been theirs from the start.
        return Outcome.ADDED if identity.created_at >= attempt.created_at else Outcome.ALREADY
    known = merge_moves.get_between(user_id, identity.user_id)
    if known is not None and known.state in merging.APART and known.decided_by != merging.BY_PERSON:
        return Outcome.APART
    if _check_unused(identity):
        _adopt(identity, user_id, now)
        return Outcome.ADDED
    merge = merging.combine(user_id, identity.user_id, reason=MergeReason.LINKED, now=now)
    if merge is None:
        raise AttemptNotFound
    return Outcome.JOINED if merge.state == MergeState.MERGED else Outcome.WAITING


def get_outcome(attempt: Attempt) -> Outcome:
    """Return what became of an attempt that was claimed a moment ago."""
    identity = accounts.get_identity(attempt.appid or "", attempt.openid or "")
    if identity is not None and identity.user_id == attempt.link_user_id:
        return Outcome.ADDED
    return Outcome.WAITING


def get_identity_of(user_id: str, identity_id: int) -> Identity:
    """Return one of a person's identities.

    :raise IdentityNotFound: if it is not theirs.
    """
    query = select(Identity).where(Identity.id == identity_id, Identity.user_id == user_id)
    identity = db.session.scalar(query.execution_options(populate_existing=True))
    if identity is None:
        raise IdentityNotFound
    return identity


def get_names(user_id: str) -> list[str]:
    """Return the nicknames of a person, the oldest identity's first."""
    query = select(Identity.nickname).where(
        Identity.user_id == user_id, Identity.nickname.is_not(None)
    )
    return [name for name in db.session.scalars(query.order_by(Identity.id)) if name]


def verify_removable(user_id: str, identity_id: int) -> Identity:
    """Return one of a person's identities that can be taken away.

    :raise IdentityNotFound: if it is not theirs.
    :raise LastIdentity: if they have no other.
    """
    identity = get_identity_of(user_id, identity_id)
    query = select(func.count(Identity.id)).where(Identity.user_id == user_id)
    if db.session.scalar(query) == 1:
        raise LastIdentity
    return identity


@repeatable
def remove(removal: Removal, *, now: datetime) -> None:
    """Take an identity away, and end its codes and the sessions that it has opened.

    A session is known by the login attempt it began with, as long as that is kept.

    :raise IdentityNotFound: if it is not theirs.
    :raise LastIdentity: if they have no other.
    """
    user_id = removal.user_id
    with write() as session:
        get_identity_of(user_id, removal.identity_id)
        _end_codes(removal.identity_id)
        users.lock_all([user_id])
        identity = verify_removable(user_id, removal.identity_id)
        _end_sessions(identity, keep=removal.session_token, now=now)
        other = users.create(now=now)
        merge_moves.move_identity(identity, other.id)
        identity.nickname = identity.avatar_url = None
        session.flush()
        merging.keep_apart(user_id, other, reason=MergeReason.LINKED, now=now)
        audit.record(AuditTag.IDENTITY_UNLINKED, user_id=user_id, detail=identity.appid, now=now)


def _check_unused(identity: Identity) -> bool:
    """Tell whether an identity's user is nothing but this identity: nobody knows them yet."""
    user_id = identity.user_id
    has_logged_in = select(User.id).where(User.id == user_id, User.last_login_at.is_not(None))
    has_another = select(Identity.id).where(Identity.user_id == user_id, Identity.id != identity.id)
    is_known = select(ApplicationUser.user_id).where(ApplicationUser.user_id == user_id)
    return not any(
        db.session.execute(query.limit(1)).first() is not None
        for query in (has_logged_in, has_another, is_known)
    )


def _adopt(identity: Identity, user_id: str, now: datetime) -> None:
    """Give an identity to a user and delete the one that was made for it alone."""
    unused = identity.user_id
    merge_moves.move_all(unused, user_id)
    db.session.execute(delete(User).where(User.id == unused))
    audit.record(AuditTag.IDENTITY_LINKED, user_id=user_id, detail=identity.appid, now=now)
    db.session.flush()
    db.session.expire_all()


def _end_codes(identity_id: int) -> None:
    # Before the user is locked, as whoever redeems a code takes the two in this order.
    db.session.execute(
        update(Code)
        .where(Code.identity_id == identity_id, Code.code_hash.is_not(None))
        .values(code_hash=None)
    )


def _end_sessions(identity: Identity, *, keep: str | None, now: datetime) -> None:
    opened_at = select(Attempt.claimed_at).where(
        Attempt.appid == identity.appid,
        Attempt.openid == identity.openid,
        Attempt.user_id == identity.user_id,
        Attempt.status == Status.CLAIMED,
        Attempt.purpose != Purpose.LINK,
    )
    theirs = [Session.user_id == identity.user_id, Session.created_at.in_(opened_at)]
    if keep:
        theirs.append(Session.key_hash != sha256_hex(keep))
    end_matching(*theirs, now=now)
