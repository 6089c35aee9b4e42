"""Programs that log people in by the code from the chat: an AnQiCMS front end and one-api.

Each holds every answer to its schema.
"""

import base64
import json
import re
from functools import cache
from typing import Any

import requests
from jsonschema import Draft202012Validator

from tests.conftest import Installation
from tests.flows.phones import DESKTOP, Phone
from tests.servers import ROOT
from wechatlogin import clock
from wechatlogin.extensions import db
from wechatlogin.models import Occasion
from wechatlogin.services import applications, jwts, replies, wechat_apps
from wechatlogin.services.applications import Credentials, NewApplication
from wechatlogin.services.replies import NewReply

SCHEMAS = ROOT / "wechatlogin" / "schemas"


@cache
def validator(file: str, call: str | None = None) -> Draft202012Validator:
    """Return what checks an answer, of one call where a file describes several."""
    schema = json.loads((SCHEMAS / file).read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator({**schema, "$ref": f"#/$defs/{call}"} if call else schema)


def write(installation: Installation, person: str, text: str) -> str:
    """Let a person write to the account and return what it replies, in one text."""
    sent = installation.simulator.send(person, installation.account.appid, text)
    return " ".join(reply["text"] for reply in sent["replies"])


def a_follower(installation: Installation, nickname: str = "林小满") -> str:
    """Return somebody who follows the account, and whom we do not know yet."""
    person = installation.simulator.add_person(nickname=nickname)
    installation.simulator.follow(person, installation.account.appid)
    return person


def a_known_follower(installation: Installation, nickname: str = "林小满") -> str:
    """Return somebody who follows the account and has authorized."""
    person = a_follower(installation, nickname)
    Phone(person).open(f"{installation.url}/login")
    return person


def a_code(installation: Installation, person: str) -> str:
    """Let a person whom we know ask for a code, and return it."""
    found = re.search(r"(?<![0-9])[1-9][0-9]{5}(?![0-9])", write(installation, person, "验证码"))
    assert found
    return found[0]


def another(code: str) -> str:
    """Return a code that is not this one."""
    return str(100_000 + (int(code) - 100_000 + 1) % 900_000)


def say_bare_codes(installation: Installation) -> None:
    """Do what the guide tells an owner who comes from wechat-server."""
    with installation.app.app_context():
        row = wechat_apps.verify(installation.account.appid)
        replies.save(row, NewReply(Occasion.CODE, "zh_CN", "{code}"), now=clock.now())
        db.session.remove()


def register(installation: Installation, **given: Any) -> Credentials:
    """Write an application down and return its credentials."""
    with installation.app.app_context():
        new = NewApplication(**{"name": "one-api", **given})
        made = applications.create(installation.site.vault, new, now=clock.now())
        db.session.remove()
    return made


class FrontEnd(requests.Session):
    """A page or an app of an AnQiCMS site, with the cookies that it keeps."""

    def __init__(self, installation: Installation) -> None:
        super().__init__()
        self.installation = installation
        self.headers["User-Agent"] = DESKTOP
        self.trust_env = False

    def ask(self, method: str, path: str, **given: Any) -> requests.Response:
        """Make a call, whose answer has the interface's shape whatever it is."""
        url = self.installation.url + path
        answer = self.request(method, url, timeout=20, allow_redirects=False, **given)
        validator("anqicms.json").validate(answer.json())
        assert answer.headers["Cache-Control"] == "no-store"
        return answer

    def log_in(self, code: object, **more: Any) -> requests.Response:
        """Log in as AnQiCMS's own front end does."""
        body = {"platform": "wechat", "code": code, **more}
        return self.ask("POST", "/api/login", json=body)

    def token(self, code: str) -> str:
        """Return the token of a login that has to succeed."""
        answer = self.log_in(code).json()
        assert answer["code"] == 0, answer
        return str(answer["data"]["token"])

    def detail(self, token: str | None = None) -> requests.Response:
        """Ask who it is, with a token or with the cookie."""
        return self.ask("GET", "/api/user/detail", headers={"token": token} if token else {})


class OneAPI:
    """one-api's server, as its `getWeChatIdByCode` asks: the code as it is, the token bare."""

    def __init__(self, installation: Installation, token: str) -> None:
        self.installation = installation
        self.token = token

    def call(
        self, path: str, *, token: str | None = None, headers: Any = None
    ) -> requests.Response:
        """Make a call; the client waits for 5 seconds and does not look at the status."""
        shown = {"Authorization": self.token if token is None else token}
        url = self.installation.url + path
        return requests.get(url, headers=shown if headers is None else headers, timeout=5)

    def ask(self, path: str, **given: Any) -> dict[str, Any]:
        """Make a call and hold its answer to the schema."""
        answer = self.call(path, **given)
        call = path.split("?")[0].rsplit("/", 1)[1]
        validator("wechat_server.json", call).validate(answer.json())
        return dict(answer.json())

    def identify(self, code: str, **given: Any) -> str:
        """Return the openid of a code, as one-api reads the answer."""
        answer = self.ask(f"/api/wechat/user?code={code}", **given)
        if not answer["success"]:
            raise RuntimeError(answer["message"])
        return str(answer["data"])


def said_no(answer: requests.Response) -> tuple[int, str]:
    """Return number and words of a refusal, which comes with HTTP 200 and sets no cookie."""
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    return answer.json()["code"], answer.json()["msg"]


def header_of(token: str) -> dict[str, Any]:
    """Return a token's header, unverified."""
    return _part(token, 0)


def claims_of(token: str) -> dict[str, Any]:
    """Return a token's claims, unverified."""
    return _part(token, 1)


def sign_again(installation: Installation, token: str, **changed: object) -> str:
    """Return a token as we would have signed it with other claims."""
    secret = installation.site.vault.derive_token("token of a login by code")
    claims = {**claims_of(token), **changed}
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwts.sign_with_secret(secret, kept)


def _part(token: str, place: int) -> dict[str, Any]:
    part = token.split(".")[place]
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))
