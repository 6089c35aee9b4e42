"""A website's login on a desktop screen, on its own and in a frame, with the phone beside it."""

import re
from collections.abc import Iterator
from urllib.parse import quote, urlencode

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from tests.simulator.platform import Platform
from tests.simulator.receiver import Answer, Received, Receiver
from tests.simulator.website import WEBSITE
from wechatlogin.simulator import create_simulator


@pytest.fixture
def app() -> Flask:
    """A simulator with WeChat's patience: what happens on the phone is told at once."""
    return create_simulator()


@pytest.fixture
def screen(browser: Browser) -> Iterator[Page]:
    """A desktop browser; no script may fail in it."""
    errors: list[str] = []
    with browser.new_context(locale="zh-CN") as context:
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        yield page
    assert errors == []


@pytest.fixture
def shop(empty: Platform, receiver: Receiver, served: str) -> Platform:
    """A website whose front page has a frame made by WeChat's script."""

    def answer(got: Received) -> Answer:
        wish = (
            f'id: "login", appid: "{WEBSITE}", scope: "snsapi_login", state: "abc123",'
            f'redirect_uri: "{quote(f"{receiver.url}/back", safe="")}"'
        )
        itself = {"/itself": ", self_redirect: true", "/whole": ", self_redirect: false"}
        page = "<!doctype html><title>商店</title>"
        if got.path.startswith("/back"):
            page += "<h1>登录成功</h1>"
        else:
            page += (
                f'<div id="login"></div><script src="{served}/connect/zh_CN/htmledition/js/'
                f'wxLogin.js"></script><script>new WxLogin({{{wish}{itself.get(got.path, "")}}})'
                "</script>"
            )
        return Answer(page.encode(), content_type="text/html; charset=utf-8")

    receiver.answer = answer
    empty.add_app(appid=WEBSITE, kind="website", domains=[receiver.url.removeprefix("http://")])
    return empty


@pytest.fixture
def address(served: str, shop: Platform, receiver: Receiver) -> str:
    """The address of the login page."""
    query = {
        "appid": WEBSITE,
        "redirect_uri": f"{receiver.url}/back",
        "response_type": "code",
        "scope": "snsapi_login",
        "state": "abc123",
    }
    return f"{served}/connect/qrconnect?{urlencode(query)}#wechat_redirect"


def decide(shop: Platform, decision: str) -> None:
    content = shop.control("GET", "/qrcodes/newest")["content"]
    shop.person("lin", "qrconnect", content=content, decision=decision)


def test_the_page_follows_the_phone_to_the_end(screen: Page, shop: Platform, address: str) -> None:
    screen.goto(address)
    expect(screen.get_by_text("使用微信扫一扫登录")).to_be_visible()
    decide(shop, "cancel")
    expect(screen.get_by_text("您已取消此次登录")).to_be_visible()
    decide(shop, "scan")
    expect(screen.get_by_text("请在微信中点击确认即可登录")).to_be_visible()
    decide(shop, "confirm")

    screen.wait_for_url(re.compile(r"/back\?code=[0-9A-Za-z]{32}&state=abc123$"))


def test_a_code_that_is_too_old_is_replaced(screen: Page, shop: Platform, address: str) -> None:
    screen.goto(address)
    old = screen.locator(".qrcode").get_attribute("src")
    shop.advance(300)

    expect(screen.locator(".qrcode")).not_to_have_attribute("src", str(old))


def test_a_cancel_may_lead_back_with_the_state_alone(
    screen: Page, shop: Platform, address: str
) -> None:
    shop.switch(qrconnect_denial="redirect_with_state")
    screen.goto(address)

    decide(shop, "cancel")

    screen.wait_for_url(re.compile(r"/back\?state=abc123$"))


@pytest.mark.parametrize(("path", "stays"), [("/itself", True), ("/whole", False), ("/", False)])
def test_a_frame_sends_itself_or_the_whole_window_back(
    screen: Page, shop: Platform, receiver: Receiver, path: str, stays: bool
) -> None:
    screen.goto(f"{receiver.url}{path}")
    frame = screen.frame_locator("iframe")
    expect(frame.locator(".qrcode")).to_be_visible()
    decide(shop, "confirm")

    if stays:
        expect(frame.get_by_role("heading", name="登录成功")).to_be_visible()
        assert screen.url == f"{receiver.url}{path}"
    else:
        screen.wait_for_url(re.compile(r"/back\?code=\w{32}&state=abc123$"))


@pytest.mark.parametrize("by_picture", [True, False])
def test_the_phone_scans_the_screen_and_confirms(
    screen: Page, shop: Platform, served: str, address: str, *, by_picture: bool
) -> None:
    screen.goto(address)
    expect(screen.locator(".qrcode")).to_be_visible()
    picture = screen.locator(".qrcode").screenshot()
    phone = screen.context.new_page()
    phone.goto(f"{served}/phone")
    phone.get_by_role("button", name="扫一扫 Scan").click()
    if by_picture:
        phone.locator("#picture").set_input_files(
            {"name": "code.png", "mimeType": "image/png", "buffer": picture}
        )
    else:
        phone.get_by_role("button", name="扫描另一个窗口的二维码").click()
    inside = phone.frame_locator("#frame")
    inside.get_by_text("林小满").wait_for()
    expect(screen.get_by_text("扫描成功")).to_be_visible()
    inside.get_by_role("button", name="确认登录").click()

    inside.get_by_role("heading", name="已确认登录").wait_for()
    screen.wait_for_url(re.compile(r"/back\?code=\w{32}&state=abc123$"))
