"""What a person does in Chromium to log in to a program, and what the program knows then."""

import re
from typing import Any

from playwright.sync_api import BrowserContext, Page, expect

from tests.conftest import Installation
from tests.flows.desktops import confirm_link, expect_status, read_number, read_qr
from tests.flows.websites import is_logged_in
from tests.relying_parties.parties import Registration
from wechatlogin.extensions import db
from wechatlogin.services import accounts

NICKNAME = "林小满"


def open_in_wechat(phone: BrowserContext, url: str) -> Page:
    """Open an address in WeChat, and agree when WeChat asks for name and picture."""
    page = phone.new_page()
    page.goto(url)
    page.get_by_role("button", name="允许").click()
    return page


def scan_on_desktop(
    installation: Installation, desktop: BrowserContext, phone: BrowserContext, url: str
) -> Page:
    """Open an address on a desktop, and log in there with the phone of "lin"."""
    page = desktop.new_page()
    page.goto(url)
    expect_status(page, "等待扫码")
    person = next(one["value"] for one in phone.cookies() if one["name"] == "simulator_person")
    scanned = installation.simulator.scan(person, read_qr(page))
    held = phone.new_page()
    held.goto(confirm_link(scanned))
    held.get_by_role("button", name=read_number(page), exact=True).click()
    return page


def read_visit(page: Page, registration: Registration, path: str = "/") -> Any:
    """Return what the program tells this browser of its visit, once the login has come to it."""
    # The program's own redirect hands down our empty fragment.
    expect(page).to_have_url(re.compile(rf"^{re.escape(registration.url)}/#?$"))
    return ask(page.context, registration, path)


def ask(context: BrowserContext, registration: Registration, path: str = "/") -> Any:
    """Let a browser ask the program for one of its addresses, and return the JSON."""
    answer = context.request.get(registration.url + path)
    assert answer.ok, answer.text()
    return answer.json()


def log_out(page: Page, registration: Registration, path: str = "/logout") -> Page:
    """Log out at the program, and come back to it from us."""
    page.goto(registration.url + path)
    # A state may follow.
    expect(page).to_have_url(re.compile(rf"^{re.escape(registration.logged_out_uri)}(\?|$)"))
    return page


def expect_logged_out(page: Page, installation: Installation) -> None:
    """Expect that the browser is logged in to us no longer."""
    assert not is_logged_in(page.context, installation)


def subject_of(installation: Installation, person: str) -> str:
    """Return what our programs know a person by, as our own tables have it."""
    appid = installation.account.appid
    with installation.app.app_context():
        identity = accounts.get_identity(appid, installation.simulator.openid(person, appid))
        assert identity is not None
        subject = identity.user_id
        db.session.remove()
    return subject
