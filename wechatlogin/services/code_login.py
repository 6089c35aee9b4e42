"""Logging in by a verification code alone, and the token that a program shows afterwards.

The token is AnQiCMS's: a JWT (HS256) with `userId` and `t`, the seconds at which it ends, both as
text, and of ours `sid`, the session that it stands for. It is opaque to its holder, and worth
nothing once that session has ended, however late its `t` is.

    log_in    the code is spent; a session of 30 days and its token
    verify    whom a token stands for
    renew     within the last hour: a new token for another 24 hours
    log_out   the session ends, and every token that names it
"""

import re
import secrets
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from pydantic import SecretStr

from wechatlogin.errors import CodeWrong, TokenInvalid
from wechatlogin.extensions import db
from wechatlogin.models import AuditTag, Identity, Session, User, Way
from wechatlogin.models.transaction import repeatable, write
from wechatlogin.services import accounts, audit, codes, jwts, sessions, users
from wechatlogin.services.site import Browser, Site
from wechatlogin.vault import sha256_hex

LIFETIME = timedelta(days=30)
RENEWED_LIFETIME = timedelta(hours=24)
RENEW_WITHIN = timedelta(hours=1)

_SECONDS = re.compile(r"[0-9]{1,11}")


@dataclass(frozen=True)
class LoggedIn:
    """A person and the token that stands for them."""

    token: SecretStr
    ends_at: datetime
    session: Session = field(repr=False)
    #: What programs know the person by: it never changes, and JavaScript keeps it whole.
    number: int
    nickname: str | None
    avatar_url: str | None
    registered_at: datetime
    last_login_at: datetime


def log_in(
    site: Site, browser: Browser, typed: str, *, former: str | None = None, now: datetime
) -> LoggedIn:
    """Spend a code and start the session of its person.

    The session of `former`, a token that this browser held until now, ends. Whoever calls this
    limits the wrong guesses.

    :raise CodeWrong: if the code is wrong, expired or used, or its person erased meanwhile.
    """
    identity = codes.spend(site, typed, now=now)
    if former is not None:
        log_out(site, former, ip=browser.ip, now=now)
    session, user_id = _start(identity, browser, now)
    user = db.session.get_one(User, user_id, populate_existing=True)
    token = _sign(site, session, user.id, ends_at=session.expires_at)
    return _logged_in(user, session, token, session.expires_at)


@repeatable
def _start(identity: Identity, browser: Browser, now: datetime) -> tuple[Session, str]:
    with write() as database:
        user_id = users.lock(identity.user_id)
        if user_id is None:
            raise CodeWrong
        session = sessions.start(
            # Nobody is ever given this one: the token names the session by its public id.
            secrets.token_urlsafe(32),
            sessions.Owner(user_id=user_id),
            browser=replace(browser, session_token=None),
            way=sessions.HELD_AS_TOKEN,
            lifetime=LIFETIME,
            now=now,
        )
        database.flush()
        accounts.note_login(user_id, way=Way.CODE, ip=browser.ip, now=now)
    return session, user_id


def verify(site: Site, token: str, *, now: datetime) -> LoggedIn:
    """Return whom a token stands for.

    :raise TokenInvalid: if it is none, its time is over, or its session has ended.
    """
    claims = _verify_signed(site, token, now)
    ends, session_id = claims.get("t"), claims.get("sid")
    if not isinstance(ends, str) or not _SECONDS.fullmatch(ends) or int(ends) <= now.timestamp():
        raise TokenInvalid
    # No idle time: a session that nobody visits ends with its first token.
    session = sessions.get_of_token(str(session_id), idle=LIFETIME, now=now)
    user = db.session.get(User, session.user_id) if session and session.user_id else None
    if session is None or user is None:
        raise TokenInvalid
    return _logged_in(user, session, SecretStr(token), datetime.fromtimestamp(int(ends), UTC))


def renew(site: Site, person: LoggedIn, *, now: datetime) -> LoggedIn | None:
    """Return the person with a new token, or None while the one they have is good for an hour."""
    if person.ends_at - now >= RENEW_WITHIN:
        return None
    session, ends_at = person.session, now + RENEWED_LIFETIME
    sessions.prolong(session, expires_at=ends_at, now=now)
    token = _sign(site, session, session.user_id or "", ends_at=ends_at)
    return replace(person, token=token, ends_at=ends_at)


@repeatable
def log_out(site: Site, token: str, *, ip: str | None, now: datetime) -> None:
    """End the session of a token; one that is worth nothing any more is left alone."""
    try:
        session = verify(site, token, now=now).session
    except TokenInvalid:
        return
    with write():
        if session.user_id and sessions.end_one(session.user_id, session.public_id, now=now):
            audit.record(AuditTag.SESSION_ENDED, user_id=session.user_id, ip=ip, now=now)


def number_of(user_id: str) -> int:
    """Return what programs know a person by: a number of 52 bits that follows from the id.

    The id has 128 random bits, so no key is needed, and a new one would change everybody's number.
    """
    return int(sha256_hex(f"number of user {user_id}")[:13], 16)


def _logged_in(user: User, session: Session, token: SecretStr, ends_at: datetime) -> LoggedIn:
    identities = user.identities
    return LoggedIn(
        token=token,
        ends_at=ends_at,
        session=session,
        number=number_of(user.id),
        nickname=next((one.nickname for one in identities if one.nickname), None),
        avatar_url=next((one.avatar_url for one in identities if one.avatar_url), None),
        registered_at=user.created_at,
        last_login_at=user.last_login_at or user.created_at,
    )


def _sign(site: Site, session: Session, user_id: str, *, ends_at: datetime) -> SecretStr:
    claims = {
        "userId": str(number_of(user_id)),
        "t": str(int(ends_at.timestamp())),
        "sid": session.public_id,
    }
    return SecretStr(jwts.sign_with_secret(_secrets(site)[0], claims))


def _verify_signed(site: Site, token: str, now: datetime) -> jwts.Claims:
    for secret in _secrets(site):
        with suppress(TokenInvalid):
            return jwts.verify_with_secret(token, secret, now=now)
    raise TokenInvalid


def _secrets(site: Site) -> tuple[str, ...]:
    return site.vault.derive_tokens("token of a login by code")
