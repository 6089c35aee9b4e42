"""Attacks on authorization codes: stolen, spent, guessed, or exchanged by somebody else."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import requests

from tests.conftest import Installation
from tests.flows.phones import Phone
from tests.oidc.programs import TIMEOUT, Pkce, Program

SECOND_URI = "https://program.example/second"
SCOPE = "openid offline_access"


@pytest.fixture(scope="module")
def program(installation: Installation) -> Program:
    """A program with two addresses."""
    uris = ("https://program.example/callback", SECOND_URI)
    return Program(installation, redirect_uris=uris)


@pytest.fixture(scope="module")
def old_program(installation: Installation) -> Program:
    """One from before PKCE."""
    return Program(installation, requires_pkce=False)


def assert_refused(answer: requests.Response, code: str = "invalid_grant") -> None:
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"] == code
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_second_use_ends_what_the_first_was_given(program: Program, phone: Phone) -> None:
    code = program.authorize(phone, scope=SCOPE)["code"]
    tokens = program.exchange(code).json()

    assert_refused(program.exchange(code))

    assert program.userinfo(tokens["access_token"]).status_code == 401
    assert program.introspect(tokens["access_token"]) == {"active": False}
    assert_refused(program.refresh(tokens["refresh_token"]))
    assert_refused(program.exchange(code))


def test_a_second_use_ends_no_other_login_of_the_person(program: Program, phone: Phone) -> None:
    code = program.authorize(phone)["code"]
    program.exchange(code)
    other = program.log_in(phone)

    assert_refused(program.exchange(code))

    assert program.userinfo(other["access_token"]).status_code == 200
    assert "code" in program.authorize(phone, prompt="none").parameters


def test_of_many_uses_at_once_one_succeeds_at_most_and_its_tokens_end(
    program: Program, phone: Phone
) -> None:
    code = program.authorize(phone, scope=SCOPE)["code"]

    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(program.exchange, [code] * 6))

    good = [answer for answer in answers if answer.status_code == 200]
    for answer in answers:
        assert answer in good or answer.json()["error"] == "invalid_grant"
    assert len(good) <= 1
    for answer in good:
        tokens = answer.json()
        assert program.userinfo(tokens["access_token"]).status_code == 401
        assert_refused(program.refresh(tokens["refresh_token"]))


def test_another_client_learns_nothing_and_spoils_nothing(
    program: Program, installation: Installation, phone: Phone
) -> None:
    code, other = program.authorize(phone)["code"], Program(installation)

    assert_refused(other.exchange(code, code_verifier=program.pkce.verifier))

    assert program.exchange(code).status_code == 200


def test_another_client_cannot_end_a_login_with_a_spent_code(
    program: Program, installation: Installation, phone: Phone
) -> None:
    code, other = program.authorize(phone)["code"], Program(installation)
    tokens = program.exchange(code).json()

    assert_refused(other.exchange(code, code_verifier=program.pkce.verifier))

    assert program.userinfo(tokens["access_token"]).status_code == 200


@pytest.mark.parametrize(
    "redirect_uri",
    [SECOND_URI, "https://attacker.example/", "https://program.example/callback/", None],
)
def test_a_code_is_bound_to_the_address_that_it_was_sent_to(
    program: Program, phone: Phone, redirect_uri: str | None
) -> None:
    code = program.authorize(phone)["code"]

    assert_refused(program.exchange(code, redirect_uri=redirect_uri))

    assert program.exchange(code).status_code == 200


def test_a_code_is_good_for_a_minute(program: Program, phone: Phone) -> None:
    in_time, too_late = program.authorize(phone)["code"], program.authorize(phone)["code"]
    program.let_pass(timedelta(seconds=50))
    first = program.exchange(in_time)
    program.let_pass(timedelta(seconds=11))

    assert first.status_code == 200
    assert_refused(program.exchange(too_late))


@pytest.mark.parametrize("code", ["nobodys", "a" * 5000, "é", "' OR 1=1 --", "\x00", "a.b.c"])
def test_a_guess_is_refused(program: Program, code: str) -> None:
    answer = program.exchange(code)

    assert answer.status_code == 400
    assert answer.json()["error"] in {"invalid_grant", "invalid_request"}


@pytest.mark.parametrize(
    "verifier",
    [None, "", Pkce("another" * 9).verifier, "too-short", "é" * 50, "x" * 129],
    ids=["none", "empty", "another", "short", "not ascii", "long"],
)
def test_whoever_stole_a_code_lacks_the_verifier(
    program: Program, phone: Phone, verifier: str | None
) -> None:
    stolen = program.authorize(phone)["code"]

    assert_refused(program.exchange(stolen, code_verifier=verifier))

    assert program.exchange(stolen).status_code == 200


def test_the_challenge_itself_is_no_verifier(program: Program, phone: Phone) -> None:
    stolen = program.authorize(phone)["code"]

    assert_refused(program.exchange(stolen, code_verifier=program.pkce.challenge))


@pytest.mark.parametrize(
    "given",
    [
        {"code_challenge_method": "plain"},
        {"code_challenge_method": None},
        {"code_challenge_method": "s256"},
        {"code_challenge_method": "S512"},
        {"code_challenge": "short"},
        {"code_challenge": "x" * 129},
        {"code_challenge": "=" * 43},
        {"code_challenge": None},
    ],
    ids=["plain", "no method", "small", "unknown", "short", "long", "padded", "no challenge"],
)
@pytest.mark.parametrize("is_required", [True, False], ids=["required", "optional"])
def test_no_weaker_challenge_is_taken(
    installation: Installation, phone: Phone, given: dict[str, str | None], is_required: bool
) -> None:
    program = Program(installation, requires_pkce=is_required)

    answer = program.authorize(phone, **given)

    assert answer["error"] == "invalid_request"
    assert answer["iss"] == program.issuer


def test_a_client_without_a_secret_needs_a_challenge_in_any_case(
    installation: Installation, phone: Phone
) -> None:
    program = Program(installation, is_public=True)

    answer = program.authorize(phone, code_challenge=None, code_challenge_method=None)

    assert answer["error"] == "invalid_request"


def test_a_verifier_without_a_challenge_is_a_downgrade(old_program: Program, phone: Phone) -> None:
    """Somebody has taken the challenge out of the request (RFC 9700, 4.8)."""
    without = {"code_challenge": None, "code_challenge_method": None}
    code = old_program.authorize(phone, **without)["code"]

    assert_refused(old_program.exchange(code))

    assert old_program.exchange(code, code_verifier=None).status_code == 200


def test_a_challenge_counts_for_a_client_that_need_not_send_one(
    old_program: Program, phone: Phone
) -> None:
    code = old_program.authorize(phone)["code"]

    assert_refused(old_program.exchange(code, code_verifier=None))

    assert old_program.exchange(code).status_code == 200


def test_a_code_in_the_address_is_not_read(program: Program, phone: Phone) -> None:
    form = {
        "grant_type": "authorization_code",
        "redirect_uri": program.redirect_uri,
        "code_verifier": program.pkce.verifier,
    }
    auth = (program.client_id, str(program.made.client_secret))

    answer = requests.post(
        f"{program.issuer}/token",
        params={"code": program.authorize(phone)["code"]},
        data=form,
        auth=auth,
        timeout=TIMEOUT,
    )

    assert_refused(answer, "invalid_request")


def test_one_program_cannot_show_another_ones_token_as_its_own(
    program: Program, installation: Installation, phone: Phone
) -> None:
    tokens, other = program.log_in(phone), Program(installation)

    assert other.introspect(tokens["access_token"]) == {"active": False}
    assert other.revoke(tokens["access_token"]).status_code == 200
    assert program.userinfo(tokens["access_token"]).status_code == 200
    assert program.read(tokens["id_token"])["aud"] == program.client_id


def test_one_programs_login_is_no_permission_for_another(
    program: Program, installation: Installation, phone: Phone
) -> None:
    program.log_in(phone)
    other = Program(installation, is_first_party=False)

    silent = other.authorize(phone, prompt="none")
    page = other.open(phone)

    assert silent["error"] == "consent_required"
    assert 'value="allow"' in page.text
    assert "error" in other.decide(phone, page, "refuse").headers["Location"]
    allowed = other.decide(phone, other.open(phone)).headers["Location"]
    assert "code=" in allowed
    assert "code" in other.authorize(phone, prompt="none").parameters


def test_a_person_has_another_name_for_each_program_that_wants_it_so(
    installation: Installation, phone: Phone
) -> None:
    programs = [Program(installation, subject_type="pairwise") for _ in range(2)]
    programs += [Program(installation) for _ in range(2)]

    subjects = [program.read(program.log_in(phone)["id_token"])["sub"] for program in programs]

    assert len(set(subjects[:2])) == 2
    assert len(set(subjects[2:])) == 1
    assert subjects[2] not in subjects[:2]
    again = programs[0].read(programs[0].log_in(phone)["id_token"])["sub"]
    assert again == subjects[0]
