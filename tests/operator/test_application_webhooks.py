"""The webhooks' page: an operator sets them up, tries them, and sees what became of them."""

import re
from collections.abc import Iterator
from html import unescape

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.conftest import Installation
from tests.operator.desks import Desk, open_desk
from tests.simulator.receiver import Receiver
from tests.waiters import eventually
from wechatlogin import clock
from wechatlogin.extensions import db
from wechatlogin.services import applications
from wechatlogin.services.applications import NewApplication


@pytest.fixture
def server() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.stop()


@pytest.fixture
def path(installation: Installation) -> str:
    """Where the webhooks of a new application are."""
    with installation.app.app_context():
        made = applications.create(
            installation.site.vault, NewApplication("林记书店"), now=clock.now()
        )
        db.session.remove()
    return f"/operator/applications/{made.client_id}/webhook"


def message_of(desk: Desk, path: str) -> str:
    found = re.search(rf'href="({re.escape(path)}/msg_[^"]+)"', desk.open(path).text)
    assert found
    return unescape(found[1])


def test_a_test_event_goes_out_and_its_fate_is_shown(
    installation: Installation, desktop: BrowserContext, path: str, server: Receiver
) -> None:
    page = open_desk(desktop, installation, path)
    page.get_by_label("地址").fill(f"{server.url}/hook")
    page.get_by_label("user.created").check()
    page.get_by_role("button", name="保存").click()
    expect(page.locator("#webhook-secret-value")).to_have_text(re.compile("^whsec_"))
    page.get_by_role("link", name="已保存，继续").click()
    page.get_by_role("button", name="发送测试事件").click()
    expect(page.get_by_text("测试事件已排队")).to_be_visible()

    assert eventually(lambda: len(server.received) == 1)
    eventually(lambda: page.reload() is not None and page.get_by_text("已送达").count() == 1)
    expect(page.get_by_role("cell", name="HTTP 200")).to_be_visible()
    page.get_by_role("link", name="webhook.test").click()
    expect(page.locator("pre")).to_contain_text('"type": "webhook.test"')


def test_what_was_given_up_is_sent_again(
    installation: Installation, path: str, server: Receiver
) -> None:
    desk = Desk(installation)
    desk.submit(desk.open(path), path, webhook_uri=server.url, webhook_events=["user.login"])
    server.says(b"", status=410)
    desk.submit(desk.open(path), "/test")
    assert eventually(lambda: "已放弃" in desk.open(path).text)
    server.says(b"")

    page = desk.submit(desk.open(path), f"{path}/resend")

    assert "已放弃的消息已重新排队" in page.text
    assert eventually(lambda: "已送达" in desk.open(path).text)
    page = desk.submit(desk.open(message_of(desk, path)), "/resend")
    assert "已排队" in page.text
    assert eventually(lambda: len(server.received) == 3)
    assert len({got.headers["webhook-id"] for got in server.received}) == 1


def test_an_address_inside_is_refused_at_its_field(installation: Installation, path: str) -> None:
    desk, inside = Desk(installation), "https://10.0.0.7/hook"

    page = desk.submit(desk.open(path), path, webhook_uri=inside, webhook_events=["user.login"])

    assert page.status_code == 400
    assert 'id="webhook_uri-error"' in page.text
    assert inside in page.text
    assert re.search(r'value="user.login" checked', page.text)


def test_a_new_secret_is_shown_once(
    installation: Installation, path: str, server: Receiver
) -> None:
    desk = Desk(installation)
    first = desk.submit(
        desk.open(path), path, webhook_uri=server.url, webhook_events=["user.login"]
    )
    second = desk.submit(desk.open(path), "/secret")

    shown = [re.search(r"whsec_[^<]+", page.text) for page in (first, second)]
    assert shown[0] and shown[1] and shown[0][0] != shown[1][0]  # noqa: PT018 - one claim
    page = desk.open(path)
    assert "whsec_" not in page.text
    assert "原来的密钥同时签名到" in page.text


def test_a_message_of_another_application_is_not_found(
    installation: Installation, path: str
) -> None:
    assert Desk(installation).open(f"{path}/msg_0").status_code == 404
