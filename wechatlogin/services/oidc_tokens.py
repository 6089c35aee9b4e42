"""What the token endpoint answers: an access token, and an ID token and a refresh token with it.

All belong to one session of the program's, their family, and end with it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pydantic import SecretStr

from wechatlogin.errors import TokenInvalid
from wechatlogin.models import Application, AuthorizationCode, Session
from wechatlogin.services import (
    access_tokens,
    authorization_codes,
    claims,
    id_tokens,
    keys,
    refresh_tokens,
    sessions,
)
from wechatlogin.services.site import Site

OPENID = "openid"
OFFLINE_ACCESS = "offline_access"


@dataclass(frozen=True)
class Tokens:
    """One answer of the token endpoint (RFC 6749, 5.1; OpenID Connect Core, 3.1.3.3)."""

    access_token: SecretStr
    #: Seconds that the access token is good for.
    expires_in: int
    scope: str
    id_token: SecretStr | None = None
    refresh_token: SecretStr | None = None


@dataclass(frozen=True)
class Introspected:
    """What a live token says (RFC 7662, 2.2)."""

    client_id: str
    subject: str
    session_id: str
    scope: str
    issued_at: datetime
    expires_at: datetime


def exchange(
    site: Site, row: AuthorizationCode, application: Application, *, now: datetime
) -> Tokens:
    """Exchange an authorization code for its tokens.

    :raise CodeReused: if it was exchanged before.
    :raise TokenInvalid: if its time is over, or the session that it was given in.
    """
    scope, nonce = row.scope, row.nonce
    session = authorization_codes.redeem(row, application, now=now)
    return issue(site, application, session, scope=scope, nonce=nonce, now=now)


def issue(
    site: Site,
    application: Application,
    session: Session,
    *,
    scope: str,
    nonce: str | None = None,
    now: datetime,
) -> Tokens:
    """Return the first tokens of a program's session.

    :raise TokenInvalid: if the session has just ended.
    """
    refresh_token = None
    if OFFLINE_ACCESS in scope.split():
        lifetime = timedelta(seconds=application.refresh_seconds)
        refresh_token = refresh_tokens.issue(site, session, scope=scope, lifetime=lifetime, now=now)
    tokens = _Signing(site, application, session, now)
    return tokens.sign(scope=scope, nonce=nonce, refresh_token=refresh_token)


def refresh(
    site: Site, application: Application, token: str, *, scope: str | None = None, now: datetime
) -> Tokens:
    """Spend a refresh token for new tokens; `scope` may ask for less than it was given for.

    :raise TokenInvalid: if it is none of this application's, or was spent before: then its session
        ends.
    """
    lifetime = timedelta(seconds=application.refresh_seconds)
    rotated = refresh_tokens.rotate(site, token, lifetime=lifetime, now=now)
    session = rotated.session
    sessions.prolong(session, expires_at=rotated.expires_at, now=now)
    tokens = _Signing(site, application, session, now)
    return tokens.sign(scope=scope or rotated.scope, nonce=None, refresh_token=rotated.token)


def introspect(
    site: Site, application: Application, token: str, *, now: datetime
) -> Introspected | None:
    """Return what a token of this application's is worth; None where it is worth nothing."""
    granted = refresh_tokens.get_granted(token, now=now)
    if granted is not None:
        session, scope = granted.session, granted.scope
        times = (granted.created_at, granted.expires_at)
        is_live = not granted.is_spent and now < session.expires_at
    else:
        try:
            access = access_tokens.verify(site, token, now=now)
        except TokenInvalid:
            return None
        session, scope, is_live = access.session, access.scope, True
        times = (_moment(access.claims["iat"]), _moment(access.claims["exp"]))
    if not is_live or session.application_id != application.id or session.user_id is None:
        return None
    subject = str(claims.get_claims(application, session.user_id, OPENID)["sub"])
    return Introspected(application.client_id, subject, session.public_id, scope, *times)


def revoke(site: Site, application: Application, token: str, *, now: datetime) -> None:
    """End the session that a token of this application's belongs to, and all its tokens (RFC 7009).

    A token that is worth nothing, or is another application's, is left as it is.
    """
    session = get_session(site, application, token, now=now)
    if session is not None:
        sessions.end_by_key(session.key_hash, now=now)


def get_session(
    site: Site, application: Application, token: str, *, now: datetime
) -> Session | None:
    """Return the session of an access token or a refresh token of this application's."""
    granted = refresh_tokens.get_granted(token, now=now)
    if granted is not None:
        session = granted.session
    else:
        try:
            session = access_tokens.verify(site, token, now=now).session
        except TokenInvalid:
            return None
    return session if session.application_id == application.id else None


def verify_refreshable(application: Application, token: str, *, now: datetime) -> str:
    """Return the scope of a refresh token of this application's, without spending it.

    :raise TokenInvalid: if it is unknown, expired or another application's.
    """
    found = refresh_tokens.get_granted(token, now=now)
    if found is None or found.session.application_id != application.id:
        raise TokenInvalid
    return found.scope


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@dataclass(frozen=True)
class _Signing:
    """What all tokens of one answer are about."""

    site: Site
    application: Application
    session: Session
    now: datetime

    def sign(self, *, scope: str, nonce: str | None, refresh_token: SecretStr | None) -> Tokens:
        if self.session.user_id is None:
            raise TokenInvalid
        about = claims.get_claims(self.application, self.session.user_id, scope)
        algorithm = self.application.id_token_algorithm
        signer = keys.find_or_create_current(self.site, algorithm, now=self.now)
        given = (self.site, self.application, self.session)
        access_token = access_tokens.issue(
            *given, signer=signer, subject=str(about["sub"]), scope=scope, now=self.now
        )
        id_token = None
        if OPENID in scope.split():
            id_token = id_tokens.issue(
                *given,
                signer=signer,
                claims=about,
                nonce=nonce,
                access_token=access_token,
                now=self.now,
            )
        expires_in = self.application.access_seconds
        return Tokens(access_token, expires_in, scope, id_token, refresh_token)
