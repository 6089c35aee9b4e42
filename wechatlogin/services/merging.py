"""Two users that are one person become one user, where that is safe.

    a unionid shows it     identities of one open-platform group have the same one (WeChat's page
                           UnionID机制); without a group nobody is joined, nor by anything else
    the person shows it    by adding an identity that another user has (`services/linking.py`)
    an operator says it    whatever speaks against it (`merge_by_hand`)

    (none) ──────────▶ merged ──undo──▶ undone        undone and kept apart: never proposed again,
       └─▶ waiting ──▶ merged                         only an operator may still merge the two
              └──────▶ kept apart

It waits for an operator where it would not be safe: an application knows both, so that its data
for one of them would have no owner, or one WeChat app knows both by different openids, which by
WeChat's own rules are two people. A proposal is made once, not at each login.

Who has logged in stays; of two, or of none, the older one. Every step locks both users first
(`services/users.py`), so of two at the same moment one finds it done.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import and_, select
from sqlalchemy.orm import aliased

from wechatlogin.errors import MergeDecided, MergeImpossible, UserUnknown
from wechatlogin.extensions import db
from wechatlogin.models import (
    ApplicationUser,
    AuditTag,
    Identity,
    Merge,
    MergeReason,
    MergeState,
    User,
)
from wechatlogin.models.transaction import repeatable, write
from wechatlogin.services import (
    merge_moves,
    merge_pairs,
    merge_records,
    privacy_notices,
    sessions,
    users,
    webhook_events,
)
from wechatlogin.services.audit import Actor

#: `Merge.decided_by` where the person themselves took an identity away, and may add it again.
BY_PERSON = "person"
APART = frozenset({MergeState.KEPT_APART, MergeState.UNDONE})


class Decision(StrEnum):
    """What an operator decides."""

    MERGE = "merge"
    KEEP_APART = "keep_apart"


def get_owner(appid: str, group: str | None, unionid: str | None) -> str | None:
    """Return the user whom a new identity of this app belongs to by its unionid.

    None where nobody has it, or where the app knows that user by another openid already.
    """
    if not group or not unionid:
        return None
    has_it = and_(Identity.open_platform_group == group, Identity.unionid == unionid)
    candidates = list(db.session.scalars(select(User).where(User.identities.any(has_it))))
    if not candidates:
        return None
    owner = min(candidates, key=merge_pairs.rank)
    is_known = select(Identity.id).where(Identity.user_id == owner.id, Identity.appid == appid)
    return None if db.session.scalar(is_known.limit(1)) else owner.id


def join(identity: Identity, *, now: datetime) -> None:
    """Merge the users that this identity's unionid shows to be its user, or propose it.

    Runs in a unit of writes of its own, after the one that wrote the unionid down: of two
    processes that meet one person in two apps at once, the later then sees both.
    """
    for other_id in _get_others(identity):
        combine(identity.user_id, other_id, reason=MergeReason.UNIONID, now=now)
        db.session.refresh(identity)


@repeatable
def combine(first_id: str, second_id: str, *, reason: MergeReason, now: datetime) -> Merge | None:
    """Merge two users if it is safe, else propose it; return what is on record between them.

    None where there is nothing to merge (any more). Two that are apart stay apart, unless the
    person adds an identity again that they took away.
    """
    with write() as session:
        pair = users.lock_all([first_id, second_id])
        if len(pair) < 2 or (reason is MergeReason.UNIONID and not _share_unionid(*pair)):
            return None
        known = merge_moves.get_between(first_id, second_id)
        if known is not None and known.state in APART and not _may_override(known, reason):
            return known
        conflicts = merge_pairs.find_conflicts(first_id, second_id)
        if not conflicts:
            return _merge(pair, known, reason=reason, by=None, now=now)
        if known is not None and known.state == MergeState.WAITING:
            return known
        merge = merge_records.write_down(pair, known, reason=reason, now=now)
        merge.state, merge.conflict = MergeState.WAITING, conflicts[0]
        session.flush()
        merge_records.record(AuditTag.USER_MERGE_WAITING, merge, by=None, before=None, now=now)
    return merge


@repeatable
def merge_by_hand(first_id: str, second_id: str, *, by: Actor, now: datetime) -> Merge:
    """Merge two users because an operator says that they are one person.

    :raise UserUnknown: if there is no such person, under either id.
    :raise MergeImpossible: if the two are one person already.
    """
    with write():
        chosen = merge_pairs.compare(first_id, second_id)
        pair = users.lock_all([chosen.user.id, chosen.other.id])
        if len(pair) < 2:
            raise UserUnknown
        known = merge_moves.get_between(chosen.user.id, chosen.other.id)
        return _merge(pair, known, reason=MergeReason.OPERATOR, by=by, now=now)


@repeatable
def decide(merge_id: int, decision: Decision, *, by: Actor, now: datetime) -> Merge:
    """Merge two users after all, or keep them apart for good.

    :raise MergeNotFound: if there is no such merge.
    :raise MergeDecided: if it is merged already, or is kept apart and shall be.
    :raise MergeImpossible: if one of the two is gone.
    """
    with write() as session:
        merge, pair = merge_records.lock(merge_id)
        if merge.state == MergeState.MERGED:
            raise MergeDecided
        if len(pair) < 2:
            raise MergeImpossible
        if decision is Decision.MERGE:
            return _merge(pair, merge, reason=MergeReason(merge.reason), by=by, now=now)
        if merge.state in APART:
            raise MergeDecided
        before = MergeState(merge.state)
        merge.state, merge.decided_at, merge.decided_by = MergeState.KEPT_APART, now, by.name
        session.flush()
        merge_records.record(AuditTag.USER_KEPT_APART, merge, by=by, before=before, now=now)
    return merge


@repeatable
def undo(merge_id: int, *, by: Actor, now: datetime) -> Merge:
    """Bring the other user back, under the same id and with their identities; log both out.

    Identities that were added or taken away since stay where they are.

    :raise MergeNotFound: if there is no such merge.
    :raise MergeDecided: if it is not merged.
    :raise MergeImpossible: if one of the two would be left without an identity.
    """
    with write() as session:
        merge, pair = merge_records.lock(merge_id)
        if merge.state != MergeState.MERGED:
            raise MergeDecided
        theirs = _get_identities_to_return(merge)
        session.add(
            User(
                id=merge.other_user_id,
                created_at=merge.other_created_at,
                last_login_at=merge.other_last_login_at,
                # Nobody has noted which of the two was banned, and an operator can unban them.
                banned_at=next((user.banned_at for user in pair), None),
            )
        )
        session.flush()
        # While the programs still know the two as one, who are told of it.
        sessions.end_all(merge.user_id, now=now)
        merge_moves.give_back(merge, theirs)
        merge.state, merge.decided_at, merge.decided_by = MergeState.UNDONE, now, by.name
        session.flush()
        merge_records.record(
            AuditTag.USER_MERGE_UNDONE, merge, by=by, before=MergeState.MERGED, now=now
        )
        session.expire_all()
    return merge


def keep_apart(user_id: str, other: User, *, reason: MergeReason, now: datetime) -> None:
    """Note that a person has taken away what is now another user's, so that nothing joins the two.

    A unit of writes is under way.
    """
    db.session.add(
        Merge(
            user_id=user_id,
            other_user_id=other.id,
            reason=reason,
            state=MergeState.UNDONE,
            moved={},
            other_created_at=other.created_at,
            other_last_login_at=other.last_login_at,
            created_at=now,
            decided_at=now,
            decided_by=BY_PERSON,
        )
    )
    db.session.flush()


def _get_others(identity: Identity) -> list[str]:
    if not identity.unionid or not identity.open_platform_group:
        return []
    query = select(Identity.user_id).where(
        Identity.open_platform_group == identity.open_platform_group,
        Identity.unionid == identity.unionid,
        Identity.user_id != identity.user_id,
    )
    return list(db.session.scalars(query.distinct().order_by(Identity.user_id)))


def _share_unionid(first: User, second: User) -> bool:
    """Tell whether a unionid still shows it, now that nobody else can change the two."""
    one, other = aliased(Identity), aliased(Identity)
    is_same = and_(
        one.open_platform_group == other.open_platform_group, one.unionid == other.unionid
    )
    query = select(one.id).join(other, is_same)
    query = query.where(one.user_id == first.id, other.user_id == second.id)
    return db.session.scalar(query.limit(1)) is not None


def _may_override(known: Merge, reason: MergeReason) -> bool:
    return reason is MergeReason.LINKED and known.decided_by == BY_PERSON


@repeatable
def _merge(
    pair: list[User],
    known: Merge | None,
    *,
    reason: MergeReason,
    by: Actor | None,
    now: datetime,
) -> Merge:
    before = MergeState(known.state) if known else None
    with write() as session:
        merge = merge_records.write_down(pair, known, reason=reason, now=now)
        user, other = sorted(pair, key=merge_pairs.rank)
        merge.state, merge.decided_at = MergeState.MERGED, now
        merge.decided_by = by.name if by else None
        session.flush()
        _end_doubled(user, other, now)
        webhook_events.note_merge(user.id, other.id, now=now)
        merge.moved = merge_moves.move_all(other.id, user.id, merge_id=merge.id)
        _spread_ban(user, other, now)
        privacy_notices.keep_newer(user, other)
        if other.last_login_at is not None and user.last_login_at is not None:
            user.last_login_at = max(user.last_login_at, other.last_login_at)
        session.flush()
        session.expire(other, ["identities"])
        session.delete(other)
        session.flush()
        merge_records.record(AuditTag.USER_MERGED, merge, by=by, before=before, now=now)
        session.expire_all()
    return merge


def _spread_ban(user: User, other: User, now: datetime) -> None:
    """Let a ban be the person's, whichever of the two users was banned."""
    user.banned_at = user.banned_at or other.banned_at
    if user.banned_at is not None:
        sessions.end_all(user.id, now=now)


def _end_doubled(user: User, other: User, now: datetime) -> None:
    """End what programs that know both hold of the one who goes: its `sub` would change."""
    known = select(ApplicationUser.application_id)
    both = known.where(
        ApplicationUser.user_id == other.id,
        ApplicationUser.application_id.in_(known.where(ApplicationUser.user_id == user.id)),
    )
    for application_id in db.session.scalars(both).all():
        sessions.end_of_application(other.id, application_id, now=now)


def _get_identities_to_return(merge: Merge) -> list[int]:
    query = select(Identity.id).where(Identity.user_id == merge.user_id)
    all_ids = set(db.session.scalars(query))
    theirs = [identity_id for identity_id in merge.moved["identities"] if identity_id in all_ids]
    if not theirs or len(theirs) == len(all_ids):
        raise MergeImpossible
    return theirs
