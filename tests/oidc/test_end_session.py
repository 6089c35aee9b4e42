"""A program sends its person to log out (OpenID Connect RP-Initiated Logout 1.0).

The tests whose names begin as a module of OpenID's conformance suite check what that one does.
"""

import base64
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.conftest import Installation
from tests.flows.phones import Phone
from tests.oidc.log_outs import (
    BACK,
    STATE,
    SUCCESS,
    claims_in,
    end_url,
    is_logged_in,
    is_logged_out_page,
    is_question,
    press,
    sign,
)
from tests.oidc.programs import Program, a_phone
from wechatlogin import clock
from wechatlogin.services import applications


def test_oidcc_rp_initiated_logout_discovery_endpoint_verification(program: Program) -> None:
    metadata = program.metadata()

    assert metadata["end_session_endpoint"] == f"{program.issuer}/session/end"


def test_oidcc_rp_initiated_logout(program: Program, phone: Phone, id_token: str) -> None:
    url = end_url(program, id_token_hint=id_token, post_logout_redirect_uri=BACK, state=STATE)

    answer = phone.step(url)

    assert answer.status_code == 303
    back = urlsplit(answer.headers["Location"])
    assert back._replace(query="").geturl() == BACK
    assert parse_qs(back.query) == {"state": [STATE]}
    assert not is_logged_in(program, phone)


def test_oidcc_rp_initiated_logout_bad_id_token_hint(
    program: Program, phone: Phone, id_token: str
) -> None:
    stranger = RSAKey.generate_key(2048)
    header = {"alg": "RS256", "typ": "JWT", "kid": stranger.thumbprint()}
    forged = jwt.encode(header, claims_in(id_token), stranger)
    url = end_url(program, id_token_hint=forged, post_logout_redirect_uri=BACK, state=STATE)

    page = phone.open(url)

    assert is_question(page)
    assert is_logged_in(program, phone)
    answer = press(phone, page)
    assert answer.headers["Location"] == SUCCESS
    assert not is_logged_in(program, phone)


def test_oidcc_rp_initiated_logout_modified_id_token_hint(
    program: Program, phone: Phone, id_token: str
) -> None:
    header = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
    unsigned = f"{header}.{id_token.split('.')[1]}."
    url = end_url(program, id_token_hint=unsigned, post_logout_redirect_uri=BACK, state=STATE)

    page = phone.open(url)

    assert is_question(page)
    assert press(phone, page).headers["Location"] == SUCCESS


def test_oidcc_rp_initiated_logout_bad_post_logout_redirect_uri(
    program: Program, phone: Phone, id_token: str
) -> None:
    elsewhere = "https://elsewhere.example/logged-out"
    url = end_url(program, id_token_hint=id_token, post_logout_redirect_uri=elsewhere, state=STATE)

    page = phone.open(url)

    assert is_logged_out_page(page)
    assert not is_logged_in(program, phone)


def test_oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri(
    program: Program, phone: Phone, id_token: str
) -> None:
    url = end_url(program, id_token_hint=id_token, post_logout_redirect_uri=f"{BACK}?foo=bar")

    assert is_logged_out_page(phone.open(url))


def test_oidcc_rp_initiated_logout_no_id_token_hint(
    program: Program, phone: Phone, id_token: str
) -> None:
    page = phone.open(end_url(program, post_logout_redirect_uri=BACK, state=STATE))

    assert is_question(page)
    assert is_logged_in(program, phone)
    assert press(phone, page).headers["Location"] == SUCCESS
    assert not is_logged_in(program, phone)


def test_oidcc_rp_initiated_logout_no_params(program: Program, phone: Phone, id_token: str) -> None:
    page = phone.open(end_url(program))

    assert is_question(page)
    assert press(phone, page).headers["Location"] == SUCCESS
    assert not is_logged_in(program, phone)


def test_oidcc_rp_initiated_logout_no_post_logout_redirect_uri(
    program: Program, phone: Phone, id_token: str
) -> None:
    page = phone.open(end_url(program, id_token_hint=id_token, state=STATE))

    assert is_logged_out_page(page)
    assert not is_logged_in(program, phone)


def test_oidcc_rp_initiated_logout_no_state(program: Program, phone: Phone, id_token: str) -> None:
    url = end_url(program, id_token_hint=id_token, post_logout_redirect_uri=BACK)

    assert phone.step(url).headers["Location"] == BACK


def test_oidcc_rp_initiated_logout_only_state(
    program: Program, phone: Phone, id_token: str
) -> None:
    page = phone.open(end_url(program, state=STATE))

    assert is_question(page)
    assert press(phone, page).headers["Location"] == SUCCESS


def test_a_hint_that_has_expired_is_as_good(program: Program, phone: Phone, id_token: str) -> None:
    long_ago = int((clock.now() - timedelta(days=30)).timestamp())
    claims = {**claims_in(id_token), "iat": long_ago, "exp": long_ago + 3600}
    old = sign(program, claims)

    answer = phone.step(end_url(program, id_token_hint=old, post_logout_redirect_uri=BACK))

    assert answer.headers["Location"] == BACK


def test_a_hint_about_an_earlier_session_of_the_same_person_is_as_good(
    program: Program, phone: Phone, id_token: str
) -> None:
    claims = {**claims_in(id_token), "sid": "of an earlier session"}

    url = end_url(program, id_token_hint=sign(program, claims), post_logout_redirect_uri=BACK)

    assert phone.step(url).headers["Location"] == BACK
    assert not is_logged_in(program, phone)


def test_a_hint_about_somebody_else_asks_whoever_is_here(
    installation: Installation, program: Program, phone: Phone
) -> None:
    tokens = program.log_in(phone)
    other = a_phone(installation, "陈露")
    program.log_in(other)
    hint = tokens["id_token"]
    url = end_url(program, id_token_hint=hint, post_logout_redirect_uri=BACK, state="s")

    page = other.open(url)

    assert is_question(page)
    assert "林记书店" in page.text
    assert is_logged_in(program, other)
    assert program.userinfo(tokens["access_token"]).ok
    assert press(other, page).headers["Location"] == f"{BACK}?state=s"
    assert not is_logged_in(program, other)
    # The program has given up its own session too.
    assert program.userinfo(tokens["access_token"]).status_code == 401


@pytest.mark.parametrize("type_", ["at+jwt", "logout+jwt"])
def test_another_token_of_ours_is_no_hint(
    program: Program, phone: Phone, id_token: str, type_: str
) -> None:
    token = sign(program, claims_in(id_token), type_=type_)

    page = phone.open(end_url(program, id_token_hint=token, post_logout_redirect_uri=BACK))

    assert is_question(page)
    assert is_logged_in(program, phone)


def test_a_client_id_with_a_yes_leads_back(program: Program, phone: Phone, id_token: str) -> None:
    url = end_url(
        program,
        client_id=program.client_id,
        post_logout_redirect_uri=f"{BACK}?from=login",
        state="s",
    )

    page = phone.open(url)

    assert "林记书店" in page.text
    assert "form-action 'self' https:;" in page.headers["Content-Security-Policy"]
    answer = press(phone, page)
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"{BACK}?from=login&state=s"


def test_who_is_not_logged_in_goes_straight_on(
    installation: Installation, program: Program, phone: Phone
) -> None:
    tokens = program.log_in(phone)
    nobody = a_phone(installation)
    url = end_url(program, id_token_hint=tokens["id_token"], post_logout_redirect_uri=BACK)

    answer = nobody.step(url)

    assert answer.headers["Location"] == BACK
    # The program's own session is over; another browser's stays as it is.
    assert program.userinfo(tokens["access_token"]).status_code == 401
    assert is_logged_in(program, phone)


@pytest.mark.parametrize("named", [False, True], ids=["no-client", "client-id"])
def test_who_is_not_logged_in_is_not_sent_on_for_anybody_who_asks(
    installation: Installation, program: Program, named: bool
) -> None:
    given = {"client_id": program.client_id} if named else {}

    page = a_phone(installation).open(end_url(program, post_logout_redirect_uri=BACK, **given))

    assert is_logged_out_page(page)


def test_another_programs_address_is_never_led_to(
    installation: Installation, program: Program, phone: Phone, id_token: str
) -> None:
    uri = "https://other.example/logged-out"
    Program(installation, post_logout_redirect_uris=(uri,))

    page = phone.open(end_url(program, id_token_hint=id_token, post_logout_redirect_uri=uri))

    assert is_logged_out_page(page)


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ("client_id=nobody-we-know", "application_unknown"),
        ("state=1&state=2", "invalid_request"),
        ("id_token_hint=a&id_token_hint=a", "invalid_request"),
    ],
    ids=["unknown-client", "state-twice", "hint-twice"],
)
def test_what_cannot_be_read_is_a_page(
    program: Program, phone: Phone, id_token: str, parameters: str, code: str
) -> None:
    answer = phone.step(f"{program.issuer}/session/end?{parameters}")

    assert answer.status_code == 400
    assert answer.headers["Content-Type"].startswith("text/html")
    assert code in answer.text
    assert is_logged_in(program, phone)


def test_a_client_id_that_is_not_the_hints_is_a_mistake(
    installation: Installation, program: Program, phone: Phone, id_token: str
) -> None:
    other = Program(installation, post_logout_redirect_uris=(BACK,))
    url = end_url(
        program, id_token_hint=id_token, client_id=other.client_id, post_logout_redirect_uri=BACK
    )

    assert phone.step(url).status_code == 400
    assert is_logged_in(program, phone)


def test_a_program_that_was_stopped_leads_nobody_anywhere(
    installation: Installation, program: Program, phone: Phone, id_token: str
) -> None:
    with installation.app.app_context():
        application = applications.verify(program.client_id)
        applications.save_disabled(application, is_disabled=True, now=clock.now())

    page = phone.open(end_url(program, id_token_hint=id_token, post_logout_redirect_uri=BACK))

    assert is_question(page)
    assert press(phone, page).headers["Location"] == SUCCESS


def test_a_form_of_another_site_leads_to_the_same_by_get_and_sets_no_cookie(
    program: Program, phone: Phone, id_token: str
) -> None:
    fields = {
        "id_token_hint": id_token,
        "post_logout_redirect_uri": BACK,
        "state": STATE,
        "ui_locales": "en",
        "unknown": "left out",
    }

    # Under SameSite=Lax a browser sends no cookie with it.
    posted = requests.post(
        f"{program.issuer}/session/end",
        data=fields,
        headers={"Sec-Fetch-Site": "cross-site", "Origin": "https://program.example"},
        allow_redirects=False,
        timeout=20,
    )

    assert posted.status_code == 303
    assert "Set-Cookie" not in posted.headers
    assert is_logged_in(program, phone)
    location = posted.headers["Location"]
    assert parse_qs(urlsplit(location).query).keys() == fields.keys() - {"unknown"}
    answer = phone.step(f"{program.installation.url}{location}")
    assert answer.headers["Location"].startswith(f"{BACK}?state=")
    assert not is_logged_in(program, phone)


def test_the_answer_to_the_question_is_a_form_of_ours(
    program: Program, phone: Phone, id_token: str
) -> None:
    url = f"{program.issuer}/session/end/confirm"

    without_token = phone.post(url, timeout=20, allow_redirects=False)
    from_elsewhere = phone.post(
        url, headers={"Sec-Fetch-Site": "cross-site"}, timeout=20, allow_redirects=False
    )

    assert (without_token.status_code, from_elsewhere.status_code) == (400, 403)
    assert is_logged_in(program, phone)


def test_the_question_speaks_the_language_that_the_program_wishes(
    program: Program, phone: Phone, id_token: str
) -> None:
    page = phone.open(end_url(program, client_id=program.client_id, ui_locales="fr en"))

    assert '<html lang="en"' in page.text
