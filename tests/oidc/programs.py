"""A program that logs people in by OpenID Connect, request by request, as a test steers it."""

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import requests
from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase

from tests.conftest import Installation
from tests.flows.phones import HIDDEN_FIELD, Browser, Phone
from wechatlogin import clock
from wechatlogin.extensions import db
from wechatlogin.models import (
    ApplicationUser,
    AuthorizationCode,
    AuthorizationRequest,
    RefreshToken,
    Session,
)
from wechatlogin.services import applications
from wechatlogin.services.applications import Credentials, NewApplication

REDIRECT_URI = "https://program.example/callback"
TIMEOUT = 20
_FORM = re.compile(r'<form[^>]*method="post"[^>]*action="([^"]+)"[^>]*data-post')


@dataclass(frozen=True)
class Pkce:
    """A code verifier and its challenge (RFC 7636, 4)."""

    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    @property
    def challenge(self) -> str:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


@dataclass(frozen=True)
class Answer:
    """What the browser brought back to the program."""

    url: str

    def __getitem__(self, name: str) -> str:
        [value] = parse_qs(urlsplit(self.url).query)[name]
        return value

    def get(self, name: str) -> str | None:
        """Return a parameter, if it is there."""
        return parse_qs(urlsplit(self.url).query).get(name, [None])[0]

    @property
    def parameters(self) -> dict[str, str]:
        """Return all of them, each of which is there once."""
        found = parse_qs(urlsplit(self.url).query, keep_blank_values=True)
        assert all(len(values) == 1 for values in found.values()), found
        return {name: values[0] for name, values in found.items()}


class Program:
    """A registered application and its server."""

    def __init__(self, installation: Installation, **settings: Any) -> None:
        self.installation = installation
        given: dict[str, Any] = {
            "name": "林记书店",
            "redirect_uris": (REDIRECT_URI,),
            "is_first_party": True,
            **settings,
        }
        with installation.app.app_context():
            new = NewApplication(**given)
            self.made: Credentials = applications.create(
                installation.site.vault, new, now=clock.now()
            )
        self.redirect_uri = given["redirect_uris"][0]
        self.issuer = f"{installation.url}/oidc"
        self.pkce = Pkce()
        self.is_public = bool(given.get("is_public"))

    @property
    def client_id(self) -> str:
        return self.made.client_id

    def metadata(self) -> dict[str, Any]:
        """Return what the provider says of itself."""
        return self._json(
            requests.get(f"{self.issuer}/.well-known/openid-configuration", timeout=TIMEOUT)
        )

    def keys(self) -> KeySet:
        """Return the provider's public keys."""
        return KeySet.import_key_set(
            self._json(requests.get(self.metadata()["jwks_uri"], timeout=TIMEOUT))
        )

    def parameters(self, **given: str | None) -> dict[str, str]:
        """Return an authorization request; what is given as None is left out."""
        usual: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": "openid",
            "state": "the state of the program",
            "nonce": "the nonce of the program",
            "code_challenge": self.pkce.challenge,
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in {**usual, **given}.items() if value is not None}

    def url(self, **given: str | None) -> str:
        """Return the address that the program sends a browser to."""
        return f"{self.issuer}/auth?{urlencode(self.parameters(**given))}"

    def authorize(self, browser: Browser, **given: str | None) -> Answer:
        """Send a browser to the provider and return what it comes back with."""
        url = self.url(**given)
        if given.get("response_mode") == "form_post":
            return self.read_form(browser.open(url))
        return self.come_back(browser, url)

    def come_back(self, browser: Browser, url: str) -> Answer:
        """Open an address of the provider's and return what leads back to the program."""
        return Answer(browser.until(url, f"{self.redirect_uri.partition('?')[0]}?"))

    def read_form(self, page: requests.Response) -> Answer:
        """Return what the provider's page posts to the program."""
        found = _FORM.search(page.text)
        assert found, f"{page.url} answered {page.status_code} without a form"
        assert unescape(found[1]) == self.redirect_uri
        fields = re.findall(HIDDEN_FIELD, page.text)
        return Answer(f"?{urlencode([(unescape(name), unescape(one)) for name, one in fields])}")

    def open(self, browser: Browser, **given: str | None) -> requests.Response:
        """Send a browser to the provider and return the page where it stays."""
        return browser.open(self.url(**given))

    def decide(
        self, browser: Browser, page: requests.Response, decision: str = "allow"
    ) -> requests.Response:
        """Answer the provider's question whether the program may know the person."""
        form = dict(re.findall(HIDDEN_FIELD, page.text))
        return browser.post(
            page.url, data={**form, "decision": decision}, allow_redirects=False, timeout=TIMEOUT
        )

    def ask(self, browser: Browser, **given: str | None) -> requests.Response:
        """Ask the authorization endpoint, and return its own answer."""
        return browser.step(self.url(**given))

    def exchange(self, code: str, **given: str | None) -> requests.Response:
        """Exchange a code, and return the answer as it is."""
        usual: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.pkce.verifier,
        }
        return self.post("token", **{**usual, **given})

    def refresh(self, refresh_token: str, **given: str | None) -> requests.Response:
        """Spend a refresh token, and return the answer as it is."""
        return self.post(
            "token", **{"grant_type": "refresh_token", "refresh_token": refresh_token, **given}
        )

    def log_in(self, browser: Browser, **given: str | None) -> dict[str, Any]:
        """Log a person in and return the answer of the token endpoint."""
        return self._json(self.exchange(self.authorize(browser, **given)["code"]))

    def post(self, path: str, **form: str | None) -> requests.Response:
        """Ask an endpoint with the program's credentials."""
        auth = None
        if self.is_public:
            form = {"client_id": self.client_id, **form}
        else:
            auth = (self.client_id, str(self.made.client_secret))
        body = {name: value for name, value in form.items() if value is not None}
        return requests.post(f"{self.issuer}/{path}", data=body, auth=auth, timeout=TIMEOUT)

    def push(self, **given: str | None) -> requests.Response:
        """Send an authorization request ahead, and return the answer as it is."""
        return self.post("request", **self.parameters(**given))

    def revoke(self, token: str, **given: str | None) -> requests.Response:
        """Give a token back, and return the answer as it is."""
        return self.post("token/revocation", token=token, **given)

    def userinfo(self, access_token: str) -> requests.Response:
        """Ask who an access token is about."""
        headers = {"Authorization": f"Bearer {access_token}"}
        return requests.get(f"{self.issuer}/me", headers=headers, timeout=TIMEOUT)

    def introspect(self, token: str) -> dict[str, Any]:
        """Ask what a token is worth."""
        return self._json(self.post("token/introspection", token=token))

    def read(self, token: str) -> dict[str, Any]:
        """Return the claims of a token that the provider's keys verify."""
        return jwt.decode(token, self.keys(), algorithms=["RS256", "ES256"]).claims

    def read_header(self, token: str) -> dict[str, Any]:
        """Return the header of a token that the provider's keys verify."""
        return jwt.decode(token, self.keys(), algorithms=["RS256", "ES256"]).header

    def disable(self) -> None:
        """Let the operator stop the program."""
        with self.installation.app.app_context():
            application = applications.verify(self.client_id)
            applications.save_disabled(application, is_disabled=True, now=clock.now())

    def user_id(self) -> str:
        """Return the only person whom the program knows."""
        with self.installation.app.app_context():
            return str(db.session.scalars(self._known()).one())

    def let_pass(self, time: timedelta) -> None:
        """Make all that the program and its people have so much older."""
        with self.installation.app.app_context():
            known = list(db.session.scalars(self._known()))
            theirs = Session.user_id.in_(known)
            application = applications.verify(self.client_id).id
            keys = select(Session.key_hash).where(theirs)
            for model, which in (
                (Session, theirs),
                (AuthorizationCode, AuthorizationCode.application_id == application),
                (AuthorizationRequest, AuthorizationRequest.application_id == application),
                (RefreshToken, RefreshToken.session_key.in_(keys)),
            ):
                for row in db.session.scalars(select(model).where(which)):
                    _age(row, time)
            db.session.commit()

    def _known(self) -> Any:
        application = applications.verify(self.client_id).id
        return select(ApplicationUser.user_id).where(ApplicationUser.application_id == application)

    def _json(self, answer: requests.Response) -> dict[str, Any]:
        assert answer.ok, f"{answer.status_code} {answer.text[:500]}"
        found: dict[str, Any] = answer.json()
        return found


def _age(row: DeclarativeBase, time: timedelta) -> None:
    for name in ("auth_time", "created_at", "last_seen_at", "expires_at", "used_at"):
        if getattr(row, name, None) is not None:
            setattr(row, name, getattr(row, name) - time)


def a_phone(installation: Installation, nickname: str = "林小满") -> Phone:
    """Return the WeChat of somebody new."""
    return Phone(installation.simulator.add_person(nickname=nickname))
