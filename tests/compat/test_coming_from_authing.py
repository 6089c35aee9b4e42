"""The worked example of `docs/coming-from-authing.md` works."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.compat.authing import BACK, Program, confirm
from tests.conftest import Installation
from tests.flows.desktops import confirm_link, read_qr
from tests.flows.phones import Phone
from tests.servers import ROOT
from tests.simulator.receiver import Answer, Received, Receiver
from wechatlogin import clock
from wechatlogin.extensions import db
from wechatlogin.services import sessions

GUIDE = (ROOT / "docs" / "coming-from-authing.md").read_text(encoding="utf-8")


@pytest.fixture
def example(installation: Installation) -> dict[str, Any]:
    """The guide's program, with the values that it is told to replace."""
    program = Program(installation)
    [code] = re.findall(r"```python\n(.+?)```", GUIDE, re.DOTALL)
    replaced = {
        "HOST": program.url,
        "APP_ID": program.client_id,
        "APP_SECRET": program.made.client_secret,
        "IDENTIFIER": program.identifier,
        "REDIRECT_URL": BACK,
    }
    for name, value in replaced.items():
        code, count = re.subn(rf'^{name} = ".+"$', f'{name} = "{value}"', code, flags=re.MULTILINE)
        assert count == 1, name
    names: dict[str, Any] = {"PROGRAM": program}
    exec(code, names)  # noqa: S102 - running it is what the test is for
    return names


@pytest.fixture
def shop() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.stop()


def test_the_page_inside_wechat_and_its_back_end_work(example: dict[str, Any], person: str) -> None:
    installation: Installation = example["PROGRAM"].installation
    address = Phone(person).until(example["get_authorization_url"](), f"{BACK}?")

    user = example["get_user_info"](address)
    assert example["user_of"](user["token"]) == user["id"]
    with installation.app.app_context():
        sessions.end_all(user["id"], now=clock.now())
        db.session.remove()

    assert example["user_of"](user["token"]) is None
    with pytest.raises(RuntimeError, match="no"):
        example["get_user_info"](f"{BACK}?code=400&message=no")


def test_the_page_on_a_desktop_works(
    installation: Installation, browser: Browser, shop: Receiver, node_modules: Path
) -> None:
    program = Program(installation, origins=(shop.url,))
    [page_text] = re.findall(r"```html\n(.+?)```", GUIDE, re.DOTALL)
    page_text = page_text.replace("6110dd7ea1a2b3c4d5e6f708", program.client_id)
    page_text = page_text.replace("https://login.example.com", program.url)

    def answer(got: Received) -> Answer:
        if got.path.startswith("/authing-js-sdk/"):
            build = (node_modules / got.path.lstrip("/")).read_bytes()
            return Answer(build, content_type="text/javascript; charset=utf-8")
        return Answer(page_text.encode(), content_type="text/html; charset=utf-8")

    shop.answer = answer
    person = installation.simulator.add_person(nickname="茶客")
    program.log_in(person)
    context = browser.new_context(locale="zh-CN")
    page = context.new_page()
    page.goto(shop.url)
    expect(page.locator("#qr img").first).to_be_visible()
    scanned = installation.simulator.scan(person, read_qr(page), follow=True)
    confirm(person, confirm_link(scanned))

    expect(page).to_have_title("茶客")
    context.close()
