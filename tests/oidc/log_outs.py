"""A person who has logged in to a program that is told of log-outs, and how they leave."""

import base64
import json
import re
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests

from tests.flows.phones import Phone
from tests.oidc.programs import Program
from wechatlogin import clock
from wechatlogin.models import Algorithm
from wechatlogin.services import jwts, keys

BACK = "https://program.example/logged-out"
#: The state has what an address must not mix up.
STATE = "a state & more=1 ü"
SUCCESS = "/oidc/session/end/success"


def end_url(program: Program, **parameters: str) -> str:
    return f"{program.metadata()['end_session_endpoint']}?{urlencode(parameters)}"


def is_logged_in(program: Program, phone: Phone) -> bool:
    return phone.step(f"{program.installation.url}/account").status_code == 200


def is_logged_out_page(answer: requests.Response) -> bool:
    return urlsplit(answer.url).path == SUCCESS and "已退出登录" in answer.text


def is_question(answer: requests.Response) -> bool:
    return answer.status_code == 200 and "退出登录？" in answer.text


def press(phone: Phone, page: requests.Response) -> requests.Response:
    """Answer the page's question with yes, and follow nothing."""
    found = re.search(
        r'(?s)<form[^>]*action="([^"]+)".*?name="csrf_token" value="([^"]+)"', page.text
    )
    assert found, page.text
    return phone.post(
        f"{page.url.split('/oidc')[0]}{found[1].replace('&amp;', '&')}",
        data={"csrf_token": found[2]},
        allow_redirects=False,
        timeout=20,
    )


def sign(program: Program, claims: dict[str, Any], *, type_: str = "JWT") -> str:
    site = program.installation.site
    with program.installation.app.app_context():
        signer = keys.find_or_create_current(site, Algorithm.RS256, now=clock.now())
        return jwts.sign(signer, claims, type_=type_)


def claims_in(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    read: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return read
