"""A program gives a token back (RFC 7009): all of its login ends, or it is told that it did not."""

from typing import Any

import pytest
import requests

from tests import databases
from tests.conftest import Installation, Installer
from tests.flows.phones import Phone
from tests.oidc.programs import TIMEOUT, Program, a_phone

SCOPE = "openid offline_access"


@pytest.fixture
def tokens(program: Program, phone: Phone) -> dict[str, Any]:
    return program.log_in(phone, scope=SCOPE)


def is_over(program: Program, tokens: dict[str, Any]) -> bool:
    is_access = program.userinfo(tokens["access_token"]).status_code == 200
    is_refresh = program.refresh(tokens["refresh_token"]).status_code == 200
    assert is_access is is_refresh
    return not is_access


@pytest.mark.parametrize("name", ["access_token", "refresh_token"])
@pytest.mark.parametrize("hint", [None, "access_token", "refresh_token", "something_else"])
def test_either_token_ends_the_login_whatever_the_hint(
    program: Program, tokens: dict[str, Any], name: str, hint: str | None
) -> None:
    answer = program.revoke(tokens[name], token_type_hint=hint)

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert is_over(program, tokens)


def test_a_spent_refresh_token_ends_it_too(program: Program, tokens: dict[str, Any]) -> None:
    fresh = program.refresh(tokens["refresh_token"]).json()

    assert program.revoke(tokens["refresh_token"]).status_code == 200

    assert is_over(program, fresh)


def test_twice_is_as_good_as_once(program: Program, tokens: dict[str, Any]) -> None:
    answers = [program.revoke(tokens["refresh_token"]) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]


def test_the_persons_other_logins_go_on(
    program: Program, phone: Phone, tokens: dict[str, Any]
) -> None:
    other = program.log_in(phone, scope=SCOPE)

    program.revoke(tokens["refresh_token"])

    assert not is_over(program, other)
    assert "code" in program.authorize(phone, prompt="none").parameters


def test_another_program_ends_nothing_and_learns_nothing(
    installation: Installation, program: Program, tokens: dict[str, Any]
) -> None:
    other = Program(installation)

    answers = [other.revoke(str(token)) for token in (*tokens.values(), "nobodys")]

    assert {(answer.status_code, answer.text) for answer in answers} == {(200, answers[0].text)}
    assert not is_over(program, tokens)


@pytest.mark.parametrize("token", ["x", "a.b.c", "é", "a" * 8000, "' OR 1=1 --"], ids=range(5))
def test_what_is_no_token_is_over_already(program: Program, token: str) -> None:
    assert program.revoke(token).status_code == 200


def test_an_id_token_ends_nothing(program: Program, tokens: dict[str, Any]) -> None:
    assert program.revoke(tokens["id_token"]).status_code == 200

    assert not is_over(program, tokens)


def test_a_token_must_be_named(program: Program) -> None:
    answer = program.post("token/revocation")

    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_request"


def test_a_public_client_gives_its_own_back(installation: Installation, phone: Phone) -> None:
    program = Program(installation, is_public=True)
    tokens = program.log_in(phone, scope=SCOPE)

    assert program.revoke(tokens["access_token"]).status_code == 200

    assert is_over(program, tokens)


def test_it_takes_a_post_alone(program: Program) -> None:
    answer = requests.get(f"{program.issuer}/token/revocation", timeout=TIMEOUT)

    assert answer.status_code == 405


def test_what_could_not_be_ended_is_told(install: Installer) -> None:
    """A program that was answered 200 would think that nobody can use the token any more."""
    installation = install()
    program = Program(installation)
    tokens = program.log_in(a_phone(installation), scope=SCOPE)

    with databases.locked(installation.service.settings.database_url):
        answer = program.revoke(tokens["refresh_token"])

    assert answer.status_code == 503
    assert answer.json()["error"] == "temporarily_unavailable"
    assert answer.headers["Retry-After"] == "5"
    assert not is_over(program, tokens)
