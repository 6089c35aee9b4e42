"""Refresh tokens: opaque, hashed, each good for one rotation (RFC 9700, 4.14).

The family of a token is its session: all die with it. A token that comes a second time was
stolen, or its successor was; nobody can tell, so the session ends. One exception keeps honest
clients alive: whose answer was lost may ask again for 10 seconds, as long as the successor has not
been used, and gets the same successor, which follows from the token and our key.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import SecretStr
from sqlalchemy import select, update

from wechatlogin.errors import TokenInvalid
from wechatlogin.extensions import db
from wechatlogin.models import AuditTag, RefreshToken, Session, User
from wechatlogin.models.transaction import count_changed, repeatable, write
from wechatlogin.services import audit, sessions, users
from wechatlogin.services.site import Site
from wechatlogin.vault import sha256_hex

log = logging.getLogger(__name__)

#: How long the answer to a rotation may be asked for again.
GRACE = timedelta(seconds=10)


@dataclass(frozen=True)
class Rotated:
    """A new token, and the session that it belongs to."""

    token: SecretStr
    session: Session
    scope: str
    expires_at: datetime


@dataclass(frozen=True)
class Granted:
    """What a token was given for."""

    session: Session
    scope: str
    created_at: datetime
    expires_at: datetime
    is_spent: bool


@repeatable
def issue(
    site: Site, session: Session, *, scope: str, lifetime: timedelta, now: datetime
) -> SecretStr:
    """Return the first token of a session.

    :raise TokenInvalid: if the session has just ended.
    """
    token = site.vault.derive_token("refresh", session.key_hash, now.isoformat())
    live = select(Session.key_hash).where(Session.key_hash == session.key_hash)
    with write() as database:
        if database.scalar(live.with_for_update()) is None:
            raise TokenInvalid
        _add(token, session.key_hash, scope=scope, expires_at=now + lifetime, now=now)
    return SecretStr(token)


@repeatable
def rotate(site: Site, token: str, *, lifetime: timedelta, now: datetime) -> Rotated:
    """Spend a token and return its successor.

    :raise TokenInvalid: if it is unknown or expired, its session is, or its person is banned; or if
        it was spent before: then its session ends.
    """
    successor = site.vault.derive_token_again(
        lambda given: _get(given) is not None, "refresh", token
    )
    with write():
        row, session = _lock(token, now)
        is_first = _spend(row, now)
        if is_first:
            expires_at = now + lifetime
            _add(successor, row.session_key, scope=row.scope, expires_at=expires_at, now=now)
        is_good = is_first or _check_repeated(row, successor, now)
        if not is_good:
            _end(session, now)
    known = _get(successor) if is_good else None
    if known is None:
        raise TokenInvalid
    return Rotated(SecretStr(successor), session, known.scope, known.expires_at)


def get_granted(token: str, *, now: datetime) -> Granted | None:
    """Return what a token was given for, whether or not it has been spent."""
    row = _get(token)
    session = db.session.get(Session, row.session_key, populate_existing=True) if row else None
    if row is None or session is None or not _check_live(row, session, now):
        return None
    is_spent = row.used_at is not None
    return Granted(session, row.scope, row.created_at, row.expires_at, is_spent)


def _lock(token: str, now: datetime) -> tuple[RefreshToken, Session]:
    """Return a token and its session, which neither ends nor rotates until the unit is over.

    :raise TokenInvalid: if it is unknown or over.
    """
    row = _get(token)
    if row is None:
        raise TokenInvalid
    # Whoever ends a session locks its person, then it, before its tokens are deleted; so do we, and
    # nobody waits for somebody who waits for them.
    owner = select(Session.user_id).where(Session.key_hash == row.session_key)
    users.lock_all(filter(None, [db.session.scalar(owner)]))
    session = db.session.get(Session, row.session_key, with_for_update=True, populate_existing=True)
    if session is None or not _check_live(row, session, now):
        raise TokenInvalid
    return row, session


def _check_live(row: RefreshToken, session: Session, now: datetime) -> bool:
    user = db.session.get(User, session.user_id or "", populate_existing=True)
    is_let_in = user is not None and user.banned_at is None
    return is_let_in and now < row.expires_at and now < session.expires_at


def _spend(row: RefreshToken, now: datetime) -> bool:
    unspent = update(RefreshToken).where(RefreshToken.id == row.id, RefreshToken.used_at.is_(None))
    return count_changed(unspent.values(used_at=now)) == 1


def _get(token: str) -> RefreshToken | None:
    query = select(RefreshToken).where(RefreshToken.token_hash == sha256_hex(token))
    return db.session.scalar(query.execution_options(populate_existing=True))


@repeatable
def _add(token: str, session_key: str, *, scope: str, expires_at: datetime, now: datetime) -> None:
    with write() as database:
        database.add(
            RefreshToken(
                token_hash=sha256_hex(token),
                session_key=session_key,
                scope=scope,
                created_at=now,
                expires_at=expires_at,
            )
        )
        database.flush()


def _check_repeated(row: RefreshToken, successor: str, now: datetime) -> bool:
    """Tell whether this is the client whose answer was lost a moment ago."""
    used_at = db.session.scalar(select(RefreshToken.used_at).where(RefreshToken.id == row.id))
    next_one = _get(successor)
    in_time = used_at is not None and now < used_at + GRACE
    return in_time and next_one is not None and next_one.used_at is None


def _end(session: Session, now: datetime) -> None:
    log.warning(
        "a refresh token came a second time: session %s of application %s ends",
        session.public_id,
        session.application_id,
    )
    audit.record(AuditTag.TOKEN_REUSED, user_id=session.user_id, now=now)
    sessions.end_by_key(session.key_hash, now=now)
