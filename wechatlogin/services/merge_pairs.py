"""Two users side by side: who would stay, and what speaks against their being one person."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, select

from wechatlogin.errors import MergeImpossible, UserUnknown
from wechatlogin.extensions import db
from wechatlogin.models import ApplicationUser, Identity, User
from wechatlogin.services import users


class Conflict(StrEnum):
    """Why two users cannot be merged without an operator."""

    #: An application knows both.
    APPLICATION = "application"
    #: One WeChat app knows both, by different openids.
    WECHAT_APP = "wechat_app"


@dataclass(frozen=True)
class Pair:
    """Two users who would be one: who stays, who goes, and what speaks against it."""

    user: User
    other: User
    conflicts: tuple[Conflict, ...]


def compare(first_id: str, second_id: str) -> Pair:
    """Return what merging two users would come to, without doing it.

    :raise UserUnknown: if there is no such person, under either id.
    :raise MergeImpossible: if the two are one person already.
    """
    living = [users.resolve_user_id(user_id) for user_id in (first_id, second_id)]
    if None in living:
        raise UserUnknown
    pair = list(db.session.scalars(select(User).where(User.id.in_(living))))
    if len(pair) < 2:
        raise MergeImpossible
    user, other = sorted(pair, key=rank)
    return Pair(user, other, find_conflicts(user.id, other.id))


def find_conflicts(first_id: str, second_id: str) -> tuple[Conflict, ...]:
    """Return what speaks against merging two users."""
    pair = (first_id, second_id)
    by_both = (
        select(ApplicationUser.application_id)
        .where(ApplicationUser.user_id.in_(pair))
        .group_by(ApplicationUser.application_id)
        .having(func.count() > 1)
    )
    in_one_app = (
        select(Identity.appid)
        .where(Identity.user_id.in_(pair))
        .group_by(Identity.appid)
        .having(func.count(Identity.user_id.distinct()) > 1)
    )
    reasons = ((Conflict.APPLICATION, by_both), (Conflict.WECHAT_APP, in_one_app))
    return tuple(
        conflict for conflict, query in reasons if db.session.scalar(query.limit(1)) is not None
    )


def rank(user: User) -> tuple[bool, datetime, str]:
    """Return what puts the user who stays before the one who goes."""
    return user.last_login_at is None, user.created_at, user.id
