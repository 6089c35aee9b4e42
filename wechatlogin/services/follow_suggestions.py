"""Applications that ask their people to follow the account, without insisting.

The login has succeeded; then one page shows the account's QR, once per person and application
within `INTERVAL`. Whether it was shown is told by the audit.
"""

from datetime import datetime, timedelta

from sqlalchemy import select

from wechatlogin.config import FollowPolicy
from wechatlogin.extensions import db
from wechatlogin.models import Application, AuditEntry, AuditTag, User, WeChatAppRow
from wechatlogin.services import audit, following, wechat_apps

INTERVAL = timedelta(days=30)


def get_suggestion(
    application: Application | None, user: User, *, now: datetime
) -> WeChatAppRow | None:
    """Return the account to suggest to a person who has just logged in, or None.

    What is known is looked at, and nobody asked: a login does not wait for that.
    """
    if application is None or application.follow != FollowPolicy.ASK:
        return None
    account = get_account(application, user)
    if account is None or _was_suggested(application, user, now):
        return None
    return None if following.get_known_following(user, account).follows else account


def note_suggested(application: Application, user: User, *, now: datetime) -> None:
    """Note that the suggestion was shown, so that it is not repeated soon."""
    audit.record(AuditTag.FOLLOW_SUGGESTED, user_id=user.id, detail=application.client_id, now=now)


def get_account(application: Application, user: User) -> WeChatAppRow | None:
    """Return the account that an application's person may be asked to follow."""
    mine = {identity.appid for identity in user.identities}
    rows = wechat_apps.get_for(application)
    found = [following.get_account(application, row) for row in rows if row.appid in mine]
    return next((row for row in found if row is not None), None)


def _was_suggested(application: Application, user: User, now: datetime) -> bool:
    query = select(AuditEntry.id).where(
        AuditEntry.user_id == user.id,
        AuditEntry.at > now - INTERVAL,
        AuditEntry.tag == AuditTag.FOLLOW_SUGGESTED,
        AuditEntry.detail == application.client_id,
    )
    return db.session.scalar(query.limit(1)) is not None
