"""People and their identities: found by (appid, openid), created on first sight.

A unionid joins identities of one open-platform group: a new one belongs to the user who has it,
and two users that turn out to share one are merged (`services/merging.py`).
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, delete, or_, select, update

from wechatlogin.extensions import db
from wechatlogin.models import (
    Attempt,
    AuditTag,
    Identity,
    User,
    WeChatAppRow,
)
from wechatlogin.models.transaction import check_sole_writer, repeatable, write
from wechatlogin.services import (
    audit,
    deletion,
    merging,
    sessions,
    users,
    webhook_events,
    webhooks,
)
from wechatlogin.wechat.oauth import Profile

_IDENTITY = select(Identity).where(
    Identity.appid == bindparam("appid"), Identity.openid == bindparam("openid")
)

_ONE_AT_A_TIME = select(WeChatAppRow.id).where(WeChatAppRow.id == bindparam("id")).with_for_update()


@dataclass(frozen=True)
class Sighting:
    """What one visit tells of a person."""

    openid: str
    unionid: str | None = None
    profile: Profile | None = None
    #: Whether the person follows: as WeChat has just said, or as only a follower could come so.
    follows: bool | None = None
    #: The language of the person's WeChat: one of those that we speak.
    language: str | None = None


def get_identity(appid: str, openid: str) -> Identity | None:
    """Return the identity of a person in one WeChat app."""
    return db.session.scalar(_IDENTITY, {"appid": appid, "openid": openid})


@repeatable
def find_or_create_identity(
    wechat_app: WeChatAppRow, sighting: Sighting, *, now: datetime
) -> Identity:
    """Return the person's identity in this app, creating it and its user on first sight.

    What the sighting tells is written down; what it does not tell stays as it was. One that tells
    a unionid may merge two users, so no unit of writes may be open around it.
    """
    with write():
        identity = _get_locked(wechat_app.appid, sighting.openid)
        if identity is None:
            identity = _create(wechat_app, sighting, now)
        _learn(identity, wechat_app, sighting, now)
    if _unionid(sighting):
        merging.join(identity, now=now)
    return identity


def note_follow_event(
    appid: str, openid: str, *, follows: bool, at: datetime, now: datetime
) -> None:
    """Note that a known person follows or no longer follows; `at` is WeChat's time of the event."""
    later = or_(Identity.follows_since.is_(None), Identity.follows_since <= at)
    known = {"follows": follows, "follows_since": at, "follows_checked_at": now}
    _note_follow(appid, openid, later, now=now, **known)


def note_follow_answer(appid: str, openid: str, *, follows: bool, now: datetime) -> None:
    """Note what a call to WeChat has told that was made now.

    An event that has arrived meanwhile knows more; events are ordered by WeChat's clock alone.
    """
    checked_at = Identity.follows_checked_at
    newer = or_(checked_at.is_(None), checked_at <= now)
    known = {"follows": follows, "follows_checked_at": now}
    _note_follow(appid, openid, newer, now=now, **known)


@repeatable
def note_login(user_id: str, *, way: str, ip: str | None, now: datetime) -> None:
    """Note that a person logged in."""
    with write() as session:
        session.execute(update(User).where(User.id == user_id).values(last_login_at=now))
        audit.record(AuditTag.USER_LOGIN, user_id=user_id, ip=ip, detail=way, now=now)


@repeatable
def clear_profile(appid: str, openid: str, *, now: datetime) -> None:
    """Forget the nickname and the picture that the person, or WeChat, took back."""
    with write() as session:
        identity = get_identity(appid, openid)
        if identity is None:
            return
        session.execute(
            update(Identity)
            .where(Identity.id == identity.id)
            .values(nickname=None, avatar_url=None, updated_at=now)
        )
        audit.record(AuditTag.USER_PROFILE_CLEARED, user_id=identity.user_id, now=now)


@repeatable
def erase_identity(appid: str, openid: str, *, now: datetime) -> None:
    """Erase a person's identity, end their sessions, and erase a user without any identity."""
    with write() as session:
        identity = get_identity(appid, openid)
        if identity is None:
            return
        user_id = users.lock(identity.user_id) or identity.user_id
        sessions.end_all(user_id, now=now)
        session.execute(delete(Attempt).where(Attempt.appid == appid, Attempt.openid == openid))
        session.execute(delete(Identity).where(Identity.id == identity.id))
        webhooks.forget(user_id)
        if session.scalar(select(Identity.id).where(Identity.user_id == user_id)) is None:
            deletion.delete_user(user_id, now=now)
        audit.record(AuditTag.USER_ERASED, user_id=user_id, now=now)


@repeatable
def _note_follow(
    appid: str, openid: str, condition: ColumnElement[bool], *, now: datetime, **values: object
) -> None:
    with write() as session:
        identity = get_identity(appid, openid)
        if identity is None:
            return
        former = identity.follows
        session.execute(
            update(Identity).where(Identity.id == identity.id, condition).values(**values)
        )
        session.refresh(identity)
        webhook_events.note_follow(identity, former, now=now)


def _get_locked(appid: str, openid: str) -> Identity | None:
    """Return the identity with its user locked for the unit of writes."""
    while (identity := get_identity(appid, openid)) is not None:
        user_id = identity.user_id
        users.lock_all([user_id])
        # While we waited, a merge may have given it to somebody else.
        db.session.expire(identity)
        if get_identity(appid, openid) is not None and identity.user_id == user_id:
            return identity
    return None


def _create(wechat_app: WeChatAppRow, sighting: Sighting, now: datetime) -> Identity:
    # Of two processes that meet a person at once, the second waits here and finds them.
    if not check_sole_writer():
        db.session.execute(_ONE_AT_A_TIME, {"id": wechat_app.id})
        met_meanwhile = _get_locked(wechat_app.appid, sighting.openid)
        if met_meanwhile is not None:
            return met_meanwhile
    owner = merging.get_owner(wechat_app.appid, wechat_app.open_platform_group, _unionid(sighting))
    known = users.lock(owner) if owner else None
    identity = Identity(
        user_id=known or users.create(now=now).id,
        appid=wechat_app.appid,
        openid=sighting.openid,
        created_at=now,
        updated_at=now,
    )
    db.session.add(identity)
    if known:
        audit.record(AuditTag.IDENTITY_LINKED, user_id=known, detail="unionid", now=now)
    return identity


def _unionid(sighting: Sighting) -> str | None:
    """Return the unionid that a sighting tells; an empty one is none."""
    return sighting.unionid or (sighting.profile.unionid if sighting.profile else None) or None


def _learn(identity: Identity, wechat_app: WeChatAppRow, sighting: Sighting, now: datetime) -> None:
    profile = sighting.profile
    unionid = _unionid(sighting)
    if unionid:
        identity.unionid = unionid
        identity.open_platform_group = wechat_app.open_platform_group
    shown = (identity.nickname, identity.avatar_url, identity.language)
    if profile:
        identity.nickname = profile.nickname or identity.nickname
        identity.avatar_url = profile.avatar_url
    identity.language = sighting.language or identity.language
    if shown != (identity.nickname, identity.avatar_url, identity.language):
        identity.updated_at = now
    former = identity.follows
    if sighting.follows is not None:
        identity.follows, identity.follows_checked_at = sighting.follows, now
    db.session.flush()
    webhook_events.note_follow(identity, former, now=now)
