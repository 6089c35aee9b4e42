"""The phone on a screen: the whole demo with a mouse."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page

from tests.simulator.platform import APPID, TOKEN, Platform
from tests.simulator.receiver import Answer, Received, Receiver, text_reply

Story = Callable[[Page], None]
PAGE = (
    "<!doctype html><html><head><title>登录晨光书店</title></head><body><h1>确认登录</h1>"
    '<form method="post" action="/confirm"><button>18</button></form>'
    '<script type="module">document.querySelector("h1").dataset.asked = '
    'await (await fetch("/asked")).text();</script></body></html>'
)


@pytest.fixture
def on_a_screen(served: str, browser: Browser) -> Callable[[Story], None]:
    """Tell a story to a browser that has the phone open; no script may fail meanwhile."""

    def tell(story: Story) -> None:
        errors: list[str] = []
        with browser.new_context(
            viewport={"width": 1000, "height": 820}, locale="zh-CN"
        ) as context:
            context.set_default_timeout(10_000)
            page = context.new_page()
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.goto(f"{served}/phone")
            story(page)
        assert errors == []

    return tell


@pytest.fixture
def shop(empty: Platform, receiver: Receiver) -> Platform:
    """An account whose service answers with a link to a page that asks for confirmation."""

    def answer(got: Received) -> Answer:
        if got.path == "/push":
            return text_reply(got, f'<a href="{receiver.url}/login">点这里确认</a>')
        if got.path == "/asked":
            return Answer(b"yes")
        page = PAGE if got.method == "GET" else "<h1>登录成功</h1>"
        return Answer(page.encode(), content_type="text/html; charset=utf-8")

    receiver.answer = answer
    empty.add_app(
        name="晨光书店", token=TOKEN, callback_url=f"{receiver.url}/push", skip_url_check=True
    )
    return empty


def test_a_newcomer_scans_follows_taps_the_link_and_confirms(
    on_a_screen: Callable[[Story], None], shop: Platform, receiver: Receiver
) -> None:
    shop.create_code("login-7")

    def story(page: Page) -> None:
        page.get_by_role("button", name="扫一扫 Scan").click()
        page.get_by_role("button", name="扫描另一个窗口的二维码").click()
        page.get_by_role("button", name="关注公众号").click()
        page.get_by_role("link", name="点这里确认").click()
        frame = page.frame_locator("#frame")
        frame.locator("h1[data-asked=yes]").wait_for()
        frame.get_by_role("button", name="18").click()
        frame.get_by_role("heading", name="登录成功").wait_for()

    on_a_screen(story)

    assert [one.fields["EventKey"] for one in receiver.pushes if one.path == "/push"] == [
        "qrscene_login-7"
    ]
    assert receiver.pushes[-1].headers["Origin"] == receiver.url


def test_a_message_is_written_and_answered_and_nobody_is_unfollowed_by_accident(
    on_a_screen: Callable[[Story], None], shop: Platform
) -> None:
    shop.follow("chen")

    def story(page: Page) -> None:
        page.get_by_role("button", name="陈一诺").click()
        page.get_by_role("button", name="晨光书店").click()
        page.get_by_label("消息").fill("登录")
        page.get_by_role("button", name="发送").click()
        page.locator(".mine", has_text="登录").wait_for()
        page.locator(".bubble", has_text="点这里确认").nth(1).wait_for()
        page.get_by_role("button", name="公众号资料").click()
        page.get_by_role("button", name="不再关注").click()
        page.get_by_text("已取消关注").wait_for()

    on_a_screen(story)

    assert [one["from"] for one in shop.chat("chen")] == ["account", "person", "account"]
    assert not next(p for p in shop.control("GET", "/people") if p["name"] == "chen")["follows"]


def test_a_picture_and_a_text_are_scanned(
    on_a_screen: Callable[[Story], None], shop: Platform, receiver: Receiver
) -> None:
    shop.follow()
    ticket = shop.create_code("from-a-picture")["ticket"]
    picture = shop.client.get("/cgi-bin/showqrcode", query_string={"ticket": ticket}).data

    def story(page: Page) -> None:
        page.get_by_role("button", name="扫一扫 Scan").click()
        page.locator("#picture").set_input_files(
            {"name": "code.jpg", "mimeType": "image/jpeg", "buffer": picture}
        )
        page.locator(".bubble").nth(1).wait_for()
        page.locator("#chat .back").click()
        page.get_by_role("button", name="扫一扫 Scan").click()
        page.get_by_label("二维码的内容").fill(f"{receiver.url}/login")
        page.get_by_role("button", name="识别").click()
        page.frame_locator("#frame").get_by_role("heading", name="确认登录").wait_for()
        page.locator("#web-title", has_text="登录晨光书店").wait_for()
        page.get_by_role("button", name="关闭网页").click()
        page.locator("#home").wait_for()

    on_a_screen(story)

    assert receiver.pushes[-1].fields["EventKey"] == "from-a-picture"


def test_the_screen_tells_the_accounts_that_can_be_written_to(platform: Platform) -> None:
    platform.add_app(appid="wx00000000000000c3", kind="website")

    screen = platform.client.get("/phone/state?person=chen").get_json()

    assert screen["holder"] == "chen"
    assert [one["appid"] for one in screen["accounts"]] == [APPID]


def test_an_unknown_holder_becomes_the_first(platform: Platform) -> None:
    assert platform.client.get("/phone/state?person=nobody").get_json()["holder"] == "lin"
