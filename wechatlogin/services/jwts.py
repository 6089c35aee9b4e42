"""The one place that signs and reads JSON Web Tokens (RFC 7519).

Whoever reads says what it expects: algorithms, type, issuer and audience; a token that is signed
with anything else, is expired, or says who it is for in another way is no token. What we read we
have also written, so the reader is stricter than the RFC: a header says nothing but `alg`, `kid`
and `typ`, no name stands twice in an object, and there is one audience.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NoReturn

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet, OctKey
from joserfc.util import urlsafe_b64decode

from wechatlogin.errors import TokenInvalid
from wechatlogin.services.keys import Signer

Claims = Mapping[str, Any]

LONGEST = 8192
#: What a header of ours holds; a key, or an address of one, that comes with a token is nobody's.
HEADER = frozenset({"alg", "kid", "typ"})


@dataclass(frozen=True)
class Expected:
    """What a token has to be."""

    algorithms: tuple[str, ...]
    #: The header's `typ` in lower case; None where the format has none.
    type: str | None = None
    issuer: str | None = None
    audience: str | None = None
    #: It says by `exp` when it ends; one that does not is refused.
    is_dated: bool = True
    #: It is good evidence of what was so, even when its time is over.
    may_be_over: bool = False


_BY_SECRET = Expected(("HS256",))


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
    """Return the claims of a token that was signed with the secret (HS256), which may be undated.

    :raise TokenInvalid: if it was not, or its time is over or has not come.
    """
    expected = replace(_BY_SECRET, is_dated=False)
    return _read(token, OctKey.import_key(secret.encode()), expected, now)


def verify_with_secret_of(
    token: str, find_secrets: Callable[[str], Sequence[str] | None], *, now: datetime
) -> Claims:
    """Return the claims of a token that was signed with a secret that its `kid` names (HS256).

    `find_secrets` is handed a name that nobody has verified yet, and returns those that go by it:
    two while one replaces the other.

    :raise TokenInvalid: if there is no such secret, or as `verify_with_secret` does.
    """
    kid = _read_header(token).get("kid")
    for secret in (find_secrets(kid) or ()) if isinstance(kid, str) else ():
        try:
            return _read(token, OctKey.import_key(secret.encode()), _BY_SECRET, now)
        except TokenInvalid:
            continue
    raise TokenInvalid


def _read(token: str, keys: Key | KeySet, expected: Expected, now: datetime) -> Claims:
    header = _read_header(token)
    if expected.type is not None and str(header.get("typ", "")).lower() != expected.type:
        raise TokenInvalid
    if isinstance(keys, KeySet) and "kid" not in header:
        # The library would try the only key that there is.
        raise TokenInvalid
    try:
        read = jwt.decode(token, keys, algorithms=expected.algorithms, decoder_cls=_OneOfEachName)
        _registry(expected, now).validate(read.claims)
    except (JoseError, ValueError, TypeError, RecursionError) as err:
        raise TokenInvalid from err
    if expected.audience is not None and read.claims["aud"] != expected.audience:
        # One that is for others too could have been given to them.
        raise TokenInvalid
    return read.claims


def _read_header(token: str) -> Claims:
    """Return what a token says of itself, which nobody has verified yet."""
    if len(token) > LONGEST or not token.isascii():
        raise TokenInvalid
    try:
        first = urlsafe_b64decode(token.split(".", 1)[0].encode())
        header = json.loads(first, cls=_OneOfEachName)
    except (ValueError, RecursionError) as err:
        raise TokenInvalid from err
    if not isinstance(header, dict) or not header.keys() <= HEADER:
        raise TokenInvalid
    return header


def _registry(expected: Expected, now: datetime) -> jwt.JWTClaimsRegistry:
    given: dict[str, Any] = {"exp": {"essential": expected.is_dated}}
    if expected.issuer is not None:
        given["iss"] = {"essential": True, "value": expected.issuer}
    if expected.audience is not None:
        given["aud"] = {"essential": True, "value": expected.audience}
    registry = _PastRegistry if expected.may_be_over else jwt.JWTClaimsRegistry
    return registry(now=int(now.timestamp()), leeway=0, **given)


class _PastRegistry(jwt.JWTClaimsRegistry):
    """Reads what may be over; all else is as for any other token."""

    def validate_exp(self, value: object) -> None:
        """Accept whichever end there was."""


class _OneOfEachName(json.JSONDecoder):
    """Refuses what readers read differently: a name that stands twice, and NaN."""

    def __init__(self) -> None:
        super().__init__(object_pairs_hook=_unite, parse_constant=_refuse)


def _unite(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    united = dict(pairs)
    if len(united) < len(pairs):
        raise ValueError
    return united


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
