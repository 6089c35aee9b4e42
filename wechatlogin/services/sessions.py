"""Sessions on the server: the cookie carries a value, the row decides.

A session ends when its owner logs out (here or from another browser), after a while without a
visit, and after an absolute time. Ending deletes the row, so nothing issued earlier works.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select, update

from wechatlogin.config import Settings
from wechatlogin.extensions import db
from wechatlogin.models import Session
from wechatlogin.models.transaction import count_changed, write
from wechatlogin.services.site import Browser
from wechatlogin.vault import sha256_hex

#: A visit is written down at most this often.
TOUCH_INTERVAL = timedelta(minutes=1)
#: The way of a session whose owner shows a token of ours instead of the cookie.
HELD_AS_TOKEN = "code_token"  # noqa: S105 - the name of a way, not a secret
OPERATOR_IDLE = timedelta(minutes=30)
OPERATOR_LIFETIME = timedelta(hours=12)


@dataclass(frozen=True)
class Owner:
    """Whose session it is: exactly one of the two."""

    user_id: str | None = None
    operator_id: int | None = None


def start(
    token: str,
    owner: Owner,
    *,
    browser: Browser,
    way: str,
    lifetime: timedelta,
    now: datetime,
    application_id: int | None = None,
) -> Session:
    """Start a session under a new token, ending the one that this browser was in.

    `application_id` names the program that holds the session's tokens, where it is no browser.
    """
    session = Session(
        key_hash=sha256_hex(token),
        public_id=secrets.token_hex(16),
        user_id=owner.user_id,
        operator_id=owner.operator_id,
        application_id=application_id,
        way=way,
        browser=browser.name,
        ip=browser.ip,
        auth_time=now,
        created_at=now,
        last_seen_at=now,
        expires_at=now + lifetime,
    )
    with write() as database:
        if browser.session_token:
            end(browser.session_token)
        database.add(session)
    return session


def get(token: str, *, idle: timedelta, now: datetime) -> Session | None:
    """Return the live session of a token, and note the visit."""
    return _visit(db.session.get(Session, sha256_hex(token)), idle, now)


def get_of_application(
    application_id: int, public_id: str, *, idle: timedelta, now: datetime
) -> Session | None:
    """Return the live session that a program's own token names, and note the visit.

    The public id opens nothing by itself: whoever calls this has verified the token.
    """
    query = select(Session).where(
        Session.public_id == public_id, Session.application_id == application_id
    )
    return _visit(db.session.scalar(query), idle, now)


def get_of_token(public_id: str, *, idle: timedelta, now: datetime) -> Session | None:
    """Return the live session that a verified token names, and note the visit.

    No session of a browser's cookie or of a program's can be named so.
    """
    query = select(Session).where(Session.public_id == public_id, Session.way == HELD_AS_TOKEN)
    return _visit(db.session.scalar(query), idle, now)


def get_all(user_id: str, settings: Settings, *, now: datetime) -> list[Session]:
    """Return the live sessions of a person, the last used first.

    A program's, and one that is held as a token, may sleep longer than a browser's.
    """
    idle = timedelta(seconds=settings.session_idle_seconds)
    may_sleep = or_(Session.application_id.is_not(None), Session.way == HELD_AS_TOKEN)
    is_awake = or_(Session.last_seen_at > now - idle, may_sleep)
    query = (
        select(Session)
        .where(
            Session.user_id == user_id,
            Session.expires_at > now,
            is_awake,
        )
        .order_by(Session.last_seen_at.desc(), Session.public_id)
    )
    return list(db.session.scalars(query))


def end(token: str) -> None:
    """End the session of a token."""
    with write() as database:
        database.execute(delete(Session).where(Session.key_hash == sha256_hex(token)))


def end_one(user_id: str, public_id: str) -> bool:
    """End one of a person's sessions by its public id; False when it is not theirs."""
    theirs = delete(Session).where(Session.user_id == user_id, Session.public_id == public_id)
    with write():
        return count_changed(theirs) == 1


def end_all(user_id: str) -> None:
    """End every session of a person."""
    with write() as database:
        database.execute(delete(Session).where(Session.user_id == user_id))


def _visit(session: Session | None, idle: timedelta, now: datetime) -> Session | None:
    if session is None or now >= session.expires_at or now >= session.last_seen_at + idle:
        return None
    if now - session.last_seen_at >= TOUCH_INTERVAL:
        with write() as database:
            database.execute(
                update(Session).where(Session.key_hash == session.key_hash).values(last_seen_at=now)
            )
    return session
