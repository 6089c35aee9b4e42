"""A ban as the banned person meets it: out at once, and in by no door."""

import re
from collections.abc import Callable

from playwright.sync_api import BrowserContext, expect

from tests.compat.end_users import Program
from tests.conftest import Installation
from tests.flows.desktops import confirm_link, open_login, read_number, read_qr
from tests.flows.phones import Phone
from wechatlogin import clock
from wechatlogin.extensions import db
from wechatlogin.services import accounts, bans
from wechatlogin.services.audit import COMMAND_LINE


def ban(installation: Installation, person: str) -> None:
    openid = installation.simulator.openid(person, installation.account.appid)
    with installation.app.app_context():
        identity = accounts.get_identity(installation.account.appid, openid)
        assert identity is not None
        bans.ban(identity.user_id, by=COMMAND_LINE, now=clock.now())
        db.session.remove()


def a_banned_person(installation: Installation) -> str:
    person = installation.simulator.add_person()
    Phone(person).open(f"{installation.url}/login")
    ban(installation, person)
    return person


def test_a_banned_person_is_out_and_is_told_so_at_the_door(installation: Installation) -> None:
    person = installation.simulator.add_person()
    phone = Phone(person)
    assert phone.open(f"{installation.url}/login").url == f"{installation.url}/account"

    ban(installation, person)

    assert phone.step(f"{installation.url}/account").status_code == 302
    again = phone.open(f"{installation.url}/login")
    assert again.status_code == 403
    assert "这个账号已被停用" in again.text
    assert phone.step(f"{installation.url}/account").status_code == 302


def test_tokens_of_a_banned_person_are_nothing_and_no_new_ones_come(
    installation: Installation,
) -> None:
    program, person = Program(installation), installation.simulator.add_person()
    tokens = program.tokens(person)

    ban(installation, person)

    assert program.user(tokens.access)["code"] == 5032
    assert program.refresh(tokens.refresh)["code"] == 5032
    signed = program.signed(program.code(person))
    refused = program.call("POST", "/wechatOffiaccountAuthLogin", params=signed)
    assert (refused.status_code, refused.json()["code"]) == (403, 403)
    assert "停用" in refused.json()["msg"]


def test_a_desktop_that_a_banned_person_confirms_says_why_it_stays_logged_out(
    installation: Installation, desktop: BrowserContext
) -> None:
    person = a_banned_person(installation)
    page = open_login(desktop, installation.url)

    scanned = installation.simulator.scan(person, read_qr(page), follow=True)
    phone = Phone(person)
    phone.submit(phone.open(confirm_link(scanned)), number=read_number(page))

    expect(page.get_by_role("main")).to_contain_text("这个账号已被停用")
    page.goto(f"{installation.url}/account")
    assert "/login" in page.url


def test_a_desktop_without_scripts_says_so_too(
    installation: Installation, new_context: Callable[..., BrowserContext]
) -> None:
    person = a_banned_person(installation)
    page = new_context(java_script_enabled=False).new_page()
    page.goto(f"{installation.url}/login")

    scanned = installation.simulator.scan(person, read_qr(page), follow=True)
    page.get_by_role("link", name="我已在手机上确认").click()
    phone, number = Phone(person), page.locator(".number").inner_text()
    phone.submit(phone.open(confirm_link(scanned)), number=number)
    page.get_by_role("link", name=re.compile("确认")).click()

    expect(page.get_by_role("main")).to_contain_text("这个账号已被停用")
