"""The UserInfo endpoint and whoever shows it no token, or the wrong one (RFC 6750)."""

import pytest
import requests

from tests.flows.phones import Phone
from tests.oidc.programs import TIMEOUT, Program


def ask(program: Program, **more: object) -> requests.Response:
    method = "POST" if "data" in more else "GET"
    return requests.request(method, f"{program.issuer}/me", timeout=TIMEOUT, **more)  # type: ignore[arg-type]


def assert_refused(answer: requests.Response, code: str, status: int) -> None:
    assert answer.status_code == status
    assert answer.json()["error"] == code
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "header", [None, "Bearer", "Bearer ", "Bearer a.b.c", "Basic YTpi", "bearer x", "\xff"]
)
def test_without_a_token_nobody_is_told_of(program: Program, header: str | None) -> None:
    headers = {"Authorization": header.encode("latin-1")} if header else {}

    answer = ask(program, headers=headers)

    assert_refused(answer, "invalid_token", 401)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_in_the_address_is_not_read(program: Program, phone: Phone) -> None:
    token = program.log_in(phone)["access_token"]

    assert_refused(ask(program, params={"access_token": token}), "invalid_token", 401)


def test_a_token_in_two_places_is_refused(program: Program, phone: Phone) -> None:
    token = program.log_in(phone)["access_token"]
    headers = {"Authorization": f"Bearer {token}"}

    answer = ask(program, data={"access_token": token}, headers=headers)

    assert_refused(answer, "invalid_request", 400)


def test_the_cookie_of_a_login_is_no_token(program: Program, phone: Phone) -> None:
    phone.open(f"{program.installation.url}/login")

    assert_refused(phone.step(f"{program.issuer}/me"), "invalid_token", 401)


@pytest.mark.parametrize("name", ["id_token", "refresh_token"])
def test_no_other_token_will_do(program: Program, phone: Phone, name: str) -> None:
    token = program.log_in(phone, scope="openid offline_access")[name]

    assert_refused(program.userinfo(token), "invalid_token", 401)
