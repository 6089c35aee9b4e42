"""The record of merges: which there were, which wait for an operator, and the audit of them."""

from datetime import datetime

from sqlalchemy import func, select

from wechatlogin.errors import MergeNotFound
from wechatlogin.extensions import db
from wechatlogin.models import AuditTag, Merge, MergeReason, MergeState, User
from wechatlogin.services import audit, merge_pairs, users
from wechatlogin.services.audit import Actor


def get_waiting(*, after: int = 0, limit: int | None = None) -> list[Merge]:
    """Return the merges that an operator has to decide, the oldest first, behind the one named."""
    query = select(Merge).join(User, User.id == Merge.other_user_id).order_by(Merge.id)
    query = query.where(Merge.state == MergeState.WAITING, Merge.id > after)
    return list(db.session.scalars(query.limit(limit)))


def count_waiting() -> int:
    """Return how many merges an operator has to decide."""
    query = select(func.count(Merge.id)).join(User, User.id == Merge.other_user_id)
    return db.session.scalar(query.where(Merge.state == MergeState.WAITING)) or 0


def get_recent(limit: int = 20) -> list[Merge]:
    """Return the last merges that are not waiting, the newest first."""
    query = select(Merge).where(Merge.state != MergeState.WAITING).order_by(Merge.id.desc())
    return list(db.session.scalars(query.limit(limit)))


def write_down(
    pair: list[User], known: Merge | None, *, reason: MergeReason, now: datetime
) -> Merge:
    """Write down who would stay and who would go, on the record that there is or on a new one."""
    user, other = sorted(pair, key=merge_pairs.rank)
    merge = known or Merge(created_at=now, moved={})
    merge.user_id, merge.other_user_id, merge.reason = user.id, other.id, reason
    merge.other_created_at, merge.other_last_login_at = other.created_at, other.last_login_at
    merge.decided_at = merge.decided_by = None
    db.session.add(merge)
    return merge


def lock(merge_id: int) -> tuple[Merge, list[User]]:
    """Return a merge with those of its two users who are there, all of them locked.

    :raise MergeNotFound: if there is no such merge.
    """
    merge = _verify(merge_id)
    while True:
        named = {merge.user_id, merge.other_user_id}
        pair = users.lock_all(named)
        merge = _verify(merge_id)
        # While we waited, another merge may have written it under another user.
        if {merge.user_id, merge.other_user_id} == named:
            return merge, pair


def record(
    tag: AuditTag, merge: Merge, *, by: Actor | None, before: MergeState | None, now: datetime
) -> None:
    """Add what has become of a merge to the audit; `before` is how it stood, if it did."""
    detail = f"merge {merge.id}: {merge.other_user_id} ({merge.conflict or merge.reason})"
    if by is None:
        audit.record(tag, user_id=merge.user_id, detail=detail, now=now)
        return
    audit.record_change(
        tag,
        by,
        before={"state": before} if before else None,
        after={"state": merge.state},
        detail=detail,
        user_id=merge.user_id,
        now=now,
    )


def _verify(merge_id: int) -> Merge:
    query = select(Merge).where(Merge.id == merge_id)
    merge = db.session.scalar(query.execution_options(populate_existing=True))
    if merge is None:
        raise MergeNotFound
    return merge
