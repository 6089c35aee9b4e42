"""`static/js/wechatlogin.js` on another site's page, in Chromium, with a phone that scans."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, expect

from tests.conftest import Installation, Installer
from tests.flows.bookshop import Bookshop, register
from tests.flows.desktops import confirm_link, read_qr
from tests.flows.phones import WECHAT_IOS
from tests.servers import ROOT
from tests.simulator.receiver import Answer, Receiver
from wechatlogin.config import ConfirmPolicy

NewPhone = Callable[[str, str], BrowserContext]
PAGE = """<!doctype html><title>A page</title><div id="wechat"></div>
<script src="SERVICE/static/js/wechatlogin.js"></script>
<script>
  happened = [];
  const note = (name) => (value) => happened.push([name, value?.code ?? value]);
  scan = (options) => WechatLogin.scan("#wechat", {
    clientId: "CLIENT_ID",
    onScanned: note("scanned"),
    onSuccess: note("success"),
    onExpired: note("expired"),
    onDeclined: note("declined"),
    onError: note("error"),
    ...options,
  });
</script>"""


@pytest.fixture
def bookshop() -> Iterator[Bookshop]:
    shop = Bookshop()
    yield shop
    shop.stop()


@pytest.fixture
def site() -> Iterator[Receiver]:
    """A page with nothing but the script."""
    receiver = Receiver()
    yield receiver
    receiver.stop()


@pytest.fixture(scope="module")
def hasty(install: Installer) -> Installation:
    """A service whose codes are soon over."""
    return install(scan_seconds=6)


def a_follower(installation: Installation, nickname: str = "林小满") -> str:
    person = installation.simulator.add_person(nickname=nickname)
    installation.simulator.follow(person, installation.account.appid)
    return person


def open_plain(
    context: BrowserContext, site: Receiver, installation: Installation, *, registered: bool = True
) -> Page:
    url = site.url.replace("127.0.0.1", "localhost")
    origin = url if registered else "https://shop.example.com"
    made = register(installation, origin, confirm=ConfirmPolicy.TAP)
    text = PAGE.replace("SERVICE", installation.url).replace("CLIENT_ID", made.client_id)
    site.answer = lambda got: Answer(text.encode(), content_type="text/html; charset=utf-8")
    page = context.new_page()
    page.goto(url)
    return page


def tap_on_phone(
    installation: Installation, new_phone: NewPhone, page: Page, person: str, button: str
) -> None:
    scanned = installation.simulator.scan(person, read_qr(page))
    phone = new_phone(person, installation.simulator.url).new_page()
    phone.goto(confirm_link(scanned))
    phone.get_by_role("button", name=button).click()


def tell_profile(installation: Installation, phone: Page) -> None:
    """Log in on the phone: a scan alone does not tell what somebody is called."""
    phone.goto(f"{installation.url}/login")
    phone.get_by_role("button", name="允许").click()
    expect(phone).to_have_url(f"{installation.url}/account")


def happened(page: Page) -> list[str]:
    return [str(name) for name, _ in page.evaluate("happened")]


def test_the_example_of_the_document_logs_somebody_in_on_another_site(
    installation: Installation,
    desktop: BrowserContext,
    new_phone: NewPhone,
    bookshop: Bookshop,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = register(installation, bookshop.url)
    bookshop.copy_example(installation, made, monkeypatch)
    person = a_follower(installation, "茶客")
    phone = new_phone(person, installation.simulator.url).new_page()
    tell_profile(installation, phone)
    page = bookshop.open(desktop)
    expect(page.get_by_role("img", name="登录二维码，请用微信扫一扫")).to_be_visible()

    scanned = installation.simulator.scan(person, read_qr(page))
    number = page.locator(".wechatlogin-number")
    expect(number).to_have_text(re.compile(r"^\d\d$"))
    expect(page.locator("#hello")).to_have_text("Hello, 茶客")
    phone.goto(confirm_link(scanned))
    expect(phone.get_by_role("heading", level=1)).to_contain_text("林记书店")
    phone.get_by_role("button", name=number.inner_text()).click()

    expect(page.locator("#hello")).to_have_text("Welcome, 茶客")
    expect(page.get_by_role("status")).to_have_text("已确认")
    names = {one.get("name", "") for one in desktop.cookies()}
    assert not {name for name in names if name.startswith("wechatlogin")}


def test_the_example_page_has_twenty_lines() -> None:
    document = (ROOT / "docs" / "javascript.md").read_text(encoding="utf-8")

    [page] = re.findall(r"```html\n(.*?)```", document, re.DOTALL)

    assert len(page.splitlines()) <= 20


def test_what_the_page_learns_is_a_name_a_picture_and_a_ticket(
    installation: Installation, desktop: BrowserContext, new_phone: NewPhone, site: Receiver
) -> None:
    person = a_follower(installation)
    page = open_plain(desktop, site, installation)

    page.evaluate("scan({ lang: 'en' })")
    expect(page.get_by_role("img", name="Login QR code, scan it with WeChat")).to_be_visible()
    tap_on_phone(installation, new_phone, page, person, "确认登录")
    page.wait_for_function("happened.some(([name]) => name === 'success')")

    [scanned, success] = page.evaluate("happened")
    assert scanned == ["scanned", {"nickname": None, "avatar_url": None}]
    assert success[1].keys() == {"ticket", "expires_in", "nickname", "avatar_url"}
    assert 290 < success[1]["expires_in"] <= 300


def test_a_refusal_on_the_phone_offers_a_new_code(
    installation: Installation, desktop: BrowserContext, new_phone: NewPhone, site: Receiver
) -> None:
    page = open_plain(desktop, site, installation)
    page.evaluate("scan()")
    expect(page.get_by_role("status")).to_have_text("请用微信扫一扫")

    tap_on_phone(installation, new_phone, page, a_follower(installation), "不是我，拒绝")
    expect(page.get_by_role("status")).to_have_text("这次登录已被拒绝")
    page.get_by_role("button", name="刷新二维码").click()

    expect(page.get_by_role("status")).to_have_text("请用微信扫一扫")
    assert happened(page) == ["scanned", "declined"]


def test_an_expired_code_is_renewed_by_itself_and_then_by_the_button(
    hasty: Installation, desktop: BrowserContext, new_phone: NewPhone, site: Receiver
) -> None:
    page = open_plain(desktop, site, hasty)
    page.evaluate("scan({ refreshes: 1 })")
    expect(page.get_by_role("status")).to_have_text("请用微信扫一扫")
    first = read_qr(page)

    page.wait_for_function("happened.length === 1")
    expect(page.get_by_role("status")).to_have_text("请用微信扫一扫")
    second = read_qr(page)
    page.wait_for_function("happened.length === 2")
    expect(page.get_by_role("status")).to_have_text("二维码已过期")
    page.get_by_role("button", name="刷新二维码").click()
    expect(page.get_by_role("status")).to_have_text("请用微信扫一扫")
    third = read_qr(page)
    tap_on_phone(hasty, new_phone, page, a_follower(hasty), "确认登录")
    page.wait_for_function("happened.at(-1)?.[0] === 'success'")

    assert len({first, second, third}) == 3
    assert happened(page) == ["expired", "expired", "scanned", "success"]


def test_an_origin_that_is_not_registered_is_refused(
    installation: Installation, desktop: BrowserContext, site: Receiver
) -> None:
    said: list[ConsoleMessage] = []
    page = open_plain(desktop, site, installation, registered=False)
    page.on("console", lambda message: said.append(message))

    page.evaluate("scan()")
    expect(page.get_by_role("button")).to_be_visible()

    assert happened(page) == ["error"]
    assert any("CORS" in message.text for message in said)
    assert page.locator("svg").count() == 0


def test_a_lost_network_is_told_and_survived(
    installation: Installation, desktop: BrowserContext, new_phone: NewPhone, site: Receiver
) -> None:
    page = open_plain(desktop, site, installation)
    cut = True
    page.route(
        re.compile(r"/api/scan/[0-9a-f]{64}\?"),
        lambda route: route.abort("connectionreset") if cut else route.continue_(),
    )

    page.evaluate("scan()")
    expect(page.get_by_role("status")).to_have_text("网络不通，重新连接中…")
    cut = False
    expect(page.get_by_role("status")).to_have_text("请用微信扫一扫")
    tap_on_phone(installation, new_phone, page, a_follower(installation), "确认登录")

    page.wait_for_function("happened.at(-1)?.[0] === 'success'")


def test_a_scan_that_was_stopped_asks_no_more(
    installation: Installation, desktop: BrowserContext, site: Receiver
) -> None:
    page = open_plain(desktop, site, installation)
    with page.expect_request(re.compile(r"/api/scan/[0-9a-f]{64}\?")) as asked:
        page.evaluate("() => { running = scan(); }")

    page.evaluate("running.stop()")
    page.wait_for_timeout(300)

    assert asked.value.failure is not None
    assert happened(page) == []


def test_the_script_can_be_imported_as_a_module(
    installation: Installation, desktop: BrowserContext, site: Receiver
) -> None:
    page = open_plain(desktop, site, installation)
    page.evaluate("delete globalThis.WechatLogin")

    page.evaluate(f"import('{installation.url}/static/js/wechatlogin.js')")

    missing = page.evaluate(
        "() => { try { new WechatLogin({}) } catch (err) { return `${err}`; } }"
    )
    assert missing == "TypeError: WechatLogin: host is required"


def test_it_takes_what_authings_script_takes(
    installation: Installation, desktop: BrowserContext, site: Receiver
) -> None:
    page = open_plain(desktop, site, installation)
    host = "https://login.example.com"

    def url(options: str) -> object:
        return page.evaluate(f"new AuthingWxmp({options}).getAuthorizationUrl()")

    back = "https://s.example/x?y=1"
    theirs = f"host: '{host}/', appId: 'a1', identifier: 'mp', redirectUrl: '{back}'"
    assert url(f"{{ {theirs} }}") == (
        f"{host}/connections/social/mp?app_id=a1&redirect_url=https%3A%2F%2Fs.example%2Fx%3Fy%3D1"
    )
    assert url(f"{{ host: '{host}', clientId: 'c1' }}") == (
        f"{host}/connections/social/wechat:webpage-authorization?app_id=c1"
    )
    assert str(url("{ clientId: 'c1' }")).startswith(installation.url)


@pytest.mark.parametrize(
    ("search", "ok", "person", "message"),
    [
        (
            "?code=200&message=done&data=%7B%22nickname%22%3A%22Lin%22%7D",
            True,
            {"nickname": "Lin"},
            "done",
        ),
        ("?code=500&message=refused", False, None, "refused"),
        ("?code=200&message=done&data=%7Bbroken", False, None, "done"),
        ("", False, None, None),
    ],
)
def test_what_the_browser_came_back_with_is_read(
    installation: Installation,
    desktop: BrowserContext,
    site: Receiver,
    search: str,
    ok: bool,
    person: object,
    message: str | None,
) -> None:
    page = open_plain(desktop, site, installation)

    read = page.evaluate(
        "(search) => new WechatLogin({ clientId: 'c' }).getUserInfo(search)", search
    )

    assert read["ok"] is ok
    assert read["message"] == message
    assert read.get("userinfo") == person
    assert read.get("userInfo") == person


def test_it_knows_wechats_browser(
    installation: Installation,
    new_context: Callable[..., BrowserContext],
    site: Receiver,
) -> None:
    tell = "new WechatLogin({ clientId: 'c' }).checkWechatUA()"

    inside = open_plain(new_context(user_agent=WECHAT_IOS), site, installation)
    outside = open_plain(new_context(), site, installation)

    assert inside.evaluate(tell) is True
    assert outside.evaluate(tell) is False


def test_the_types_name_what_the_script_has() -> None:
    script = (ROOT / "static/js/wechatlogin.js").read_text(encoding="utf-8")
    types = (ROOT / "static/js/wechatlogin.d.ts").read_text(encoding="utf-8")

    used = set(re.findall(r"options\.(\w+)", script)) | set(re.findall(r'tell\("(\w+)"', script))
    methods = set(re.findall(r"^    (?:static )?(\w+)\([^)]*\) \{$", script, re.MULTILINE))

    assert {"clientId", "refreshes", "onSuccess", "identifier"} <= used
    assert [name for name in sorted(used) if not re.search(rf"\b{name}[?(]", types)] == []
    assert {"checkWechatUA", "getAuthorizationUrl", "getUserInfo", "scan"} <= methods
    for name in ("checkWechatUA", "getAuthorizationUrl", "getUserInfo", "scan"):
        assert re.search(rf"\b{name}(<.*>)?\(", types)
