"""A client as the OpenID Foundation's conformance suite plays it, and what it always checks.

The modules are those of its test plans "Basic OP", "Form Post OP" and "Config OP"; each is a test
of ours, named after it. The suite's own client uses no PKCE, except in the module about it.
"""

import base64
import hashlib
import math
import secrets
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import requests

from tests.conftest import Installation
from tests.flows.phones import Browser
from tests.oidc.programs import Answer, Program

#: What may lie between two clocks.
SKEW = 300
#: What an error at the authorization endpoint may hold besides (Core, 3.1.2.6; RFC 9207).
OF_AN_ERROR = {"error", "error_description", "error_uri", "state", "iss"}
#: RFC 6749, appendix A.7.
OF_A_DESCRIPTION = {chr(code) for code in range(0x20, 0x7F)} - {'"', "\\"}
#: Claims and their types (Core, 5.1).
STANDARD = {
    **dict.fromkeys(("sub", "name", "nickname", "preferred_username", "picture", "locale"), str),
    "email": str,
    "email_verified": bool,
    "updated_at": int,
}
#: What an ID token says for itself, whatever was asked for.
OF_AN_ID_TOKEN = {"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "amr", "at_hash", "sid"}


@dataclass(frozen=True)
class Flow:
    """One login, all of whose answers have been checked."""

    code: str
    tokens: dict[str, Any] = field(repr=False)
    id_token: dict[str, Any]

    @property
    def access_token(self) -> str:
        return str(self.tokens["access_token"])

    @property
    def auth_time(self) -> int:
        return int(self.id_token["auth_time"])


class ConformanceClient(Program):
    """The suite's client: a `state` and a `nonce` of its own for each request."""

    def __init__(
        self, installation: Installation, *, response_mode: str | None = None, **settings: Any
    ) -> None:
        super().__init__(installation, **{"requires_pkce": False, **settings})
        self.response_mode = response_mode
        self.authentication = "client_secret_basic"
        self.state = self.nonce = ""
        self._metadata: dict[str, Any] = {}

    def metadata(self) -> dict[str, Any]:
        """Return what the provider says of itself, asked for once."""
        if not self._metadata:
            self._metadata = super().metadata()
        return self._metadata

    def parameters(self, **given: str | None) -> dict[str, str]:
        """Return a request of the suite's, without PKCE unless it is given."""
        self.state, self.nonce = secrets.token_urlsafe(16), secrets.token_urlsafe(16)
        usual = {
            "state": self.state,
            "nonce": self.nonce,
            "response_mode": self.response_mode,
            "code_challenge": None,
            "code_challenge_method": None,
        }
        return super().parameters(**{**usual, **given})

    def authorize(self, browser: Browser, **given: str | None) -> Answer:
        """Send a browser to the provider; the answer comes in the mode of the test plan.

        Whoever is asked for a consent says yes.
        """
        if "consent" not in (given.get("prompt") or ""):
            return super().authorize(browser, **{"response_mode": self.response_mode, **given})
        answer = self.decide(browser, self.open(browser, **given))
        return Answer(answer.headers["Location"]) if answer.is_redirect else self.read_form(answer)

    def exchange(self, code: str, **given: str | None) -> requests.Response:
        """Exchange a code without a verifier, unless it is given."""
        return super().exchange(code, **{"code_verifier": None, **given})

    def post(self, path: str, **form: str | None) -> requests.Response:
        """Ask an endpoint with the credentials in the place that is tested."""
        if self.authentication == "client_secret_basic":
            return super().post(path, **form)
        secret = {"client_id": self.client_id, "client_secret": self.made.client_secret}
        body = {name: value for name, value in {**form, **secret}.items() if value is not None}
        return requests.post(f"{self.issuer}/{path}", data=body, timeout=20)

    def flow(self, browser: Browser, *, verifier: str | None = None, **given: str | None) -> Flow:
        """Log a person in, and check each answer as the suite does."""
        answer = self.authorize(browser, **given)
        self.verify_answer(answer, is_nonce_sent=given.get("nonce", "") is not None)
        exchanged = self.exchange(answer["code"], code_verifier=verifier)
        tokens = self.verify_tokens(exchanged)
        claims = self.verify_id_token(tokens)
        assert self.userinfo(tokens["access_token"]).status_code == 200
        return Flow(answer["code"], tokens, claims)

    def verify_answer(self, answer: Answer, *, is_nonce_sent: bool = True) -> None:
        """Check what the authorization endpoint answers to a request that is granted."""
        assert answer.parameters.keys() == {"code", "state", "iss"}, answer.parameters
        assert answer["state"] == self.state
        assert answer["iss"] == self.issuer
        assert len(answer["code"]) >= 22
        assert entropy(answer["code"]) > 96
        if not is_nonce_sent:
            self.nonce = ""

    def verify_error(self, answer: Answer, *codes: str) -> None:
        """Check what it answers to a request that is not."""
        given = answer.parameters
        assert given["error"] in codes
        assert given.keys() <= OF_AN_ERROR
        assert (given["state"], given["iss"]) == (self.state, self.issuer)
        assert set(given.get("error_description", "")) <= OF_A_DESCRIPTION

    def verify_refusal(self, answer: requests.Response, code: str, status: int = 400) -> None:
        """Check what the token endpoint answers to a request that is not granted."""
        assert answer.status_code == status
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["Cache-Control"] == "no-store"
        told = answer.json()
        assert told["error"] == code
        assert told.keys() <= {"error", "error_description"}
        assert set(told.get("error_description", "")) <= OF_A_DESCRIPTION

    def verify_tokens(self, answer: requests.Response) -> dict[str, Any]:
        """Check what the token endpoint answers (RFC 6749, 5.1), and return it."""
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["Cache-Control"] == "no-store"
        tokens: dict[str, Any] = answer.json()
        assert tokens["token_type"] == "Bearer"
        assert isinstance(tokens["expires_in"], int)
        assert tokens["expires_in"] > 0
        assert entropy(tokens["access_token"]) > 96
        assert self.read_header(tokens["access_token"])["typ"] == "at+jwt"
        return tokens

    def verify_id_token(self, tokens: dict[str, Any]) -> dict[str, Any]:
        """Check an ID token as Core, 3.1.3.7 wants it, and return what it says."""
        header, claims = self.read_header(tokens["id_token"]), self.read(tokens["id_token"])
        now = time.time()
        assert header["alg"] == "RS256"
        assert header["typ"] == "JWT"
        assert header["kid"] in {key.kid for key in self.keys().keys}
        assert claims["iss"] == self.issuer == self.metadata()["issuer"]
        assert claims["aud"] == self.client_id
        assert now - SKEW < claims["iat"] < now + SKEW
        assert claims["exp"] > now
        assert isinstance(claims["auth_time"], int)
        assert claims["auth_time"] < now + SKEW
        assert claims.get("nonce", "") == self.nonce
        assert 0 < len(claims["sub"]) <= 255
        assert claims["sub"].isascii()
        assert claims["at_hash"] == half_hash(tokens["access_token"])
        verify_standard_claims(claims)
        return claims

    def verify_userinfo(self, answer: requests.Response, flow: Flow) -> dict[str, Any]:
        """Check what the UserInfo endpoint answers, and return it."""
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "application/json"
        told: dict[str, Any] = answer.json()
        assert told["sub"] == flow.id_token["sub"]
        verify_standard_claims(told)
        return told


def verify_standard_claims(claims: dict[str, Any]) -> None:
    """Check that whatever is a claim of the standard has its type, and says something."""
    for name in claims.keys() & STANDARD.keys():
        assert type(claims[name]) is STANDARD[name], name
        assert claims[name] != "", name


def half_hash(access_token: str) -> str:
    """Return `at_hash` as Core, 3.1.3.6 defines it for a signature with SHA-256."""
    digest = hashlib.sha256(access_token.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest[:16]).decode().rstrip("=")


def entropy(text: str) -> float:
    """Return the bits of a text by Shannon's measure, as the suite estimates them."""
    shares = [count / len(text) for count in Counter(text).values()]
    return -len(text) * sum(share * math.log2(share) for share in shares)
