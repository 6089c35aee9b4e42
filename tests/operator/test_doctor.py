"""The doctor's page: one button, each fault in its words, and the wait for a real push."""

import re
import time

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.conftest import Installation, Installer
from tests.operator.desks import Desk, make_operator, open_desk
from wechatlogin.models import Role
from wechatlogin.wechat.app import AppKind, MessageMode


def examine(desk: Desk, appid: str = "") -> str:
    page = desk.open("/operator/doctor")
    answer = desk.submit(page, "/operator/doctor", appid=appid)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


def test_every_step_of_a_good_set_up_is_told(installation: Installation) -> None:
    told = examine(Desk(installation), installation.account.appid)

    for words in (
        "微信接受了 AppID 和 AppSecret。",
        "微信接受这台服务器的 IP。",
        "回调地址可以打开，令牌校验正确",
        "微信能解析并连上回调地址",
        "前面没有反向代理，设置也是这样。",
        f"公开地址 {installation.url} 能打开。",
    ):
        assert words in told
    assert "有问题" not in told


def test_a_viewer_may_examine_as_well(installation: Installation) -> None:
    told = examine(make_operator(installation, "doctor-viewer", Role.VIEWER))

    assert "微信接受了 AppID 和 AppSecret。" in told


def test_a_fault_at_wechat_is_told_with_its_remedy_and_the_choice_is_kept(
    installation: Installation,
) -> None:
    installation.simulator.fault("/cgi-bin/stable_token", "errcode", errcode=40125)

    told = examine(Desk(installation), installation.account.appid)

    # What other tests have left of this installation may be found too.
    assert re.search(r"发现 \d+ 处问题", told)
    assert "AppSecret 不正确" in told
    assert "errcode 40125 · rid" in told


def test_an_app_that_is_not_there_is_refused(installation: Installation) -> None:
    desk = Desk(installation)
    page = desk.open("/operator/doctor")

    assert desk.submit(page, "/operator/doctor", appid="wx0000000000000000").status_code >= 400


def test_the_doctors_own_check_is_no_sign_of_wechats(install: Installer) -> None:
    installation = install(kind=AppKind.SERVICE)
    with_callback = {"host": "x", "callback_url": f"{installation.url}/api/wechat/x"}
    installation.simulator.add_app(installation.account, **with_callback, skip_url_check=True)
    desk = Desk(installation)
    # The page counts from a whole second, in which WeChat's own check at the start may have come.
    time.sleep(1)
    before = desk.open(f"/operator/doctor/push/{installation.account.appid}")

    assert "令牌校验正确" in examine(desk)

    # The page waits only for what has come since it was first opened.
    assert desk.open(before.url).text.count("等待微信的推送") > 0


@pytest.mark.parametrize(
    ("console", "reason", "remedy"),
    [
        (
            {"mode": "safe"},
            "加密方式与设置不一致（encrypted in plain mode）",
            "消息加解密方式」选择明文模式",
        ),
        (
            {"mode": "plain", "token": "canaryOfAnotherConsole"},
            "签名不正确（wrong signature）",
            "令牌(Token) 与这里保存的相同",
        ),
    ],
    ids=["another mode", "another token"],
)
def test_what_is_entered_otherwise_in_wechats_console_is_told_by_a_real_push(
    install: Installer, console: dict[str, str], reason: str, remedy: str
) -> None:
    installation = install(mode=MessageMode.PLAIN)
    simulator, account = installation.simulator, installation.account
    person = simulator.add_person()
    simulator.follow(person, account.appid)
    callback_url = f"{installation.url}/api/wechat/{account.appid}"
    simulator.add_app(account, host="x", callback_url=callback_url, skip_url_check=True, **console)

    simulator.send(person, account.appid, "你好")

    told = examine(Desk(installation), account.appid)
    assert f"微信的推送 有问题 微信推来的消息被拒绝了：{reason}。" in told
    assert remedy in told
    is_about_mode = f"消息加解密方式 有问题 微信推来的消息被拒绝了：{reason}。" in told
    assert is_about_mode == ("token" not in console)


def test_the_wait_needs_a_moment_and_an_app_that_is_pushed_to(installation: Installation) -> None:
    desk = Desk(installation)
    path = f"/operator/doctor/push/{installation.account.appid}"

    page = desk.open(path)
    assert re.search(r"since=\d+$", page.url)
    assert re.search(r"从 \d\d:\d\d:\d\d 开始等", page.text)
    assert desk.open(f"{path}/seen").status_code == 400
    assert desk.open(f"{path}/seen?since=1").json() == {"is_over": True}
    over = desk.open(f"{path}?since=1000000000")
    assert "等待微信的推送" not in over.text


def test_what_was_pushed_a_moment_before_is_not_what_is_waited_for(
    installation: Installation,
) -> None:
    simulator, appid = installation.simulator, installation.account.appid
    person = simulator.add_person()
    simulator.follow(person, appid)
    desk = Desk(installation)

    simulator.send(person, appid, "你好")
    page = desk.open(f"/operator/doctor/push/{appid}")
    before = desk.open(page.url.replace("?", "/seen?")).json()
    simulator.send(person, appid, "你好")
    after = desk.open(page.url.replace("?", "/seen?")).json()

    assert "等待微信的推送" in page.text
    assert (before, after) == ({"is_over": False}, {"is_over": True})


def test_the_waiting_page_shows_a_push_by_itself(
    installation: Installation, desktop: BrowserContext
) -> None:
    simulator, appid = installation.simulator, installation.account.appid
    person = simulator.add_person()
    simulator.follow(person, appid)
    page = open_desk(desktop, installation, "/operator/doctor")
    page.get_by_role("button", name="开始检查").click()
    page.get_by_role("link", name="等一次真实的推送").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("等待微信的推送")

    simulator.send(person, appid, "你好")

    expect(page.get_by_role("heading", level=1)).to_have_text("收到了微信的推送")


def test_the_waiting_page_reloads_without_javascript(installation: Installation) -> None:
    path = f"/operator/doctor/push/{installation.account.appid}"

    page = Desk(installation).open(path)

    assert '<noscript><meta http-equiv="refresh"' in page.text or "收到了" in page.text
