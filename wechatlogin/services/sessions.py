"""Sessions on the server: the cookie carries a value, the row decides.

A session ends when its owner logs out (here or from another browser), after a while without a
visit, and after an absolute time. Ending deletes the row, so nothing issued earlier works.

    a browser's session    its cookie; a login of the same person in the browser takes it over
      └─ a program's       what it was given tokens for; ends when the browser's is ended

Every end on purpose goes through `services/session_ends.py`.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, or_, select, update

from wechatlogin.config import Settings
from wechatlogin.errors import TokenInvalid
from wechatlogin.extensions import db
from wechatlogin.models import Application, AuthorizationCode, DeviceCode, Session
from wechatlogin.models.transaction import repeatable, write
from wechatlogin.services import users
from wechatlogin.services.session_ends import end_matching
from wechatlogin.services.site import Browser
from wechatlogin.vault import sha256_hex

#: A visit is written down at most this often.
TOUCH_INTERVAL = timedelta(minutes=1)
#: The way of a session whose owner shows a token of ours instead of the cookie.
HELD_AS_TOKEN = "code_token"  # noqa: S105 - the name of a way, not a secret
OPERATOR_IDLE = timedelta(minutes=30)
OPERATOR_LIFETIME = timedelta(hours=12)

_LOCKED = (
    select(Session)
    .where(Session.key_hash == bindparam("key_hash"))
    .with_for_update()
    .execution_options(populate_existing=True)
)


@dataclass(frozen=True)
class Owner:
    """Whose session it is: exactly one of the two."""

    user_id: str | None = None
    operator_id: int | None = None


@repeatable
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
    """Start a session under a new token in place of the one that this browser was in.

    What programs began from that one lives on under the new one if it was the same person's;
    otherwise it ends, as by a log-out. `application_id` names the program that holds the
    session's tokens, where it is no browser.

    :raise UserBanned: if an operator has banned the person, who is locked.
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
        users.verify_admitted(owner.user_id)
        database.add(session)
        database.flush()
        if browser.session_token:
            _take_over(sha256_hex(browser.session_token), session, now)
    return session


@repeatable
def start_child(
    token: str, parent_key: str, application: Application, *, expires_at: datetime, now: datetime
) -> Session:
    """Start the session of a program, begun from a browser's, whose person it logs in.

    It lasts for as long as the browser's, and until `expires_at` if that is later. Nobody is ever
    given the token: the program's own tokens name the session by its public id.

    :raise TokenInvalid: if the browser's session has ended meanwhile.
    """
    with write() as database:
        parent = lock(parent_key)
        if parent is None:
            raise TokenInvalid
        session = Session(
            key_hash=sha256_hex(token),
            public_id=secrets.token_hex(16),
            user_id=parent.user_id,
            application_id=application.id,
            parent_key=parent_key,
            way=parent.way,
            browser=application.name,
            ip=parent.ip,
            auth_time=parent.auth_time,
            created_at=now,
            last_seen_at=now,
            expires_at=max(parent.expires_at, expires_at),
        )
        database.add(session)
        database.flush()
    return session


def lock(key_hash: str) -> Session | None:
    """Return a session that nobody else changes until the unit of writes is over."""
    return db.session.scalar(_LOCKED, {"key_hash": key_hash})


def get(token: str, *, idle: timedelta, now: datetime, is_visit: bool = True) -> Session | None:
    """Return the live session of a token, and note the visit if it is one."""
    return _visit(db.session.get(Session, sha256_hex(token)), idle, now, is_visit=is_visit)


def get_owner_id(token: str) -> str | None:
    """Return the person of a token's session, live or not."""
    query = select(Session.user_id).where(Session.key_hash == sha256_hex(token))
    return db.session.scalar(query)


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


@repeatable
def prolong(session: Session, *, expires_at: datetime, now: datetime) -> None:
    """Let a session last until another time, and note the visit."""
    this = update(Session).where(Session.key_hash == session.key_hash)
    with write() as database:
        database.execute(this.values(last_seen_at=now, expires_at=expires_at))


def end(token: str, *, now: datetime) -> None:
    """End the session of a token."""
    end_by_key(sha256_hex(token), now=now)


def end_by_key(key_hash: str, *, now: datetime) -> None:
    """End the session of a row's key."""
    end_matching(Session.key_hash == key_hash, now=now)


def end_one(user_id: str, public_id: str, *, now: datetime) -> bool:
    """End one of a person's sessions by its public id; False when it is not theirs."""
    return bool(end_matching(Session.user_id == user_id, Session.public_id == public_id, now=now))


def end_all(user_id: str, *, now: datetime) -> None:
    """End every session of a person."""
    end_matching(Session.user_id == user_id, now=now)


def end_of_application(user_id: str, application_id: int, *, now: datetime) -> None:
    """End every session of a person that one program holds."""
    theirs = (Session.user_id == user_id, Session.application_id == application_id)
    end_matching(*theirs, now=now)


def end_all_of_application(application_id: int, *, now: datetime) -> None:
    """End every session that a program holds, whoever is logged in."""
    end_matching(Session.application_id == application_id, now=now)


def _take_over(old_key: str, session: Session, now: datetime) -> None:
    query = select(Session.user_id).where(Session.key_hash == old_key).with_for_update()
    if session.user_id is None or db.session.scalar(query) != session.user_id:
        end_by_key(old_key, now=now)
        return
    for column in (Session.parent_key, AuthorizationCode.session_key, DeviceCode.session_key):
        theirs = update(column.class_).where(column == old_key)
        db.session.execute(theirs.values({column.key: session.key_hash}))
    db.session.execute(delete(Session).where(Session.key_hash == old_key))


@repeatable
def _visit(
    session: Session | None, idle: timedelta, now: datetime, *, is_visit: bool = True
) -> Session | None:
    if session is None or now >= session.expires_at or now >= session.last_seen_at + idle:
        return None
    if is_visit and now - session.last_seen_at >= TOUCH_INTERVAL:
        with write() as database:
            database.execute(
                update(Session).where(Session.key_hash == session.key_hash).values(last_seen_at=now)
            )
    return session
