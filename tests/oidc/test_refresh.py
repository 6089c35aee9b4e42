"""Refresh tokens over HTTP: one rotation each, and the end of a family that was stolen from."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import requests

from tests.conftest import Installation, Installer
from tests.flows.phones import Phone
from tests.oidc.programs import Program, a_phone
from wechatlogin import clock
from wechatlogin.extensions import db
from wechatlogin.services import applications, bans, consents, sessions
from wechatlogin.services.audit import COMMAND_LINE
from wechatlogin.services.refresh_tokens import GRACE

SCOPE = "openid profile offline_access"
A_SECOND = timedelta(seconds=1)


@pytest.fixture
def program(installation: Installation) -> Program:
    return Program(installation)


def tokens_of(program: Program, phone: Phone, scope: str = SCOPE) -> dict[str, Any]:
    return program.log_in(phone, scope=scope)


def rotate(program: Program, refresh_token: str, **given: str) -> dict[str, Any]:
    answer = program.refresh(refresh_token, **given)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    return dict(answer.json())


def assert_refused(answer: requests.Response, code: str = "invalid_grant") -> None:
    assert answer.status_code == 400
    assert answer.json()["error"] == code
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_rotation_gives_new_tokens_of_the_same_login(program: Program, phone: Phone) -> None:
    first = tokens_of(program, phone)

    second = rotate(program, first["refresh_token"])

    assert second["refresh_token"] != first["refresh_token"]
    assert second["access_token"] != first["access_token"]
    assert second["scope"] == SCOPE
    before, after = program.read(first["access_token"]), program.read(second["access_token"])
    assert after["jti"] != before["jti"]
    assert {name: after[name] for name in ("sub", "sid", "auth_time", "amr")} == {
        name: before[name] for name in ("sub", "sid", "auth_time", "amr")
    }


def test_whose_answer_was_lost_gets_the_same_successor_for_ten_seconds(
    program: Program, phone: Phone
) -> None:
    first = tokens_of(program, phone)["refresh_token"]
    second = rotate(program, first)["refresh_token"]
    program.let_pass(GRACE / 2)

    assert rotate(program, first)["refresh_token"] == second
    assert rotate(program, second)


def test_a_token_that_comes_again_after_that_ends_the_family(
    program: Program, phone: Phone
) -> None:
    first = tokens_of(program, phone)
    second = rotate(program, first["refresh_token"])
    program.let_pass(GRACE + A_SECOND)

    assert_refused(program.refresh(first["refresh_token"]))

    assert_refused(program.refresh(second["refresh_token"]))
    assert program.userinfo(second["access_token"]).status_code == 401
    assert program.userinfo(first["access_token"]).status_code == 401
    assert program.introspect(second["refresh_token"]) == {"active": False}


def test_the_grace_is_for_the_immediate_predecessor_alone(program: Program, phone: Phone) -> None:
    first = tokens_of(program, phone)["refresh_token"]
    third = rotate(program, rotate(program, first)["refresh_token"])["refresh_token"]

    assert_refused(program.refresh(first))

    assert_refused(program.refresh(third))


def test_the_end_of_one_family_leaves_the_persons_other_logins(
    program: Program, phone: Phone
) -> None:
    stolen, other = tokens_of(program, phone), tokens_of(program, phone)
    rotate(program, stolen["refresh_token"])
    program.let_pass(GRACE + A_SECOND)
    assert_refused(program.refresh(stolen["refresh_token"]))

    assert rotate(program, other["refresh_token"])
    assert "code" in program.authorize(phone, prompt="none").parameters


def test_of_two_that_refresh_at_once_both_get_the_same_successor(
    program: Program, phone: Phone
) -> None:
    first = tokens_of(program, phone)["refresh_token"]

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(program.refresh, [first] * 4))

    assert [answer.status_code for answer in answers] == [200] * 4
    [second] = {answer.json()["refresh_token"] for answer in answers}
    assert rotate(program, second)


def test_a_theft_is_noticed_after_a_restart_too(install: Installer) -> None:
    installation = install()
    program = Program(installation)
    first = tokens_of(program, a_phone(installation))["refresh_token"]
    second = rotate(program, first)["refresh_token"]
    program.let_pass(GRACE + A_SECOND)

    installation.service.restart()

    assert_refused(program.refresh(first))
    assert_refused(program.refresh(second))


def test_another_clients_token_is_refused_and_stays_good(
    installation: Installation, program: Program, phone: Phone
) -> None:
    refresh_token, other = tokens_of(program, phone)["refresh_token"], Program(installation)

    assert_refused(other.refresh(refresh_token))

    assert rotate(program, refresh_token)


def test_another_client_cannot_end_a_family_with_a_spent_token(
    installation: Installation, program: Program, phone: Phone
) -> None:
    first, other = tokens_of(program, phone)["refresh_token"], Program(installation)
    second = rotate(program, first)["refresh_token"]
    program.let_pass(GRACE + A_SECOND)

    assert_refused(other.refresh(first))

    assert rotate(program, second)


def test_a_public_client_refreshes_with_its_id_alone(
    installation: Installation, phone: Phone
) -> None:
    program = Program(installation, is_public=True)

    assert rotate(program, tokens_of(program, phone)["refresh_token"])


def test_the_scope_may_become_less_and_all_of_it_again(program: Program, phone: Phone) -> None:
    first = tokens_of(program, phone)["refresh_token"]

    less = rotate(program, first, scope="openid")
    again = rotate(program, less["refresh_token"])

    assert less["scope"] == "openid"
    assert program.userinfo(less["access_token"]).json().keys() == {"sub"}
    assert again["scope"] == SCOPE


@pytest.mark.parametrize("scope", ["openid email", "wechat", f"{SCOPE} email", "unknown"])
def test_the_scope_never_becomes_more(program: Program, phone: Phone, scope: str) -> None:
    first = tokens_of(program, phone)["refresh_token"]

    assert_refused(program.refresh(first, scope=scope), "invalid_scope")

    assert rotate(program, first)


def test_without_offline_access_there_is_none(program: Program, phone: Phone) -> None:
    assert "refresh_token" not in tokens_of(program, phone, "openid profile")


def test_a_client_that_may_not_have_one_gets_none(installation: Installation, phone: Phone) -> None:
    program = Program(installation, scopes=("openid",))

    tokens = tokens_of(program, phone)

    assert tokens["scope"] == "openid"
    assert "refresh_token" not in tokens


def test_it_outlives_the_time_of_the_browsers_session(program: Program, phone: Phone) -> None:
    first = tokens_of(program, phone)["refresh_token"]
    program.let_pass(timedelta(days=20))

    second = rotate(program, first)["refresh_token"]
    program.let_pass(timedelta(days=20))

    assert rotate(program, second)


def test_it_dies_of_being_left_for_30_days(program: Program, phone: Phone) -> None:
    first = tokens_of(program, phone)["refresh_token"]

    program.let_pass(timedelta(days=30))

    assert_refused(program.refresh(first))


def log_out(program: Program, phone: Phone) -> None:
    phone.submit(phone.open(f"{program.installation.url}/account"))
    assert phone.step(f"{program.installation.url}/account").status_code == 302


def end_all(program: Program, phone: Phone) -> None:
    sessions.end_all(program.user_id(), now=clock.now())


def ban(program: Program, phone: Phone) -> None:
    bans.ban(program.user_id(), by=COMMAND_LINE, now=clock.now())


def disable(program: Program, phone: Phone) -> None:
    program.disable()


def revoke_consent(program: Program, phone: Phone) -> None:
    application, now = applications.verify(program.client_id), clock.now()
    consents.grant(application, program.user_id(), SCOPE, now=now)
    assert consents.revoke(program.user_id(), application.id, now=now)


@pytest.mark.parametrize("happens", [log_out, end_all, ban, disable, revoke_consent])
def test_it_ends_with_what_it_came_from(
    program: Program, phone: Phone, happens: Callable[[Program, Phone], None]
) -> None:
    tokens = tokens_of(program, phone)

    with program.installation.app.app_context():
        happens(program, phone)
        db.session.remove()

    answer = program.refresh(tokens["refresh_token"])
    if happens is disable:
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    else:
        assert_refused(answer)
    assert program.userinfo(tokens["access_token"]).status_code == 401


@pytest.mark.parametrize(
    "token",
    ["", "nobodys", "é", "\x00", "a" * 5000, "a.b.c", "' OR 1=1 --"],
    ids=lambda token: ascii(token)[:12],
)
def test_what_is_none_is_refused(program: Program, token: str) -> None:
    answer = program.refresh(token)

    assert answer.status_code == 400
    assert answer.json()["error"] in {"invalid_grant", "invalid_request"}


def test_an_access_token_is_no_refresh_token(program: Program, phone: Phone) -> None:
    tokens = tokens_of(program, phone)

    assert_refused(program.refresh(tokens["access_token"]))
    assert_refused(program.refresh(tokens["id_token"]))


def test_a_code_is_no_refresh_token(program: Program, phone: Phone) -> None:
    code = program.authorize(phone)["code"]

    assert_refused(program.refresh(code))
    assert program.exchange(code).status_code == 200
