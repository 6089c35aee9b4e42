"""Tokens that are none: every way to forge one, made from a good one.

A forger holds a good token and everything that we publish. Some forgeries are signed with our own
key all the same: nobody could make them, and a reader that looked at the signature alone would
take them.
"""

import base64
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from joserfc.jwk import ECKey, Key, OctKey, RSAKey
from joserfc.jws import JWSRegistry

#: Far behind any clock of a test, and far ahead.
LONG_AGO, FAR_AHEAD = 1_000_000_000, 5_000_000_000
STRANGERS = {
    "RS256": RSAKey.generate_key(2048, auto_kid=True),
    "ES256": ECKey.generate_key("P-256", auto_kid=True),
    "HS256": OctKey.generate_key(256, auto_kid=True),
}


@dataclass(frozen=True)
class Forger:
    """Whoever holds a good token, and the keys it might have been signed with."""

    token: str
    #: What it is signed with.
    key: Key
    #: What else of ours signs.
    other_kid: str | None = None

    @property
    def header(self) -> dict[str, Any]:
        return read_part(self.token, 0)

    @property
    def claims(self) -> dict[str, Any]:
        return read_part(self.token, 1)

    @property
    def stranger(self) -> Key:
        """A key of the same kind that is none of ours."""
        return STRANGERS[self.header["alg"]]

    def sign(self, header: str, claims: str, key: Key | None = None) -> str:
        """Return two JSON texts, whatever they are, signed as the good token is."""
        body = f"{encode(header)}.{encode(claims)}"
        algorithm = JWSRegistry.algorithms[self.header["alg"]]
        mark = algorithm.sign(body.encode(), key or self.key)
        return f"{body}.{encode(mark)}"

    def with_header(self, key: Key | None = None, **changed: object) -> str:
        return self.sign(_json({**self.header, **changed}), _json(self.claims), key)

    def with_claims(self, **changed: object) -> str:
        return self.sign(_json(self.header), _json({**self.claims, **changed}))

    def without(self, name: str) -> str:
        """Return the token without one of its claims, or of its header's names."""
        header = {each: value for each, value in self.header.items() if each != name}
        claims = {each: value for each, value in self.claims.items() if each != name}
        return self.sign(_json(header), _json(claims))

    def with_text(self, name: str, text: str) -> str:
        """Return the token with a claim that is written down as it is."""
        claims = self.claims
        claims.pop(name, None)
        return self.sign(_json(self.header), f'{_json(claims)[:-1]},"{name}":{text}}}')


def encode(part: str | bytes) -> str:
    raw = part.encode() if isinstance(part, str) else part
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def read_part(token: str, place: int) -> dict[str, Any]:
    """Return header or claims of a token, unverified."""
    part = token.split(".")[place]
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))


def _json(part: Mapping[str, object]) -> str:
    return json.dumps(part)


def _unsigned(name: str) -> Callable[[Forger], str]:
    def forge(by: Forger) -> str:
        return f"{encode(_json({**by.header, 'alg': name}))}.{by.token.split('.')[1]}."

    return forge


def _with_public_key(form: str) -> Callable[[Forger], str]:
    def forge(by: Forger) -> str:
        public = {
            "PEM": lambda: by.key.as_pem(private=False),
            "DER": lambda: by.key.as_der(private=False),
            "JWK": lambda: _json(by.key.as_dict(private=False)).encode(),
        }[form]()
        body = f"{encode(_json({**by.header, 'alg': 'HS256'}))}.{by.token.split('.')[1]}"
        return f"{body}.{encode(hmac.digest(public, body.encode(), 'sha256'))}"

    return forge


def _header(**changed: object) -> Callable[[Forger], str]:
    return lambda by: by.with_header(**changed)


def _claim(**changed: object) -> Callable[[Forger], str]:
    return lambda by: by.with_claims(**changed)


def _text(name: str, text: str) -> Callable[[Forger], str]:
    return lambda by: by.with_text(name, text)


def _without(name: str) -> Callable[[Forger], str]:
    return lambda by: by.without(name)


def _key_of_the_forgers_own(by: Forger) -> str:
    return by.with_header(by.stranger, jwk=by.stranger.as_dict())


def _doubled(name: str, place: int) -> Callable[[Forger], str]:
    def forge(by: Forger) -> str:
        parts = [by.header, by.claims]
        texts = [_json(part) for part in parts]
        texts[place] = f'{texts[place][:-1]},"{name}":{json.dumps(parts[place][name])}}}'
        return by.sign(*texts)

    return forge


def _tampered(by: Forger) -> str:
    header, _, mark = by.token.split(".")
    return f"{header}.{encode(_json({**by.claims, 'exp': FAR_AHEAD}))}.{mark}"


def _nested(place: int) -> Callable[[Forger], str]:
    def forge(by: Forger) -> str:
        # As deep as 8 KiB let it be; a header is cut short by the library.
        deep = '{"a":' + "[" * (2500 if place else 350)
        return by.sign(_json(by.header), deep) if place else by.sign(deep, _json(by.claims))

    return forge


def _null_signature(by: Forger) -> str:
    body = by.token.rsplit(".", 1)[0]
    return f"{body}.{encode(bytes(64))}"


#: Whatever the token is for. Named by what is wrong with it.
ANYWHERE: dict[str, Callable[[Forger], str]] = {
    "nothing": lambda by: "",
    "no token": lambda by: "a.b.c",
    "alg none": _unsigned("none"),
    "alg None": _unsigned("None"),
    "alg empty": _unsigned(""),
    "alg none, still signed": lambda by: by.with_header(alg="none"),
    "alg of another family": _header(alg="PS256"),
    "alg a list": _header(alg=["RS256"]),
    "alg missing": lambda by: by.without("alg"),
    "a key in the header": _key_of_the_forgers_own,
    "a jwk beside our signature": _header(jwk={"kty": "oct", "k": "AA"}),
    "jku": _header(jku="https://attacker.example/keys"),
    "x5u": _header(x5u="https://attacker.example/chain"),
    "x5c": _header(x5c=["AA=="]),
    "crit": _header(crit=["exp"], exp=FAR_AHEAD),
    "crit empty": _header(crit=[]),
    "crit no list": _header(crit=5),
    "b64 false": _header(crit=["b64"], b64=False),
    "zip": _header(zip="DEF"),
    "kid a path": _header(kid="../../dev/null"),
    "kid SQL": _header(kid="' OR 1=1 --"),
    "kid a list": _header(kid=["a"]),
    "kid null": _header(kid=None),
    "kid NUL": _header(kid="\x00"),
    "signed by a stranger": lambda by: by.with_header(by.stranger),
    "a name twice in the header": _doubled("alg", 0),
    "exp twice": _doubled("exp", 1),
    "exp text": lambda by: by.with_claims(exp=str(by.claims["exp"])),
    "exp NaN": _text("exp", "NaN"),
    "another claim NaN": _text("more", "NaN"),
    "exp Infinity": _text("exp", "Infinity"),
    "exp too large": _text("exp", "1e999"),
    "exp true": _claim(exp=True),
    "exp null": _claim(exp=None),
    "exp a list": lambda by: by.with_claims(exp=[by.claims["exp"]]),
    "exp missing": _without("exp"),
    "expired": _claim(exp=LONG_AGO),
    "nbf ahead": _claim(nbf=FAR_AHEAD),
    "iat ahead": _claim(iat=FAR_AHEAD),
    "iat text": _claim(iat="now"),
    "claims changed": _tampered,
    "signature of zeros": _null_signature,
    "signature missing": lambda by: by.token.rsplit(".", 1)[0],
    "signature empty": lambda by: by.token.rsplit(".", 1)[0] + ".",
    "a part too many": lambda by: by.token + ".e30",
    "padded": lambda by: by.token + "==",
    "five parts": lambda by: "e30.e30.e30.e30.e30",
    "claims no object": lambda by: by.sign(_json(by.header), "[]"),
    "claims no JSON": lambda by: by.sign(_json(by.header), "exp"),
    "header no object": lambda by: by.sign("[]", _json(by.claims)),
    "header nested deeply": _nested(0),
    "claims nested deeply": _nested(1),
    "not ASCII": lambda by: by.token + "é",
    "a million dots": lambda by: "." * 10**6,
    "nine kilobytes": lambda by: by.with_claims(more="x" * 9000),
    "five megabytes": lambda by: by.with_claims(more="x" * 5_000_000),
}
#: Where a published key verifies it, and it says whose it is and what it is for.
PUBLISHED: dict[str, Callable[[Forger], str]] = {
    "HS256 by our public key, PEM": _with_public_key("PEM"),
    "HS256 by our public key, DER": _with_public_key("DER"),
    "HS256 by our public key, JWK": _with_public_key("JWK"),
    "kid of another key of ours": lambda by: by.with_header(kid=by.other_kid),
    "kid missing": _without("kid"),
    "typ of another token": lambda by: by.with_header(
        typ="at+jwt" if by.header["typ"] == "JWT" else "JWT"
    ),
    "typ missing": _without("typ"),
    "typ no text": _header(typ=5),
    "aud of another": _claim(aud="somebody-else"),
    "iss of another": _claim(iss="https://attacker.example/oidc"),
    "iss missing": _without("iss"),
    "iss a list": lambda by: by.with_claims(iss=[by.claims["iss"]]),
    "sub no text": _claim(sub=5),
}
#: Where there is exactly one audience.
FOR_ONE: dict[str, Callable[[Forger], str]] = {
    "aud missing": _without("aud"),
    "aud and others": lambda by: by.with_claims(aud=[by.claims["aud"], "somebody-else"]),
    "aud in a list": lambda by: by.with_claims(aud=[by.claims["aud"]]),
    "client_id of another": _claim(client_id="somebody-else"),
    "sid of nobody": _claim(sid="0" * 32),
    "scope no text": _claim(scope=["openid"]),
    "sub missing": _without("sub"),
}
