"""People and their identities: found by (appid, openid), created on first sight."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, or_, select, true, update
from sqlalchemy.exc import IntegrityError

from wechatlogin.extensions import db
from wechatlogin.models import Attempt, AuditTag, Identity, User, WeChatAppRow
from wechatlogin.models.transaction import write
from wechatlogin.services import audit, sessions
from wechatlogin.wechat.oauth import Profile


@dataclass(frozen=True)
class Sighting:
    """What one visit tells of a person."""

    openid: str
    unionid: str | None = None
    profile: Profile | None = None
    #: True when only a follower could have come this way.
    follows: bool | None = None


def get_identity(appid: str, openid: str) -> Identity | None:
    """Return the identity of a person in one WeChat app."""
    return db.session.scalar(
        select(Identity).where(Identity.appid == appid, Identity.openid == openid)
    )


def find_or_create_identity(
    wechat_app: WeChatAppRow, sighting: Sighting, *, now: datetime
) -> Identity:
    """Return the person's identity in this app, creating it and its user on first sight.

    What the sighting tells is written down; what it does not tell stays as it was.
    """
    with write():
        identity = get_identity(wechat_app.appid, sighting.openid)
        if identity is None:
            identity = _create(wechat_app, sighting, now)
        _learn(identity, wechat_app, sighting)
    return identity


def note_follow_event(appid: str, openid: str, *, follows: bool, at: datetime) -> None:
    """Note that a known person follows or no longer follows, by WeChat's time of the event."""
    later = or_(Identity.follows_since.is_(None), Identity.follows_since <= at)
    _note_follow(appid, openid, later, follows=follows, follows_since=at)


def note_follow_answer(appid: str, openid: str, *, follows: bool) -> None:
    """Note what a call to WeChat has just told; events are ordered by WeChat's clock alone."""
    _note_follow(appid, openid, true(), follows=follows)


def note_login(user_id: str, *, way: str, ip: str | None, now: datetime) -> None:
    """Note that a person logged in."""
    with write() as session:
        session.execute(update(User).where(User.id == user_id).values(last_login_at=now))
        audit.record(AuditTag.USER_LOGIN, user_id=user_id, ip=ip, detail=way, now=now)


def clear_profile(appid: str, openid: str, *, now: datetime) -> None:
    """Forget the nickname and the picture that the person, or WeChat, took back."""
    with write() as session:
        identity = get_identity(appid, openid)
        if identity is None:
            return
        session.execute(
            update(Identity)
            .where(Identity.id == identity.id)
            .values(nickname=None, avatar_url=None)
        )
        audit.record(AuditTag.USER_PROFILE_CLEARED, user_id=identity.user_id, now=now)


def erase_identity(appid: str, openid: str, *, now: datetime) -> None:
    """Erase a person's identity, end their sessions, and erase a user without any identity."""
    with write() as session:
        identity = get_identity(appid, openid)
        if identity is None:
            return
        user_id = identity.user_id
        sessions.end_all(user_id)
        session.execute(delete(Attempt).where(Attempt.appid == appid, Attempt.openid == openid))
        session.execute(delete(Identity).where(Identity.id == identity.id))
        if session.scalar(select(Identity.id).where(Identity.user_id == user_id)) is None:
            session.execute(delete(User).where(User.id == user_id))
        audit.record(AuditTag.USER_ERASED, user_id=user_id, now=now)


def _note_follow(appid: str, openid: str, condition: ColumnElement[bool], **values: object) -> None:
    whose = (Identity.appid == appid, Identity.openid == openid)
    with write() as session:
        session.execute(update(Identity).where(*whose, condition).values(**values))


def _create(wechat_app: WeChatAppRow, sighting: Sighting, now: datetime) -> Identity:
    user = User(id=secrets.token_hex(16), created_at=now)
    identity = Identity(user=user, appid=wechat_app.appid, openid=sighting.openid, created_at=now)
    try:
        with db.session.begin_nested():
            db.session.add(identity)
    except IntegrityError:
        # Another process met the same person a moment ago.
        known = get_identity(wechat_app.appid, sighting.openid)
        if known is None:
            raise
        return known
    audit.record(AuditTag.USER_CREATED, user_id=user.id, now=now)
    return identity


def _learn(identity: Identity, wechat_app: WeChatAppRow, sighting: Sighting) -> None:
    profile = sighting.profile
    unionid = sighting.unionid or (profile.unionid if profile else None)
    if unionid:
        identity.unionid = unionid
        identity.open_platform_group = wechat_app.open_platform_group
    if profile:
        identity.nickname = profile.nickname or identity.nickname
        identity.avatar_url = profile.avatar_url
    if sighting.follows is not None:
        identity.follows = sighting.follows
    db.session.flush()
