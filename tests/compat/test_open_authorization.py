"""`/wechat/*` over real HTTP: the key, the addresses, the authorize page, and what is around it."""

import uuid
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import requests
from sqlalchemy import select

from tests.compat.open_authorization import (
    Program,
    claims_of,
    details,
)
from tests.conftest import Installation, Installer
from tests.flows.phones import Phone
from wechatlogin import clock
from wechatlogin.extensions import db
from wechatlogin.models import Identity
from wechatlogin.models.transaction import write
from wechatlogin.services import api_keys, applications


@pytest.mark.parametrize("name", ["qrcode", "authorize", "jwt", "isSubscribed"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer wr\u00f6ng".encode("latin-1")},
        {"Authorization": "Basic d3Jvbmc6d3Jvbmc="},
    ],
    ids=lambda headers: str(headers.get("Authorization")),
)
def test_without_a_good_key_nothing_is_said(
    program: Program, name: str, headers: dict[str, str]
) -> None:
    answer = program.ask(name, headers=headers, redirectUri=program.after)

    assert details(answer)[:2] == (401, "Authorization")


def test_a_bare_key_is_no_bearer(program: Program) -> None:
    answer = program.ask("qrcode", headers={"Authorization": program.made.api_key})

    assert details(answer) == (401, "Authorization", "api_key_wrong")


def test_the_scheme_is_read_in_any_case(program: Program) -> None:
    answer = program.ask("jwt", headers={"Authorization": f"bEARER {program.made.api_key}"})

    assert details(answer) == (400, "code", "parameter_wrong")


def test_a_revoked_key_and_a_disabled_application_are_refused(installation: Installation) -> None:
    program, other = Program(installation), Program(installation)
    token = other.log_in(installation.simulator.add_person())
    with installation.app.app_context():
        application = applications.verify(program.made.client_id)
        key = api_keys.get_all(application)[0]
        api_keys.revoke(application, key.id, now=clock.now())
        disabled = applications.verify(other.made.client_id)
        applications.save_disabled(disabled, is_disabled=True, now=clock.now())

    assert details(program.get_qrcode())[:2] == (401, "Authorization")
    assert details(other.get_qrcode())[:2] == (401, "Authorization")
    assert details(other.ask("isSubscribed", token))[:2] == (401, "Authorization")


def test_no_cookie_of_ours_helps(installation: Installation, program: Program, person: str) -> None:
    phone = Phone(person)
    phone.open(f"{installation.url}/login")

    answer = phone.get(f"{installation.url}/wechat/isSubscribed", timeout=20)

    assert details(answer)[:2] == (401, "Authorization")


def test_the_success_of_authorize_is_a_401_with_wechats_page(program: Program) -> None:
    answer = program.get_authorize()

    body = answer.json()
    page = body["details"]["fieldValue"]
    state = parse_qs(urlsplit(page).query)["state"][0]
    installation = program.installation
    assert answer.status_code == 401
    assert body["name"] == body["message"] == "UNAUTHORIZED"
    assert body["details"]["field"] == "authorization url"
    assert str(uuid.UUID(state)).replace("-", "") == state
    assert page == (
        f"{installation.simulator.url}/connect/oauth2/authorize?appid={installation.account.appid}"
        f"&redirect_uri={quote(program.callback, safe='')}&response_type=code&scope=snsapi_base"
        f"&state={state}&forcePopup=false#wechat_redirect"
    )


def test_each_visit_has_a_state_and_each_answer_an_id_of_its_own(program: Program) -> None:
    one, other = program.get_authorize().json(), program.get_authorize().json()

    assert one["id"] != other["id"]
    assert one["details"]["fieldValue"] != other["details"]["fieldValue"]


def test_the_profile_can_be_asked_for(program: Program, person: str) -> None:
    code, state = program.come_back(person, scope="snsapi_userinfo")

    token = program.ask("jwt", code=code, id=state).json()["token"]

    with program.installation.app.app_context():
        query = select(Identity).where(Identity.openid == claims_of(token)["openid"])
        identity = db.session.scalars(query).one()
    assert identity.nickname == "林小满"


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"redirectUri": None}, "redirectUri"),
        ({"redirectUri": ""}, "redirectUri"),
        ({"callback": None}, "callback"),
        ({"scope": "snsapi_login"}, "scope"),
        ({"scope": "snsapi_base,snsapi_userinfo"}, "scope"),
        ({"scope": ["snsapi_base", "snsapi_base"]}, "scope"),
        ({"redirectUri": "x" * 3000}, "redirectUri"),
    ],
    ids=str,
)
def test_a_wrong_parameter_of_authorize_is_named(
    program: Program, more: dict[str, Any], field: str
) -> None:
    assert details(program.get_authorize(**more)) == (400, field, "parameter_wrong")


def test_the_two_addresses_must_differ(program: Program) -> None:
    answer = program.get_authorize(callback=program.after)

    assert details(answer)[:2] == (400, "redirectUri")


def test_an_address_given_twice_is_refused(program: Program) -> None:
    twice = [program.after, "https://evil.example/"]

    assert details(program.get_authorize(redirectUri=twice))[:2] == (400, "redirectUri")
    assert details(program.get_qrcode(redirectUri=twice[::-1]))[:2] == (400, "redirectUri")


def addresses_that_look_alike(url: str) -> list[str]:
    host = url.removeprefix("http://")
    return [
        f"{url}/after/",
        f"{url}/after?x=1",
        f"{url}/after#x",
        f"{url}/after/../callback",
        f"{url}/%61fter",
        f"{url}/after%2f",
        f"{url}/AFTER",
        f"{url}/after\x00",
        f" {url}/after",
        f"{url}/after\r\nSet-Cookie: a=b",
        f"{url}\\after",
        f"{url}/afte",
        f"HTTP://{host}/after",
        f"https://{host}/after",
        f"//{host}/after",
        f"http://{host}@evil.example/after",
        f"http://evil.example/after?{url}/after",
        f"http://{host}.evil.example/after",
        quote(f"{url}/after", safe=""),
        "javascript:alert(1)",
        "[",
    ]


@pytest.mark.parametrize("number", range(21))
def test_an_address_that_only_looks_like_a_registered_one_is_refused(
    program: Program, number: int
) -> None:
    tried = addresses_that_look_alike(program.installation.url)
    wrong = tried[number]

    assert len(tried) == 21
    assert details(program.get_authorize(redirectUri=wrong))[:2] == (400, "redirectUri")
    assert details(program.get_authorize(callback=wrong))[:2] == (400, "callback")
    assert details(program.get_qrcode(redirectUri=wrong))[:2] == (400, "redirectUri")


def test_another_applications_address_is_not_registered(
    installation: Installation, program: Program
) -> None:
    other = Program(installation)
    with installation.app.app_context(), write() as session:
        application = applications.verify(other.made.client_id)
        application.redirect_uris = [f"{installation.url}/theirs"]
        session.add(application)

    answer = program.get_qrcode(redirectUri=f"{installation.url}/theirs")

    assert details(answer)[:2] == (400, "redirectUri")


def test_too_many_starts_of_one_program_leave_the_other_alone(install: Installer) -> None:
    installation = install(limit_login="2 per minute")
    program, other = Program(installation), Program(installation)

    answers = [program.get_authorize() for _ in range(3)]

    assert [details(answer)[1] for answer in answers[:2]] == ["authorization url"] * 2
    assert details(answers[2]) == (429, "request", "rate_limited")
    assert "Retry-After" in answers[2].headers
    assert details(other.get_authorize())[1] == "authorization url"


def test_the_log_holds_neither_keys_nor_tokens_nor_codes(install: Installer) -> None:
    installation = install(log_level="DEBUG")
    program = Program(installation)
    code, state = program.come_back(installation.simulator.add_person())
    token = program.ask("jwt", code=code, id=state).json()["token"]
    installation.simulator.fault("/cgi-bin/user/info", "errcode", errcode=48001, times=1)
    program.ask("isSubscribed", token)
    installation.simulator.fault("/sns/oauth2/access_token", "reset", times=1)
    lost, lost_state = program.come_back(installation.simulator.add_person())
    program.ask("jwt", code=lost, id=lost_state)
    installation.service.stop()

    log = installation.service.log_path.read_text()

    assert "WeChat: operator_needed" in log
    for secret in (program.made.api_key, token, code, lost, claims_of(token)["openid"]):
        assert secret not in log


def test_messages_come_in_the_callers_language(program: Program) -> None:
    headers = {"Authorization": "Bearer wrong", "Accept-Language": "zh-CN"}

    answer = program.ask("qrcode", headers=headers)

    assert answer.json()["message"] == "API 密钥不正确或已停用。"


def test_only_get_is_answered(program: Program) -> None:
    answer = requests.post(f"{program.installation.url}/wechat/jwt", timeout=20)

    assert answer.status_code == 405
