"""Applications that require a follower, or ask for one, in every kind of browser."""

import re
from collections.abc import Callable
from urllib.parse import urljoin

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.conftest import Installation, Installer
from tests.flows.desktops import expect_status, read_number, read_qr
from tests.flows.phones import DESKTOP, Browser, Phone
from tests.servers import Simulator, free_port
from wechatlogin import clock
from wechatlogin.config import FollowPolicy
from wechatlogin.extensions import db
from wechatlogin.services import applications, delivery, wechat_apps
from wechatlogin.services.applications import NewApplication
from wechatlogin.wechat.app import AppKind

NewPhone = Callable[[str, str], BrowserContext]

USER_INFO = "/cgi-bin/user/info"
HEADING = "请关注公众号「晨光书店」"


def register(
    installation: Installation,
    follow: FollowPolicy = FollowPolicy.REQUIRE,
    appids: tuple[str, ...] = (),
) -> str:
    """Register an application and return the address at which one logs in to it."""
    new = NewApplication("林记茶铺", follow=follow, appids=appids)
    with installation.app.app_context():
        made = applications.create(installation.site.vault, new, now=clock.now())
    return f"{installation.url}/login?client_id={made.client_id}&next=/help"


@pytest.fixture(scope="module")
def group(install: Installer, elsewhere: str) -> Installation:
    """A service account and a website app of one open-platform account."""
    return install(apps=[AppKind.SERVICE, AppKind.WEBSITE], wechat_open_url=elsewhere)


@pytest.fixture(scope="module")
def elsewhere(simulator: Simulator) -> str:
    """WeChat's address, on another site than the service's."""
    return simulator.url.replace("127.0.0.1", "localhost")


@pytest.fixture
def person(installation: Installation) -> str:
    """Somebody who does not follow."""
    return installation.simulator.add_person(nickname="林小满")


def asked(installation: Installation, person: str) -> int:
    """Return how often WeChat was asked whether a person follows."""
    openid = installation.simulator.openid(person, installation.account.appid)
    calls = installation.simulator.calls(USER_INFO)
    return len([call for call in calls if call["query"].get("openid") == openid])


def follow(installation: Installation, person: str) -> None:
    installation.simulator.follow(person, installation.account.appid)


def open_in_wechat(context: BrowserContext, url: str) -> Page:
    """Log in inside WeChat as far as the consent."""
    page = context.new_page()
    page.goto(url)
    page.get_by_role("button", name="允许").click()
    return page


def expect_asked_to_follow(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(HEADING, use_inner_text=True)


def expect_moved_on(page: Page) -> None:
    expect(page).to_have_url(re.compile(r"/help$"))


def test_inside_wechat_the_page_asks_to_follow_and_goes_on_by_itself(
    installation: Installation, person: str, new_phone: NewPhone
) -> None:
    phone = new_phone(person, installation.simulator.url)

    page = open_in_wechat(phone, register(installation))
    expect_asked_to_follow(page)
    expect_status(page, "等待关注")
    expect(page.get_by_role("img", name="公众号「晨光书店」的二维码")).to_be_visible()
    assert phone.request.get(f"{installation.url}/account", max_redirects=0).status == 302
    follow(installation, person)

    expect_moved_on(page)


def test_a_follower_notices_nothing(
    installation: Installation, person: str, new_phone: NewPhone
) -> None:
    follow(installation, person)

    page = open_in_wechat(new_phone(person, installation.simulator.url), register(installation))

    expect_moved_on(page)
    assert asked(installation, person) == 1


def test_whoever_has_left_is_asked_again(installation: Installation, person: str) -> None:
    url = register(installation)
    follow(installation, person)
    assert Phone(person).open(url).url == f"{installation.url}/help"

    installation.simulator.unfollow(person, installation.account.appid)

    assert HEADING in Phone(person).open(url).text


def test_where_nobody_requires_it_wechat_is_never_asked(
    installation: Installation, person: str
) -> None:
    page = Phone(person).open(register(installation, FollowPolicy.NEVER))

    assert page.url == f"{installation.url}/help"
    assert asked(installation, person) == 0


def test_on_a_desktop_the_page_asks_to_follow_and_so_does_the_phone(
    install: Installer, person: str, desktop: BrowserContext, new_phone: NewPhone
) -> None:
    installation = install()
    with installation.app.app_context():
        row = wechat_apps.verify(installation.account.appid)
        delivery.find_or_create_follow_url(installation.site, row, now=clock.now())
        db.session.remove()
    # WeChat makes no QR for the login, so that a person who does not follow can scan it.
    installation.simulator.fault("/cgi-bin/qrcode/create", "errcode", errcode=45009, times=1)
    page = desktop.new_page()
    page.goto(register(installation))
    expect_status(page, "等待扫码")
    phone = new_phone(person, installation.simulator.url).new_page()
    phone.goto(read_qr(page))

    phone.get_by_role("button", name=read_number(page), exact=True).click()
    expect_asked_to_follow(phone)
    expect_asked_to_follow(page)
    phone.get_by_role("button", name="我已关注").click()
    expect_asked_to_follow(phone)
    scanned = installation.simulator.scan(person, read_qr(page), follow=True)

    assert scanned["event"] == "subscribe"
    expect_moved_on(page)
    phone.reload()
    expect(phone.get_by_role("heading", level=1)).to_have_text("已确认")


def test_where_the_event_gets_lost_coming_back_to_the_page_is_enough(
    install: Installer, new_phone: NewPhone
) -> None:
    installation = install()
    simulator, account = installation.simulator, installation.account
    host = installation.url.removeprefix("http://")
    nowhere = f"http://127.0.0.1:{free_port()}/"
    simulator.add_app(account, host=host, callback_url=nowhere, skip_url_check=True)
    person = simulator.add_person()
    page = open_in_wechat(new_phone(person, simulator.url), register(installation))
    expect_asked_to_follow(page)

    follow(installation, person)
    # What was heard a moment ago is not asked for again.
    page.wait_for_timeout(3_100)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    expect_moved_on(page)


def test_when_wechat_does_not_answer_the_person_can_say_so_later(
    install: Installer, person: str
) -> None:
    # Whom WeChat has not answered asks it no more for a while, so nobody shares this one.
    installation = install()
    installation.simulator.fault(USER_INFO, "http_500")
    phone = Phone(person)
    page = phone.open(register(installation))
    assert HEADING in page.text

    follow(installation, person)
    after = phone.submit(page)

    assert after.url == f"{installation.url}/help"


def test_without_javascript_the_page_has_a_button(installation: Installation, person: str) -> None:
    phone = Phone(person)
    page = phone.open(register(installation))

    too_early = phone.submit(page)
    follow(installation, person)
    after = phone.submit(too_early)

    assert HEADING in too_early.text
    assert "<noscript>" in too_early.text
    assert after.url == f"{installation.url}/help"


def test_the_check_page_leads_to_the_page_that_asks(
    installation: Installation, person: str
) -> None:
    phone = Phone(person)
    page = phone.open(register(installation))

    checked = phone.open(urljoin(page.url, "check"))
    follow(installation, person)
    done = phone.open(page.url)

    assert HEADING in checked.text
    assert done.url.endswith("/check")
    assert "点下面的按钮，进入网站。" in done.text


def test_the_page_belongs_to_the_browser_that_logs_in(
    installation: Installation, person: str
) -> None:
    page = Phone(person).open(register(installation))

    assert Phone(person).open(page.url).status_code == 404
    assert Browser().post(page.url, headers={"X-Requested-With": "wechatlogin"}).status_code == 404


def test_a_form_of_another_site_asks_nothing(installation: Installation, person: str) -> None:
    phone = Phone(person)
    page = phone.open(register(installation))

    assert phone.post(page.url, timeout=10).status_code == 400


def test_a_browser_that_loses_its_cookies_is_asked_here_and_then_to_follow(
    installation: Installation, person: str
) -> None:
    phone = Phone(person)
    url = phone.until(register(installation), "/api/wechat/auth?code=")
    phone.cookies.clear()
    url = phone.until(urljoin(url, phone.step(url).headers["Location"]), "/api/wechat/auth?code=")
    phone.cookies.clear()

    asked_here = phone.step(url)
    page = phone.submit(asked_here)

    assert "身份登录" in asked_here.text
    assert HEADING in page.text
    follow(installation, person)
    assert phone.submit(page).url == f"{installation.url}/help"


def test_a_code_is_no_way_around(installation: Installation, person: str) -> None:
    shown = Phone(person).open(f"{installation.url}/api/wechat/auth?state=code")
    code = re.search(r">([1-9][0-9]{5})<", shown.text)
    browser = Browser(DESKTOP)
    asked_for = browser.open(register(installation).replace("/login?", "/login/code?"))
    assert code

    page = browser.submit(asked_for, code=code[1])
    follow(installation, person)

    assert HEADING in page.text
    assert browser.submit(page).url == f"{installation.url}/help"


def test_with_a_personal_account_whoever_writes_to_it_follows_it(install: Installer) -> None:
    personal = install(kind=AppKind.PERSONAL, confirm="never")
    person = personal.simulator.add_person()
    follow(personal, person)
    browser = Browser(DESKTOP)
    page = browser.open(register(personal))
    number = re.search(r'data-on="pending">(\d{3} \d{3})<', page.text)
    assert number

    personal.simulator.send(person, personal.account.appid, number[1])

    status_url = re.search(r'data-status-url="([^"]+)"', page.text)
    assert status_url
    state = browser.get(personal.url + status_url[1], timeout=10).json()
    assert state["status"] in {"scanned", "confirmed"}
    assert "follow" not in state
    assert asked(personal, person) == 0


def open_website(context: BrowserContext, group: Installation) -> Page:
    page = context.new_page()
    page.goto(register(group) + "&way=website")
    expect_status(page, "等待登录")
    return page


def confirm_at_wechat(group: Installation, picture: str | None, person: str) -> None:
    body = {"uuid": (picture or "").rsplit("/", 1)[1], "decision": "confirm"}
    group.simulator.call("POST", f"/simulator/people/{person}/qrconnect", body)


def test_a_website_apps_person_follows_the_account_and_is_recognized(
    group: Installation, desktop: BrowserContext
) -> None:
    person = group.simulator.add_person()
    page = open_website(desktop, group)
    picture = page.frame_locator("iframe").locator(".qrcode")
    confirm_at_wechat(group, picture.get_attribute("src"), person)
    expect_asked_to_follow(page)

    group.simulator.scan(person, read_qr(page), follow=True)

    expect_moved_on(page)


def test_whoever_follows_already_but_is_a_stranger_scans_the_same_code(
    group: Installation, desktop: BrowserContext
) -> None:
    person = group.simulator.add_person()
    follow(group, person)
    page = open_website(desktop, group)
    picture = page.frame_locator("iframe").locator(".qrcode")
    confirm_at_wechat(group, picture.get_attribute("src"), person)
    expect_asked_to_follow(page)

    scanned = group.simulator.scan(person, read_qr(page))

    assert scanned["event"] == "SCAN"
    expect_moved_on(page)


def test_in_a_window_the_person_follows_there_and_the_window_closes_itself(
    group: Installation, desktop: BrowserContext
) -> None:
    person = group.simulator.add_person()
    page = open_website(desktop, group)
    with page.expect_popup() as opened:
        page.get_by_role("button", name="在新窗口登录").click()
    popup = opened.value
    confirm_at_wechat(group, popup.locator(".qrcode").get_attribute("src"), person)
    expect_asked_to_follow(popup)

    with popup.expect_event("close"):
        follow(group, person)

    expect_moved_on(page)


def test_a_suggestion_is_shown_once_and_leads_on(
    installation: Installation, person: str, new_phone: NewPhone
) -> None:
    url = register(installation, FollowPolicy.ASK)
    phone = new_phone(person, installation.simulator.url)

    page = open_in_wechat(phone, url)
    expect(page.get_by_role("heading", level=1)).to_have_text("关注公众号「晨光书店」")
    expect(page.get_by_role("img", name="公众号「晨光书店」的二维码")).to_be_visible()
    page.get_by_role("link", name="以后再说").click()
    expect_moved_on(page)

    assert Phone(person).open(url).url == f"{installation.url}/help"
    assert asked(installation, person) == 1


def test_a_suggestion_spares_followers_even_if_we_did_not_know(
    installation: Installation, person: str
) -> None:
    follow(installation, person)

    page = Phone(person).open(register(installation, FollowPolicy.ASK))

    assert page.url == f"{installation.url}/help"


def test_a_suggestion_is_nothing_for_strangers(installation: Installation) -> None:
    answer = Browser().step(f"{installation.url}/account/follow?client_id=x")

    assert answer.status_code == 302
    assert "/login" in answer.headers["Location"]
