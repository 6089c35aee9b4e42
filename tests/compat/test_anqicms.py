"""AnQiCMS's users: the code from the chat logs in, in whatever shape it comes."""

import re

import pytest

from tests.compat.code_programs import (
    FrontEnd,
    a_code,
    a_follower,
    a_known_follower,
    another,
    claims_of,
    header_of,
    said_no,
    write,
)
from tests.conftest import Installation, Installer
from tests.flows.phones import Browser, Phone
from wechatlogin import clock

AUTH = "/api/wechat/auth"
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


def test_a_stranger_authorizes_and_then_the_code_logs_in(
    service: Installation, front_end: FrontEnd
) -> None:
    person = a_follower(service, "输入验证码的人")
    link = re.search(r'href="([^"]+)"', write(service, person, "验证码"))
    assert link
    assert link[1] == f"{service.url}{AUTH}?state=code"
    Phone(person).open(link[1])

    answer = front_end.log_in(a_code(service, person))

    user = answer.json()["data"]
    assert (answer.status_code, answer.json()["code"], answer.json()["msg"]) == (200, 0, "")
    assert user["user_name"] == "输入验证码的人"
    assert user["full_avatar_url"] == user["avatar_url"]
    assert abs(user["last_login"] - clock.now().timestamp()) < 60


def test_the_token_has_anqicms_claims_and_lasts_thirty_days(
    service: Installation, front_end: FrontEnd, person: str
) -> None:
    answer = front_end.log_in(a_code(service, person)).json()

    claims = claims_of(answer["data"]["token"])
    assert header_of(answer["data"]["token"])["alg"] == "HS256"
    assert set(claims) == {"userId", "t", "sid"}
    assert claims["userId"] == str(answer["data"]["id"])
    assert int(claims["t"]) == pytest.approx(clock.now().timestamp() + 30 * DAY, abs=60)


def test_a_person_has_one_number_for_good(service: Installation, person: str) -> None:
    numbers = {
        FrontEnd(service).log_in(a_code(service, person)).json()["data"]["id"] for _ in range(2)
    }
    other = FrontEnd(service).log_in(a_code(service, a_known_follower(service))).json()

    assert len(numbers) == 1
    assert other["data"]["id"] not in numbers


@pytest.mark.parametrize(
    ("remember", "lifetime"), [(False, DAY), (True, 30 * DAY), ("1", 30 * DAY)]
)
def test_the_cookie_lasts_as_the_person_wants_and_no_script_reads_it(
    service: Installation, front_end: FrontEnd, person: str, remember: object, lifetime: int
) -> None:
    answer = front_end.log_in(a_code(service, person), remember=remember)

    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith(f"token={answer.json()['data']['token']};")
    assert {"HttpOnly", "Path=/", "SameSite=Lax", f"Max-Age={lifetime}"} <= set(cookie.split("; "))


def test_header_and_cookie_both_say_who_it_is(
    service: Installation, front_end: FrontEnd, person: str
) -> None:
    logged_in = front_end.log_in(a_code(service, person)).json()["data"]

    by_cookie = front_end.detail().json()
    by_header = FrontEnd(service).detail(logged_in["token"]).json()

    assert by_cookie == by_header
    assert by_cookie == {"code": 0, "msg": None, "data": {**logged_in, "token": ""}}


def test_the_header_counts_before_the_cookie(service: Installation, front_end: FrontEnd) -> None:
    first, second = a_known_follower(service, "甲"), a_known_follower(service, "乙")
    token = FrontEnd(service).token(a_code(service, second))
    front_end.log_in(a_code(service, first))

    assert front_end.detail().json()["data"]["user_name"] == "甲"
    assert front_end.detail(token).json()["data"]["user_name"] == "乙"


def test_a_code_is_spent_by_the_login(
    service: Installation, front_end: FrontEnd, person: str
) -> None:
    code = a_code(service, person)
    front_end.token(code)

    assert said_no(FrontEnd(service).log_in(code)) == (-1, "验证码不正确")


def test_the_same_code_comes_again_while_it_lives(service: Installation, person: str) -> None:
    assert a_code(service, person) == a_code(service, person)


@pytest.mark.parametrize(
    "wrong", ["another", "1", "１２３４５６", "12345６", "0123456", "\x00", "x" * 5000]
)
def test_what_is_no_code_looks_like_a_wrong_one(
    service: Installation, front_end: FrontEnd, person: str, wrong: str
) -> None:
    typed = another(a_code(service, person)) if wrong == "another" else wrong

    assert said_no(front_end.log_in(typed)) == (-1, "验证码不正确")


def test_a_code_may_come_as_a_number_or_with_blanks_around_it(
    service: Installation, front_end: FrontEnd, person: str
) -> None:
    assert front_end.log_in(int(a_code(service, person))).json()["code"] == 0
    assert front_end.log_in(f" {a_code(service, person)} ").json()["code"] == 0


@pytest.mark.parametrize("platform", ["weapp", "google", "alipay", "WeChat", "account"])
def test_other_platforms_are_refused_in_words_and_spend_nothing(
    service: Installation, front_end: FrontEnd, person: str, platform: str
) -> None:
    code = a_code(service, person)

    answer = front_end.log_in(code, platform=platform)

    assert said_no(answer) == (-1, "这里只能用微信验证码登录。")
    assert front_end.log_in(code).json()["code"] == 0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b"null",
        b'{"code": {}}',
        b'{"code": "\\ud800"}',
        b"[" * 60_000,
        b"\xff",
    ],
)
def test_a_body_that_is_no_login_is_said_no(front_end: FrontEnd, body: bytes) -> None:
    assert said_no(front_end.ask("POST", "/api/login", data=body)) == (-1, "请求的参数不正确。")


@pytest.mark.parametrize(
    "body", [{}, {"platform": "wechat"}, {"code": "123456"}, {"platform": "wechat", "code": ""}]
)
def test_what_is_missing_is_told(front_end: FrontEnd, body: dict[str, str]) -> None:
    assert said_no(front_end.ask("POST", "/api/login", json=body)) == (-1, "用户信息不完整")


def test_the_page_of_wechat_says_its_number_where_json_is_asked_for(
    service: Installation,
) -> None:
    phone = Phone(a_follower(service))
    phone.headers["Accept"] = "application/json"
    outside = Browser().step(f"{service.url}{AUTH}?return=json")

    plain = phone.open(f"{service.url}{AUTH}")
    with_code = phone.open(f"{service.url}{AUTH}?state=code")

    assert outside.json() == {"code": 4001, "msg": "请在微信中打开"}
    assert plain.json() == {"code": 0, "msg": "微信授权成功"}
    assert with_code.json() == {"code": 200, "msg": "验证码已发送到微信"}


def test_where_no_message_reaches_the_person_json_holds_the_code(service: Installation) -> None:
    phone = Phone(service.simulator.add_person())
    phone.headers["Accept"] = "application/json"

    answer = phone.open(f"{service.url}{AUTH}?state=code").json()

    code = re.search(r"[1-9][0-9]{5}", answer["msg"])
    assert answer["code"] == 200
    assert code
    assert FrontEnd(service).log_in(code[0]).json()["code"] == 0


def test_a_snapshot_page_is_not_permitted(service: Installation) -> None:
    person = service.simulator.add_person()
    service.simulator.fault("/connect/oauth2/authorize", "snapshot", times=1)
    phone = Phone(person)
    phone.headers["Accept"] = "application/json"

    assert phone.open(f"{service.url}{AUTH}").json()["code"] == 1002


def test_one_address_may_be_wrong_only_so_often_at_both_doors_together(install: Installer) -> None:
    installation = install(limit_code_tries="3 per minute")
    person = a_known_follower(installation)
    code, browser = a_code(installation, person), Browser()
    browser.submit(browser.open(f"{installation.url}/login/code"), code=another(code))

    answers = [FrontEnd(installation).log_in(another(code)) for _ in range(3)]
    right = FrontEnd(installation).log_in(code)

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert {answer.json()["code"] for answer in answers} == {-1}
    assert (right.status_code, right.json()["code"]) == (429, -1)
    assert int(right.headers["Retry-After"]) > 0


def test_right_codes_are_not_counted(install: Installer) -> None:
    installation = install(limit_code_tries="1 per minute", limit_code_tries_all="1 per minute")
    person = a_known_follower(installation)

    for _ in range(3):
        assert FrontEnd(installation).token(a_code(installation, person))


def test_wrong_codes_from_everywhere_are_bounded_together(install: Installer) -> None:
    installation = install(limit_code_tries_all="2 per minute", trusted_proxies=1)
    addresses = [f"203.0.113.{n}" for n in range(4)]
    body = {"platform": "wechat", "code": "100000"}

    statuses = [
        FrontEnd(installation)
        .ask("POST", "/api/login", json=body, headers={"X-Forwarded-For": address})
        .status_code
        for address in addresses
    ]

    assert statuses == [200, 200, 429, 429]
