"""Login with a website app in real Chromium: WeChat's page in a frame, and by itself."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import BrowserContext, FrameLocator, Page, expect

from tests.conftest import Installation, Installer
from tests.flows.conftest import NewContext
from tests.flows.desktops import expect_account, expect_status
from tests.flows.phones import Browser
from tests.flows.websites import (
    RETURN,
    cookie,
    decide,
    is_logged_in,
    open_login,
    register,
    wechat,
)
from wechatlogin.wechat.app import AppKind


def test_in_the_frame_the_scan_logs_in_and_the_page_moves_on(
    website: Installation, desktop: BrowserContext
) -> None:
    page = open_login(desktop, website)

    decide(website, wechat(page), "scan")
    expect(wechat(page).get_by_text("扫描成功")).to_be_visible()
    decide(website, wechat(page), "confirm")

    expect_account(page, website)


def test_wechats_page_comes_back_without_the_cookie_and_our_own_page_brings_it(
    website: Installation, desktop: BrowserContext
) -> None:
    page = open_login(desktop, website, "?next=/help")
    secret = cookie(desktop, "wechatlogin-browser")
    came = []
    page.on("request", lambda one: came.append(one) if RETURN in one.url else None)

    decide(website, wechat(page), "confirm")
    expect(page).to_have_url(f"{website.url}/help")

    brought = [one.all_headers() for one in came]
    assert [one["sec-fetch-site"] for one in brought] == ["cross-site", "same-origin"]
    assert ["wechatlogin-browser" in one.get("cookie", "") for one in brought] == [False, True]
    # The first answer must not have given the browser another secret.
    assert cookie(desktop, "wechatlogin-browser") == secret


def test_the_frame_asks_as_wechats_own_script_would(
    website: Installation, desktop: BrowserContext
) -> None:
    page = open_login(desktop, website)
    frame = page.locator("iframe")
    query = parse_qs(urlsplit(frame.get_attribute("src") or "").query)

    assert query.pop("state")[0].isalnum()
    assert query == {
        "appid": [website.account.appid],
        "redirect_uri": [website.url + RETURN],
        "response_type": ["code"],
        "scope": ["snsapi_login"],
        "login_type": ["jssdk"],
        "self_redirect": ["true"],
        "stylelite": ["1"],
        "color_scheme": ["auto"],
    }
    assert frame.get_attribute("allow") == "local-network-access"
    assert frame.get_attribute("title")
    assert page.locator("script").count() == 2
    expect(page.locator(f"script[src^='{website.url}'], script[src^='/static/']")).to_have_count(2)


def test_only_the_page_with_the_frame_lets_wechats_page_in(
    website: Installation, elsewhere: str
) -> None:
    browser = Browser()
    around = browser.step(f"{website.url}/login").headers
    other = browser.step(f"{website.url}/help").headers

    assert f"frame-src {elsewhere} {website.url}{RETURN};" in around["Content-Security-Policy"]
    assert around["Cross-Origin-Opener-Policy"] == "same-origin-allow-popups"
    assert around["X-Frame-Options"] == "DENY"
    assert "frame-src 'none'" in other["Content-Security-Policy"]
    assert other["Cross-Origin-Opener-Policy"] == "same-origin"


def test_the_return_may_lie_in_a_frame_of_ours_alone(website: Installation) -> None:
    answer = Browser().step(f"{website.url}{RETURN}?code=a&state=unknown")

    assert answer.status_code == 400
    assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"


def test_a_browser_that_does_not_say_where_it_comes_from_gets_its_second_chance_too(
    website: Installation,
) -> None:
    state = re.search(r"state=([0-9a-f]{32})", Browser().open(f"{website.url}/login").text)
    assert state
    other = Browser()

    first = other.step(f"{website.url}{RETURN}?code=a&state={state[1]}")
    again = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', first.text)
    assert again
    second = other.step(website.url + unescape(again[1]))

    assert first.status_code == 200
    assert "Set-Cookie" not in first.headers
    assert second.status_code == 400
    assert 'http-equiv="refresh"' not in second.text


def test_a_browser_that_keeps_no_cookies_is_shown_the_way_without_a_frame(
    website: Installation, desktop: BrowserContext
) -> None:
    page = open_login(desktop, website)
    desktop.clear_cookies()

    decide(website, wechat(page), "confirm")

    link = wechat(page).get_by_role("link", name="在微信页面登录")
    expect(link).to_have_attribute("href", re.compile(r"^/login/website\?display=page"))
    assert not is_logged_in(desktop, website)


def test_a_cancelled_scan_can_be_repeated(website: Installation, desktop: BrowserContext) -> None:
    page = open_login(desktop, website)

    decide(website, wechat(page), "cancel")
    expect(wechat(page).get_by_text("您已取消此次登录")).to_be_visible()
    expect_status(page, "等待登录")
    decide(website, wechat(page), "confirm")

    expect_account(page, website)


@pytest.mark.usefixtures("leaves_on_cancel")
def test_a_refusal_that_leads_back_ends_it_on_the_page_around(
    website: Installation, desktop: BrowserContext
) -> None:
    page = open_login(desktop, website)

    decide(website, wechat(page), "cancel")

    expect_status(page, "已拒绝")
    page.get_by_role("link", name="重新获取二维码").click()
    expect_status(page, "等待登录")


def test_a_page_that_has_waited_too_long_offers_a_new_code(
    install: Installer, elsewhere: str, desktop: BrowserContext
) -> None:
    installation = install(kind=AppKind.WEBSITE, wechat_open_url=elsewhere, authorize_seconds=3)
    page = open_login(desktop, installation)

    expect_status(page, "二维码已过期")
    expect(page.locator("iframe")).to_be_hidden()
    page.get_by_role("link", name="刷新二维码").click()

    expect_status(page, "等待登录")


def test_a_code_that_wechat_takes_back_is_said_on_the_page_around(
    website: Installation, desktop: BrowserContext
) -> None:
    page = open_login(desktop, website)
    website.simulator.fault("/sns/oauth2/access_token", "errcode", errcode=40029, times=1)

    decide(website, wechat(page), "confirm")

    expect_status(page, "登录失败")


def test_a_second_login_is_the_same_person(website: Installation, desktop: BrowserContext) -> None:
    person = website.simulator.add_person(nickname="又来了")
    for _ in range(2):
        page = open_login(desktop, website)
        decide(website, wechat(page), "confirm", person)
        expect_account(page, website)
        expect(page.get_by_text("又来了").first).to_be_visible()
        page.get_by_role("button", name="退出登录").click()
        expect_status(page, "等待登录")


def test_the_browser_goes_to_wechats_page_and_comes_back(
    website: Installation, desktop: BrowserContext
) -> None:
    page = open_login(desktop, website, "?next=/help")

    page.get_by_role("link", name="在微信页面登录").click()
    expect(page.locator(".qrcode")).to_be_visible()
    decide(website, page, "confirm")

    expect(page).to_have_url(f"{website.url}/help")
    assert is_logged_in(desktop, website)


def test_the_address_of_one_browser_logs_no_other_in(
    website: Installation, desktop: BrowserContext, new_context: NewContext
) -> None:
    page = open_login(desktop, website)
    stolen = address_of_return(website, page, wechat(page))

    stranger, newcomer = new_context().new_page(), new_context().new_page()
    stranger.goto(f"{website.url}/login")
    refused = [one.goto(stolen) for one in (stranger, newcomer)]

    assert [one and one.status for one in refused] == [400, 400]
    assert not is_logged_in(stranger.context, website)
    assert not is_logged_in(newcomer.context, website)
    # Beside the page that waits, which goes on by itself as soon as the address has been opened.
    own = desktop.new_page()
    own.goto(stolen)
    expect(own.get_by_role("heading", level=1)).to_have_text("已确认")
    expect_account(page, website)


def address_of_return(installation: Installation, page: Page, place: FrameLocator | Page) -> str:
    """Confirm, and return the address that WeChat's page would go to, without going there."""
    stopped: list[str] = []
    page.context.route(
        f"**{RETURN}**", lambda route: (stopped.append(route.request.url), route.abort())
    )
    with page.context.expect_event("requestfailed", lambda one: RETURN in one.url):
        decide(installation, place, "confirm")
    page.context.unroute_all()
    return stopped[0]


def test_the_pages_of_an_application_bear_its_name(
    website: Installation, desktop: BrowserContext
) -> None:
    page = open_login(desktop, website, f"?client_id={register(website)}")

    expect(page.locator(".brand")).to_contain_text("林记茶铺")
    expect(page).to_have_title("用微信扫码登录 · 林记茶铺")


def test_without_scripts_a_link_leads_to_wechats_page_and_the_return_logs_in(
    website: Installation, new_context: NewContext
) -> None:
    context = new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{website.url}/login?next=/help")
    expect(page.get_by_role("link", name="我已在手机上确认")).to_be_visible()
    expect(page.get_by_role("button", name="在新窗口登录")).to_be_hidden()
    page.get_by_role("link", name="在微信页面登录").click()
    state = parse_qs(urlsplit(page.url).query)["state"][0]
    picture = page.locator(".qrcode").get_attribute("src") or ""
    decide(website, page, "confirm")

    # WeChat's page needs scripts; this is where it would go.
    told = website.simulator.app.test_client().get(
        f"/connect/l/qrconnect?uuid={picture.rsplit('/', 1)[1]}"
    )
    code = re.search(r"wx_code='(\w+)'", told.text)
    assert code
    page.goto(f"{website.url}{RETURN}?code={code[1]}&state={state}")

    expect(page).to_have_url(f"{website.url}/help")
    assert is_logged_in(context, website)


def test_the_page_speaks_english_and_asks_wechat_to(
    website: Installation, new_context: NewContext
) -> None:
    page = new_context(locale="en-US").new_page()
    page.goto(f"{website.url}/login")

    expect(wechat(page).get_by_text("Use WeChat to scan")).to_be_visible()
