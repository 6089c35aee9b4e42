"""A program that logs people in by `/wechat/*`, and checks each answer against its schema."""

import base64
import io
import json
from datetime import timedelta
from functools import cache
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
import zxingcpp
from jsonschema import Draft202012Validator
from PIL import Image
from sqlalchemy import update

from tests.conftest import Installation
from tests.flows.desktops import confirm_link
from tests.flows.phones import Phone
from tests.servers import ROOT
from wechatlogin import clock
from wechatlogin.config import ConfirmPolicy
from wechatlogin.extensions import db
from wechatlogin.models import Attempt
from wechatlogin.models.transaction import write
from wechatlogin.services import applications
from wechatlogin.services.applications import Credentials, NewApplication
from wechatlogin.vault import Vault

SCHEMAS = ROOT / "wechatlogin" / "schemas" / "open_authorization"


@cache
def validator(name: str) -> Draft202012Validator:
    """Return what checks an answer."""
    schema = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


class Program:
    """An application with two registered URIs, and its server's side of the conversation."""

    def __init__(
        self,
        installation: Installation,
        *,
        confirm: ConfirmPolicy = ConfirmPolicy.NUMBER,
        appids: tuple[str, ...] | None = None,
    ) -> None:
        self.installation = installation
        # The host is one that the account names as its authorization domain.
        self.after = f"{installation.url}/after"
        self.callback = f"{installation.url}/callback"
        self.made = register(
            installation,
            redirect_uris=(self.after, self.callback),
            confirm=confirm,
            appids=(installation.account.appid,) if appids is None else appids,
        )

    def ask(
        self, name: str, bearer: str | None = None, *, headers: Any = None, **query: Any
    ) -> requests.Response:
        """Ask with the API key, or with another value, and hold the answer to its schema."""
        shown = self.made.api_key if bearer is None else bearer
        answer = requests.get(
            f"{self.installation.url}/wechat/{name}",
            params=query,
            headers={"Authorization": f"Bearer {shown}"} if headers is None else headers,
            allow_redirects=False,
            timeout=30,
        )
        verify_answer(name, answer)
        return answer

    def get_qrcode(self, **more: Any) -> requests.Response:
        """Ask for a QR as the document's example does."""
        return self.ask("qrcode", **{"type": "scan-login", "redirectUri": self.after, **more})

    def get_authorize(self, **more: Any) -> requests.Response:
        """Ask for the authorize page."""
        wanted = {"redirectUri": self.after, "callback": self.callback, **more}
        return self.ask("authorize", **wanted)

    def come_back(self, person: str, **more: Any) -> tuple[str, str]:
        """Let a person open the authorize page; return the code and the state it comes back with.

        The page that WeChat leads back to is the program's own, so nothing of ours is opened.
        """
        page = self.get_authorize(**more).json()["details"]["fieldValue"]
        query = parse_qs(urlsplit(Phone(person).until(page, "/callback?")).query)
        return query["code"][0], query["state"][0]

    def scan(self, person: str) -> tuple[str, str]:
        """Let a person scan a new QR; return the scene and the confirm link in their chat."""
        made = self.get_qrcode().json()
        content = read_ticket(self.installation, made["ticket"])
        scanned = self.installation.simulator.scan(person, content, follow=True)
        return made["scene"], confirm_link(scanned)

    def log_in(self, person: str) -> str:
        """Return a token of a person."""
        code, state = self.come_back(person)
        return str(self.ask("jwt", code=code, id=state).json()["token"])


def register(installation: Installation, **given: Any) -> Credentials:
    """Write an application down and return its credentials."""
    with installation.app.app_context():
        vault: Vault = installation.site.vault
        made = applications.create(vault, NewApplication("书店 App", **given), now=clock.now())
        db.session.remove()
    return made


def verify_answer(name: str, answer: requests.Response) -> None:
    """Hold an answer to its schema, and to what all of them have in common."""
    body = answer.json()
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    if answer.status_code == 200:
        validator(name).validate(body)
        return
    validator("envelope").validate(body)
    assert body["status"] == answer.status_code
    assert body["name"] == HTTPStatus(answer.status_code).name
    assert ("WWW-Authenticate" in answer.headers) == (answer.status_code == 401)


def details(answer: requests.Response) -> tuple[int, str, str]:
    """Return status, field and value of an envelope."""
    said = answer.json()["details"]
    return answer.status_code, said["field"], said["fieldValue"]


def read_ticket(installation: Installation, ticket: str) -> str:
    """Read the picture that WeChat shows for a ticket."""
    picture = requests.get(
        f"{installation.simulator.url}/cgi-bin/showqrcode", params={"ticket": ticket}, timeout=20
    )
    assert picture.ok
    found = zxingcpp.read_barcode(Image.open(io.BytesIO(picture.content)).convert("RGB"))
    assert found is not None
    return str(found.text)


def claims_of(token: str) -> dict[str, Any]:
    """Return what a token says, unverified."""
    body = token.split(".")[1]
    read: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return read


def count_calls(installation: Installation, path: str) -> int:
    """Return how often WeChat was asked in the account's name."""
    calls = installation.simulator.calls(path)
    return len([call for call in calls if call["appid"] == installation.account.appid])


def end_time_of(installation: Installation, scene: str) -> None:
    """Let the time of a login be over."""
    change_attempt(installation, scene, expires_at=clock.now() - timedelta(minutes=1))


def change_attempt(installation: Installation, scene: str, **values: object) -> None:
    """Change the row of a login, as time would."""
    with installation.app.app_context():
        with write() as session:
            session.execute(update(Attempt).where(Attempt.scene == scene).values(**values))
        db.session.remove()
