"""Access tokens in the profile of RFC 9068: what an application shows us, or its own servers.

They are signed, so that a server verifies them without asking us (`docs/tokens.md`); asked, we
also say no where the session has ended, the application is stopped or the person is banned.

    iss, exp, iat, jti, client_id    as the RFC has them
    aud          the application itself: whatever it asks stands behind the same client id
    sub          what the application knows the person by
    scope        what it was granted
    auth_time, amr    when, and by which way, the person showed who they are
    sid          the session that it ends with
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import SecretStr
from sqlalchemy import bindparam, select

from wechatlogin.errors import TokenInvalid
from wechatlogin.extensions import db
from wechatlogin.models import Algorithm, Application, Session, User
from wechatlogin.services import applications, jwts, keys
from wechatlogin.services.jwts import Claims, Expected
from wechatlogin.services.keys import Signer
from wechatlogin.services.site import Site

#: The header's `typ`, by which no ID token can be taken for one.
TYPE = "at+jwt"

_LIVE_SESSION = (
    select(Session)
    .join(User, User.id == Session.user_id)
    .where(
        Session.public_id == bindparam("public_id"),
        Session.application_id == bindparam("application_id"),
        Session.expires_at > bindparam("now"),
        User.banned_at.is_(None),
    )
    .execution_options(populate_existing=True)
)


@dataclass(frozen=True)
class AccessToken:
    """A verified one."""

    application: Application
    session: Session
    scope: str
    claims: Claims


def issue(
    site: Site,
    application: Application,
    session: Session,
    *,
    subject: str,
    scope: str,
    signer: Signer | None = None,
    now: datetime,
) -> SecretStr:
    """Return an access token of an application's session (RFC 9068, 2).

    `signer` is the key that signs now, where it is at hand.
    """
    claims = {
        "iss": site.issuer,
        "aud": application.client_id,
        "client_id": application.client_id,
        "sub": subject,
        "scope": scope,
        "jti": secrets.token_urlsafe(16),
        "iat": int(now.timestamp()),
        "exp": int((now + timedelta(seconds=application.access_seconds)).timestamp()),
        "auth_time": int(session.auth_time.timestamp()),
        "amr": [session.way],
        "sid": session.public_id,
    }
    if signer is None:
        signer = keys.find_or_create_current(site, application.id_token_algorithm, now=now)
    return SecretStr(jwts.sign(signer, claims, type_=TYPE))


def verify(site: Site, token: str, *, now: datetime) -> AccessToken:
    """Return what an access token of ours says (RFC 9068, 4).

    :raise TokenInvalid: if it is none, its time is over, its session has ended, its application is
        stopped, or its person is banned.
    """
    expected = Expected(tuple(Algorithm), type=TYPE, issuer=site.issuer)
    claims = jwts.verify(token, keys.get_public_keys(now=now), expected, now=now)
    client_id, subject, scope = (claims.get(name) for name in ("client_id", "sub", "scope"))
    if not (isinstance(client_id, str) and isinstance(subject, str) and isinstance(scope, str)):
        raise TokenInvalid
    application = applications.get(client_id)
    if application is None or application.is_disabled or claims.get("aud") != client_id:
        raise TokenInvalid
    session = _get_session(application, str(claims.get("sid")), now)
    if session is None:
        raise TokenInvalid
    return AccessToken(application, session, scope, claims)


def _get_session(application: Application, public_id: str, now: datetime) -> Session | None:
    """Return the session, however long it has slept: an application's has no visits to note."""
    wanted = {"public_id": public_id, "application_id": application.id, "now": now}
    return db.session.scalar(_LIVE_SESSION, wanted)
