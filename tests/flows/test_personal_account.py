"""Logging in with an account that may only listen and answer: by number, and by code."""

import re
from collections.abc import Callable
from urllib.parse import urljoin

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.conftest import FOLLOW_URL, Installation, Installer
from tests.flows.desktops import confirm_link, expect_account, expect_status, read_qr
from tests.flows.phones import Browser, Phone
from wechatlogin.wechat.app import AppKind, MessageMode

NUMBER = re.compile(r'data-on="pending">(\d{3} \d{3})<')


@pytest.fixture(scope="module")
def personal(install: Installer) -> Installation:
    return install(kind=AppKind.PERSONAL)


def a_follower(installation: Installation) -> str:
    person = installation.simulator.add_person()
    installation.simulator.follow(person, installation.account.appid)
    return person


class Desktop(Browser):
    """A desktop that shows a number, without a screen."""

    def __init__(self, installation: Installation, path: str = "/login") -> None:
        super().__init__()
        self.url = installation.url
        self.page = self.open(f"{self.url}{path}").text
        found = NUMBER.search(self.page)
        assert found, self.page
        self.number = found[1].replace(" ", "")

    def state(self) -> str:
        """Return how the login stands."""
        return str(self.get(self._address("status"), timeout=10).json()["status"])

    def claim(self) -> int:
        """Claim the login and return the answer's status."""
        headers = {"X-Requested-With": "wechatlogin"}
        return self.post(self._address("claim"), headers=headers, timeout=10).status_code

    def _address(self, what: str) -> str:
        found = re.search(rf'data-{what}-url="([^"]+)"', self.page)
        assert found
        return urljoin(self.url, found[1])


def write(installation: Installation, person: str, text: str) -> dict[str, object]:
    return dict(installation.simulator.send(person, installation.account.appid, text))


def test_the_page_moves_on_by_itself_once_the_number_is_sent_and_confirmed(
    personal: Installation,
    desktop: BrowserContext,
    new_phone: Callable[[str, str], BrowserContext],
) -> None:
    person = a_follower(personal)
    page = desktop.new_page()
    page.goto(f"{personal.url}/login")
    expect_status(page, "等待号码")
    number = page.locator(".number").inner_text()
    assert read_qr(page) == FOLLOW_URL

    answered = write(personal, person, number)
    expect_status(page, "等待手机确认")
    phone = new_phone(person, personal.simulator.url).new_page()
    phone.goto(confirm_link(answered))
    phone.get_by_role("button", name="确认登录").click()

    expect(phone.get_by_role("heading", level=1)).to_have_text("已确认")
    expect_account(page, personal)


@pytest.mark.parametrize("mode", list(MessageMode))
def test_number_and_code_work_in_every_mode(install: Installer, mode: MessageMode) -> None:
    installation = install(kind=AppKind.PERSONAL, mode=mode)
    person, desktop, typing = a_follower(installation), Desktop(installation), Browser()

    link = confirm_link(write(installation, person, desktop.number))
    phone = Phone(person)
    phone.submit(phone.open(link), decision="confirm")
    reply = str(write(installation, person, "验证码")["replies"])
    code = re.search(r"验证码：(\d{6})", reply)

    assert desktop.claim() == 200
    assert desktop.step(f"{installation.url}/account").status_code == 200
    assert code
    page = typing.submit(typing.open(f"{installation.url}/login/code"), code=code[1])
    assert page.url == f"{installation.url}/account"
    calls = installation.simulator.call("GET", "/simulator/calls")
    assert not [call for call in calls if call["appid"] == installation.account.appid]


def test_an_account_that_may_do_more_serves_a_number_to_whoever_asks_for_one(
    installation: Installation,
) -> None:
    person, desktop = a_follower(installation), Desktop(installation, "/login?way=number")

    meaningless = write(installation, person, "000000")
    phone = Phone(person)
    phone.submit(
        phone.open(confirm_link(write(installation, person, desktop.number))), decision="confirm"
    )

    assert meaningless["replies"] == []
    assert desktop.claim() == 200


@pytest.mark.parametrize(
    "kind", [AppKind.PERSONAL, AppKind.SUBSCRIPTION, AppKind.SERVICE_UNCERTIFIED]
)
def test_the_login_page_follows_the_rights(install: Installer, kind: AppKind) -> None:
    installation = install(kind=kind)
    phone = Phone(a_follower(installation))

    on_desktop = Browser().open(f"{installation.url}/login")
    in_wechat = phone.open(f"{installation.url}/login")
    to_type = Browser().open(f"{installation.url}/login/code")
    refused = phone.open(f"{installation.url}/api/wechat/auth")

    assert NUMBER.search(on_desktop.text)
    assert NUMBER.search(in_wechat.text)
    assert "回到这一页" in in_wechat.text
    assert "给它发送「验证码」" in to_type.text
    assert "/api/wechat/auth" not in to_type.text
    assert refused.status_code == 501
    assert "没有网页授权的权限" in refused.text


@pytest.mark.parametrize("keyword", ["验证码", "登录", "LOGIN", " Code "])
def test_a_stranger_who_sends_a_keyword_gets_a_code_at_once(
    personal: Installation, keyword: str
) -> None:
    answered = write(personal, a_follower(personal), keyword)

    assert re.search(r"验证码：\d{6}", str(answered["replies"]))


def test_the_keywords_are_the_installations_choice(install: Installer) -> None:
    installation = install(kind=AppKind.PERSONAL, code_keyword=("芝麻开门",))
    person = a_follower(installation)

    own = write(installation, person, "芝麻开门")
    former = write(installation, person, "验证码")
    page = Browser().open(f"{installation.url}/login/code")

    assert re.search(r"\d{6}", str(own["replies"]))
    assert not re.search(r"\d{6}", str(former["replies"]))
    assert "给它发送「芝麻开门」" in page.text


def test_the_welcome_says_what_to_send(personal: Installation) -> None:
    person = personal.simulator.add_person()

    welcomed = personal.simulator.follow(person, personal.account.appid)

    assert "6 位号码" in str(welcomed["replies"])


def test_a_wrong_number_is_told_and_after_five_the_right_one_is_too_late(
    personal: Installation,
) -> None:
    person, desktop = a_follower(personal), Desktop(personal)
    wrong = str(100_000 + (int(desktop.number) + 1) % 900_000)

    told = [str(write(personal, person, wrong)["replies"]) for _ in range(5)]
    last = str(write(personal, person, desktop.number)["replies"])

    assert all("号码不正确或已失效" in words for words in told)
    assert "操作太频繁" in last
    assert desktop.state() == "pending"


def test_somebody_elses_number_is_refused_and_leaves_its_owner_in_place(
    personal: Installation,
) -> None:
    owner, other, desktop = a_follower(personal), a_follower(personal), Desktop(personal)
    link = confirm_link(write(personal, owner, desktop.number))

    refused = str(write(personal, other, desktop.number)["replies"])
    phone = Phone(owner)
    phone.submit(phone.open(link), decision="confirm")

    assert "号码不正确或已失效" in refused
    assert "/confirm/" not in refused
    assert desktop.claim() == 200


def test_refusing_on_the_phone_ends_the_login(personal: Installation) -> None:
    person, desktop = a_follower(personal), Desktop(personal)
    link = confirm_link(write(personal, person, desktop.number))
    phone = Phone(person)

    told = phone.submit(phone.open(link), decision="decline")

    assert "再发送新的号码" in told.text
    assert desktop.state() == "declined"


def test_the_number_alone_is_enough_where_the_installation_says_so(install: Installer) -> None:
    installation = install(kind=AppKind.PERSONAL, confirm="never")
    person, desktop = a_follower(installation), Desktop(installation)

    answered = str(write(installation, person, desktop.number)["replies"])

    assert "已登录" in answered
    assert desktop.claim() == 200


def test_six_digits_mean_nothing_to_an_account_that_has_the_rights(
    installation: Installation,
) -> None:
    answered = write(installation, a_follower(installation), "482913")

    assert "号码" not in str(answered["replies"])
