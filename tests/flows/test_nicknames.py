"""What people call themselves, on every page that shows it: it neither breaks nor deceives."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.conftest import Installation
from tests.flows.desktops import confirm_link, open_login, read_qr
from tests.flows.phones import Phone

NewPhone = Callable[[str, str], BrowserContext]

#: A right-to-left name without any control: its letters alone turn what follows them.
ARABIC = "شخص ما"
HOSTILE = {
    "emoji": "🌈✨小仙女👩‍👩‍👧‍👦",
    "markup": '</title><script>alert(1)</script>"><img src=x onerror=alert(1)>{{7*7}}',
    "turned around": "\u202e管理员\u202c",
    "marks": "a" + "\u0335" * 10_000,
    "Arabic": ARABIC,
}
UNSHOWABLE = re.compile("[\x00-\x08\x0e-\x1f\u202a-\u202e\ud800-\udfff]|\u0335{4}")


def log_in(installation: Installation, person: str) -> Phone:
    phone = Phone(person)
    assert phone.open(f"{installation.url}/login").url == f"{installation.url}/account"
    return phone


@pytest.mark.parametrize("person", ["emoji", "control", "broken", "noavatar"])
def test_the_simulators_difficult_people_see_their_account(
    installation: Installation, person: str
) -> None:
    page = log_in(installation, person).open(f"{installation.url}/account")

    assert page.status_code == 200
    assert not UNSHOWABLE.search(page.text)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_harmless_on_the_account_page(installation: Installation, name: str) -> None:
    person = installation.simulator.add_person(nickname=HOSTILE[name])

    page = log_in(installation, person).open(f"{installation.url}/account")

    assert "<script>alert" not in page.text
    assert "<img src=x" not in page.text
    assert not UNSHOWABLE.search(page.text)
    assert "<bdi>" in page.text


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_harmless_on_the_desktop_and_on_the_confirm_page(
    installation: Installation, desktop: BrowserContext, new_phone: NewPhone, name: str
) -> None:
    simulator = installation.simulator
    person = simulator.add_person(nickname=HOSTILE[name])
    log_in(installation, person)
    simulator.follow(person, installation.account.appid)
    trouble: list[str] = []
    desktop.on("dialog", lambda dialog: trouble.append(dialog.message))
    desktop.on("console", lambda said: trouble.append(said.text))
    page = open_login(desktop, installation.url)

    scanned = simulator.scan(person, read_qr(page))
    phone = new_phone(person, simulator.url).new_page()
    phone.goto(confirm_link(scanned))

    shown = page.locator(".person p, [data-fill='{nickname}']").first
    expect(shown).to_be_visible()
    said = phone.locator("dd bdi").first
    assert shown.inner_text() == said.inner_text()
    assert not UNSHOWABLE.search(phone.content())
    assert not UNSHOWABLE.search(page.content())
    assert trouble == []
    chat = simulator.chat(person, installation.account.appid)
    assert not any(UNSHOWABLE.search(message["text"]) for message in chat)


def test_a_name_from_right_to_left_turns_nothing_around(
    installation: Installation, desktop: BrowserContext, new_phone: NewPhone
) -> None:
    person = installation.simulator.add_person(nickname=ARABIC)
    context = new_phone(person, installation.simulator.url)
    page = context.new_page()
    page.goto(f"{installation.url}/login")
    page.get_by_role("button", name="允许").click()

    name = page.locator(".cell bdi").first
    expect(name).to_have_text(ARABIC)
    # The name begins where every name begins, on the left, and the line below it too.
    lines = page.locator(".cell__main").first.evaluate(
        "cell => [cell, cell.querySelector('small')].map(one => getComputedStyle(one).direction)"
    )
    assert lines == ["ltr", "ltr"]
    assert name.evaluate("one => getComputedStyle(one).unicodeBidi") == "isolate"
