"""`/wechat/jwt` with a code: once, for whom it was meant, and alike when it is asked again."""

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from tests.compat.open_authorization import (
    Program,
    change_attempt,
    claims_of,
    count_calls,
    details,
    end_time_of,
)
from tests.conftest import Installation
from tests.flows.phones import Phone
from wechatlogin import clock
from wechatlogin.extensions import db
from wechatlogin.models import Application, Session

EXCHANGE = "/sns/oauth2/access_token"


def test_code_and_state_become_a_token(program: Program, person: str) -> None:
    code, state = program.come_back(person)

    answer = program.ask("jwt", code=code, id=state)

    token, openid = answer.json()["token"], claims_of(answer.json()["token"])["openid"]
    simulator, appid = program.installation.simulator, program.installation.account.appid
    claims = claims_of(token)
    assert answer.json()["redirectUri"] == program.after
    assert openid == simulator.openid(person, appid)
    assert claims["channel"] == "wechat"
    assert claims["exp"] - claims["iat"] == 86_400
    assert claims["sub"]
    with program.installation.app.app_context():
        application = db.session.scalars(
            select(Application).where(Application.client_id == program.made.client_id)
        ).one()
        session = db.session.scalars(
            select(Session).where(Session.public_id == claims["sid"])
        ).one()
    assert session.application_id == application.id
    assert session.user_id == claims["sub"]
    assert session.browser == "书店 App"


def test_the_state_may_be_named_state(program: Program, person: str) -> None:
    code, state = program.come_back(person)

    assert program.ask("jwt", code=code, state=state).status_code == 200
    assert program.ask("jwt", code=code, state=state, id=state).status_code == 200
    assert details(program.ask("jwt", code=code, state=state, id="other"))[:2] == (400, "id")


def test_the_same_question_has_the_same_answer_for_a_minute(program: Program, person: str) -> None:
    code, state = program.come_back(person)
    before = count_calls(program.installation, EXCHANGE)

    first, second = (program.ask("jwt", code=code, id=state).json() for _ in range(2))
    long_ago = clock.now().replace(year=2025)
    change_attempt(program.installation, state, claimed_at=long_ago)
    late = program.ask("jwt", code=code, id=state)

    assert first == second
    assert count_calls(program.installation, EXCHANGE) == before + 1
    assert details(late) == (400, "id", "attempt_spent")


def test_of_many_who_ask_at_once_all_get_the_one_token(program: Program, person: str) -> None:
    code, state = program.come_back(person)
    before = count_calls(program.installation, EXCHANGE)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: program.ask("jwt", code=code, id=state), range(4)))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["token"] for answer in answers}) == 1
    assert count_calls(program.installation, EXCHANGE) == before + 1


def test_a_state_is_no_proof_without_its_code(program: Program, person: str) -> None:
    code, state = program.come_back(person)
    program.ask("jwt", code=code, id=state)

    answer = program.ask("jwt", code="another", id=state)
    alone = program.ask("jwt", id=state)

    assert details(answer) == (400, "code", "authorization_invalid")
    assert details(alone) == (404, "scene", "attempt_not_found")


def test_a_code_is_good_for_one_state(program: Program, person: str) -> None:
    code, state = program.come_back(person)
    program.ask("jwt", code=code, id=state)
    _, other_state = program.come_back(person)

    answer = program.ask("jwt", code=code, id=other_state)
    again = program.ask("jwt", code=code, id=other_state)

    assert details(answer) == (400, "code", "login_must_restart")
    assert details(again) == (400, "code", "authorization_invalid")


def test_a_code_alone_becomes_a_token_without_an_address(program: Program, person: str) -> None:
    code, _ = program.come_back(person)

    first, second = (program.ask("jwt", code=code) for _ in range(2))

    assert first.status_code == 200
    assert first.json() == second.json()
    assert "redirectUri" not in first.json()


def test_a_code_that_wechat_refuses_is_asked_for_once(program: Program) -> None:
    before = count_calls(program.installation, EXCHANGE)

    answers = [program.ask("jwt", code="031made0up0code") for _ in range(2)]

    assert details(answers[0]) == (400, "code", "login_must_restart")
    assert details(answers[1]) == (400, "code", "authorization_invalid")
    assert count_calls(program.installation, EXCHANGE) == before + 1


@pytest.mark.parametrize("code", ["%", "a b", "é", "x" * 600, "a\x00b"])
def test_what_cannot_be_a_code_is_not_shown_to_wechat(program: Program, code: str) -> None:
    before = count_calls(program.installation, EXCHANGE)

    assert details(program.ask("jwt", code=code))[:2] == (400, "code")
    assert count_calls(program.installation, EXCHANGE) == before


@pytest.mark.parametrize(
    "state",
    [
        "unknown",
        "4ac80f05-10c1-40a0-b4d3-356100375bf7",
        "57beae1804974dc0ad9b64cd69c4581b",
        "a\x00",
        "é",
    ],
)
def test_an_unknown_state_is_not_found_and_costs_no_exchange(program: Program, state: str) -> None:
    before = count_calls(program.installation, EXCHANGE)

    assert details(program.ask("jwt", code="x", id=state)) == (404, "id", "attempt_not_found")
    assert details(program.ask("jwt", id=state)) == (404, "scene", "attempt_not_found")
    assert count_calls(program.installation, EXCHANGE) == before


def test_the_state_of_our_own_pages_is_not_one_of_a_program(program: Program, person: str) -> None:
    url = program.installation.url
    ours = Phone(person).until(f"{url}/login", "/api/wechat/auth?code=")
    query = parse_qs(urlsplit(ours).query)

    answer = program.ask("jwt", code=query["code"][0], id=query["state"][0])

    assert details(answer)[:2] == (404, "id")


def test_a_program_sees_nothing_of_anothers_logins(
    installation: Installation, program: Program, person: str
) -> None:
    other = Program(installation)
    code, state = program.come_back(person)
    scene, _ = program.scan(person)
    before = count_calls(installation, EXCHANGE)

    assert details(other.ask("jwt", code=code, id=state))[:2] == (404, "id")
    assert details(other.ask("jwt", id=scene))[:2] == (404, "scene")
    assert count_calls(installation, EXCHANGE) == before
    assert program.ask("jwt", code=code, id=state).status_code == 200


def test_a_visit_that_took_too_long_is_over(program: Program, person: str) -> None:
    code, state = program.come_back(person)
    end_time_of(program.installation, state)

    assert details(program.ask("jwt", code=code, id=state)) == (400, "id", "attempt_expired")


def test_a_snapshot_page_logs_nobody_in_and_the_state_stays_good(
    program: Program, person: str
) -> None:
    program.installation.simulator.fault("/connect/oauth2/authorize", "snapshot", times=1)
    page = program.get_authorize(scope="snsapi_userinfo").json()["details"]["fieldValue"]
    codes = []
    for _ in range(2):
        query = parse_qs(urlsplit(Phone(person).until(page, "/callback?")).query)
        codes.append((query["code"][0], query["state"][0]))

    snapshot, real = (program.ask("jwt", code=code, id=state) for code, state in codes)

    assert details(snapshot) == (403, "code", "snapshot_user")
    assert real.status_code == 200


def test_wechats_trouble_is_told_and_the_login_begins_anew(program: Program, person: str) -> None:
    code, state = program.come_back(person)
    program.installation.simulator.fault("/sns/oauth2/access_token", "http_500", times=1)

    broken = program.ask("jwt", code=code, id=state)
    again = program.ask("jwt", code=code, id=state)

    assert details(broken)[:2] == (503, "request")
    assert "Retry-After" in broken.headers
    assert details(again) == (400, "code", "authorization_invalid")


def test_neither_code_nor_state_is_a_bad_request(program: Program) -> None:
    assert details(program.ask("jwt")) == (400, "code", "parameter_wrong")
    assert details(program.ask("jwt", code=["a", "b"])) == (400, "code", "parameter_wrong")
