"""The token pairs of the end-user API: an access token and a refresh token, both JWTs (RS256).

Their claims are those that the API's clients read: `uid`, `type` and the times in seconds. Ours are
`sid`, the session that both belong to and end with; `userDomain`, for whoever verifies a token
without asking us; and in a refresh token `key`, which is good for one rotation
(`services/refresh_tokens.py`). A session lives as long as it is refreshed within 30 days.
"""

import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import SecretStr
from sqlalchemy import select

from wechatlogin.errors import TokenInvalid
from wechatlogin.extensions import db
from wechatlogin.models import Algorithm, Application, ApplicationUser, Session
from wechatlogin.services import application_users, jwts, keys, refresh_tokens, sessions
from wechatlogin.services.jwts import Expected
from wechatlogin.services.site import Site

ACCESS_LIFETIME = timedelta(hours=2)
REFRESH_LIFETIME = timedelta(days=30)
#: A token is already good for a reader whose clock is this much late.
SLACK = timedelta(seconds=120)
#: What our refresh tokens may be exchanged for.
SCOPE = "enduser"

_EXPECTED = Expected(("RS256",), type="jwt", issuer="enduser", audience="Audience")
_PREFIX = "Bearer "
_UID = re.compile(r"C([0-9]{1,18})")


class Kind(StrEnum):
    """What a token is for; the values are those of its `type`."""

    ACCESS = "AccessToken"
    REFRESH = "RefreshToken"


@dataclass(frozen=True)
class EndUser:
    """A person in an application's user space, and the session that a token stands for."""

    application: Application
    known: ApplicationUser
    session: Session


@dataclass(frozen=True)
class Token:
    """A token as it is sent, with `Bearer ` in front."""

    text: SecretStr
    expires_at: datetime


@dataclass(frozen=True)
class TokenPair:
    """What a login or a rotation gives."""

    access: Token
    refresh: Token


@dataclass(frozen=True)
class TokenClaims:
    """What a token of ours says."""

    session_id: str
    #: The number of an `ApplicationUser`.
    number: int
    #: Empty in an access token.
    key: str = field(repr=False)


def uid(known: ApplicationUser) -> str:
    """Return what the API calls a person."""
    return f"C{known.id}"


def issue(site: Site, end_user: EndUser, *, now: datetime) -> TokenPair:
    """Return the first pair of a session."""
    key = refresh_tokens.issue(
        site, end_user.session, scope=SCOPE, lifetime=REFRESH_LIFETIME, now=now
    )
    return _pair(site, end_user, key, refresh_ends=now + REFRESH_LIFETIME, now=now)


def rotate(site: Site, text: str, *, now: datetime) -> TokenPair:
    """Spend a refresh token and return a new pair.

    :raise TokenInvalid: if it is none, or was spent before: then its session ends.
    """
    claims = read(text, Kind.REFRESH, now=now)
    rotated = refresh_tokens.rotate(site, claims.key, lifetime=REFRESH_LIFETIME, now=now)
    sessions.prolong(rotated.session, expires_at=rotated.expires_at, now=now)
    end_user = get_end_user(claims, now=now)
    if end_user is None:
        raise TokenInvalid
    return _pair(site, end_user, rotated.token, refresh_ends=rotated.expires_at, now=now)


def read(text: str, kind: Kind, *, now: datetime) -> TokenClaims:
    """Return what a token of this kind says, whether or not `Bearer ` stands in front of it.

    :raise TokenInvalid: if we have not signed it, it is of the other kind, or its time is over.
    """
    public_keys = keys.get_public_keys(now=now)
    claims = jwts.verify(text.removeprefix(_PREFIX), public_keys, _EXPECTED, now=now)
    called = _UID.fullmatch(str(claims.get("uid")))
    if claims.get("type") != kind.value or called is None:
        raise TokenInvalid
    return TokenClaims(
        session_id=str(claims.get("sid")),
        number=int(called[1]),
        key=str(claims.get("key", "")),
    )


def get_end_user(claims: TokenClaims, *, now: datetime) -> EndUser | None:
    """Return the person of a token whose session lives, in an application that is not disabled."""
    query = select(Session).where(Session.public_id == claims.session_id, Session.expires_at > now)
    session = db.session.scalar(query.execution_options(populate_existing=True))
    if session is None or session.application_id is None or session.user_id is None:
        return None
    application = db.session.get(Application, session.application_id, populate_existing=True)
    known = application_users.get(session.application_id, session.user_id)
    if application is None or application.is_disabled or known is None:
        return None
    return EndUser(application, known, session)


def _pair(
    site: Site, end_user: EndUser, key: SecretStr, *, refresh_ends: datetime, now: datetime
) -> TokenPair:
    access_ends = now + ACCESS_LIFETIME
    return TokenPair(
        access=_sign(site, end_user, Kind.ACCESS, ends=access_ends, now=now),
        refresh=_sign(site, end_user, Kind.REFRESH, ends=refresh_ends, key=key, now=now),
    )


def _sign(
    site: Site,
    end_user: EndUser,
    kind: Kind,
    *,
    ends: datetime,
    key: SecretStr | None = None,
    now: datetime,
) -> Token:
    claims: dict[str, object] = {
        "iss": _EXPECTED.issuer,
        "aud": _EXPECTED.audience,
        "sub": "subject",
        "type": kind.value,
        "uid": uid(end_user.known),
        "userDomain": end_user.application.user_domain,
        "sid": end_user.session.public_id,
        "jti": secrets.token_urlsafe(16),
        "iat": int(now.timestamp()),
        "nbf": int((now - SLACK).timestamp()),
        "exp": int(ends.timestamp()),
    }
    if key is not None:
        claims["key"] = key.get_secret_value()
    signer = keys.find_or_create_current(site, Algorithm.RS256, now=now)
    return Token(SecretStr(_PREFIX + jwts.sign(signer, claims)), ends)
