"""Single-page programs ask from the browser: which pages may read which answers."""

import pytest
import requests

from tests.conftest import Installation
from tests.oidc.programs import TIMEOUT, Program, a_phone

ORIGIN = "https://page.example"


@pytest.fixture(scope="module")
def page(installation: Installation) -> Program:
    """A program that runs in a page of its own site."""
    return Program(installation, is_public=True, origins=(ORIGIN,))


def shared_with(answer: requests.Response) -> str | None:
    return answer.headers.get("Access-Control-Allow-Origin")


@pytest.mark.parametrize("path", ["openid-configuration", "jwks.json"])
def test_what_anybody_may_know_is_for_every_page(page: Program, path: str) -> None:
    answer = requests.get(
        f"{page.issuer}/.well-known/{path}",
        headers={"Origin": "https://any.example"},
        timeout=TIMEOUT,
    )

    assert shared_with(answer) == "*"
    assert "Set-Cookie" not in answer.headers


def test_a_registered_page_exchanges_a_code_and_asks_who_it_is(
    page: Program, installation: Installation
) -> None:
    code = page.authorize(a_phone(installation))["code"]
    form = {
        "grant_type": "authorization_code",
        "client_id": page.client_id,
        "code": code,
        "redirect_uri": page.redirect_uri,
        "code_verifier": page.pkce.verifier,
    }
    from_page = {"Origin": ORIGIN, "Sec-Fetch-Site": "cross-site"}

    exchanged = requests.post(f"{page.issuer}/token", data=form, headers=from_page, timeout=TIMEOUT)
    bearer = {**from_page, "Authorization": f"Bearer {exchanged.json()['access_token']}"}
    told = requests.get(f"{page.issuer}/me", headers=bearer, timeout=TIMEOUT)

    assert shared_with(exchanged) == shared_with(told) == ORIGIN
    assert "sub" in told.json()
    assert "Access-Control-Allow-Credentials" not in told.headers


@pytest.mark.parametrize("path", ["token", "token/revocation", "me"])
@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "https://page.example.evil.example"]
)
@pytest.mark.parametrize("method", ["OPTIONS", "POST"])
def test_no_other_page_may_read_what_a_token_opens(
    page: Program, method: str, origin: str, path: str
) -> None:
    answer = requests.request(
        method, f"{page.issuer}/{path}", headers={"Origin": origin}, data={}, timeout=TIMEOUT
    )

    assert shared_with(answer) is None


def test_a_page_is_told_what_it_may_send(page: Program) -> None:
    asked = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization",
    }

    answer = requests.options(f"{page.issuer}/me", headers=asked, timeout=TIMEOUT)

    assert shared_with(answer) == ORIGIN
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
