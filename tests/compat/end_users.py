"""A program that speaks the end-user API, and checks each answer against its schema."""

import base64
import hashlib
import json
from functools import cache
from typing import Any

import requests
from jsonschema import Draft202012Validator

from tests.conftest import Installation
from tests.flows.phones import Phone
from tests.servers import ROOT
from tests.simulator.platform import authorize_query, code_in
from wechatlogin import clock
from wechatlogin.extensions import db
from wechatlogin.services import applications
from wechatlogin.services.applications import NewApplication

SCHEMA = ROOT / "wechatlogin" / "schemas" / "quectel.json"
API = "/v2/enduser/enduserapi"


@cache
def validator() -> Draft202012Validator:
    """Return what checks an answer."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


class Program:
    """An application with its user domain; every method is one call, or one step of a story."""

    def __init__(self, installation: Installation, name: str = "物联商城", **given: Any) -> None:
        self.installation = installation
        self.appid = installation.account.appid
        self.name = name
        with installation.app.app_context():
            new = NewApplication(name=name, **given)
            made = applications.create(installation.site.vault, new, now=clock.now())
            db.session.remove()
        self.client_id = made.client_id
        self.domain = made.user_domain
        self.secret = made.user_domain_secret

    def code(self, person: str, scope: str = "snsapi_userinfo") -> str:
        """Return what WeChat sends a person's browser back to the program with."""
        back = f"{self.installation.url}/back"
        query = authorize_query(appid=self.appid, redirect_uri=back, scope=scope)
        page = f"{self.installation.simulator.url}/connect/oauth2/authorize?{query}"
        return code_in(Phone(person).step(page).headers["Location"])

    def js_code(self, person: str, appid: str) -> str:
        """Return what `wx.login` gives when a person opens a mini program."""
        body = {"appid": appid}
        path = f"/simulator/people/{person}/js-code"
        return str(self.installation.simulator.call("POST", path, body)["code"])

    def sign(self, code: str, appid: str | None = None) -> str:
        """Return the signature of a login, as the original guide says."""
        return hashlib.sha256(f"{appid or self.appid}{code}{self.secret}".encode()).hexdigest()

    def signed(self, code: str, **given: str) -> dict[str, str]:
        """Return the parameters of a login with the given ones on top."""
        return {
            "appId": self.appid,
            "code": code,
            "signature": self.sign(code),
            "userDomain": self.domain,
            **given,
        }

    def call(self, method: str, path: str, **given: Any) -> requests.Response:
        """Make a call, whose answer has the API's shape whatever it is."""
        answer = requests.request(method, self.installation.url + API + path, timeout=20, **given)
        validator().validate(answer.json())
        assert not answer.cookies
        return answer

    def ask(self, method: str, path: str, **given: Any) -> dict[str, Any]:
        """Make a call that the API has a number for, and return the answer."""
        answer = self.call(method, path, **given)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def log_in(self, **params: Any) -> dict[str, Any]:
        """Log in with these parameters."""
        return self.ask("POST", "/wechatOffiaccountAuthLogin", params=params)

    def tokens(self, person: str, scope: str = "snsapi_userinfo") -> "Tokens":
        """Return the pair of a login that has to succeed."""
        return Tokens.of(self.log_in(**self.signed(self.code(person, scope))))

    def refresh(self, token: str) -> dict[str, Any]:
        """Ask for a new pair."""
        return self.ask("PUT", "/refreshToken", params={"refreshToken": token})

    def user(self, token: str) -> dict[str, Any]:
        """Ask who it is."""
        return self.ask("GET", "/userInfo", headers={"Authorization": token})

    def log_out(self, token: str) -> dict[str, Any]:
        """Log out."""
        return self.ask("DELETE", "/userLogout", headers={"Authorization": token})


class Tokens:
    """A token pair."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data
        self.access = str(data["accessToken"]["token"])
        self.refresh = str(data["refreshToken"]["token"])

    @classmethod
    def of(cls, answer: dict[str, Any]) -> "Tokens":
        """Return the pair in an answer, which has to be a success."""
        assert answer["code"] == 200, answer
        return cls(answer["data"])


def header_of(token: str) -> dict[str, Any]:
    """Return a token's header, as a client that does not verify it reads it."""
    return _part(token, 0)


def claims_of(token: str) -> dict[str, Any]:
    """Return a token's claims, as a client that does not verify it reads them."""
    return _part(token, 1)


def _part(token: str, place: int) -> dict[str, Any]:
    part = token.removeprefix("Bearer ").split(".")[place]
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))
