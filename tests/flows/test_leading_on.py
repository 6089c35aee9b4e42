"""A form of ours that ends at a program's page gets there, in a browser that keeps to our policy.

Chromium holds every redirect that follows upon a form to the page's `form-action`: ours to the
program, and those by which the program goes on.
"""

import re
from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.conftest import Installation
from tests.flows.desktops import confirm_link, read_qr
from tests.flows.program_pages import ProgramPages
from tests.flows.test_codes import a_code
from tests.oidc.programs import Program

NewPhone = Callable[[str, str], BrowserContext]


@pytest.fixture(scope="module")
def pages() -> Iterator[ProgramPages]:
    running = ProgramPages()
    yield running
    running.stop()


@pytest.fixture
def program(installation: Installation, pages: ProgramPages) -> Program:
    return Program(installation, redirect_uris=(pages.elsewhere,))


def expect_home(page: Page, pages: ProgramPages) -> None:
    # Whoever comes from WeChat brings its fragment along.
    expect(page).to_have_url(re.compile(rf"{re.escape(pages.home)}(#wechat_redirect)?$"))
    expect(page.get_by_role("heading", level=1)).to_have_text("welcome")


def test_an_answer_to_the_question_of_consent(
    installation: Installation, pages: ProgramPages, new_phone: NewPhone
) -> None:
    program = Program(installation, redirect_uris=(pages.elsewhere,), is_first_party=False)
    person = installation.simulator.add_person()
    phone = new_phone(person, installation.simulator.url).new_page()

    phone.goto(program.url())
    phone.get_by_role("button", name="允许", exact=True).click()

    expect_home(phone, pages)


def test_an_answer_by_form_post(
    program: Program, pages: ProgramPages, installation: Installation, new_phone: NewPhone
) -> None:
    person = installation.simulator.add_person()
    phone = new_phone(person, installation.simulator.url).new_page()

    phone.goto(program.url(response_mode="form_post"))

    expect_home(phone, pages)


def test_a_code_from_the_chat(
    program: Program, pages: ProgramPages, installation: Installation, desktop: BrowserContext
) -> None:
    page = desktop.new_page()
    page.goto(program.url())
    page.get_by_role("link", name="输入验证码").click()

    page.locator("input[name=code]").fill(a_code(installation))
    page.keyboard.press("Enter")

    expect_home(page, pages)


def test_a_scan_in_a_browser_without_javascript(
    program: Program,
    pages: ProgramPages,
    installation: Installation,
    new_context: Callable[..., BrowserContext],
    new_phone: NewPhone,
) -> None:
    page = new_context(java_script_enabled=False).new_page()
    person = installation.simulator.add_person()
    installation.simulator.follow(person, installation.account.appid)
    page.goto(program.url())
    scanned = installation.simulator.scan(person, read_qr(page))
    page.locator("noscript a").click()
    phone = new_phone(person, installation.simulator.url).new_page()
    phone.goto(confirm_link(scanned))
    phone.get_by_role("button", name=page.locator(".number").inner_text(), exact=True).click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("已确认")

    page.reload()
    page.get_by_role("button").click()

    expect_home(page, pages)


def test_a_log_out_that_the_program_has_asked_for(
    installation: Installation, pages: ProgramPages, new_phone: NewPhone
) -> None:
    uris = (pages.elsewhere,)
    program = Program(installation, redirect_uris=uris, post_logout_redirect_uris=uris)
    person = installation.simulator.add_person()
    phone = new_phone(person, installation.simulator.url).new_page()
    phone.goto(program.url())
    expect_home(phone, pages)

    asked = {"client_id": program.client_id, "post_logout_redirect_uri": pages.elsewhere}
    phone.goto(f"{program.issuer}/session/end?{urlencode(asked)}")
    phone.locator("form button").first.click()

    expect_home(phone, pages)
