"""Login on a desktop in real Chromium: the QR is read off the screen, the phone confirms."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.conftest import Installation, Installer
from tests.flows.desktops import (
    confirm_link,
    expect_account,
    expect_status,
    open_login,
    read_number,
    read_qr,
)

NewPhone = Callable[[str, str], BrowserContext]


def a_follower(installation: Installation, nickname: str = "林小满") -> str:
    person = installation.simulator.add_person(nickname=nickname)
    installation.simulator.follow(person, installation.account.appid)
    return person


def scan(installation: Installation, desktop: Page, person: str, **more: bool) -> dict[str, object]:
    scanned: dict[str, object] = installation.simulator.scan(person, read_qr(desktop), **more)
    return scanned


def open_on_phone(installation: Installation, new_phone: NewPhone, person: str, url: str) -> Page:
    phone = new_phone(person, installation.simulator.url).new_page()
    phone.goto(url)
    return phone


def log_in_on_phone(installation: Installation, new_phone: NewPhone, person: str) -> Page:
    phone = open_on_phone(installation, new_phone, person, f"{installation.url}/login")
    phone.get_by_role("button", name="允许").click()
    expect(phone).to_have_url(f"{installation.url}/account")
    return phone


def other_number(phone: Page, number: str) -> str:
    offered = phone.locator("button[name=number]").all_inner_texts()
    assert len(offered) == 3
    assert number in offered
    return next(text for text in offered if text != number)


def test_a_follower_scans_taps_the_number_and_the_desktop_moves_on(
    installation: Installation, desktop: BrowserContext, new_phone: NewPhone
) -> None:
    page = open_login(desktop, installation.url)
    person = a_follower(installation)

    scanned = scan(installation, page, person)
    phone = open_on_phone(installation, new_phone, person, confirm_link(scanned))
    expect(phone.get_by_role("heading", level=1)).to_contain_text("晨光书店")
    phone.get_by_role("button", name=read_number(page), exact=True).click()

    expect(phone.get_by_role("heading", level=1)).to_have_text("已确认")
    expect_account(page, installation)


def test_whoever_follows_by_this_scan_logs_in_by_it_too(
    installation: Installation, desktop: BrowserContext, new_phone: NewPhone
) -> None:
    page = open_login(desktop, installation.url)
    person = installation.simulator.add_person()

    scanned = scan(installation, page, person, follow=True)
    assert scanned["event"] == "subscribe"
    phone = open_on_phone(installation, new_phone, person, confirm_link(scanned))
    phone.get_by_role("button", name=read_number(page), exact=True).click()

    expect_account(page, installation)
    expect(page.get_by_text("已关注公众号")).to_be_visible()


def test_a_stranger_who_scans_and_does_not_follow_changes_nothing(
    installation: Installation, desktop: BrowserContext
) -> None:
    page = open_login(desktop, installation.url)

    scanned = scan(installation, page, installation.simulator.add_person())

    assert scanned["replies"] == []
    expect_status(page, "等待扫码")


@pytest.mark.fault("C-07")
def test_where_wechat_gives_no_qr_ours_leads_to_the_same_end(
    install: Installer, desktop: BrowserContext, new_phone: NewPhone
) -> None:
    installation = install()
    installation.simulator.fault("/cgi-bin/qrcode/create", "errcode", errcode=45009)
    page = open_login(desktop, installation.url)
    person = installation.simulator.add_person(nickname="扫我们的码")

    scanned = scan(installation, page, person)
    assert scanned["kind"] == "page"
    phone = open_on_phone(installation, new_phone, person, str(scanned["url"]))
    expect(phone).to_have_url(re.compile(r"/confirm/"))
    phone.get_by_role("button", name=read_number(page), exact=True).click()

    expect_account(page, installation)


def test_a_known_person_is_greeted_on_the_desktop_by_name_and_picture(
    installation: Installation, desktop: BrowserContext, new_phone: NewPhone
) -> None:
    person = a_follower(installation, nickname="认得的人")
    log_in_on_phone(installation, new_phone, person)
    page = open_login(desktop, installation.url)

    scan(installation, page, person)

    expect(page.get_by_text("认得的人", exact=True)).to_be_visible()
    expect(page.locator("[data-avatar]")).to_be_visible()


def test_refusing_on_the_phone_ends_it_on_the_desktop(
    installation: Installation, desktop: BrowserContext, new_phone: NewPhone
) -> None:
    page = open_login(desktop, installation.url)
    person = a_follower(installation)

    link = confirm_link(scan(installation, page, person))
    phone = open_on_phone(installation, new_phone, person, link)
    phone.get_by_role("button", name="不是我，拒绝").click()

    expect(phone.get_by_role("heading", level=1)).to_have_text("已拒绝这次登录")
    expect_status(page, "已拒绝")
    page.get_by_role("link", name="重新获取二维码").click()
    expect_status(page, "等待扫码")


def test_a_wrong_number_declines(
    installation: Installation, desktop: BrowserContext, new_phone: NewPhone
) -> None:
    page = open_login(desktop, installation.url)
    person = a_follower(installation)

    link = confirm_link(scan(installation, page, person))
    phone = open_on_phone(installation, new_phone, person, link)
    wrong = other_number(phone, read_number(page))
    phone.get_by_role("button", name=wrong, exact=True).click()

    expect_status(page, "已拒绝")


def test_the_second_person_to_scan_is_refused(
    installation: Installation, desktop: BrowserContext, new_phone: NewPhone
) -> None:
    page = open_login(desktop, installation.url)
    content = read_qr(page)
    first, second = a_follower(installation), a_follower(installation)
    link = confirm_link(installation.simulator.scan(first, content))

    refused = installation.simulator.scan(second, content)

    assert "已被别人扫过" in str(refused["replies"])
    phone = open_on_phone(installation, new_phone, first, link)
    phone.get_by_role("button", name=read_number(page), exact=True).click()
    expect_account(page, installation)


def test_opening_the_confirm_page_changes_nothing(
    installation: Installation, desktop: BrowserContext, new_phone: NewPhone
) -> None:
    page = open_login(desktop, installation.url)
    person = a_follower(installation)
    link = confirm_link(scan(installation, page, person))

    for _ in range(3):
        open_on_phone(installation, new_phone, person, link)

    expect_status(page, "等待手机确认")


def test_an_expired_code_says_so_and_offers_a_new_one(
    install: Installer, desktop: BrowserContext
) -> None:
    installation = install(scan_seconds=2)
    page = open_login(desktop, installation.url)
    content = read_qr(page)

    expect_status(page, "二维码已过期")
    late = installation.simulator.scan(a_follower(installation), content)
    page.get_by_role("link", name="刷新二维码").click()

    assert "已失效" in str(late["replies"])
    expect_status(page, "等待扫码")


def test_the_page_goes_on_after_the_server_was_restarted(
    install: Installer, desktop: BrowserContext, new_phone: NewPhone
) -> None:
    installation = install()
    page = open_login(desktop, installation.url)
    person = a_follower(installation)
    content = read_qr(page)

    installation.service.restart()
    link = confirm_link(installation.simulator.scan(person, content))
    phone = open_on_phone(installation, new_phone, person, link)
    phone.get_by_role("button", name=read_number(page), exact=True).click()

    expect_account(page, installation)


def test_the_page_goes_on_after_the_network_was_away(
    installation: Installation, desktop: BrowserContext, new_phone: NewPhone
) -> None:
    page = open_login(desktop, installation.url)
    person = a_follower(installation)
    content = read_qr(page)
    desktop.set_offline(True)
    link = confirm_link(installation.simulator.scan(person, content))
    phone = open_on_phone(installation, new_phone, person, link)
    desktop.set_offline(False)

    phone.get_by_role("button", name=read_number(page), exact=True).click()

    expect_account(page, installation)


def test_without_scripts_the_person_goes_on_by_hand(
    installation: Installation, new_context: Callable[..., BrowserContext], new_phone: NewPhone
) -> None:
    page = new_context(java_script_enabled=False).new_page()
    page.goto(f"{installation.url}/login")
    person = a_follower(installation)
    link = confirm_link(scan(installation, page, person))
    page.get_by_role("link", name="我已在手机上确认").click()
    number = page.locator(".number").inner_text()
    phone = open_on_phone(installation, new_phone, person, link)
    phone.get_by_role("button", name=number, exact=True).click()

    page.get_by_role("link", name=re.compile("确认")).click()
    page.get_by_role("button").first.click()

    expect_account(page, installation)


def test_another_browser_learns_nothing_from_the_attempt_it_has_seen(
    installation: Installation, desktop: BrowserContext, new_context: Callable[..., BrowserContext]
) -> None:
    page = open_login(desktop, installation.url)
    status_url = page.locator("[data-login]").get_attribute("data-status-url")
    claim_url = page.locator("[data-login]").get_attribute("data-claim-url")
    stranger = new_context()

    seen = stranger.request.get(f"{installation.url}{status_url}")
    unknown = stranger.request.get(f"{installation.url}/login/attempts/{'0' * 32}")
    claimed = stranger.request.post(
        f"{installation.url}{claim_url}", headers={"X-Requested-With": "wechatlogin"}
    )

    assert (seen.status, seen.body()) == (unknown.status, unknown.body())
    assert seen.status == 404
    assert claimed.status == 404


def test_a_person_who_is_logged_in_already_goes_straight_on(
    installation: Installation, new_phone: NewPhone
) -> None:
    phone = log_in_on_phone(installation, new_phone, "lin")

    phone.goto(f"{installation.url}/login?next=/help")

    expect(phone).to_have_url(f"{installation.url}/help")
