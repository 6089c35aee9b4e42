"""Apache with mod_auth_openidc lets a person in, hears of a log-out, and logs out itself."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.conftest import Installation
from tests.relying_parties import apache
from tests.relying_parties.parties import Registration, register
from tests.relying_parties.visits import (
    NICKNAME,
    expect_logged_out,
    log_out,
    open_in_wechat,
    scan_on_desktop,
    subject_of,
)
from tests.waiters import eventually

PRIVATE = "/private/"


@pytest.fixture
def registration(installation: Installation) -> Iterator[Registration]:
    apache.verify_installed()
    registration = register(
        installation,
        back=apache.REDIRECT,
        logged_out="/bye.html",
        backchannel=apache.BACKCHANNEL,
    )
    with apache.running(registration):
        yield registration


def expect_let_in(page: Page, registration: Registration, sub: str) -> None:
    """Expect the protected page, which says what Apache tells programs of its person."""
    expect(page).to_have_url(registration.url + PRIVATE)
    expect(page.locator("#user")).to_have_text(sub)
    expect(page.locator("#email")).to_have_text(f"{sub}@wechat.invalid")


def is_let_in(context: BrowserContext, registration: Registration) -> bool:
    """Tell whether Apache shows the page without asking us who it is."""
    return context.request.get(registration.url + PRIVATE, max_redirects=0).status == 200


def test_apache_lets_a_person_in_and_logs_out(
    installation: Installation, registration: Registration, person: str, phone: BrowserContext
) -> None:
    page = open_in_wechat(phone, registration.url + PRIVATE)
    expect(page.locator("#nickname")).to_have_text(NICKNAME)
    sub = subject_of(installation, person)
    expect_let_in(page, registration, sub)
    answer = phone.request.get(f"{registration.redirect_uri}?info=json")
    told: dict[str, Any] = answer.json()
    bye = quote(registration.logged_out_uri, safe="")
    log_out(page, registration, f"{apache.REDIRECT}?logout={bye}")

    assert told["id_token"]["sub"] == told["userinfo"]["sub"] == sub
    assert told["id_token"]["iss"] == registration.issuer
    assert not is_let_in(phone, registration)
    expect_logged_out(page, installation)


def test_apache_hears_that_a_person_has_logged_out_elsewhere(
    installation: Installation,
    registration: Registration,
    person: str,
    desktop: BrowserContext,
    phone: BrowserContext,
) -> None:
    page = scan_on_desktop(installation, desktop, phone, registration.url + PRIVATE)
    expect_let_in(page, registration, subject_of(installation, person))

    account = desktop.new_page()
    account.goto(f"{installation.url}/account")
    account.get_by_role("button", name="退出登录").click()

    assert eventually(lambda: not is_let_in(desktop, registration))
    expect_logged_out(account, installation)
