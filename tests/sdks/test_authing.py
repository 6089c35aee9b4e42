"""authing-js-sdk, as npm brings it: in Chromium on a page of another origin, and on a server."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.compat.authing import Program, confirm, read_picture, validator
from tests.conftest import Installation, Installer
from tests.flows.desktops import confirm_link, read_qr
from tests.flows.websites import decide
from tests.sdks.conftest import NodeSDK
from tests.servers import Account, Simulator
from tests.simulator.receiver import Answer, Received, Receiver
from wechatlogin.wechat.app import AppKind

PAGE = """<!doctype html><meta charset="utf-8"><title>shop</title>
<div id="qr"></div><button id="popup">微信登录</button><p id="heard" role="status"></p>
<script src="/sdk.js"></script>
<script>
  const heard = [];
  const hear = (what, told) => {{
    heard.push([what, told]);
    document.getElementById("heard").textContent = what;
  }};
  const client = new Authing.AuthenticationClient({{ appId: {app_id}, appHost: {app_host} }});
  document.getElementById("popup").onclick = () => client.social.authorize({provider}, {{
    onSuccess: (user) => hear("success", user),
    onError: (code, message) => hear("error", {{ code, message }}),
  }});
  const scan = () => client.wechatmpqrcode.startScanning("qr", {{
    interval: 200,
    autoExchangeUserInfo: true,
    onCodeShow: (random, url) => hear("shown", url),
    onScanned: (user) => hear("scanned", user),
    onSuccess: (user, ticket) => hear("success", user),
    onCancel: () => hear("cancelled"),
    onError: (message) => hear("error", String(message)),
    onCodeLoadFailed: (error) => hear("failed", String(error)),
  }});
</script>
"""


@pytest.fixture
def shop(node_modules: Path) -> Iterator[Receiver]:
    """A site of another origin, with the package's own build for browsers."""
    receiver = Receiver()
    yield receiver
    receiver.stop()


@pytest.fixture
def desktop(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(locale="zh-CN")
    context.set_default_timeout(15_000)
    yield context
    context.close()


def open_shop(
    context: BrowserContext, shop: Receiver, program: Program, node_modules: Path
) -> Page:
    """Open the shop's page."""
    build = node_modules / "authing-js-sdk" / "build" / "browser" / "index.min.js"
    text = PAGE.format(
        app_id=json.dumps(program.client_id),
        app_host=json.dumps(program.url),
        provider=json.dumps("wechat:pc"),
    )

    def answer(got: Received) -> Answer:
        if got.path == "/sdk.js":
            return Answer(build.read_bytes(), content_type="text/javascript; charset=utf-8")
        return Answer(text.encode(), content_type="text/html; charset=utf-8")

    shop.answer = answer
    page = context.new_page()
    page.goto(shop.url)
    return page


def test_the_sdk_draws_our_qr_notices_the_scan_and_is_told_who_it_is(
    installation: Installation, desktop: BrowserContext, shop: Receiver, node_modules: Path
) -> None:
    program = Program(installation, origins=(shop.url,))
    person = installation.simulator.add_person(nickname="茶客")
    program.log_in(person)
    page = open_shop(desktop, shop, program, node_modules)

    page.evaluate("scan()")
    expect(page.get_by_role("status")).to_have_text("shown")
    expect(page.locator("#qr img").first).to_be_visible()
    shown = read_qr(page)
    scanned = installation.simulator.scan(person, shown, follow=True)
    expect(page.get_by_role("status")).to_have_text("scanned")
    confirm(person, confirm_link(scanned))
    expect(page.get_by_role("status")).to_have_text("success")

    heard = dict(page.evaluate("heard"))
    validator("user").validate(heard["success"])
    assert read_qr_of(heard["shown"]) is None
    assert heard["scanned"]["nickname"] == "茶客"
    assert page.evaluate("localStorage.getItem('_authing_token')") == heard["success"]["token"]
    assert program.introspect(heard["success"]["token"])["active"] is True
    assert desktop.cookies(program.url) == []


def read_qr_of(url: str) -> str | None:
    """Return what the picture holds, or None once it is not shown any more."""
    try:
        return read_picture(url)
    except AssertionError:
        return None


def test_the_sdk_notices_a_refusal_and_draws_another_qr(
    installation: Installation, desktop: BrowserContext, shop: Receiver, node_modules: Path
) -> None:
    program = Program(installation, origins=(shop.url,))
    person = installation.simulator.add_person()
    page = open_shop(desktop, shop, program, node_modules)
    page.evaluate("scan()")
    expect(page.get_by_role("status")).to_have_text("shown")
    scanned = installation.simulator.scan(person, read_qr(page), follow=True)

    confirm(person, confirm_link(scanned), "decline")

    page.wait_for_function("heard.filter(([what]) => what === 'shown').length === 2")
    assert "cancelled" in dict(page.evaluate("heard"))


def test_a_page_of_an_origin_that_is_not_registered_gets_no_qr(
    installation: Installation, desktop: BrowserContext, shop: Receiver, node_modules: Path
) -> None:
    program = Program(installation, origins=("https://shop.example",))
    page = open_shop(desktop, shop, program, node_modules)
    # On failure the SDK shows a picture from its maker's site, which is not to be reached.
    page.route("https://usercontents.authing.cn/**", lambda route: route.abort())

    with page.expect_event("requestfailed", lambda asked: asked.url.endswith("/gene")):
        page.evaluate("scan()")

    expect(page.get_by_role("status")).to_have_text("failed")
    assert page.locator("#qr img").count() == 0


def test_a_window_that_the_sdk_opens_tells_it_who_it_is_and_closes(
    install: Installer,
    simulator: Simulator,
    desktop: BrowserContext,
    shop: Receiver,
    node_modules: Path,
) -> None:
    elsewhere = simulator.url.replace("127.0.0.1", "localhost")
    website = install(kind=AppKind.WEBSITE, wechat_open_url=elsewhere)
    program = Program(website, origins=("https://shop.example", shop.url))
    person = simulator.add_person(nickname="茶客")
    page = open_shop(desktop, shop, program, node_modules)

    with page.expect_popup() as opened:
        page.locator("#popup").click()
    expect(opened.value.locator(".qrcode")).to_be_visible()
    with opened.value.expect_event("close"):
        decide(website, opened.value, "confirm", person)

    expect(page.get_by_role("status")).to_have_text("success")
    user = dict(page.evaluate("heard"))["success"]
    validator("user").validate(user)
    assert user["nickname"] == "茶客"
    assert program.introspect(user["token"])["active"] is True


def test_a_window_of_a_page_that_is_not_registered_tells_it_nothing(
    install: Installer,
    simulator: Simulator,
    desktop: BrowserContext,
    shop: Receiver,
    node_modules: Path,
) -> None:
    elsewhere = simulator.url.replace("127.0.0.1", "localhost")
    website = install(kind=AppKind.WEBSITE, wechat_open_url=elsewhere)
    program = Program(website, origins=("https://shop.example",))
    person = simulator.add_person()
    page = open_shop(desktop, shop, program, node_modules)

    with page.expect_popup() as opened:
        page.locator("#popup").click()
    expect(opened.value.locator(".qrcode")).to_be_visible()
    with opened.value.expect_event("close"):
        decide(website, opened.value, "confirm", person)

    assert page.evaluate("heard") == []


@pytest.mark.parametrize("knows_secret", [True, False])
def test_a_back_end_verifies_a_token_with_the_sdk(
    installation: Installation, node_modules: Path, knows_secret: bool
) -> None:
    program = Program(installation)
    person = installation.simulator.add_person()
    user = program.log_in(person)
    secret = program.made.client_secret if knows_secret else ""
    sdk = NodeSDK("authing_js_sdk.cjs", program.url, Account(program.client_id, secret))

    live, dead, valid = sdk.values(
        ("introspectToken", user["token"]),
        ("introspectToken", "x.y.z"),
        ("validateToken", {"accessToken": user["token"]}),
    )

    assert (live["active"], live["sub"]) == (True, user["id"])
    assert dead == {"active": False}
    assert valid["data"]["id"] == user["id"]


def test_a_server_scans_with_the_sdk(installation: Installation, node_modules: Path) -> None:
    program = Program(installation)
    person = installation.simulator.add_person()
    account = Account(program.client_id, "")
    sdk = NodeSDK("authing_js_sdk.cjs", program.url, account)
    (made,) = sdk.values(("geneCode",))
    scanned = installation.simulator.scan(person, read_picture(made["url"]), follow=True)
    confirm(person, confirm_link(scanned))

    (done,) = sdk.values(("checkStatus", made["random"]))
    user, again, unknown = sdk.calls(
        ("exchangeUserInfo", done["ticket"]),
        ("exchangeUserInfo", done["ticket"]),
        ("checkStatus", "nothing"),
    )

    validator("user").validate(user["value"])
    assert again["error"]["code"] == 400
    assert unknown["error"]["code"] == 2241
