"""The same in Chromium with WeChat's User-Agent: what the person sees on the phone."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.conftest import Installation

NewPhone = Callable[[str, str], BrowserContext]


def open_page(context: BrowserContext, url: str) -> Page:
    page = context.new_page()
    page.goto(url)
    return page


def consent(page: Page) -> None:
    page.get_by_role("button", name="允许").click()


@pytest.fixture
def person(installation: Installation) -> str:
    person = installation.simulator.add_person(nickname="林小满")
    installation.simulator.follow(person, installation.account.appid)
    return person


@pytest.fixture
def phone(installation: Installation, person: str, new_phone: NewPhone) -> BrowserContext:
    return new_phone(person, installation.simulator.url)


def test_the_code_arrives_in_the_chat_and_the_popup_says_so(
    installation: Installation, person: str, phone: BrowserContext
) -> None:
    page = open_page(phone, f"{installation.url}/api/wechat/auth?state=code")
    consent(page)

    expect(page.get_by_role("dialog")).to_contain_text("验证码已发送到微信")
    chat = installation.simulator.chat(person, installation.account.appid)
    assert re.search(r"[1-9][0-9]{5}", chat[-1]["text"])


def test_the_popup_leads_on_to_the_account(
    installation: Installation, phone: BrowserContext
) -> None:
    page = open_page(phone, f"{installation.url}/api/wechat/auth?state=default")
    consent(page)
    expect(page.get_by_role("dialog")).to_contain_text("授权成功")

    page.get_by_role("link", name="知道了").click()

    expect(page).to_have_url(f"{installation.url}/account")


def test_whoever_refuses_is_told_and_can_try_again(
    installation: Installation, phone: BrowserContext
) -> None:
    installation.simulator.call("POST", "/simulator/switches", {"denial": "redirect_with_state"})
    page = open_page(phone, f"{installation.url}/api/wechat/auth")
    page.get_by_role("button", name="拒绝").click()
    installation.simulator.call("POST", "/simulator/switches", {"denial": "no_redirect"})
    expect(page.get_by_role("dialog")).to_contain_text("你没有同意授权")

    page.get_by_role("link", name="重新授权").click()
    consent(page)

    expect(page.get_by_role("dialog")).to_contain_text("授权成功")


@pytest.mark.parametrize("variant", ["same_code", "two_codes"])
def test_a_double_callback_ends_in_one_login_and_no_error(
    installation: Installation, phone: BrowserContext, variant: str
) -> None:
    installation.simulator.fault(
        "/connect/oauth2/authorize", "double_callback", times=1, variant=variant
    )
    page = open_page(phone, f"{installation.url}/login")
    consent(page)

    expect(page).to_have_url(f"{installation.url}/account")
    expect(page.get_by_role("button", name=re.compile("^退出 "))).to_have_count(1)


def test_a_snapshot_page_says_what_to_tap(
    installation: Installation, phone: BrowserContext
) -> None:
    installation.simulator.fault("/connect/oauth2/authorize", "snapshot", times=1)

    page = open_page(phone, f"{installation.url}/login")

    expect(page.get_by_role("dialog")).to_contain_text("使用完整服务")
    assert not [c for c in phone.cookies() if c["name"] == "wechatlogin-session"]


def test_a_browser_that_loses_its_cookies_is_asked(
    installation: Installation, phone: BrowserContext
) -> None:
    def forget_ours() -> None:
        phone.clear_cookies(name=re.compile("^wechatlogin-"))

    page = open_page(phone, f"{installation.url}/login")
    forget_ours()
    consent(page)
    # The first loss begins again by itself; WeChat asks once more.
    expect(page).to_have_url(re.compile("/connect/oauth2/authorize"))
    forget_ours()
    consent(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text("林小满")

    page.get_by_role("button").first.click()

    expect(page).to_have_url(f"{installation.url}/account")
