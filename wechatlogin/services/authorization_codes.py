"""Authorization codes: each is exchanged once, for a session of the program's own.

issue     the browser goes back to the program with the code; it dies with the browser's session
get       what the code was given for, as long as it can be exchanged
redeem    the program exchanges it: a session begins, below the browser's
a second  exchange means that two have the code: what the first was given ends (RFC 6749, 4.1.2)
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from pydantic import SecretStr
from sqlalchemy import Table, bindparam, delete, select, update

from wechatlogin.errors import CodeReused, TokenInvalid
from wechatlogin.extensions import db
from wechatlogin.models import Application, AuditTag, AuthorizationCode, Session
from wechatlogin.models.transaction import count_changed, repeatable, write
from wechatlogin.services import application_users, audit, sessions, users
from wechatlogin.vault import sha256_hex

LIFETIME = timedelta(seconds=60)
#: A spent one is kept so long, to notice that it comes a second time.
MEMORY = timedelta(hours=1)

_OF_APPLICATION = (
    select(AuthorizationCode)
    .where(
        AuthorizationCode.code_hash == bindparam("code_hash"),
        AuthorizationCode.application_id == bindparam("application_id"),
    )
    .execution_options(populate_existing=True)
)
_TOO_OLD = delete(AuthorizationCode).where(AuthorizationCode.expires_at < bindparam("before"))
# As a table: whoever wants to see the row reads it anew.
_CODES = cast(Table, AuthorizationCode.__table__)
_SPEND = (
    update(_CODES)
    .where(
        _CODES.c.id == bindparam("row_id"),
        _CODES.c.used_at.is_(None),
        _CODES.c.expires_at > bindparam("now", type_=_CODES.c.expires_at.type),
    )
    .values(used_at=bindparam("now", type_=_CODES.c.used_at.type))
)
_ISSUED = (
    update(_CODES)
    .where(_CODES.c.id == bindparam("row_id"))
    .values(issued_session_key=bindparam("child_key"))
)


@dataclass(frozen=True)
class Authorized:
    """What a person lets a program have, as the authorization request asked for it."""

    application: Application
    redirect_uri: str
    scope: str
    nonce: str | None = None
    #: RFC 7636, by the method S256.
    code_challenge: str | None = None


@repeatable
def issue(session: Session, authorized: Authorized, *, now: datetime) -> SecretStr:
    """Return a code for the program, which knows the person from now on.

    :raise TokenInvalid: if the browser's session has just ended.
    """
    code = secrets.token_urlsafe(32)
    application = authorized.application
    with write() as database:
        user_id = users.lock(session.user_id or "")
        if user_id is None or sessions.lock(session.key_hash) is None:
            raise TokenInvalid
        application_users.find_or_create(application.id, user_id, now=now)
        count_changed(_TOO_OLD, {"before": now - MEMORY})
        database.add(
            AuthorizationCode(
                code_hash=sha256_hex(code),
                application_id=application.id,
                user_id=user_id,
                session_key=session.key_hash,
                redirect_uri=authorized.redirect_uri,
                scope=authorized.scope,
                nonce=authorized.nonce,
                code_challenge=authorized.code_challenge,
                created_at=now,
                expires_at=now + LIFETIME,
            )
        )
    return SecretStr(code)


def get(application: Application, code: str, *, now: datetime) -> AuthorizationCode | None:
    """Return what a code of this application's was given for.

    One that was exchanged before ends what came of it.

    :raise CodeReused: if it was exchanged before.
    """
    row = _get(application, code)
    if row is not None and row.used_at is not None:
        _end_issued(row, now)
        raise CodeReused
    return row if row is not None and now < row.expires_at else None


@repeatable
def redeem(row: AuthorizationCode, application: Application, *, now: datetime) -> Session:
    """Exchange a code for a session of the program's, below the one of the browser.

    :raise CodeReused: if another exchange was faster.
    :raise TokenInvalid: if the browser's session has ended meanwhile, or the code's time.
    """
    with write() as database:
        users.lock(row.user_id)
        if count_changed(_SPEND, {"row_id": row.id, "now": now}) == 1:
            return _start_session(row, application, now)
        spent = database.get(AuthorizationCode, row.id, populate_existing=True)
    if spent is None or spent.used_at is None:
        raise TokenInvalid
    # The other exchange is over: this waited for its unit of writes.
    _end_issued(spent, now)
    raise CodeReused


def _start_session(row: AuthorizationCode, application: Application, now: datetime) -> Session:
    child = sessions.start_child(
        secrets.token_urlsafe(32),
        row.session_key,
        application,
        expires_at=now + timedelta(seconds=application.refresh_seconds),
        now=now,
    )
    count_changed(_ISSUED, {"row_id": row.id, "child_key": child.key_hash})
    return child


def _get(application: Application, code: str) -> AuthorizationCode | None:
    wanted = {"code_hash": sha256_hex(code), "application_id": application.id}
    return db.session.scalar(_OF_APPLICATION, wanted)


@repeatable
def _end_issued(row: AuthorizationCode, now: datetime) -> None:
    with write():
        users.lock(row.user_id)
        if row.issued_session_key is not None:
            sessions.end_by_key(row.issued_session_key, now=now)
        audit.record(AuditTag.CODE_REUSED, user_id=row.user_id, now=now)
