"""The one place that signs and reads JSON Web Tokens (RFC 7519).

Whoever reads says what it expects: algorithms, type, issuer and audience; a token that is signed
with anything else, is expired, or says who it is for in another way is no token.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import GuestProtocol, Key, KeyFlexible, KeySet, OctKey

from wechatlogin.errors import TokenInvalid
from wechatlogin.services.keys import Signer

Claims = Mapping[str, Any]

LONGEST = 8192


@dataclass(frozen=True)
class Expected:
    """What a token has to be."""

    algorithms: tuple[str, ...]
    #: The header's `typ` in lower case; None where the format has none.
    type: str | None = None
    issuer: str | None = None
    audience: str | None = None


def sign(signer: Signer, claims: Claims, *, type_: str = "JWT") -> str:
    """Return the claims as a token that our published keys verify."""
    header = {"alg": signer.algorithm.value, "kid": signer.kid, "typ": type_}
    return jwt.encode(header, dict(claims), signer.key, algorithms=[signer.algorithm.value])


def sign_with_secret(secret: str, claims: Claims, *, kid: str | None = None) -> str:
    """Return the claims as a token that whoever shares the secret verifies (HS256).

    `kid` names the secret, for a reader that shares several.
    """
    key = OctKey.import_key(secret.encode())
    header = {"alg": "HS256"} if kid is None else {"alg": "HS256", "kid": kid}
    return jwt.encode(header, dict(claims), key, algorithms=["HS256"])


def verify(token: str, keys: KeySet, expected: Expected, *, now: datetime) -> Claims:
    """Return the claims of a token that one of the keys has signed.

    :raise TokenInvalid: if it is not what is expected, or its time is over or has not come.
    """
    return _read(token, keys, expected, now)


def verify_with_secret(token: str, secret: str, *, now: datetime) -> Claims:
    """Return the claims of a token that was signed with the secret (HS256).

    :raise TokenInvalid: if it was not, or its time is over or has not come.
    """
    return _read(token, OctKey.import_key(secret.encode()), Expected(("HS256",)), now)


def verify_with_secret_of(
    token: str, find_secret: Callable[[str], str | None], *, now: datetime
) -> Claims:
    """Return the claims of a token that was signed with the secret that its `kid` names (HS256).

    `find_secret` is handed a name that nobody has verified yet, and returns None where it has none.

    :raise TokenInvalid: if there is no such secret, or as `verify_with_secret` does.
    """

    def find_key(read: GuestProtocol) -> Key:
        kid = read.headers().get("kid")
        secret = find_secret(kid) if isinstance(kid, str) else None
        if secret is None:
            raise TokenInvalid
        return OctKey.import_key(secret.encode())

    return _read(token, find_key, Expected(("HS256",)), now)


def _read(token: str, keys: KeyFlexible, expected: Expected, now: datetime) -> Claims:
    if len(token) > LONGEST or not token.isascii():
        raise TokenInvalid
    try:
        read = jwt.decode(token, keys, algorithms=list(expected.algorithms))
        _registry(expected, now).validate(read.claims)
    except (JoseError, ValueError, TypeError) as err:
        raise TokenInvalid from err
    if expected.type is not None and str(read.header.get("typ", "")).lower() != expected.type:
        raise TokenInvalid
    return read.claims


def _registry(expected: Expected, now: datetime) -> jwt.JWTClaimsRegistry:
    given: dict[str, Any] = {}
    if expected.issuer is not None:
        given["iss"] = {"essential": True, "value": expected.issuer}
    if expected.audience is not None:
        given["aud"] = {"essential": True, "value": expected.audience}
    return jwt.JWTClaimsRegistry(now=int(now.timestamp()), leeway=0, **given)
