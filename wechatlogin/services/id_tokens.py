"""ID tokens: who logged in, when and how, for the application alone (OpenID Connect Core, 2)."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import SecretStr

from wechatlogin.errors import TokenInvalid
from wechatlogin.models import Algorithm, Application, Session
from wechatlogin.services import applications, jwts, keys
from wechatlogin.services.jwts import Expected
from wechatlogin.services.keys import Signer
from wechatlogin.services.site import Site


@dataclass(frozen=True)
class Hint:
    """Whom an application says that a request is about, by an ID token that it was given."""

    application: Application
    #: The person, as the application knows them.
    subject: str
    #: The application's session, by its public id.
    session_id: str


def issue(
    site: Site,
    application: Application,
    session: Session,
    *,
    claims: Mapping[str, object],
    nonce: str | None,
    access_token: SecretStr | None,
    signer: Signer | None = None,
    now: datetime,
) -> SecretStr:
    """Return an ID token of an application's session.

    `claims` says who it is: `sub`, and what the scope adds. `nonce` is that of the authorization
    request, and None where there was none, as in what a refresh gives (Core, 12.2). `signer` is the
    key that signs now, where it is at hand.
    """
    told: dict[str, object] = {
        **claims,
        "iss": site.issuer,
        "aud": application.client_id,
        "iat": int(now.timestamp()),
        "exp": int((now + timedelta(seconds=application.access_seconds)).timestamp()),
        "auth_time": int(session.auth_time.timestamp()),
        "amr": [session.way],
        "sid": session.public_id,
    }
    if nonce is not None:
        told["nonce"] = nonce
    if access_token is not None:
        told["at_hash"] = _half_hash(access_token)
    if signer is None:
        signer = keys.find_or_create_current(site, application.id_token_algorithm, now=now)
    return SecretStr(jwts.sign(signer, told))


def verify_hint(site: Site, token: str, *, now: datetime) -> Hint:
    """Return whom an ID token of ours is about; its time may be over (Core, 3.1.2.1).

    :raise TokenInvalid: if it is none of ours, or its application is gone or stopped.
    """
    public_keys = keys.get_public_keys(now=now)
    expected = Expected(tuple(Algorithm), type="jwt", issuer=site.issuer, may_be_over=True)
    claims = jwts.verify(token, public_keys, expected, now=now)
    client_id, subject = claims.get("aud"), claims.get("sub")
    if not (isinstance(client_id, str) and isinstance(subject, str)):
        raise TokenInvalid
    application = applications.get(client_id)
    if application is None or application.is_disabled:
        raise TokenInvalid
    return Hint(application, subject, str(claims.get("sid")))


def _half_hash(access_token: SecretStr) -> str:
    """Return the left half of the hash that RS256 and ES256 are both made with (Core, 3.1.3.6)."""
    digest = hashlib.sha256(access_token.get_secret_value().encode()).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).decode().rstrip("=")
