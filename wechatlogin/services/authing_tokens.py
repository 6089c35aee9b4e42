"""Authing's tokens: whom an application was told of, for whoever verifies it in a backend.

An application that keeps its secret (`flask application create --keeps-secret`) gets tokens that
the secret verifies (HS256), with Authing's claims of old:

    data    {unionid, id, clientId}; the unionid is the openid where WeChat gives none
    iat, exp    seconds; a token is good for 15 days
    sid     ours: the session, which ends it

Any other gets the same signed with our published key (RS256), and with the claims that readers of
an id_token want: iss, aud, sub, jti, name, nickname, picture. Either is worth nothing once its
session has ended, for everybody who asks us.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import SecretStr
from sqlalchemy import update

from wechatlogin.errors import AttemptSpent, SignatureWrong, TokenInvalid
from wechatlogin.models import Algorithm, Application, Identity, Session
from wechatlogin.models.transaction import repeatable, write
from wechatlogin.services import applications, client_secrets, jwts, keys, sessions
from wechatlogin.services.jwts import Claims, Expected
from wechatlogin.services.site import Site

LIFETIME = timedelta(days=15)
#: What every token is good for.
SCOPE = "openid profile"


@dataclass(frozen=True)
class Issued:
    """A token, and when it ends."""

    token: SecretStr
    expires_at: datetime


@dataclass(frozen=True)
class Verified:
    """What a live token says, and to whom it was given."""

    application: Application
    user_id: str
    session_id: str
    claims: Claims


@repeatable
def issue(
    site: Site, application: Application, session: Session, identity: Identity, *, now: datetime
) -> Issued:
    """Return the token of a program's session, which lives on for as long.

    :raise AttemptSpent: if the session has been ended meanwhile.
    """
    ends = session.created_at + LIFETIME
    if session.application_id != application.id or session.user_id is None or now >= ends:
        raise AttemptSpent
    lives_on = update(Session).where(Session.key_hash == session.key_hash)
    with write() as database:
        database.execute(lives_on.values(expires_at=ends))
    claims = _claims(application, session, identity, ends)
    secret = client_secrets.get_kept(site.vault, application, now=now)
    if secret is not None:
        text = jwts.sign_with_secret(secret, claims, kid=application.client_id)
        return Issued(SecretStr(text), ends)
    signer = keys.find_or_create_current(site, Algorithm.RS256, now=now)
    more = _claims_of_id_token(site, application, session, identity)
    return Issued(SecretStr(jwts.sign(signer, {**more, **claims})), ends)


def verify(site: Site, token: str, *, now: datetime) -> Verified:
    """Return what a token says.

    :raise TokenInvalid: if it is not one of these, its time is over, or its session has ended.
    """
    claims = _read(site, token, now)
    application = applications.get(_client_id(claims))
    if application is None or application.is_disabled:
        raise TokenInvalid
    session = sessions.get_of_application(
        application.id, str(claims.get("sid")), idle=LIFETIME, now=now
    )
    if session is None or session.user_id is None:
        raise TokenInvalid
    return Verified(application, session.user_id, session.public_id, claims)


def get_claims_for(site: Site, token: str, client_id: str, *, now: datetime) -> Verified | None:
    """Return what a token says to the application that it was given to, or None (RFC 7662).

    Whether the caller is this application is seen before; Authing permits that it shows nothing
    but the token.

    :raise SignatureWrong: if the application is unknown.
    """
    application = applications.get(client_id)
    if application is None or application.is_disabled:
        raise SignatureWrong
    try:
        found = verify(site, token, now=now)
    except TokenInvalid:
        return None
    return found if found.application.id == application.id else None


def _claims(
    application: Application, session: Session, identity: Identity, ends: datetime
) -> dict[str, Any]:
    return {
        "data": {
            "unionid": identity.unionid or identity.openid,
            "id": session.user_id,
            "clientId": application.client_id,
        },
        "sid": session.public_id,
        "iat": int(session.created_at.timestamp()),
        "exp": int(ends.timestamp()),
    }


def _claims_of_id_token(
    site: Site, application: Application, session: Session, identity: Identity
) -> dict[str, Any]:
    return {
        "iss": site.issuer,
        "aud": application.client_id,
        "sub": session.user_id,
        "jti": session.public_id,
        "name": identity.nickname,
        "nickname": identity.nickname,
        "picture": identity.avatar_url,
    }


def _read(site: Site, token: str, now: datetime) -> Claims:
    """Return the claims of a token that a secret of its application's, or our key, has signed."""
    named: list[str] = []

    def find_secrets(kid: str) -> list[str]:
        named.append(kid)
        return _secrets_of(site, kid, now)

    try:
        claims = jwts.verify_with_secret_of(token, find_secrets, now=now)
    except TokenInvalid:
        public_keys = keys.get_public_keys(now=now)
        expected = Expected(("RS256",), type="jwt", issuer=site.issuer)
        return jwts.verify(token, public_keys, expected, now=now)
    if named != [_client_id(claims)]:
        # Whoever has one application's secret could speak for another one.
        raise TokenInvalid
    return claims


def _secrets_of(site: Site, client_id: str, now: datetime) -> list[str]:
    application = applications.get(client_id)
    return client_secrets.get_all_kept(site.vault, application, now=now) if application else []


def _client_id(claims: Claims) -> str:
    """Return to whom a token was given, as far as it says so in one way."""
    data = claims.get("data")
    client_id = data.get("clientId") if isinstance(data, dict) else None
    if not isinstance(client_id, str) or claims.get("aud", client_id) != client_id:
        raise TokenInvalid
    return client_id
