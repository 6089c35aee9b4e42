"""The authorization endpoint as programs and people meet it."""

import pytest

from tests.conftest import Installation
from tests.flows.phones import Browser, Phone
from tests.oidc.programs import Program, a_phone
from wechatlogin.services.claims import CLAIMS_OF


def come_back(program: Program, browser: Browser, path: str) -> str:
    return program.come_back(browser, program.installation.url + path)["code"]


def test_two_tabs_at_once_both_come_home(program: Program, phone: Phone) -> None:
    tabs = [program.ask(phone).headers["Location"] for _ in range(2)]

    codes = [come_back(program, phone, tab) for tab in tabs]

    assert [program.exchange(code).status_code for code in codes] == [200, 200]


def test_two_programs_at_once_both_come_home(
    installation: Installation, program: Program, phone: Phone
) -> None:
    other = Program(installation)
    first, second = (each.ask(phone).headers["Location"] for each in (program, other))

    codes = come_back(other, phone, second), come_back(program, phone, first)

    assert other.exchange(codes[0]).status_code == 200
    assert program.exchange(codes[1]).status_code == 200


def test_whoever_is_logged_in_here_comes_back_at_once(program: Program, phone: Phone) -> None:
    phone.open(f"{program.installation.url}/login")

    answer = program.ask(phone, scope="openid")

    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(f"{program.redirect_uri}?")


def test_a_hint_at_somebody_else_is_told_to_the_program_and_goes_in_no_circle(
    installation: Installation, program: Program, phone: Phone
) -> None:
    hint = program.log_in(a_phone(installation, "王小明"))["id_token"]

    answer = program.authorize(phone, id_token_hint=hint)

    assert answer["error"] == "login_required"
    assert program.authorize(phone, id_token_hint=hint, prompt="none")["error"] == "login_required"


def test_a_hint_of_another_program_is_refused(
    installation: Installation, program: Program, phone: Phone
) -> None:
    hint = Program(installation).log_in(phone)["id_token"]

    answer = program.authorize(phone, id_token_hint=hint)

    assert answer["error"] == "invalid_request"


@pytest.mark.parametrize("hint", ["x", "a.b.c", "é"])
def test_a_hint_that_is_no_token_is_refused(program: Program, phone: Phone, hint: str) -> None:
    assert program.authorize(phone, id_token_hint=hint)["error"] == "invalid_request"


def test_an_access_token_is_no_hint(program: Program, phone: Phone) -> None:
    hint = program.log_in(phone)["access_token"]

    assert program.authorize(phone, id_token_hint=hint)["error"] == "invalid_request"


def test_an_app_on_the_phone_is_led_back_to_by_its_own_scheme(
    installation: Installation, phone: Phone
) -> None:
    program = Program(installation, is_public=True, redirect_uris=("com.example.app:/callback",))

    answer = program.authorize(phone)

    assert answer.url.startswith("com.example.app:/callback?")
    assert program.exchange(answer["code"]).status_code == 200


def test_a_state_that_is_empty_is_none(program: Program, phone: Phone) -> None:
    answer = program.authorize(phone, state="")

    assert answer.parameters.keys() == {"code", "iss"}


def test_whoever_does_not_ask_for_openid_gets_no_id_token(program: Program, phone: Phone) -> None:
    tokens = program.log_in(phone, scope="profile")

    told = program.userinfo(tokens["access_token"])
    assert "id_token" not in tokens
    assert (told.status_code, told.json()["error"]) == (403, "insufficient_scope")


def test_what_may_not_be_granted_is_left_out(program: Program, phone: Phone) -> None:
    tokens = program.log_in(phone, scope="openid wechat openid nonsense email")

    assert tokens["scope"] == "openid email"
    told = program.userinfo(tokens["access_token"]).json()
    assert not told.keys() & set(CLAIMS_OF["wechat"])


def test_an_error_may_be_posted_too(program: Program, phone: Phone) -> None:
    answer = program.authorize(phone, response_mode="form_post", prompt="none")

    assert answer.parameters.keys() == {"error", "error_description", "state", "iss"}
    assert answer["error"] == "login_required"


def test_a_program_that_has_been_stopped_meanwhile_gets_no_code(
    installation: Installation, phone: Phone
) -> None:
    program = Program(installation)
    kept = program.ask(phone).headers["Location"]
    program.disable()

    page = phone.step(program.installation.url + kept)

    assert page.status_code == 403
    assert "Location" not in page.headers


def test_a_name_that_is_markup_stays_a_name(installation: Installation) -> None:
    markup = "<b>&\"'{{7*7}}</b>"
    program = Program(installation, name=markup, is_first_party=False)

    page = program.open(a_phone(installation, markup), scope="openid profile")

    assert page.text.count("&lt;b&gt;&amp;&#34;&#39;{{7*7}}&lt;/b&gt;") >= 2
    assert markup not in page.text


def test_es256_signs_all_that_its_program_is_given(
    installation: Installation, phone: Phone
) -> None:
    program = Program(installation, id_token_algorithm="ES256")

    tokens = program.log_in(phone)

    for name in ("id_token", "access_token"):
        assert program.read_header(tokens[name])["alg"] == "ES256"
