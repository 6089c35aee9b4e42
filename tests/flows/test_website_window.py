"""Login with a website app in a window that our page, or somebody else's, has opened."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.conftest import Installation, Installer
from tests.flows.desktops import expect_account, expect_status
from tests.flows.phones import Browser
from tests.flows.websites import (
    cookie,
    decide,
    is_logged_in,
    open_login,
    open_window,
    register,
    wechat,
)
from tests.servers import ROOT
from tests.simulator.receiver import Answer, Receiver
from wechatlogin.config import FollowPolicy
from wechatlogin.wechat.app import AppKind


@pytest.fixture
def shop() -> Iterator[Receiver]:
    """Somebody else's site."""
    receiver = Receiver()
    yield receiver
    receiver.stop()


def test_a_window_of_ours_logs_the_page_in_and_closes_itself(
    website: Installation, desktop: BrowserContext
) -> None:
    page = open_login(desktop, website, "?next=/help")

    popup = open_window(page)
    expect_status(page, "等待窗口里的登录")
    with popup.expect_event("close"):
        decide(website, popup, "confirm")

    expect(page).to_have_url(f"{website.url}/help")
    assert is_logged_in(desktop, website)


def test_a_window_that_the_person_closes_is_noticed_and_can_be_opened_again(
    website: Installation, desktop: BrowserContext
) -> None:
    page = open_login(desktop, website)

    open_window(page).close()
    expect(page.get_by_role("heading", level=1)).to_have_text("窗口已关闭", use_inner_text=True)
    popup = open_window(page, "重新打开窗口")
    decide(website, popup, "confirm")

    expect_account(page, website)


def test_from_the_window_one_can_go_back_to_the_code_in_the_frame(
    website: Installation, desktop: BrowserContext
) -> None:
    page = open_login(desktop, website)
    popup = open_window(page)

    with popup.expect_event("close"):
        page.get_by_role("button", name="返回二维码").click()
    expect_status(page, "等待登录")
    decide(website, wechat(page), "confirm")

    expect_account(page, website)


def test_where_no_window_opens_the_page_itself_goes_to_wechat(
    website: Installation, desktop: BrowserContext
) -> None:
    desktop.add_init_script("window.open = () => null")
    page = open_login(desktop, website)

    page.get_by_role("button", name="在新窗口登录").click()
    decide(website, page, "confirm")

    expect_account(page, website)


@pytest.mark.usefixtures("leaves_on_cancel")
def test_a_refusal_in_the_window_is_told_to_the_page_that_opened_it(
    website: Installation, desktop: BrowserContext
) -> None:
    page = open_login(desktop, website)

    popup = open_window(page)
    with popup.expect_event("close"):
        decide(website, popup, "cancel")

    expect_status(page, "登录失败")


def put_example_on(shop: Receiver, installation: Installation, client_id: str) -> None:
    """Let the shop's front page be the example of the document."""
    text = (ROOT / "docs" / "website-login.md").read_text(encoding="utf-8")
    found = re.search(r"```html\n(.*?)```", text, re.DOTALL)
    assert found
    page = found[1].replace("https://login.example.com", installation.url)
    page = page.replace("CLIENT_ID", client_id)
    page += "<script>messages = []; onmessage = (event) => messages.push(event.data);</script>"
    shop.answer = lambda got: Answer(page.encode(), content_type="text/html; charset=utf-8")


def test_another_sites_window_tells_its_page_who_it_is_and_nothing_more(
    website: Installation, desktop: BrowserContext, shop: Receiver
) -> None:
    put_example_on(shop, website, register(website, shop.url))
    person = website.simulator.add_person(nickname="茶客")
    page = desktop.new_page()
    page.goto(shop.url)

    popup = open_window(page, "Log in with WeChat")
    with popup.expect_event("close"):
        decide(website, popup, "confirm", person)

    expect(page.get_by_role("status")).to_have_text("Welcome, 茶客")
    told = page.evaluate("messages")
    user = told[0].pop("user")
    assert told == [{"source": "wechatlogin", "status": "claimed"}]
    assert user.keys() == {"id", "nickname", "avatar_url"}
    assert re.fullmatch(r"[0-9a-f]{32}", user["id"])
    assert is_logged_in(desktop, website)
    sent = json.dumps(told)
    assert cookie(desktop, "wechatlogin-session") not in sent


def test_another_sites_page_notices_that_its_window_was_closed(
    website: Installation, desktop: BrowserContext, shop: Receiver
) -> None:
    put_example_on(shop, website, register(website, shop.url))
    page = desktop.new_page()
    page.goto(shop.url)

    open_window(page, "Log in with WeChat").close()

    expect(page.get_by_role("status")).to_have_text("The window was closed")


def test_an_origin_that_is_not_registered_hears_nothing(
    website: Installation, desktop: BrowserContext, shop: Receiver
) -> None:
    put_example_on(shop, website, register(website, "https://shop.example"))
    page = desktop.new_page()
    page.goto(shop.url)

    with page.expect_popup() as opened:
        page.get_by_role("button").click()

    expect(opened.value.get_by_text("没有登记过")).to_be_visible()
    assert opened.value.locator("script").count() == 0
    assert page.evaluate("messages") == []


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("display=popup&origin=https://shop.example", 403),
        ("display=popup&client_id={id}&origin=https://shop.example/", 403),
        ("display=popup&client_id={id}&origin=https://shop.example.evil.example", 403),
        ("display=popup&client_id={id}&origin=null", 403),
        ("display=popup&client_id={id}&origin=https://shop.example", 302),
        ("display=popup&client_id={id}", 302),
        ("display=popup&client_id=nobody", 400),
        ("display=page&client_id={id}&origin=https://shop.example", 400),
        ("display=frame", 400),
        ("display=page&display=popup", 400),
    ],
)
def test_whom_a_window_may_tell_is_decided_before_it_leaves(
    website: Installation, query: str, status: int
) -> None:
    client_id = register(website, "https://shop.example")

    answer = Browser().step(f"{website.url}/login/website?{query.format(id=client_id)}")

    assert answer.status_code == status
    assert answer.headers["Cross-Origin-Opener-Policy"] == "unsafe-none"


def test_who_has_to_follow_first_does_so_in_the_window(
    install: Installer, elsewhere: str, desktop: BrowserContext, shop: Receiver
) -> None:
    both = install(apps=[AppKind.SERVICE, AppKind.WEBSITE], wechat_open_url=elsewhere)
    put_example_on(shop, both, register(both, shop.url, follow=FollowPolicy.REQUIRE))
    person = both.simulator.add_person(nickname="新茶客")
    page = desktop.new_page()
    page.goto(shop.url)
    popup = open_window(page, "Log in with WeChat")
    decide(both, popup, "confirm", person)
    expect(popup.get_by_role("heading", level=1)).to_contain_text("请关注公众号")

    with popup.expect_event("close"):
        both.simulator.follow(person, both.account.appid)

    expect(page.get_by_role("status")).to_have_text("Welcome, 新茶客")
