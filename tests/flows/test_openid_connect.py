"""Behind one click: a program's login by OpenID Connect, in real browsers."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.conftest import Installation
from tests.flows.conftest import PHONE_SIZE
from tests.flows.desktops import confirm_link, expect_status, read_number, read_qr
from tests.oidc.program_site import ProgramSite
from tests.oidc.programs import Answer, Program

SAFARI_IOS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_3_1 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.3 Mobile/15E148 Safari/604.1"
)

NewPhone = Callable[[str, str], BrowserContext]


@pytest.fixture(scope="module")
def site() -> Iterator[ProgramSite]:
    """A program's site, which keeps what a browser brings back."""
    running = ProgramSite()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def program(installation: Installation, site: ProgramSite) -> Program:
    return Program(installation, redirect_uris=(site.redirect_uri,), origins=(site.url,))


@pytest.fixture
def other_program(installation: Installation, site: ProgramSite) -> Program:
    return Program(installation, redirect_uris=(site.redirect_uri,))


@pytest.fixture
def person(installation: Installation) -> str:
    """A follower of the account, whose scan it hears of."""
    name = installation.simulator.add_person(nickname="林小满")
    installation.simulator.follow(name, installation.account.appid)
    return name


def scan_and_confirm(
    installation: Installation, page: Page, new_phone: NewPhone, person: str
) -> None:
    scanned = installation.simulator.scan(person, read_qr(page))
    phone = new_phone(person, installation.simulator.url).new_page()
    phone.goto(confirm_link(scanned))
    phone.get_by_role("button", name=read_number(page), exact=True).click()


def answer_of(page: Page, site: ProgramSite) -> Answer:
    expect(page).to_have_url(re.compile(re.escape(site.redirect_uri)))
    return Answer(page.url)


def tokens_of(program: Program, answer: Answer) -> dict[str, Any]:
    exchanged = program.exchange(answer["code"])
    assert exchanged.ok, exchanged.text
    tokens: dict[str, Any] = exchanged.json()
    return tokens


def test_a_desktop_goes_straight_to_the_qr_code_and_back_to_the_program(
    installation: Installation,
    program: Program,
    site: ProgramSite,
    desktop: BrowserContext,
    new_phone: NewPhone,
    person: str,
) -> None:
    page = desktop.new_page()

    page.goto(program.url(scope="openid profile"))
    expect_status(page, "等待扫码")
    expect(page.get_by_text("林记书店")).to_be_visible()
    scan_and_confirm(installation, page, new_phone, person)

    tokens = tokens_of(program, answer_of(page, site))
    assert program.read(tokens["id_token"])["amr"] == ["scan"]


def test_whoever_is_logged_in_comes_back_without_seeing_a_page(
    installation: Installation,
    program: Program,
    other_program: Program,
    site: ProgramSite,
    desktop: BrowserContext,
    new_phone: NewPhone,
    person: str,
) -> None:
    page = desktop.new_page()
    page.goto(program.url())
    expect_status(page, "等待扫码")
    scan_and_confirm(installation, page, new_phone, person)
    first = tokens_of(program, answer_of(page, site))

    page.goto(other_program.url())
    second = tokens_of(other_program, answer_of(page, site))

    assert other_program.read(second["id_token"])["sub"] == program.read(first["id_token"])["sub"]
    assert program.introspect(first["access_token"])["active"] is True


def test_two_tabs_at_once_both_come_to_their_program(
    installation: Installation,
    program: Program,
    other_program: Program,
    site: ProgramSite,
    desktop: BrowserContext,
    new_phone: NewPhone,
    person: str,
) -> None:
    one, two = desktop.new_page(), desktop.new_page()
    one.goto(program.url(state="one"))
    two.goto(other_program.url(state="two"))
    for page in (one, two):
        page.bring_to_front()
        expect_status(page, "等待扫码")

    one.bring_to_front()
    scan_and_confirm(installation, one, new_phone, person)
    first_tab = answer_of(one, site)
    first = tokens_of(program, first_tab)
    two.bring_to_front()
    scan_and_confirm(installation, two, new_phone, person)
    second_tab = answer_of(two, site)
    second = tokens_of(other_program, second_tab)

    assert (first_tab["state"], second_tab["state"]) == ("one", "two")
    # The second login has replaced the first in this browser, not what came of it.
    assert program.introspect(first["access_token"])["active"] is True
    assert other_program.introspect(second["access_token"])["active"] is True


def test_inside_wechat_a_known_person_sees_no_page_at_all(
    installation: Installation,
    program: Program,
    site: ProgramSite,
    new_phone: NewPhone,
    person: str,
) -> None:
    phone = new_phone(person, installation.simulator.url)
    page = phone.new_page()
    page.goto(program.url(scope="openid profile"))
    page.get_by_role("button", name="允许").click()
    answer_of(page, site)
    phone.clear_cookies()
    again = new_phone(person, installation.simulator.url).new_page()

    again.goto(program.url(scope="openid profile"))

    answer = answer_of(again, site)
    told = program.userinfo(tokens_of(program, answer)["access_token"]).json()
    assert told["name"] == "林小满"
    # WeChat's own fragment would lead a page that routes by it astray.
    assert again.evaluate("location.hash") == ""


def test_inside_wechat_nobody_is_asked_for_a_name_that_the_program_does_not_want(
    installation: Installation,
    program: Program,
    site: ProgramSite,
    new_phone: NewPhone,
) -> None:
    stranger = installation.simulator.add_person()
    page = new_phone(stranger, installation.simulator.url).new_page()

    page.goto(program.url(scope="openid"))

    tokens = tokens_of(program, answer_of(page, site))
    assert set(program.userinfo(tokens["access_token"]).json()) == {"sub"}


def test_a_program_may_open_its_login_in_a_window(
    installation: Installation,
    program: Program,
    site: ProgramSite,
    desktop: BrowserContext,
    new_phone: NewPhone,
    person: str,
) -> None:
    page = desktop.new_page()
    page.goto(site.url)
    with page.expect_popup() as opened:
        page.evaluate("url => { window.open(url) }", program.url())
    window = opened.value
    expect_status(window, "等待扫码")
    scan_and_confirm(installation, window, new_phone, person)

    expect(page.get_by_role("status")).to_contain_text(site.redirect_uri)


def test_the_answer_can_be_posted(
    installation: Installation,
    program: Program,
    site: ProgramSite,
    desktop: BrowserContext,
    new_phone: NewPhone,
    person: str,
) -> None:
    page = desktop.new_page()
    page.goto(program.url(response_mode="form_post", state='<"&'))
    expect_status(page, "等待扫码")
    scan_and_confirm(installation, page, new_phone, person)

    expect(page).to_have_url(site.redirect_uri)
    posted = site.posted[-1]
    assert posted["state"] == '<"&'
    assert posted["iss"] == program.issuer
    assert program.exchange(posted["code"]).ok


def test_the_login_page_speaks_the_language_that_the_program_asks_for(
    program: Program, new_context: Callable[..., BrowserContext]
) -> None:
    page = new_context(locale="de-DE").new_page()

    page.goto(program.url(ui_locales="de en"))

    heading = page.get_by_role("heading", level=1)
    expect(heading).to_contain_text("Log in with WeChat", use_inner_text=True)


def test_a_phone_outside_wechat_confirms_there_and_goes_on_here(
    installation: Installation,
    program: Program,
    site: ProgramSite,
    new_context: Callable[..., BrowserContext],
    new_phone: NewPhone,
    person: str,
) -> None:
    page = new_context(viewport=PHONE_SIZE, user_agent=SAFARI_IOS, is_mobile=True).new_page()

    page.goto(program.url())
    expect(page.get_by_text("等待微信打开链接")).to_be_visible()
    in_wechat = new_phone(person, installation.simulator.url).new_page()
    in_wechat.goto(page.locator(".copy__text").inner_text())
    in_wechat.get_by_role("button", name=read_number(page), exact=True).click()

    tokens = tokens_of(program, answer_of(page, site))
    assert program.read(tokens["id_token"])["amr"] == ["page"]
