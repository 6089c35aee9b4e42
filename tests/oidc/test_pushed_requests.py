"""Authorization requests that a client's server sends ahead (RFC 9126)."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest
import requests

from tests import databases
from tests.conftest import Installation
from tests.flows.phones import Browser, Phone
from tests.oidc.programs import TIMEOUT, Answer, Program

PREFIX = "urn:ietf:params:oauth:request_uri:"
ATTACKER = "https://attacker.example/callback"


@pytest.fixture(scope="module")
def program(installation: Installation) -> Program:
    return Program(installation)


@pytest.fixture(scope="module")
def other(installation: Installation) -> Program:
    return Program(installation)


def pushed(program: Program, **given: str | None) -> str:
    answer = program.push(**given)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["request_uri"])


def take(program: Program, browser: Browser, request_uri: str, **given: str) -> requests.Response:
    """Send a browser with no more than the client's id and what it was given."""
    parameters = {"client_id": program.client_id, "request_uri": request_uri, **given}
    return browser.step(f"{program.issuer}/auth", params=parameters)


def finish(program: Program, browser: Browser, answer: requests.Response) -> Answer:
    assert answer.status_code == 303, answer.text
    return program.come_back(browser, program.installation.url + answer.headers["Location"])


def test_a_person_logs_in_by_a_request_that_was_sent_ahead(program: Program, phone: Phone) -> None:
    answer = program.push(scope="openid profile")

    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json().keys() == {"request_uri", "expires_in"}
    assert answer.json()["expires_in"] == 90
    assert answer.json()["request_uri"].startswith(PREFIX)
    came = finish(program, phone, take(program, phone, answer.json()["request_uri"]))
    tokens = program.exchange(came["code"]).json()
    assert (came["state"], came["iss"]) == ("the state of the program", program.issuer)
    assert tokens["scope"] == "openid profile"


def test_a_public_client_sends_ahead_with_its_id_alone(
    installation: Installation, phone: Phone
) -> None:
    program = Program(installation, is_public=True)

    came = finish(program, phone, take(program, phone, pushed(program)))

    assert program.exchange(came["code"]).status_code == 200


def test_it_may_be_brought_by_a_form_too(program: Program, phone: Phone) -> None:
    form = {"client_id": program.client_id, "request_uri": pushed(program)}

    answer = phone.post(f"{program.issuer}/auth", data=form, allow_redirects=False, timeout=TIMEOUT)

    assert finish(program, phone, answer)["code"]


def test_it_is_taken_once(program: Program, phone: Phone) -> None:
    request_uri = pushed(program)
    take(program, phone, request_uri)

    again = take(program, phone, request_uri)

    assert again.status_code == 400
    assert "authorization_request_unknown" in again.text


def test_it_is_good_for_90_seconds(program: Program, phone: Phone) -> None:
    in_time, too_late = pushed(program), pushed(program)
    program.let_pass(timedelta(seconds=85))
    first = take(program, phone, in_time)
    program.let_pass(timedelta(seconds=6))

    second = take(program, phone, too_late)

    assert (first.status_code, second.status_code) == (303, 400)


def test_the_person_has_the_usual_time_once_it_is_taken(program: Program, phone: Phone) -> None:
    taken = take(program, phone, pushed(program))

    program.let_pass(timedelta(minutes=29))

    assert finish(program, phone, taken)["code"]


def test_another_client_cannot_take_it(program: Program, other: Program, phone: Phone) -> None:
    request_uri = pushed(program)

    answer = take(other, phone, request_uri)

    assert answer.status_code == 400
    assert "Location" not in answer.headers
    assert take(program, phone, request_uri).status_code == 303


def test_what_stands_beside_it_in_the_address_counts_for_nothing(
    program: Program, phone: Phone
) -> None:
    answer = take(program, phone, pushed(program), redirect_uri=ATTACKER, state="x", scope="email")

    came = finish(program, phone, answer)
    assert came.url.startswith(f"{program.redirect_uri}?")
    assert came["state"] == "the state of the program"
    assert program.exchange(came["code"]).json()["scope"] == "openid"


@pytest.mark.parametrize("handle", ["", "x", "%00", "é", "../../token", "a" * 3000])
def test_what_nobody_has_pushed_is_a_page_and_nothing_else(
    program: Program, phone: Phone, handle: str
) -> None:
    answer = take(program, phone, PREFIX + handle)

    assert answer.status_code == 400
    assert "Location" not in answer.headers


def test_a_request_of_a_browser_cannot_be_taken_as_a_pushed_one(
    program: Program, installation: Installation
) -> None:
    kept = program.ask(Browser()).headers["Location"]

    answer = take(program, Browser(), PREFIX + kept.rsplit("/", 1)[1])

    assert answer.status_code == 400


def test_a_pushed_request_is_no_address_before_it_is_taken(program: Program) -> None:
    handle = pushed(program).removeprefix(PREFIX)

    answer = Browser().step(f"{program.issuer}/auth/{handle}")

    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"redirect_uri": ATTACKER}, "invalid_request"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"scope": "nothing of ours"}, "invalid_scope"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"request": "e30.e30."}, "request_not_supported"),
        # RFC 9126, 2.1: it must not be there.
        ({"request_uri": f"{PREFIX}x"}, "invalid_request"),
        ({"client_id": "somebody-else"}, "invalid_request"),
    ],
    ids=lambda given: given if isinstance(given, str) else urlencode(given),
)
def test_what_could_not_be_granted_is_refused_ahead(
    program: Program, given: dict[str, str | None], code: str
) -> None:
    answer = program.push(**given)

    assert answer.status_code == 400
    assert answer.json()["error"] == code
    assert answer.headers["Cache-Control"] == "no-store"


def test_whoever_does_not_prove_what_it_is_sends_nothing_ahead(program: Program) -> None:
    form = program.parameters()
    url = f"{program.issuer}/request"

    bare = requests.post(url, data=form, timeout=TIMEOUT)
    wrong = requests.post(url, data=form, auth=(program.client_id, "wrong"), timeout=TIMEOUT)
    unknown = requests.post(url, data={**form, "client_id": "nobodys-id"}, timeout=TIMEOUT)

    for answer in (bare, wrong, unknown):
        assert answer.status_code == 401
        assert answer.json()["error"] == "invalid_client"


def test_the_secret_is_not_kept_with_the_request(program: Program, phone: Phone) -> None:
    credentials = {"client_id": program.client_id, "client_secret": program.made.client_secret}
    form = {**program.parameters(), **credentials}

    answer = requests.post(f"{program.issuer}/request", data=form, timeout=TIMEOUT)

    assert answer.status_code == 201
    dump = databases.dump(program.installation.service.settings.database_url)
    assert program.client_id in dump
    assert str(program.made.client_secret) not in dump


def test_it_is_sent_by_post_alone(program: Program) -> None:
    answer = requests.get(f"{program.issuer}/request", timeout=TIMEOUT)

    assert answer.status_code == 405


def test_a_hint_that_none_may_be_asked_holds_for_a_pushed_request(
    program: Program, phone: Phone
) -> None:
    came = finish(program, phone, take(program, phone, pushed(program, prompt="none")))

    assert came["error"] == "login_required"
