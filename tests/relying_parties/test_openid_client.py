"""openid-client logs people in, in WeChat and at a desktop, and does all else that it can."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.conftest import Installation
from tests.flows.phones import Phone
from tests.relying_parties.parties import Registration, register
from tests.relying_parties.visits import (
    NICKNAME,
    ask,
    expect_logged_out,
    log_out,
    open_in_wechat,
    read_visit,
    scan_on_desktop,
    subject_of,
)
from tests.servers import ROOT

SCRIPT = ROOT / "tests" / "relying_parties" / "openid_client.mjs"


@contextmanager
def running(registration: Registration) -> Iterator[None]:
    """Run the program in Node."""
    command = ["node", SCRIPT]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(asdict(registration)))
        process.stdin.close()
        assert process.stdout.readline() == "listening\n"
        try:
            yield
        finally:
            process.terminate()


@pytest.fixture
def registration(installation: Installation, node_modules: Path) -> Iterator[Registration]:
    """The program as the owner's own, so that nobody is asked whether it may know them."""
    registration = register(installation)
    with running(registration):
        yield registration


def log_in_without_screen(registration: Registration, person: str) -> Phone:
    """Log a person in inside WeChat where what the pages look like does not matter."""
    phone = Phone(person)
    page = phone.open(f"{registration.url}/login")
    assert page.url == registration.url + "/", page.text
    return phone


def test_openid_client_logs_in_inside_wechat_and_out(
    installation: Installation, node_modules: Path, person: str, phone: BrowserContext
) -> None:
    registration = register(installation, is_first_party=False)
    with running(registration):
        page = open_in_wechat(phone, f"{registration.url}/login")
        expect(page.get_by_role("heading", level=1)).to_contain_text("知道你是谁")
        page.get_by_role("button", name="允许").click()
        visit = read_visit(page, registration)["visit"]
        log_out(page, registration)
        left = ask(phone, registration)

    sub = subject_of(installation, person)
    assert visit["claims"]["sub"] == visit["userinfo"]["sub"] == sub
    assert visit["userinfo"]["nickname"] == NICKNAME
    assert visit["userinfo"]["email"] == f"{sub}@wechat.invalid"
    assert left == {"visit": None}
    assert page.url == f"{registration.logged_out_uri}?state=closing"
    expect_logged_out(page, installation)


def test_openid_client_logs_in_by_a_qr_with_a_pushed_request_and_a_posted_answer(
    installation: Installation,
    registration: Registration,
    person: str,
    desktop: BrowserContext,
    phone: BrowserContext,
) -> None:
    start = f"{registration.url}/login?pushed=1&response_mode=form_post"
    page = scan_on_desktop(installation, desktop, phone, start)
    visit = read_visit(page, registration)["visit"]
    log_out(page, registration)

    assert visit["claims"]["sub"] == subject_of(installation, person)
    expect_logged_out(page, installation)


def test_openid_client_refreshes_and_asks_about_its_tokens_and_gives_them_back(
    registration: Registration, person: str
) -> None:
    phone = log_in_without_screen(registration, person)

    def ask_for(path: str) -> Any:
        answer = phone.step(registration.url + path)
        assert answer.ok, answer.text
        return answer.json()

    before = ask_for("/")["visit"]
    refreshed = ask_for("/refresh")
    known = ask_for("/introspect?token=access_token")
    ask_for("/revoke?token=refresh_token")
    revoked = ask_for("/introspect?token=access_token")

    assert refreshed["claims"]["sub"] == before["claims"]["sub"]
    assert refreshed["tokens"]["refresh_token"] != before["tokens"]["refresh_token"]
    assert known["active"]
    assert known["sub"] == before["claims"]["sub"]
    assert known["client_id"] == registration.client_id
    assert revoked == {"active": False}


def test_openid_client_logs_in_on_a_device_that_shows_a_code(
    installation: Installation, registration: Registration, person: str, phone: BrowserContext
) -> None:
    shown = ask(phone, registration, "/device")
    page = open_in_wechat(phone, shown["verification_uri_complete"])
    expect(page.locator(".number")).to_have_text(shown["user_code"])
    page.get_by_role("button", name="确认登录").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("已确认")

    # The package keeps the pause that it was told, 5 seconds, before it asks.
    done = ask(phone, registration, "/device/done")

    assert done["claims"]["sub"] == subject_of(installation, person)
    assert done["userinfo"]["nickname"] == NICKNAME
