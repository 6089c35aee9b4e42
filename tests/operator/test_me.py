"""An operator's own page, and the way in by WeChat."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import BrowserContext, expect
from sqlalchemy import select

from tests.conftest import OPERATOR_PASSWORD, Installation, Installer
from tests.flows.phones import Browser, Phone
from tests.operator.desks import COOKIE, THEIR_PASSWORD, Desk, make_operator, open_desk
from wechatlogin.models import Role, Session
from wechatlogin.models.transaction import write

NEW = "canary-of-a-new-password"


class PhoneDesk(Phone):
    """The WeChat of a person who is an operator too."""

    def __init__(self, person: str, desk: Desk) -> None:
        super().__init__(person)
        self.cookies.set(COOKIE, desk.cookies[COOKIE])


def link(desk: Desk, person: str) -> None:
    """Link the WeChat of a person of the simulator's, logged in just now."""
    phone = PhoneDesk(person, desk)
    page = phone.open(f"{desk.url}/operator/me/wechat")
    done = Desk.submit(phone, page, "me/wechat", current=THEIR_PASSWORD)  # type: ignore[arg-type]
    assert "已关联微信，下次可以扫码登录。" in done.text


def test_a_password_is_changed_for_the_old_one(installation: Installation) -> None:
    here = make_operator(installation, "changes", Role.VIEWER)
    there = Desk(installation, "changes", THEIR_PASSWORD)
    page = here.open("/operator/me")

    wrong = here.submit(page, "me/password", current="not this one", new=NEW)
    weak = here.submit(page, "me/password", current=THEIR_PASSWORD, new="short")
    done = here.submit(page, "me/password", current=THEIR_PASSWORD, new=NEW)

    assert (wrong.status_code, weak.status_code, done.status_code) == (401, 400, 200)
    assert "当前密码不正确。" in wrong.text
    assert "密码至少要 12 个字符。" in weak.text
    assert NEW not in wrong.text + weak.text + done.text
    assert "密码已更改" in done.text
    assert there.open("/operator/me").url.endswith("/operator/login?next=/operator/me")
    assert Desk(installation, "changes", NEW).open("/operator/me").status_code == 200


def test_one_ends_ones_session_in_another_browser(
    installation: Installation, desktop: BrowserContext
) -> None:
    here = make_operator(installation, "elsewhere", Role.VIEWER)
    there = Desk(installation, "elsewhere", THEIR_PASSWORD)
    page = open_desk(desktop, installation, "/operator/me", here)

    page.get_by_role("button", name=re.compile("退出 Windows")).click()

    expect(page.get_by_text("那个浏览器已退出。")).to_be_visible()
    assert "/operator/login" in there.open("/operator/me").url
    assert here.open("/operator/me").status_code == 200


def test_a_linked_wechat_lets_the_operator_in_and_an_unlinked_one_does_not(
    installation: Installation,
) -> None:
    desk, person = make_operator(installation, "linked", Role.VIEWER), _person(installation)
    link(desk, person)
    phone = Phone(person)

    asked = phone.open(f"{installation.url}/operator/login/wechat?next=/operator/me")
    page = Desk.submit(phone, asked)  # type: ignore[arg-type]
    desk.submit(desk.open("/operator/me/wechat/remove"))
    after = phone.open(f"{installation.url}/operator/me")

    assert "以操作员 \u2068linked\u2069 的身份进入运营页面。" in asked.text
    assert page.url == f"{installation.url}/operator/me"
    assert "/operator/login?" in after.url
    refused = phone.open(f"{installation.url}/operator/login/wechat")
    assert refused.status_code == 403
    assert "这个微信没有关联操作员" in refused.text


def test_linking_needs_the_password(installation: Installation) -> None:
    desk = make_operator(installation, "asks", Role.VIEWER)
    phone = PhoneDesk(_person(installation), desk)
    page = phone.open(f"{desk.url}/operator/me/wechat")

    refused = Desk.submit(phone, page, "me/wechat", current="not this one")  # type: ignore[arg-type]

    assert refused.status_code == 401
    assert "未关联" not in refused.text
    assert "关联自己的微信后" in desk.open("/operator/me").text


def test_a_login_of_the_person_alone_starts_nothing(installation: Installation) -> None:
    desk, person = make_operator(installation, "waits", Role.VIEWER), _person(installation)
    link(desk, person)
    phone = Phone(person)

    phone.open(f"{installation.url}/operator/login/wechat")
    forged = phone.post(
        f"{installation.url}/operator/login/wechat", headers={"Origin": "https://evil.example"}
    )

    assert forged.status_code in {400, 403}
    assert COOKIE not in phone.cookies


@pytest.mark.parametrize("page", ["operator/login/wechat", "operator/me/wechat"])
def test_who_was_logged_in_before_logs_in_anew(installation: Installation, page: str) -> None:
    desk, person = make_operator(installation, "stale", Role.VIEWER), _person(installation)
    phone = PhoneDesk(person, desk)
    phone.open(f"{installation.url}/login")
    _age(installation)

    answer = phone.step(f"{installation.url}/{page}")

    assert answer.headers["Location"] == f"/login?prompt=login&next=/{page}"


def test_spaces_behind_a_name_give_no_more_tries(install: Installer) -> None:
    installation = install(limit_operator="1000 per minute", limit_operator_name="2 per minute")
    stranger = Browser()
    page = stranger.open(f"{installation.url}/operator/login")

    names = ("operator", "operator ", "operator  ")
    tried = [stranger.submit(page, name=name, password="wrong").status_code for name in names]

    assert tried == [401, 401, 429]


def test_who_holds_a_session_guesses_its_password_no_longer_than_a_stranger(
    install: Installer,
) -> None:
    installation = install(limit_operator="1000 per minute", limit_operator_name="2 per minute")
    desk = Desk(installation)
    page = desk.open("/operator/me")

    tried = [
        desk.submit(page, "me/password", current="not this one", new=NEW).status_code
        for _ in range(3)
    ]

    assert tried == [401, 401, 429]


def test_strangers_wrong_passwords_do_not_keep_a_known_browser_out(install: Installer) -> None:
    installation = install(limit_operator="1000 per minute", limit_operator_name="2 per minute")
    known, stranger = Desk(installation), Browser()
    page = stranger.open(f"{installation.url}/operator/login")

    tried = [stranger.submit(page, name="operator", password="wrong").status_code for _ in range(3)]
    known.submit(known.open("/operator/login"), name="operator", password=OPERATOR_PASSWORD)

    assert tried == [401, 401, 429]
    assert known.open("/operator/status").status_code == 200
    assert stranger.submit(page, name="mei", password="wrong").status_code == 401


def _person(installation: Installation) -> str:
    return installation.simulator.add_person()


def _age(installation: Installation) -> None:
    """Let every person's login be six minutes old."""
    with installation.app.app_context(), write() as session:
        minutes = timedelta(minutes=6)
        for row in session.scalars(select(Session).where(Session.user_id.is_not(None))):
            row.auth_time -= minutes
