"""What an installation with several WeChat apps offers, and one whose apps can do little."""

from flask import Flask
from playwright.sync_api import BrowserContext, expect

from tests import stories
from tests.conftest import Installation, Installer
from tests.flows.desktops import expect_account
from tests.flows.phones import Browser, Phone
from tests.flows.websites import decide, open_login, register, wechat
from wechatlogin import clock
from wechatlogin.wechat.app import AppKind


def test_several_apps_stand_behind_one_button(
    install: Installer, elsewhere: str, desktop: BrowserContext
) -> None:
    both = install(
        apps=[AppKind.SERVICE, AppKind.WEBSITE],
        wechat_open_url=elsewhere,
        desktop_ways=("website", "scan"),
    )
    person = both.simulator.add_person(nickname="两处都在")

    page = open_login(desktop, both)
    expect(page.get_by_role("link", name="扫公众号二维码")).to_have_attribute(
        "href", "/login?way=scan"
    )
    expect(page.get_by_role("link", name="输入验证码")).to_be_visible()
    decide(both, wechat(page), "confirm", person)
    expect_account(page, both)
    in_wechat = Phone(person).until(f"{both.url}/login", "/connect/oauth2/authorize")

    assert both.accounts[AppKind.SERVICE].appid in in_wechat


def test_the_apps_that_an_application_names_decide_its_page(
    install: Installer, elsewhere: str
) -> None:
    both = install(apps=[AppKind.SERVICE, AppKind.WEBSITE], wechat_open_url=elsewhere)
    mine = {kind: account.appid for kind, account in both.accounts.items()}
    by_website = register(both, appids=(mine[AppKind.WEBSITE], mine[AppKind.SERVICE]))
    without = register(both, appids=(mine[AppKind.SERVICE],))

    first = Browser().open(f"{both.url}/login?client_id={by_website}").text
    second = Browser().open(f"{both.url}/login?client_id={without}").text
    refused = Browser().step(f"{both.url}/login/website?client_id={without}")

    assert "<iframe" in first
    assert f"client_id={by_website}&amp;way=scan" in first
    assert "<iframe" not in second
    assert "way=website" not in second
    assert refused.status_code == 501


def test_on_a_phone_a_website_app_says_where_it_works(website: Installation) -> None:
    told = Phone("lin").open(f"{website.url}/login")

    assert told.status_code == 501
    assert "请用电脑打开这一页" in told.text


def test_where_no_app_can_log_in_the_page_says_so(empty_app: Flask) -> None:
    with empty_app.app_context():
        site = empty_app.extensions["wechatlogin"]
        stories.an_account(site, now=clock.now(), kind=AppKind.MINI_PROGRAM)

    told = empty_app.test_client().get("/login", headers={"Host": "127.0.0.1:5000"})

    assert told.status_code == 501
    assert "不能用来登录网页" in told.text
