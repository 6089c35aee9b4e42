"""A program that logs people in as Authing's SDKs do, and checks each answer against its schema."""

import io
import json
import secrets
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

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
from wechatlogin.extensions import db
from wechatlogin.models import WeChatAppRow
from wechatlogin.models.transaction import write
from wechatlogin.services import applications
from wechatlogin.services.applications import NewApplication

SCHEMA = ROOT / "wechatlogin" / "schemas" / "authing.json"
ORIGIN = "https://shop.example"
BACK = f"{ORIGIN}/auth/callback"
OTHER_BACK = f"{ORIGIN}/welcome?from=wechat"
#: What `authing-js-sdk` sends with every call; it leaves out what is empty.
SDK_HEADERS = {"x-authing-request-from": "sdk", "x-authing-sdk-version": "js:4.23.55"}


@cache
def validator(name: str) -> Draft202012Validator:
    """Return what checks an answer."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": schema["$defs"]})


@dataclass(frozen=True)
class UserInfo:
    """What `getUserInfo()` of every SDK makes of the page's address."""

    ok: bool
    message: str | None
    user: dict[str, Any] | None

    @classmethod
    def read(cls, url: str) -> "UserInfo":
        """Read an address as the SDK does, and hold the person to the schema."""
        query = {name: values[-1] for name, values in parse_qs(urlsplit(url).query).items()}
        ok = query.get("code") == "200"
        user = json.loads(query["data"]) if "data" in query else None
        if ok:
            validator("user").validate(user)
        else:
            assert user is None
        return cls(ok, query.get("message"), user)


class Program:
    """An application of the owner's, named by a connection of its own."""

    def __init__(self, installation: Installation, **given: Any) -> None:
        self.installation = installation
        self.url = installation.url
        self.identifier = "our-shop"
        wanted = {
            "redirect_uris": (BACK, OTHER_BACK),
            "origins": (ORIGIN,),
            "appids": (installation.account.appid,),
            "keeps_secret": True,
            **given,
        }
        with installation.app.app_context():
            new = NewApplication("书店 App", **wanted)
            self.made = applications.create(installation.site.vault, new, now=clock.now())
            with write() as session:
                ours = WeChatAppRow.appid == installation.account.appid
                session.execute(update(WeChatAppRow).where(ours).values(identifier=self.identifier))
            db.session.remove()
        self.client_id = self.made.client_id

    def start_url_1_0_0(self) -> str:
        """`@authing/wxmp` 1.0.0, whose default host ends in a slash."""
        return f"{self.url}//oauth/wechatmp/url/{self.client_id}"

    def start_url_1_0(self) -> str:
        """Later 1.0 versions."""
        return f"{self.url}/oauth/wechatmp/url/{self.client_id}"

    def start_url_1_1(self) -> str:
        """`@authing/wxmp` 1.1, whose connection has a fixed name."""
        return f"{self.url}/connections/social/wechat:webpage-authorization?app_id={self.client_id}"

    def start_url_1_2(self, redirect_url: str = BACK) -> str:
        """`@authing/wxmp` 1.2, which may name where to come back to."""
        return f"{self.start_url_1_1()}&redirect_url={redirect_url}"

    def start_url_1_3(self) -> str:
        """`@authing/wxmp` 1.3, which names the connection."""
        return f"{self.url}/connections/social/{self.identifier}?app_id={self.client_id}"

    def start_url_5(self, redirect_url: str = BACK) -> str:
        """`@authing/weixin-official-account` 5."""
        return f"{self.start_url_1_3()}&redirect_url={quote(redirect_url, safe='')}"

    def come_back(self, person: str, start_url: str, back: str = BACK) -> UserInfo:
        """Let a person open the start URL in WeChat, and read what the page is opened with."""
        joint = "&" if "?" in back else "?"
        url = Phone(person).until(start_url, f"{back}{joint}code=")
        assert url.startswith(back)
        return UserInfo.read(url)

    def log_in(self, person: str) -> dict[str, Any]:
        """Return a person who has logged in."""
        info = self.come_back(person, self.start_url_5())
        assert info.ok
        assert info.user is not None
        return info.user

    def call(
        self, method: str, path: str, *, origin: str | None = ORIGIN, **given: Any
    ) -> requests.Response:
        """Make a call as the SDK does in a page of this origin, or on a server."""
        headers = {**SDK_HEADERS, "x-authing-app-id": self.client_id}
        if origin is not None:
            headers["Origin"] = origin
        headers |= given.pop("headers", {})
        answer = requests.request(
            method, f"{self.url}/api/v2/qrcode/{path}", headers=headers, timeout=20, **given
        )
        assert "Set-Cookie" not in answer.headers
        body = answer.json()
        validator("success" if body["code"] == 200 else "failure").validate(body)
        return answer

    def generate(self, **more: Any) -> dict[str, Any]:
        """Ask for a QR, as `geneCode()` does."""
        body = {"autoMergeQrCode": False, "scene": "WECHATMP_AUTH", **more}
        data = self.call("POST", "gene", json=body).json()["data"]
        validator("code").validate(data)
        return dict(data)

    def check(self, random: str, **given: Any) -> dict[str, Any]:
        """Ask how a scan stands, as `checkStatus()` does."""
        data = self.call("GET", f"check?random={random}", **given).json()["data"]
        validator("check").validate(data)
        return dict(data)

    def scan(self, person: str) -> tuple[str, str]:
        """Let a person scan a new QR; return `random` and the confirm link in their chat."""
        made = self.generate()
        scanned = self.installation.simulator.scan(person, read_picture(made["url"]), follow=True)
        return made["random"], confirm_link(scanned)

    def ticket(self, person: str) -> str:
        """Return the ticket of a scan that a person has confirmed."""
        random, link = self.scan(person)
        confirm(person, link)
        return str(self.check(random)["ticket"])

    def exchange(self, ticket: str, **given: Any) -> requests.Response:
        """Exchange a ticket, as `exchangeUserInfo()` does."""
        return self.call("POST", "userinfo", json={"ticket": ticket}, **given)

    def introspect(self, token: str, *, status: int = 200, **given: Any) -> dict[str, Any]:
        """Ask whether a token is live; with the secret by form, unless another way is given."""
        form = {"client_id": self.client_id, "client_secret": self.made.client_secret}
        form = {**given.pop("form", form), "token": token}
        answer = requests.post(
            f"{self.url}/oidc/token/introspection", data=form, timeout=20, **given
        )
        assert answer.status_code == status, answer.text
        if status == 200:
            validator("introspection").validate(answer.json())
        return dict(answer.json())

    def validate(self, token: str, name: str = "access_token") -> requests.Response:
        """Ask what a token says."""
        url = f"{self.url}/api/v2/oidc/validate_token"
        return requests.get(url, params={name: token}, timeout=20)

    def validate_old(self, token: str) -> dict[str, Any]:
        """Ask as programs of 2019 do."""
        url = f"{self.url}/authing/token"
        answer = requests.get(url, params={"access_token": token}, timeout=20)
        assert answer.status_code == 200
        validator("old").validate(answer.json())
        return dict(answer.json())


def read_picture(url: str) -> str:
    """Read a QR as a phone's camera would."""
    shown = requests.get(url, timeout=20)
    assert shown.status_code == 200
    assert shown.headers["Content-Type"] == "image/png"
    found = zxingcpp.read_barcode(Image.open(io.BytesIO(shown.content)).convert("RGB"))
    assert found is not None
    return str(found.text)


def confirm(person: str, link: str, decision: str = "confirm") -> None:
    """Let a person decide on the confirm page."""
    phone = Phone(person)
    phone.submit(phone.open(link), decision=decision)


def a_random() -> str:
    """Return a `random` that nobody was given."""
    return secrets.token_hex(32)
