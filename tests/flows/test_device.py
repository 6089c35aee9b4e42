"""A television logs in: its person scans its QR in WeChat, or types its code at a desk."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.conftest import Installation, Installer
from tests.flows.desktops import confirm_link, expect_status, read_number, read_qr
from tests.flows.television import Television
from tests.oidc.programs import Program

NewPhone = Callable[[str, str], BrowserContext]
#: A television asks every 5 seconds.
PATIENCE = 15_000


@pytest.fixture
def television(installation: Installation) -> Iterator[Television]:
    made = Program(installation, name="客厅电视", is_public=True, is_first_party=False)
    running = Television(made)
    yield running
    running.stop()


@pytest.fixture
def screen(television: Television, desktop: BrowserContext) -> Page:
    """What the television shows."""
    page = desktop.new_page()
    page.goto(television.url)
    return page


def scan_with(installation: Installation, new_phone: NewPhone, person: str, screen: Page) -> Page:
    """Let a person scan the television's QR in WeChat, and give it their name."""
    scanned = installation.simulator.scan(person, read_qr(screen))
    phone = new_phone(person, installation.simulator.url).new_page()
    phone.goto(str(scanned["url"]))
    phone.get_by_role("button", name="允许").click()
    return phone


def expect_news(screen: Page, news: str) -> None:
    expect(screen.get_by_role("status")).to_have_text(news, timeout=PATIENCE)


def test_whoever_scans_the_television_and_confirms_is_greeted_by_it(
    installation: Installation, screen: Page, television: Television, new_phone: NewPhone
) -> None:
    person = installation.simulator.add_person(nickname="看电视的人")

    phone = scan_with(installation, new_phone, person, screen)
    expect(phone.get_by_role("heading", level=1)).to_have_text("在设备上登录「客厅电视」？")
    expect(phone.get_by_text(television.given["user_code"])).to_be_visible()
    expect(phone.get_by_text("微信昵称和头像")).to_be_visible()
    expect(phone.get_by_text("与你在同一网络")).to_be_visible()
    phone.get_by_role("button", name="确认登录").click()

    expect(phone.get_by_role("heading", level=1)).to_have_text("已确认")
    expect_news(screen, "你好，看电视的人")
    assert television.tokens["refresh_token"]


def test_a_refusal_on_the_phone_ends_it_on_the_television(
    installation: Installation, screen: Page, new_phone: NewPhone
) -> None:
    phone = scan_with(installation, new_phone, installation.simulator.add_person(), screen)

    phone.get_by_role("button", name="拒绝").click()

    expect(phone.get_by_role("heading", level=1)).to_have_text("已拒绝这次登录")
    expect_news(screen, "access_denied")


def test_the_two_answers_are_as_large_as_each_other(
    installation: Installation, screen: Page, new_phone: NewPhone
) -> None:
    phone = scan_with(installation, new_phone, installation.simulator.add_person(), screen)

    yes = phone.get_by_role("button", name="确认登录").bounding_box()
    no = phone.get_by_role("button", name="拒绝").bounding_box()

    assert yes is not None
    assert no is not None
    assert (yes["width"], yes["height"]) == (no["width"], no["height"])


def test_somebody_at_a_desk_types_the_code(
    installation: Installation,
    screen: Page,
    television: Television,
    new_context: Callable[..., BrowserContext],
    new_phone: NewPhone,
) -> None:
    person = installation.simulator.add_person(nickname="坐在桌前的人")
    installation.simulator.follow(person, installation.account.appid)
    page = new_context().new_page()
    page.goto(television.given["verification_uri"])

    page.get_by_label("设备码").fill(television.given["user_code"].replace("-", " ").lower())
    page.get_by_role("button", name="继续").click()
    expect_status(page, "等待扫码")
    expect(page.get_by_text("客厅电视")).to_be_visible()
    phone = new_phone(person, installation.simulator.url).new_page()
    phone.goto(confirm_link(installation.simulator.scan(person, read_qr(page))))
    phone.get_by_role("button", name=read_number(page), exact=True).click()
    page.get_by_role("button", name="确认登录").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("已确认")
    # A scan tells no name, and at a desk nobody can be asked for it.
    expect_news(screen, "你好，")


def test_a_code_that_nobody_shows_is_refused_in_words(
    install: Installer, desktop: BrowserContext
) -> None:
    page = desktop.new_page()
    page.goto(f"{install().url}/device")

    page.get_by_label("设备码").fill("bcdf-ghjk")
    page.get_by_role("button", name="继续").click()

    expect(page.get_by_role("alert")).to_contain_text("设备码不正确或已失效")
    expect(page.get_by_label("设备码")).to_have_value("bcdf-ghjk")
    expect(page).to_have_title("错误：让设备登录 · 晨光书店")
