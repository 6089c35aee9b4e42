"""Attacks on the authorization endpoint: no request leads a browser where it should not go."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import ada_url
import pytest
import requests

from tests.conftest import Installation
from tests.flows.phones import Browser, Phone
from tests.oidc.log_outs import BACK
from tests.oidc.programs import TIMEOUT, Program
from tests.services.test_application_addresses import CORPUS, OTHER_HOSTS

REGISTERED = "https://program.example/callback?tenant=5"
LOOPBACK = "http://127.0.0.1:8000/callback"
#: Near what is registered, and each another address.
NEAR = (
    "https://program.example/callback",
    "https://program.example/callback?tenant=5&x=1",
    "https://program.example/callback?tenant=6",
    "https://program.example/callback/?tenant=5",
    "https://program.example/callback/more?tenant=5",
    "https://program.example/Callback?tenant=5",
    "https://PROGRAM.example/callback?tenant=5",
    "https://program.example:443/callback?tenant=5",
    "https://program.example:8443/callback?tenant=5",
    "https://program.example./callback?tenant=5",
    "https://sub.program.example/callback?tenant=5",
    "http://program.example/callback?tenant=5",
    "https://program.example/callback?tenant=5#f",
    "https://program.example/callback?tenant=5 ",
    " https://program.example/callback?tenant=5",
    "https://program.example/%63allback?tenant=5",
    "https://program.example/x/../callback?tenant=5",
    "http://127.0.0.1:8001/callback",
    "http://127.0.0.1/callback",
    "http://localhost:8000/callback",
    "http://[::1]:8000/callback",
    "http://127.0.0.1:8000/callback/",
    "*",
)
ADDRESSES = (*CORPUS, *OTHER_HOSTS, *NEAR)
MARKUP = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{7*7}}</title>"


@pytest.fixture(scope="module")
def program(installation: Installation) -> Program:
    uris = (REGISTERED, LOOPBACK)
    return Program(installation, redirect_uris=uris, post_logout_redirect_uris=(BACK,))


def assert_stays_here(answer: requests.Response, status: int = 400) -> None:
    assert answer.status_code == status
    assert "Location" not in answer.headers
    assert "<form" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


def ids(texts: tuple[str, ...]) -> Iterator[str]:
    return (f"{place} {ascii(text)[1:30]}" for place, text in enumerate(texts))


@pytest.mark.parametrize("uri", ADDRESSES, ids=ids(ADDRESSES))
def test_only_what_is_registered_byte_by_byte_is_gone_to(program: Program, uri: str) -> None:
    for more in ({}, {"response_type": "token"}, {"prompt": "none"}, {"scope": "x"}):
        asked = program.parameters(**{"redirect_uri": uri, **more})

        # An empty one is as good as none.
        answer = Browser().step(f"{program.issuer}/auth", params=asked)

        assert_stays_here(answer)
        assert "redirect_unknown" in answer.text or "invalid_request" in answer.text


@pytest.mark.parametrize("uri", ADDRESSES, ids=ids(ADDRESSES))
def test_a_log_out_leads_only_to_what_is_registered(program: Program, uri: str) -> None:
    asked = {"client_id": program.client_id, "post_logout_redirect_uri": uri, "state": "s"}
    base = f"{program.issuer}/session/end"

    answer = Browser().step(base, params=asked)

    assert answer.status_code in {303, 400}
    if answer.is_redirect:
        went = ada_url.URL(answer.headers["Location"], base)
        assert went.origin == ada_url.URL(base).origin
        assert went.pathname == "/oidc/session/end/success"


def test_a_query_that_is_registered_is_kept(program: Program, phone: Phone) -> None:
    came = urlsplit(program.authorize(phone).url)

    assert f"{came.scheme}://{came.netloc}{came.path}" == REGISTERED.partition("?")[0]
    assert parse_qs(came.query)["tenant"] == ["5"]
    assert "code" in parse_qs(came.query)


def test_a_form_leads_to_the_query_that_is_registered(program: Program, phone: Phone) -> None:
    answer = program.authorize(phone, response_mode="form_post")

    assert answer.parameters.keys() == {"code", "state", "iss"}


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "id_token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_type": "code token"}, "unsupported_response_type"),
        ({"response_type": "none"}, "unsupported_response_type"),
        ({"response_type": "CODE"}, "unsupported_response_type"),
        ({"response_type": ""}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"response_mode": "query.jwt"}, "invalid_request"),
        ({"response_mode": "web_message"}, "invalid_request"),
        ({"request": "e30.e30."}, "request_not_supported"),
        ({"request_uri": "https://attacker.example/x"}, "request_uri_not_supported"),
        ({"request_uri": "file:///etc/passwd"}, "request_uri_not_supported"),
        ({"registration": "{}"}, "registration_not_supported"),
        ({"scope": "nothing"}, "invalid_scope"),
        ({"scope": MARKUP}, "invalid_scope"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "create"}, "invalid_request"),
        ({"prompt": MARKUP}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "1e3"}, "invalid_request"),
        ({"max_age": "9" * 40}, "invalid_request"),
        ({"max_age": "１"}, "invalid_request"),
        ({"nonce": "n" * 513}, "invalid_request"),
        ({"prompt": "none"}, "login_required"),
    ],
    ids=lambda given: given if isinstance(given, str) else urlencode(given)[:40],
)
def test_an_error_goes_to_the_client_and_names_us(
    program: Program, phone: Phone, given: dict[str, str], code: str
) -> None:
    state = 'a state of & = + % " < é 😀'

    answer = program.authorize(phone, **given, state=state)

    told = answer.parameters
    assert told["error"] == code
    assert (told["state"], told["iss"], told["tenant"]) == (state, program.issuer, "5")
    assert told.keys() <= {"error", "error_description", "state", "iss", "tenant"}
    assert re.fullmatch(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*", told.get("error_description", ""))


@pytest.mark.parametrize("name", ["error_description", "error_uri", "error_hint", "error"])
def test_what_an_address_claims_to_be_an_error_is_never_shown(program: Program, name: str) -> None:
    answer = program.ask(Browser(), redirect_uri="https://attacker.example", **{name: MARKUP})

    # The link to the page in the other language holds it, as an address does.
    shown = re.sub(r'href="[^"]*"', "", answer.text)
    assert_stays_here(answer)
    assert "alert(1)" not in shown


@pytest.mark.parametrize("name", ["client_id", "redirect_uri", "state", "scope", "prompt", "lang"])
def test_markup_is_shown_nowhere_as_such(program: Program, name: str) -> None:
    answer = program.ask(Browser(), **{"redirect_uri": "https://attacker.example", name: MARKUP})

    assert answer.status_code in {400, 404}
    assert MARKUP not in answer.text
    assert "<img src=x" not in answer.text
    assert "49" not in re.findall(r"<h1>(.*?)</h1>", answer.text)


def test_a_state_is_posted_on_as_a_value_and_not_as_markup(program: Program, phone: Phone) -> None:
    page = program.open(phone, response_mode="form_post", state=MARKUP)

    assert MARKUP not in page.text
    assert program.read_form(page)["state"] == MARKUP
    policy = page.headers["Content-Security-Policy"]
    assert "form-action 'self' https:" in policy


@pytest.mark.parametrize("state", ["a\r\nSet-Cookie: b=c", "\x7f", "a" * 2000, "‮", "%0d%0a"])
def test_a_state_splits_no_header(program: Program, phone: Phone, state: str) -> None:
    answer = program.authorize(phone, state=state)

    assert answer["state"] == state


REPEATED = ("client_id", "redirect_uri", "state", "scope", "nonce", "code_challenge", "prompt")


@pytest.mark.parametrize("name", REPEATED)
def test_a_parameter_that_is_given_twice_is_refused_before_anything(
    program: Program, name: str
) -> None:
    asked = program.parameters(prompt="none")
    doubled = f"{urlencode(asked)}&{name}={quote(asked[name])}"

    assert_stays_here(Browser().step(f"{program.issuer}/auth?{doubled}"))
    posted = requests.post(
        f"{program.issuer}/auth",
        data=doubled,
        headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"},
        allow_redirects=False,
        timeout=TIMEOUT,
    )
    assert_stays_here(posted)


@pytest.mark.parametrize("value", ["%00", "%ff%fe", "%ed%a0%80", "a" * 3000], ids=range(4))
@pytest.mark.parametrize("name", ["client_id", "redirect_uri", "state", "scope", "id_token_hint"])
def test_what_is_no_text_is_no_trouble(program: Program, name: str, value: str) -> None:
    asked = {key: one for key, one in program.parameters(prompt="none").items() if key != name}

    answer = Browser().step(f"{program.issuer}/auth?{urlencode(asked)}&{name}={value}")

    assert answer.status_code in {303, 400, 404, 414}


def test_an_unknown_and_a_stopped_client_are_told_to_the_person(
    program: Program, installation: Installation
) -> None:
    unknown = program.ask(Browser(), client_id="nobodys-client")
    none = program.ask(Browser(), client_id=None)

    assert_stays_here(unknown, 400 if unknown.status_code == 400 else 404)
    assert "application_unknown" in unknown.text
    assert "application_unknown" in none.text


@pytest.mark.parametrize("handle", ["x", "..", "%2e%2e", "a" * 300, "é", "%00", "' OR 1=1 --"])
def test_a_handle_that_nobody_has_is_a_page(program: Program, handle: str) -> None:
    answer = Browser().step(f"{program.issuer}/auth/{handle}")

    assert answer.status_code in {400, 404}


def test_another_site_cannot_say_yes_for_the_person(
    installation: Installation, phone: Phone
) -> None:
    program = Program(installation, is_first_party=False)
    page = program.open(phone)
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://attacker.example"}

    without_token = phone.post(
        page.url, data={"decision": "allow"}, allow_redirects=False, timeout=TIMEOUT
    )
    phone.headers.update(foreign)
    from_elsewhere = program.decide(phone, page)

    assert without_token.status_code == 400
    assert from_elsewhere.status_code == 403
    assert program.authorize(phone, prompt="none")["error"] == "consent_required"


@pytest.mark.parametrize("decision", ["", "ALLOW", "yes", "allow "])
def test_whatever_is_not_a_yes_is_a_no(
    installation: Installation, phone: Phone, decision: str
) -> None:
    program = Program(installation, is_first_party=False)

    answer = program.decide(phone, program.open(phone), decision)

    assert "error=access_denied" in answer.headers["Location"]
