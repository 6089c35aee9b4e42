"""The status page: each fault is switched on, somebody logs in, and the page says what is wrong."""

import re

import pytest
import requests
from playwright.sync_api import BrowserContext, expect

from tests.conftest import Installation, Installer
from tests.flows.conftest import NewContext
from tests.flows.phones import Browser, Phone
from tests.operator.desks import Desk, make_operator, open_desk
from tests.page_lint import read
from wechatlogin.models import Role
from wechatlogin.wechat import crypto

STABLE_TOKEN = "/cgi-bin/stable_token"
CREATE_QRCODE = "/cgi-bin/qrcode/create"
PHONE = {"width": 390, "height": 844}


def headline_of(page: requests.Response) -> str:
    return next(element.text() for element in read(page.text) if element.tag == "h1")


def words_of(page: requests.Response) -> str:
    return " ".join(element.text() for element in read(page.text) if element.tag == "main")


def show_qr(installation: Installation) -> None:
    """Open the login page on a desktop, for which WeChat is asked for a QR code."""
    # With a wrong secret the page says so, and shows none.
    assert Browser().open(f"{installation.url}/login").status_code in {200, 503}


@pytest.mark.fault("C-07", "C-08")
@pytest.mark.parametrize(
    ("path", "errcode", "title", "words"),
    [
        (STABLE_TOKEN, 40164, "微信拒绝了这台服务器的 IP", "IP 白名单"),
        (STABLE_TOKEN, 40125, "AppSecret 不正确", "填写新的"),
        (STABLE_TOKEN, None, "连不上微信的服务器", "api.weixin.qq.com"),
        (CREATE_QRCODE, 45009, "次数用完了", "零点恢复"),
        (CREATE_QRCODE, 48001, "缺少一项微信接口权限", "接口权限"),
    ],
    ids=["address", "secret", "unreachable", "quota", "right"],
)
def test_a_fault_is_told_with_what_to_do(
    install: Installer, *, path: str, errcode: int | None, title: str, words: str
) -> None:
    installation = install()
    if errcode is None:
        installation.simulator.fault(path, "http_500")
    else:
        installation.simulator.fault(path, "errcode", errcode=errcode)
    show_qr(installation)

    page = Desk(installation).open("/operator/status")
    Phone("lin").open(f"{installation.url}/login")
    after = Desk(installation).open("/operator/status")

    assert title in headline_of(page)
    assert words in words_of(page)
    assert title in headline_of(after)
    assert "仍然有人登录成功：微信内登录" in words_of(after)


@pytest.mark.fault("C-23")
def test_from_nothing_proven_to_works_and_back_to_refused_pushes(install: Installer) -> None:
    installation = install()
    desk = Desk(installation)
    fresh = desk.open("/operator/status")
    stamp = {"timestamp": "1700000000", "nonce": "n"}
    query = {**stamp, "signature": crypto.sign(installation.account.token, *stamp.values())}
    push = f"{installation.url}/api/wechat/{installation.account.appid}"
    refused = requests.post(push, params=query, data=b"<xml/>", timeout=20)
    told = desk.open("/operator/status")
    Phone("lin").open(f"{installation.url}/login")
    works = desk.open("/operator/status")

    assert headline_of(fresh) == "还不能确定微信登录是否可用"
    assert refused.status_code == 403
    assert "时间相差太多" in words_of(told)
    assert headline_of(works) == "微信登录可用"
    assert "有人登录成功：微信内登录" in words_of(works)
    # Nothing else has failed.
    assert "仍然" not in words_of(works)


def test_a_viewer_sees_the_same_page_and_no_person(installation: Installation) -> None:
    person = installation.simulator.add_person(nickname="谁也不该看到的名字")
    Phone(person).open(f"{installation.url}/login")
    openid = installation.simulator.openid(person, installation.account.appid)
    viewer = make_operator(installation, "mei-who-looks", Role.VIEWER)

    page = viewer.open("/operator/status?period=week")

    assert page.status_code == 200
    assert "微信内登录" in words_of(page)
    assert "谁也不该看到的名字" not in page.text
    assert openid not in page.text


def test_the_board_alone_is_a_part_of_the_page(installation: Installation) -> None:
    board = Desk(installation).open("/operator/status/board?period=hour")

    assert board.status_code == 200
    assert "<html" not in board.text
    assert headline_of(board)


def test_a_stranger_is_sent_to_the_login(installation: Installation) -> None:
    answer = Browser().step(f"{installation.url}/operator/status/board")

    assert answer.status_code == 303


def test_an_odd_period_is_a_day(installation: Installation) -> None:
    page = Desk(installation).open("/operator/status?period=century")

    assert "最近一天" in words_of(page)


def test_the_page_updates_itself_and_keeps_the_focus(
    install: Installer, desktop: BrowserContext
) -> None:
    installation = install()
    desktop.clock.install()
    page = open_desk(desktop, installation, "/operator/status")
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text("还不能确定微信登录是否可用")
    page.get_by_role("link", name="一周").focus()

    Phone("lin").open(f"{installation.url}/login")
    desktop.clock.fast_forward(10_000)

    expect(heading).to_have_text("微信登录可用")
    expect(page).to_have_title(re.compile("微信登录可用"))
    expect(page.locator("[data-news]")).to_have_text("微信登录可用")
    expect(page.get_by_role("link", name="一周")).to_be_focused()


def test_whoever_is_logged_out_meanwhile_comes_to_the_login(
    installation: Installation, desktop: BrowserContext
) -> None:
    desktop.clock.install()
    page = open_desk(desktop, installation, "/operator/status")

    desktop.clear_cookies()
    desktop.clock.fast_forward(10_000)

    expect(page).to_have_url(re.compile(r"/operator/login\?next="))


def test_on_a_phone_nothing_is_wider_than_the_screen(
    installation: Installation, new_context: NewContext
) -> None:
    page = open_desk(new_context(viewport=PHONE), installation, "/operator/status")

    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
