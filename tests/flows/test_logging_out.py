"""A program's page sends its person to log out, in a real browser with its cookie rules and CSP."""

from collections.abc import Callable, Iterator
from html import escape

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.conftest import Installation
from tests.oidc.program_site import ProgramSite
from tests.oidc.programs import Answer, Program

NewPhone = Callable[[str, str], BrowserContext]


@pytest.fixture
def site() -> Iterator[ProgramSite]:
    """A program's site, whose page /leave has the form that a test puts there."""
    running = ProgramSite()
    running.app.add_url_rule("/leave", "leave", lambda: str(running.app.config["FORM"]))
    yield running
    running.stop()


@pytest.fixture
def program(installation: Installation, site: ProgramSite) -> Program:
    return Program(
        installation,
        redirect_uris=(site.redirect_uri,),
        post_logout_redirect_uris=(f"{site.url}/",),
    )


@pytest.fixture
def page(installation: Installation, new_phone: NewPhone) -> Page:
    """The WeChat of somebody new, where a login is silent."""
    simulator = installation.simulator
    return new_phone(simulator.add_person(), simulator.url).new_page()


def log_in(page: Page, program: Program) -> str:
    """Log the person in and return their ID token."""
    page.goto(program.url())
    expect(page).to_have_title("Welcome back")
    tokens = program.exchange(Answer(page.url)["code"]).json()
    return str(tokens["id_token"])


def offer_form(site: ProgramSite, program: Program, **fields: str) -> None:
    """Put a form to the end-session endpoint on the program's page."""
    inputs = "".join(
        f'<input type="hidden" name="{name}" value="{escape(value)}">'
        for name, value in fields.items()
    )
    form = f'<form method="post" action="{program.issuer}/session/end">{inputs}<button>Bye</button>'
    site.app.config["FORM"] = f"<!doctype html>{form}</form>"


def expect_logged_out(page: Page, installation: Installation) -> None:
    """Expect that the browser has no session left, nor a cookie of one."""
    names = {cookie.get("name") for cookie in page.context.cookies(installation.url)}
    assert "wechatlogin-session" not in names
    # Its own secret was kept, as it was.
    assert "wechatlogin-browser" in names


def test_a_form_on_the_programs_page_logs_out_and_comes_back(
    installation: Installation, program: Program, site: ProgramSite, page: Page
) -> None:
    id_token = log_in(page, program)
    back = f"{site.url}/"
    offer_form(site, program, id_token_hint=id_token, post_logout_redirect_uri=back, state="s")
    before = {c.get("name"): c.get("value") for c in page.context.cookies(installation.url)}
    page.goto(f"{site.url}/leave")

    page.get_by_role("button", name="Bye").click()

    expect(page).to_have_url(f"{back}?state=s")
    expect_logged_out(page, installation)
    after = {c.get("name"): c.get("value") for c in page.context.cookies(installation.url)}
    assert after["wechatlogin-browser"] == before["wechatlogin-browser"]


def test_the_yes_to_our_question_leads_back_to_the_program(
    installation: Installation, program: Program, site: ProgramSite, page: Page
) -> None:
    log_in(page, program)
    back = f"{site.url}/"
    offer_form(site, program, client_id=program.client_id, post_logout_redirect_uri=back)
    page.goto(f"{site.url}/leave")
    page.get_by_role("button", name="Bye").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("退出登录？")
    expect(page.get_by_text("林记书店")).to_be_visible()

    page.get_by_role("button", name="退出登录").click()

    expect(page).to_have_url(back)
    expect_logged_out(page, installation)


def test_a_no_to_our_question_stays_here(
    installation: Installation, program: Program, site: ProgramSite, page: Page
) -> None:
    log_in(page, program)
    page.goto(f"{program.issuer}/session/end")

    page.get_by_role("link", name="取消").click()

    expect(page).to_have_url(f"{installation.url}/account")
    expect(page.get_by_role("heading", level=1)).to_have_text("我的账号")
