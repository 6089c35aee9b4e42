"""Refresh tokens: opaque, hashed, each good for one rotation (RFC 9700, 4.14).

The family of a token is its session: all die with it. A token that comes a second time was
stolen, or its successor was; nobody can tell, so the session ends. One exception keeps honest
clients alive: whose answer was lost may ask again for 10 seconds, as long as the successor has not
been used, and gets the same successor, which follows from the token and our key.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import SecretStr
from sqlalchemy import delete, select, update

from wechatlogin.errors import TokenInvalid
from wechatlogin.extensions import db
from wechatlogin.models import AuditTag, RefreshToken, Session
from wechatlogin.models.transaction import count_changed, write
from wechatlogin.services import audit
from wechatlogin.services.site import Site
from wechatlogin.vault import sha256_hex

#: How long the answer to a rotation may be asked for again.
GRACE = timedelta(seconds=10)


@dataclass(frozen=True)
class Rotated:
    """A new token, and the session that it belongs to."""

    token: SecretStr
    session: Session
    scope: str
    expires_at: datetime


def issue(
    site: Site, session: Session, *, scope: str, lifetime: timedelta, now: datetime
) -> SecretStr:
    """Return the first token of a session."""
    token = site.vault.derive_token("refresh", session.key_hash, now.isoformat())
    _add(token, session.key_hash, scope=scope, expires_at=now + lifetime, now=now)
    return SecretStr(token)


def rotate(site: Site, token: str, *, lifetime: timedelta, now: datetime) -> Rotated:
    """Spend a token and return its successor.

    :raise TokenInvalid: if it is unknown, expired, or was spent before: then its session ends.
    """
    is_reused = False
    with write():
        row = _get(token)
        if row is None or now >= row.expires_at:
            raise TokenInvalid
        successor = site.vault.derive_token("refresh", token)
        spend = update(RefreshToken).where(
            RefreshToken.id == row.id, RefreshToken.used_at.is_(None)
        )
        if count_changed(spend.values(used_at=now)):
            expires_at = now + lifetime
            _add(successor, row.session_key, scope=row.scope, expires_at=expires_at, now=now)
        elif not _check_repeated(row, successor, now):
            is_reused = True
            _end(row, now)
        session = db.session.get(Session, row.session_key)
    if is_reused or session is None or now >= session.expires_at:
        raise TokenInvalid
    known = _get(successor)
    if known is None:
        raise TokenInvalid
    return Rotated(SecretStr(successor), session, known.scope, known.expires_at)


def get_session(token: str, *, now: datetime) -> Session | None:
    """Return the session of a token that could still be spent."""
    row = _get(token)
    if row is None or row.used_at is not None or now >= row.expires_at:
        return None
    return db.session.get(Session, row.session_key)


def _get(token: str) -> RefreshToken | None:
    query = select(RefreshToken).where(RefreshToken.token_hash == sha256_hex(token))
    return db.session.scalar(query.execution_options(populate_existing=True))


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


def _end(row: RefreshToken, now: datetime) -> None:
    session = db.session.get(Session, row.session_key)
    user_id = session.user_id if session else None
    db.session.execute(delete(Session).where(Session.key_hash == row.session_key))
    audit.record(AuditTag.TOKEN_REUSED, user_id=user_id, now=now)
