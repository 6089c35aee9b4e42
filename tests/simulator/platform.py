"""A simulator under test, and the shortest ways to use it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

APPID = "wx00000000000000a1"
OTHER_APPID = "wx00000000000000b2"
SECRET = "s" * 32
TOKEN = "callbacktoken"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
WECHAT = "Mozilla/5.0 (iPhone) MicroMessenger/8.0.56(0x1800383b) NetType/WIFI Language/zh_CN"
CALLBACK = "http://shop.example/back"
TEMPLATE = {
    "template_id": "TEMPLATE-1",
    "title": "登录提醒",
    "content": "内容：{{thing1.DATA}}\n时间：{{time2.DATA}}",
}
RID = re.compile(r" rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$")


@dataclass(frozen=True)
class Platform:
    """The simulator's client; every method is one step of a story."""

    client: FlaskClient

    def control(self, method: str, path: str, body: object = None) -> Any:
        """Make a control call that has to succeed, and return its JSON."""
        answer = self.client.open(f"/simulator{path}", method=method, json=body)
        assert answer.status_code < 300, answer.text
        return answer.get_json() if answer.data else None

    def add_app(self, **given: object) -> None:
        """Add a certified service account, or what is given."""
        self.control(
            "POST",
            "/apps",
            {
                "appid": APPID,
                "secret": SECRET,
                "kind": "service",
                "domains": ["shop.example"],
                "templates": [TEMPLATE],
                **given,
            },
        )

    def switch(self, **values: object) -> None:
        """Choose behaviours."""
        self.control("POST", "/switches", values)

    def fault(self, mode: str, **given: object) -> None:
        """Switch a fault on."""
        self.control("POST", "/faults", {"mode": mode, **given})

    def advance(self, seconds: float) -> None:
        """Move the clock on."""
        self.control("POST", "/clock", {"advance": seconds})

    def person(self, name: str, action: str, **body: object) -> Any:
        """Let a person do something with the phone."""
        return self.control("POST", f"/people/{name}/{action}", body)

    def follow(self, name: str = "lin", appid: str = APPID) -> None:
        """Let a person follow."""
        self.person(name, "follow", appid=appid)

    def chat(self, name: str = "lin", appid: str = APPID) -> list[dict[str, Any]]:
        """Return a chat."""
        return list(self.control("GET", f"/people/{name}/chat?appid={appid}"))

    def openid(self, name: str = "lin", appid: str = APPID) -> str:
        """Return the openid of a person."""
        people = self.control("GET", "/people")
        return str(next(one["openids"][appid] for one in people if one["name"] == name))

    def authorize(self, query: str, **headers: str) -> TestResponse:
        """Open the authorize page in WeChat."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.get(
            f"/connect/oauth2/authorize?{query}", headers={"User-Agent": WECHAT, **named}
        )

    def consented(self, name: str = "lin", **wish: str) -> TestResponse:
        """Open the authorize page as a person who agrees."""
        return self.authorize(authorize_query(**wish), X_Simulator_Person=name)

    def code(self, name: str = "lin", **wish: str) -> str:
        """Return a fresh code."""
        return code_in(self.consented(name, **wish).headers["Location"])

    def exchange(self, code: str, **given: str) -> dict[str, Any]:
        """Exchange a code and return the answer, whatever it is."""
        query = {
            "appid": APPID,
            "secret": SECRET,
            "code": code,
            "grant_type": "authorization_code",
            **given,
        }
        return read(self.client.get("/sns/oauth2/access_token", query_string=query))

    def user_token(self, name: str = "lin", scope: str = "snsapi_userinfo") -> dict[str, Any]:
        """Return the answer to a good exchange."""
        return self.exchange(self.code(name, scope=scope))

    def sns(self, path: str, **query: str) -> dict[str, Any]:
        """Make a user-level call."""
        return read(self.client.get(f"/sns/{path}", query_string=query))

    def account_token(self, **given: object) -> str:
        """Return the account's stable token."""
        return str(self.stable_token(**given)["access_token"])

    def stable_token(self, **given: object) -> dict[str, Any]:
        """Ask for the stable token."""
        body = {"grant_type": "client_credential", "appid": APPID, "secret": SECRET, **given}
        return read(self.client.post("/cgi-bin/stable_token", json=body))

    def classic_token(self, **given: str) -> dict[str, Any]:
        """Ask for a classic token."""
        query = {"grant_type": "client_credential", "appid": APPID, "secret": SECRET, **given}
        return read(self.client.get("/cgi-bin/token", query_string=query))

    def api(self, path: str, *, token: str | None = None, **query: str) -> dict[str, Any]:
        """Make a GET call with the account's token."""
        asked = {"access_token": token or self.account_token(), **query}
        return read(self.client.get(f"/cgi-bin/{path}", query_string=asked))

    def post(self, path: str, body: Mapping[str, object] | bytes, token: str | None = None) -> Any:
        """Make a POST call with the account's token, its JSON in raw UTF-8."""
        raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        query = {"access_token": token or self.account_token()}
        return read(self.client.post(f"/cgi-bin/{path}", query_string=query, data=raw))

    def create_code(self, scene: str = "login1", **given: object) -> dict[str, Any]:
        """Create a temporary parametric code."""
        wish = {
            "expire_seconds": 600,
            "action_name": "QR_STR_SCENE",
            "action_info": {"scene": {"scene_str": scene}},
            **given,
        }
        return dict(self.post("qrcode/create", wish))


def authorize_query(**given: str) -> str:
    """Return the query of the authorize page in WeChat's order."""
    values = {
        "appid": APPID,
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "snsapi_userinfo",
        "state": "abc123",
        **given,
    }
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in values.items())


def code_in(location: str) -> str:
    """Return the code in a redirect."""
    return parse_qs(urlsplit(location).query)["code"][0]


def read(answer: TestResponse) -> dict[str, Any]:
    """Return WeChat's JSON, which always comes with status 200."""
    assert answer.status_code == 200
    return dict(json.loads(answer.data, strict=False))
