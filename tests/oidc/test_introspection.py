"""What a token is worth at this moment (RFC 7662), told to the program that it was given to."""

from datetime import timedelta
from typing import Any

import pytest
import requests

from tests.conftest import Installation
from tests.flows.phones import Phone
from tests.oidc.programs import TIMEOUT, Program
from wechatlogin import clock
from wechatlogin.extensions import db
from wechatlogin.services import bans
from wechatlogin.services.audit import COMMAND_LINE
from wechatlogin.services.refresh_tokens import GRACE

SCOPE = "openid offline_access"
INACTIVE = {"active": False}


@pytest.fixture
def tokens(program: Program, phone: Phone) -> dict[str, Any]:
    return program.log_in(phone, scope=SCOPE)


def test_an_access_token_says_what_it_was_given_for(
    program: Program, tokens: dict[str, Any]
) -> None:
    claims = program.read(tokens["access_token"])

    told = program.introspect(tokens["access_token"])

    assert told == {
        "active": True,
        "iss": program.issuer,
        "sub": claims["sub"],
        "client_id": program.client_id,
        "aud": program.client_id,
        "scope": SCOPE,
        "sid": claims["sid"],
        "iat": claims["iat"],
        "exp": claims["exp"],
        "token_type": "Bearer",
    }


def test_a_refresh_token_is_told_of_too_until_it_is_spent(
    program: Program, tokens: dict[str, Any]
) -> None:
    first = tokens["refresh_token"]
    told = program.introspect(first)

    second = program.refresh(first).json()["refresh_token"]

    assert (told["active"], told["sub"]) == (True, program.read(tokens["id_token"])["sub"])
    assert told["exp"] - told["iat"] == 30 * 86_400
    assert program.introspect(first) == INACTIVE
    assert program.introspect(second)["active"] is True


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "something else"])
def test_a_hint_changes_nothing(program: Program, tokens: dict[str, Any], hint: str) -> None:
    for name in ("access_token", "refresh_token"):
        form = {"token": tokens[name], "token_type_hint": hint}

        assert program.post("token/introspection", **form).json()["active"] is True


def test_nobody_else_learns_anything(
    installation: Installation, program: Program, tokens: dict[str, Any]
) -> None:
    other = Program(installation)

    for token in tokens.values():
        assert other.introspect(str(token)) == INACTIVE


@pytest.mark.parametrize(
    "token", ["a.b.c", "x", "é", "a" * 8000, "' OR 1=1 --", "{}"], ids=range(6)
)
def test_what_is_no_token_is_worth_nothing(program: Program, token: str) -> None:
    answer = program.post("token/introspection", token=token)

    assert answer.status_code == 200
    assert answer.json() == INACTIVE
    assert answer.headers["Cache-Control"] == "no-store"


def test_an_id_token_and_a_code_are_none(
    program: Program, phone: Phone, tokens: dict[str, Any]
) -> None:
    assert program.introspect(tokens["id_token"]) == INACTIVE
    assert program.introspect(program.authorize(phone)["code"]) == INACTIVE


def test_a_token_must_be_named(program: Program) -> None:
    answer = program.post("token/introspection")

    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_request"


def test_a_public_client_asks_about_its_own(installation: Installation, phone: Phone) -> None:
    program = Program(installation, is_public=True)

    tokens = program.log_in(phone)

    assert program.introspect(tokens["access_token"])["active"] is True


def test_after_a_log_out_all_are_worth_nothing(
    program: Program, phone: Phone, tokens: dict[str, Any]
) -> None:
    phone.submit(phone.open(f"{program.installation.url}/account"))

    assert program.introspect(tokens["access_token"]) == INACTIVE
    assert program.introspect(tokens["refresh_token"]) == INACTIVE


def test_after_a_ban_all_are_worth_nothing(program: Program, tokens: dict[str, Any]) -> None:
    with program.installation.app.app_context():
        bans.ban(program.user_id(), by=COMMAND_LINE, now=clock.now())
        db.session.remove()

    assert program.introspect(tokens["access_token"]) == INACTIVE
    assert program.introspect(tokens["refresh_token"]) == INACTIVE


def test_after_a_theft_all_are_worth_nothing(program: Program, tokens: dict[str, Any]) -> None:
    program.refresh(tokens["refresh_token"])
    program.let_pass(GRACE + timedelta(seconds=1))
    program.refresh(tokens["refresh_token"])

    assert program.introspect(tokens["access_token"]) == INACTIVE


def test_the_subject_is_the_one_that_the_program_knows(
    installation: Installation, phone: Phone
) -> None:
    program = Program(installation, subject_type="pairwise")

    tokens = program.log_in(phone)

    known = program.userinfo(tokens["access_token"]).json()["sub"]
    assert program.introspect(tokens["access_token"])["sub"] == known


def test_it_stands_under_authings_address_too(program: Program, tokens: dict[str, Any]) -> None:
    auth = (program.client_id, str(program.made.client_secret))
    url = f"{program.installation.url}/oauth/token/introspection"

    answer = requests.post(url, data={"token": tokens["access_token"]}, auth=auth, timeout=TIMEOUT)

    assert answer.json() == program.introspect(tokens["access_token"])
