"""Who follows an account, and how old that knowledge is.

What is known comes from events, from messages to the account and from WeChat's answer to
`user/info` (its pages 关注/取消关注事件 and 获取用户基本信息). WeChat is asked only where the
account has the right and what is known is older than `FRESH`; without an answer what was known
counts.

What an application makes of it is in `followers_only` (it requires a follower) and in
`follow_suggestions` (it asks for one). For one that does neither, nobody is ever asked.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from wechatlogin.errors import WeChatError
from wechatlogin.extensions import db
from wechatlogin.models import Application, Identity, User, WeChatAppRow
from wechatlogin.services import accounts, wechat_apps
from wechatlogin.services.site import Site
from wechatlogin.wechat import deadline
from wechatlogin.wechat.app import Right
from wechatlogin.wechat.errors import RecipientUnreachable
from wechatlogin.wechat.users import Follower

log = logging.getLogger(__name__)

ASK_FOLLOWER = "user/info"
#: What is known for no longer than this is not asked for anew.
FRESH = timedelta(minutes=10)
#: A push has to be answered within 5 s, and a person waits for a login.
PATIENCE = timedelta(seconds=3)


@dataclass(frozen=True)
class Following:
    """What is known of one person and one account."""

    #: None where nothing has told us.
    follows: bool | None = None
    #: When WeChat told us last.
    checked_at: datetime | None = None


UNKNOWN = Following()


def get_following(
    site: Site, user: User, row: WeChatAppRow, *, now: datetime, max_age: timedelta = FRESH
) -> Following:
    """Return whether a person follows an account, asking WeChat where that is too old.

    No unit of writes may be open.
    """
    identity = get_identity_of(user.id, row)
    return UNKNOWN if identity is None else renew(site, row, identity, now=now, max_age=max_age)


def get_known_following(user: User, row: WeChatAppRow) -> Following:
    """Return what is known of a person and an account, however old; nobody is asked."""
    identity = get_identity_of(user.id, row)
    return UNKNOWN if identity is None else _known(identity)


def get_account(application: Application | None, row: WeChatAppRow) -> WeChatAppRow | None:
    """Return the account whose followers count where somebody logs in with `row`."""
    if row.has(Right.CHAT):
        return row
    if row.open_platform_group is None:
        return None
    for other in wechat_apps.get_for(application):
        is_related = other.open_platform_group == row.open_platform_group
        if is_related and other.has(Right.CHAT) and other.has(Right.USER_INFO):
            return other
    return None


def get_identity_of(user_id: str, row: WeChatAppRow) -> Identity | None:
    """Return by what identity an account knows a person; of two the one that follows."""
    query = select(Identity).where(Identity.user_id == user_id, Identity.appid == row.appid)
    found = db.session.scalars(query.order_by(Identity.id)).all()
    # Where a person has two accounts of WeChat's, one that follows is enough.
    return max(found, key=lambda one: one.follows is True, default=None)


def renew(
    site: Site,
    row: WeChatAppRow,
    identity: Identity,
    *,
    now: datetime,
    max_age: timedelta = FRESH,
) -> Following:
    """Return whether an account's identity follows it, asking WeChat where that is too old.

    No unit of writes may be open.
    """
    checked_at = identity.follows_checked_at
    # Clocks differ: what seems to come from the future is no better than what is old.
    if checked_at is not None and abs(now - checked_at) < max_age:
        return _known(identity)
    if ask(site, row, identity.openid, now=now) is not None:
        db.session.refresh(identity)
    return _known(identity)


def ask(site: Site, row: WeChatAppRow, openid: str, *, now: datetime) -> bool | None:
    """Ask WeChat and note what it says; None where it says nothing."""
    follower = get_follower(site, row, openid, now=now)
    if follower is None:
        return None
    accounts.note_follow_answer(row.appid, openid, follows=follower.follows, now=now)
    return follower.follows


def get_follower(site: Site, row: WeChatAppRow, openid: str, *, now: datetime) -> Follower | None:
    """Return what WeChat says about an openid; None where it may not or will not be asked."""
    if not row.has(Right.USER_INFO) or site.pauses.check_paused(row.appid, ASK_FOLLOWER, now=now):
        return None
    try:
        with deadline.within(PATIENCE):
            return wechat_apps.client(site, row).get_follower(openid)
    except RecipientUnreachable as err:
        if err.not_following:
            return Follower(openid, follows=False, unionid=None, followed_at=None)
        # This one person is unknown to the account, or restricted; others are not.
        log.info("whether somebody follows is not told: %s", err.code)
    except WeChatError as err:
        log.warning("whether somebody follows cannot be asked: %s", err.code)
        site.pauses.pause(row.appid, ASK_FOLLOWER, err, now=now)
    return None


def _known(identity: Identity) -> Following:
    return Following(identity.follows, identity.follows_checked_at)
