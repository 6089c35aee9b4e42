"""A person as Authing's SDKs hand them to a page: what WeChat tells, and a token."""

from dataclasses import dataclass, field
from datetime import datetime

from pydantic import SecretStr
from sqlalchemy import func, select

from wechatlogin.errors import AttemptSpent, UserUnknown
from wechatlogin.extensions import db
from wechatlogin.models import Application, Attempt, AuditEntry, AuditTag, Identity, Session, User
from wechatlogin.services import accounts, authing_tokens, logins, sessions
from wechatlogin.services.site import Browser, Site


@dataclass(frozen=True)
class AuthingUser:
    """A person who has just logged in to an application."""

    user_id: str
    openid: str = field(repr=False)
    unionid: str | None = field(repr=False)
    nickname: str | None
    avatar_url: str | None
    language: str | None
    token: SecretStr
    token_ends: datetime
    logins_count: int
    last_login_at: datetime
    last_ip: str | None
    signed_up_at: datetime


def claim(site: Site, attempt_id: str, browser: Browser, *, now: datetime) -> AuthingUser:
    """Claim an attempt that goes on to a program's page, and return its person.

    For a minute the same browser is answered alike.

    :raise AttemptError: if it is not this browser's, not confirmed, or spent.
    """
    login = logins.claim(site, attempt_id, browser, now=now)
    session = sessions.get(
        login.session_token.get_secret_value(), idle=authing_tokens.LIFETIME, now=now
    )
    application = _application_of(session)
    if session is None or application is None:
        raise AttemptSpent
    return describe(site, application, session, login.attempt, now=now)


def describe(
    site: Site, application: Application, session: Session, attempt: Attempt, *, now: datetime
) -> AuthingUser:
    """Return the person of a program's session, which came of this attempt.

    :raise UserUnknown: if they have been erased meanwhile.
    :raise AttemptSpent: if the session has been ended meanwhile.
    """
    identity = get_identity(attempt)
    user = db.session.get(User, session.user_id or "")
    if identity is None or user is None:
        raise UserUnknown
    issued = authing_tokens.issue(site, application, session, identity, now=now)
    return AuthingUser(
        user_id=user.id,
        openid=identity.openid,
        unionid=identity.unionid,
        nickname=identity.nickname,
        avatar_url=identity.avatar_url,
        language=identity.language,
        token=issued.token,
        token_ends=issued.expires_at,
        logins_count=_count_logins(user.id),
        last_login_at=user.last_login_at or session.created_at,
        last_ip=session.ip,
        signed_up_at=user.created_at,
    )


def get_identity(attempt: Attempt) -> Identity | None:
    """Return who an attempt is pinned to, as far as they are known."""
    return accounts.get_identity(attempt.appid or "", attempt.openid or "")


def _application_of(session: Session | None) -> Application | None:
    if session is None or session.application_id is None:
        return None
    return db.session.get(Application, session.application_id)


def _count_logins(user_id: str) -> int:
    query = select(func.count()).where(
        AuditEntry.user_id == user_id, AuditEntry.tag == AuditTag.USER_LOGIN
    )
    return db.session.scalar(query) or 0
