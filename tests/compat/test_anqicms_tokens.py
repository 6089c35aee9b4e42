"""AnQiCMS's tokens: each stands for a session, and ends with it."""

import re
from datetime import timedelta

import pytest

from tests.compat.code_programs import (
    FrontEnd,
    a_code,
    a_known_follower,
    claims_of,
    said_no,
    sign_again,
)
from tests.conftest import Installation
from tests.flows.phones import Browser
from wechatlogin import clock
from wechatlogin.extensions import db
from wechatlogin.services import accounts

DAY = 86_400


@pytest.fixture
def service(anqicms: Installation) -> Installation:
    return anqicms


@pytest.fixture
def front_end(service: Installation) -> FrontEnd:
    return FrontEnd(service)


@pytest.fixture
def person(service: Installation) -> str:
    return a_known_follower(service)


def test_nobody_is_logged_in_without_a_token(front_end: FrontEnd) -> None:
    assert said_no(front_end.detail()) == (1001, "该操作需要登录，请登录后重试")


@pytest.mark.parametrize(
    "changed",
    [
        {"t": None},
        {"t": "0"},
        {"t": 99999999999},
        {"t": "1e10"},
        {"sid": None},
        {"sid": "0" * 32},
        {"sid": ["x"]},
    ],
)
def test_a_token_with_other_claims_is_none(
    service: Installation, front_end: FrontEnd, person: str, changed: dict[str, object]
) -> None:
    token = front_end.token(a_code(service, person))

    assert FrontEnd(service).detail(sign_again(service, token)).json()["code"] == 0
    assert FrontEnd(service).detail(sign_again(service, token, **changed)).json()["code"] == 1001


def test_a_token_that_we_have_not_signed_is_none(
    service: Installation, front_end: FrontEnd, person: str
) -> None:
    token = front_end.token(a_code(service, person))
    header, body, signature = token.split(".")
    unsigned = "eyJhbGciOiJub25lIn0"
    forged = [f"{header}.{body}.", f"{unsigned}.{body}.", f"{header}.{body}.{signature[::-1]}", "x"]

    for one in forged:
        assert said_no(FrontEnd(service).detail(one))[0] == 1001


def test_a_token_cannot_name_the_session_of_a_browser(
    service: Installation, front_end: FrontEnd, person: str
) -> None:
    token = front_end.token(a_code(service, person))
    browser = Browser()
    typed = browser.open(f"{service.url}/login/code")
    page = browser.submit(typed, code=a_code(service, person))
    ids = re.findall(r"/account/sessions/([0-9a-f]{32})/end", page.text)
    assert claims_of(token)["sid"] in ids

    for public_id in set(ids) - {claims_of(token)["sid"]}:
        named = sign_again(service, token, sid=public_id)
        assert FrontEnd(service).detail(named).json()["code"] == 1001


def test_our_own_login_does_not_count_here_nor_a_token_there(
    service: Installation, person: str
) -> None:
    browser = Browser()
    browser.submit(browser.open(f"{service.url}/login/code"), code=a_code(service, person))
    front_end = FrontEnd(service)
    front_end.token(a_code(service, person))

    asked = browser.step(f"{service.url}/api/user/detail")
    page = front_end.get(f"{service.url}/account", allow_redirects=False, timeout=20)

    assert asked.json()["code"] == 1001
    assert page.status_code == 302


def test_a_log_out_ends_the_token_wherever_it_is_shown(
    service: Installation, front_end: FrontEnd, person: str
) -> None:
    token = front_end.token(a_code(service, person))

    answer = front_end.ask("GET", "/logout?return=json")

    assert (answer.json()["code"], answer.json()["msg"]) == (1001, "已退出登录")
    assert "Max-Age=0" in answer.headers["Set-Cookie"]
    assert not front_end.cookies
    assert said_no(FrontEnd(service).detail(token))[0] == 1001


def test_a_log_out_by_the_header_and_one_of_nobody(service: Installation, person: str) -> None:
    token = FrontEnd(service).token(a_code(service, person))

    for shown in (token, token, "x", None):
        headers = {"token": shown} if shown else {}
        answer = FrontEnd(service).ask("GET", "/logout?return=json", headers=headers)
        assert answer.json()["code"] == 1001

    assert FrontEnd(service).detail(token).json()["code"] == 1001


def test_a_log_out_that_asks_for_no_json_is_not_taken(
    service: Installation, front_end: FrontEnd, person: str
) -> None:
    token = front_end.token(a_code(service, person))

    answer = front_end.get(f"{service.url}/logout", allow_redirects=False, timeout=20)

    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert FrontEnd(service).detail(token).json()["code"] == 0


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_logs_nobody_out_and_nobody_in(
    service: Installation, front_end: FrontEnd, person: str, site: str
) -> None:
    token, code = front_end.token(a_code(service, person)), a_code(service, person)
    headers = {"Sec-Fetch-Site": site}
    body = {"platform": "wechat", "code": code}

    out = front_end.ask("GET", "/logout?return=json", headers=headers)
    into = front_end.ask("POST", "/api/login", json=body, headers=headers)
    posted = front_end.ask(
        "POST", "/api/login", json=body, headers={"Origin": "https://evil.example"}
    )

    assert {(one.status_code, one.json()["code"]) for one in (out, into, posted)} == {(403, 1002)}
    assert front_end.detail(token).json()["code"] == 0
    assert front_end.log_in(code).json()["code"] == 0


def test_the_person_sees_the_session_and_ends_it(service: Installation, person: str) -> None:
    token = FrontEnd(service).token(a_code(service, person))
    browser = Browser()
    typed = browser.open(f"{service.url}/login/code")
    page = browser.submit(typed, code=a_code(service, person))
    action = f"/account/sessions/{claims_of(token)['sid']}/end"
    form = re.search(rf'<form[^>]*action="{action}".*?</form>', page.text, re.DOTALL)
    assert form
    hidden = re.search(r'name="csrf_token" value="([^"]+)"', form[0])
    assert hidden

    browser.post(service.url + action, data={"csrf_token": hidden[1]}, timeout=20)

    assert FrontEnd(service).detail(token).json()["code"] == 1001


def test_an_erased_person_is_nobody(service: Installation, person: str) -> None:
    token, code = FrontEnd(service).token(a_code(service, person)), a_code(service, person)
    openid = service.simulator.openid(person, service.account.appid)
    with service.app.app_context():
        accounts.erase_identity(service.account.appid, openid, now=clock.now())
        db.session.remove()

    assert FrontEnd(service).detail(token).json()["code"] == 1001
    assert FrontEnd(service).log_in(code).json() == {"code": -1, "msg": "验证码不正确"}


def test_logging_in_again_ends_the_former_token_of_this_browser_alone(
    service: Installation, front_end: FrontEnd, person: str
) -> None:
    elsewhere = FrontEnd(service).token(a_code(service, person))
    former = front_end.token(a_code(service, person))

    fresh = front_end.token(a_code(service, person))

    codes = [FrontEnd(service).detail(one).json()["code"] for one in (elsewhere, former, fresh)]
    assert codes == [0, 1001, 0]


def test_in_its_last_hour_a_token_is_renewed_for_a_day(
    service: Installation, front_end: FrontEnd, person: str
) -> None:
    token = front_end.token(a_code(service, person))
    now = clock.now()
    early = str(int((now + timedelta(minutes=62)).timestamp()))
    late = str(int((now + timedelta(minutes=58)).timestamp()))
    caller = FrontEnd(service)

    before = caller.detail(sign_again(service, token, t=early))
    answer = caller.detail(sign_again(service, token, t=late))

    assert "update-token" not in before.headers
    fresh = answer.headers["update-token"]
    assert int(claims_of(fresh)["t"]) == pytest.approx(now.timestamp() + DAY, abs=60)
    assert caller.detail(fresh).json()["code"] == 0
    assert "Set-Cookie" not in answer.headers


def test_a_browser_gets_the_new_token_as_its_cookie(
    service: Installation, front_end: FrontEnd, person: str
) -> None:
    token = front_end.token(a_code(service, person))
    late = str(int((clock.now() + timedelta(minutes=5)).timestamp()))
    cookie = {"Cookie": f"token={sign_again(service, token, t=late)}"}

    answer = FrontEnd(service).ask("GET", "/api/user/detail", headers=cookie)

    assert answer.cookies["token"] == answer.headers["update-token"]
