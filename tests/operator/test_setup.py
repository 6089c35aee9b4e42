"""The first run: from nothing to a login that works, for accounts with many rights and with few."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests
from playwright.sync_api import BrowserContext, FilePayload, Page, expect

from tests.conftest import Installation, Installer
from tests.flows.phones import Browser, Phone
from tests.operator.desks import Desk, make_operator, open_desk
from tests.servers import Account, free_port
from tests.services import clinic
from tests.stories import start_attempt
from wechatlogin import clock
from wechatlogin.extensions import db
from wechatlogin.models import AuditEntry, Role, Status
from wechatlogin.models.transaction import write
from wechatlogin.services import audit, verification_files, wechat_app_changes, wechat_apps
from wechatlogin.services.verification_files import NewVerificationFile
from wechatlogin.wechat.app import AppKind

SIXTEEN = "bU7m2R3kQ0r1oQdB"


@pytest.fixture(scope="module")
def nothing(install: Installer) -> Installation:
    """A service that no WeChat app has been set up for."""
    installation = install()
    with installation.app.app_context():
        row = wechat_apps.verify(installation.account.appid)
        wechat_app_changes.remove(row, by=audit.COMMAND_LINE, now=clock.now())
        db.session.remove()
    return installation


@pytest.fixture
def register(nothing: Installation) -> Callable[..., None]:
    """Enter something in WeChat's console: an account, first without a callback URL."""

    def enter(account: Account, kind: AppKind, **more: Any) -> None:
        entered = {
            "appid": account.appid,
            "secret": account.secret,
            "kind": kind.value,
            "name": "晨光书店",
        }
        nothing.simulator.call("POST", "/simulator/apps", {**entered, **more})

    return enter


@pytest.fixture(scope="module")
def covered(install: Installer) -> Iterator[Installation]:
    """A service behind a proxy that has no text files for it."""
    host = f"127.0.0.1:{free_port()}"

    def answer(path: str, query: dict[str, str]) -> tuple[int, bytes, dict[str, str]]:
        if path.endswith(".txt"):
            return 404, b"", {}
        try:
            passed = requests.get(f"http://{host}{path}", params=query, timeout=20)
        except requests.ConnectionError:
            return 502, b"", {}
        return passed.status_code, passed.content, {}

    with clinic.front(answer) as front:
        made = install(public_url=front.url, bind=host, trusted_hosts=("127.0.0.1",))
        made.service.url = f"http://{host}"
        yield made


def card(html: str, key: str) -> str:
    """What stands in a step's card."""
    found = re.search(rf'<section [^>]*aria-labelledby="{key}">.*?</section>', html, re.DOTALL)
    assert found is not None, html
    return found[0]


def sent_from(desk: Desk) -> dict[str, str]:
    """What shows that a form is one of ours."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', desk.open("/operator/doctor").text)
    assert token is not None
    return {"csrf_token": token[1]}


def note_login(installation: Installation, account: Account, *, days_ago: int) -> None:
    """Write down that somebody has logged in with an account."""
    now = clock.now() - timedelta(days=days_ago)
    with installation.app.app_context():
        attempt = start_attempt(now=now, appid=account.appid)
        with write():
            attempt.status, attempt.openid, attempt.claimed_at = Status.CLAIMED, "o" * 28, now
        db.session.remove()


def enter_account(page: Page, account: Account, *, name: str = "晨光书店") -> None:
    page.get_by_label("名称").fill(name)
    page.get_by_label("AppID").fill(account.appid)
    page.get_by_label("AppSecret").fill(account.secret)
    page.get_by_role("button", name="请微信检查并继续").click()


def shown(page: Page, name: str) -> str:
    return page.locator(f"#{name}-text").inner_text()


def callback_of(page: Page) -> dict[str, str]:
    """What an owner pastes into WeChat's console."""
    return {
        "callback_url": shown(page, "callback_url"),
        "token": shown(page, "callback_token"),
        "aes_key": shown(page, "callback_aes_key"),
        "mode": "safe",
    }


def test_a_service_account_is_set_up_from_nothing_to_a_login(
    nothing: Installation, desktop: BrowserContext, register: Callable[..., None]
) -> None:
    account = Account()
    register(account, AppKind.SERVICE)
    page = open_desk(desktop, nothing, "/operator/setup")

    page.get_by_role("link", name="已认证的服务号").click()
    enter_account(page, account)
    expect(page.locator("#secret-state")).to_have_text("微信接受了 AppID 和 AppSecret。")
    page.get_by_role("button", name="生成 Token").click()
    expect(page.locator("#callback-state")).to_contain_text("正在等微信")
    host = nothing.url.removeprefix("http://")
    register(account, AppKind.SERVICE, domains=[host], **callback_of(page))
    expect(page.locator("#callback-state")).to_contain_text("签名正确")
    name = f"MP_verify_{SIXTEEN}.txt"
    page.get_by_label("校验文件").set_input_files(
        FilePayload(name=name, mimeType="text/plain", buffer=SIXTEEN.encode())
    )
    page.get_by_role("button", name="上传").click()
    expect(page.get_by_text(f"已上传 {name}")).to_be_visible()
    Phone("lin").open(f"{nothing.url}/login")
    expect(page.locator("#login-state")).to_contain_text("有人登录成功")

    page.get_by_label("名称").fill("Grafana")
    page.get_by_label("回调地址").fill("https://grafana.example/login/generic_oauth")
    page.get_by_role("button", name="创建应用").click()
    discovery = requests.get(shown(page, "discovery"), timeout=20).json()
    assert discovery["issuer"] == shown(page, "issuer")
    answer = requests.post(
        discovery["token_endpoint"],
        data={"grant_type": "authorization_code", "code": "none", "redirect_uri": "https://x"},
        auth=(shown(page, "client_id"), shown(page, "client_secret")),
        timeout=20,
    )
    # The client is known and its secret right; the code is none.
    assert answer.json()["error"] == "invalid_grant"
    assert requests.get(f"{nothing.url}/{name}", timeout=20).text == SIXTEEN


def test_a_personal_account_is_set_up_and_asked_for_no_domain(
    nothing: Installation, desktop: BrowserContext, register: Callable[..., None]
) -> None:
    account = Account()
    register(account, AppKind.PERSONAL)
    page = open_desk(desktop, nothing, "/operator/setup")

    page.get_by_role("link", name="个人或未认证的公众号").click()
    enter_account(page, account)
    page.get_by_role("button", name="生成 Token").click()
    register(account, AppKind.PERSONAL, **callback_of(page))

    expect(page.locator("#callback-state")).to_contain_text("签名正确")
    expect(page.locator("#login")).to_be_visible()
    expect(page.locator("#domain")).to_have_count(0)


def test_a_set_up_is_resumed_where_it_was_left(
    nothing: Installation, register: Callable[..., None]
) -> None:
    account, desk = Account(), Desk(nothing)
    register(account, AppKind.TEST)
    page = desk.open("/operator/setup/account?kind=test")
    page = desk.submit(page, name="测试号", appid=account.appid, secret=account.secret)
    made = desk.submit(page, "/token")

    again = desk.open("/operator/setup")

    assert f'href="/operator/setup/{account.appid}"' in again.text
    later = desk.open(f"/operator/setup/{account.appid}")
    assert "接口配置信息" in later.text
    token = re.search(r'id="callback_token-text">(\w{32})<', made.text)
    assert token is not None
    assert "callback_aes_key" not in made.text
    assert token[1] not in later.text
    # A test account's page takes the port along.
    assert f">{nothing.url.removeprefix('http://')}<" in later.text


def test_a_website_app_is_checked_without_a_token_of_its_own(
    nothing: Installation, register: Callable[..., None]
) -> None:
    account, desk = Account(), Desk(nothing)
    register(account, AppKind.WEBSITE)
    page = desk.open("/operator/setup/account?kind=website")

    refused = desk.submit(page, name="网站", appid=account.appid, secret="w" * 32)
    taken = desk.submit(page, name="网站", appid=account.appid, secret=account.secret)

    assert refused.status_code == 400
    assert taken.url.endswith(f"/operator/setup/{account.appid}")
    assert "授权回调域" in taken.text
    assert 'id="callback"' not in taken.text


def test_a_wrong_secret_is_told_at_its_field_and_what_was_typed_stays(
    nothing: Installation, register: Callable[..., None]
) -> None:
    account, desk = Account(), Desk(nothing)
    register(account, AppKind.SERVICE)
    page = desk.open("/operator/setup/account?kind=service")

    refused = desk.submit(page, name="晨光书店", appid=account.appid, secret="w" * 32)

    assert refused.status_code == 400
    assert 'id="secret-error"' in refused.text
    assert f'value="{account.appid}"' in refused.text
    assert 'value="晨光书店"' in refused.text
    assert "w" * 32 not in refused.text
    with nothing.app.app_context():
        assert wechat_apps.get(account.appid) is None


def test_a_refused_address_is_named_and_nothing_is_lost(
    nothing: Installation, register: Callable[..., None]
) -> None:
    account, desk = Account(), Desk(nothing)
    register(account, AppKind.SERVICE, ip_whitelist=["203.0.113.24"])
    page = desk.open("/operator/setup/account?kind=service")

    refused = desk.submit(page, name="晨光书店", appid=account.appid, secret=account.secret)
    register(account, AppKind.SERVICE, ip_whitelist=None)
    taken = desk.submit(refused, "/examine/secret")

    assert "微信拒绝了本服务器的地址 127.0.0.1（40164）" in refused.text
    assert "IP 白名单" in refused.text
    assert "微信接受了 AppID 和 AppSecret。</p>" in taken.text
    assert "微信接受这台服务器的 IP。" in taken.text
    assert "微信拒绝了本服务器的地址" not in taken.text
    # It stays so: the token that came is kept.
    later = desk.open(f"/operator/setup/{account.appid}")
    assert "还没有用它们取到过" not in later.text


def test_a_wrong_token_in_wechats_console_is_seen(
    nothing: Installation, register: Callable[..., None]
) -> None:
    account, desk = Account(), Desk(nothing)
    register(account, AppKind.SERVICE)
    page = desk.open("/operator/setup/account?kind=service")
    page = desk.submit(page, name="晨光书店", appid=account.appid, secret=account.secret)
    desk.submit(page, "/token")

    signed = {"signature": "0" * 40, "timestamp": "0" * 10, "nonce": "1", "echostr": "2"}
    signed["timestamp"] = str(int(clock.now().timestamp()))
    requests.get(f"{nothing.url}/api/wechat/{account.appid}", params=signed, timeout=20)

    assert "与微信后台填的不一致" in desk.open(f"/operator/setup/{account.appid}").text


def test_a_file_and_an_application_that_cannot_be_are_refused_in_their_place(
    nothing: Installation, register: Callable[..., None]
) -> None:
    account, desk = Account(), Desk(nothing)
    register(account, AppKind.SERVICE)
    page = desk.open("/operator/setup/account?kind=service")
    page = desk.submit(page, name="晨光书店", appid=account.appid, secret=account.secret)

    no_file = desk.submit(page, "/files")
    no_address = desk.submit(page, "/application", name="Grafana", redirect_uri="grafana.example")

    assert (no_file.status_code, no_address.status_code) == (400, 400)
    assert 'id="file-error"' in no_file.text
    assert 'id="redirect_uri-error"' in no_address.text
    assert 'value="Grafana"' in no_address.text


def test_each_step_is_examined_in_its_place(
    nothing: Installation, register: Callable[..., None]
) -> None:
    account, desk = Account(), Desk(nothing)
    register(account, AppKind.SERVICE)
    page = desk.open("/operator/setup/account?kind=service")
    page = desk.submit(page, name="晨光书店", appid=account.appid, secret=account.secret)
    register(account, AppKind.SERVICE, ip_whitelist=["203.0.113.24"])

    refused = desk.submit(page, "/examine/secret")
    silent = desk.submit(refused, "/examine/callback")
    usable = desk.submit(silent, "/examine/login")

    assert "检查发现 1 处问题，见下面。" in card(refused.text, "secret")
    assert "127.0.0.1 不在微信的白名单里" in card(refused.text, "secret")
    assert "公开地址" in card(silent.text, "callback")
    assert "这个帐号还没有令牌(Token)" in card(silent.text, "callback")
    assert 'class="findings"' not in card(silent.text, "secret")
    assert "接口权限" in card(usable.text, "login")


def test_a_verification_file_that_another_program_covers_is_told(covered: Installation) -> None:
    appid, file = covered.account.appid, NewVerificationFile(f"MP_verify_{SIXTEEN}.txt", SIXTEEN)
    with covered.app.app_context():
        verification_files.save(wechat_apps.verify(appid), file, now=clock.now())
        db.session.remove()
    desk = Desk(covered)

    found = desk.submit(desk.open(f"/operator/setup/{appid}"), "/examine/domain")

    told = card(found.text, "domain")
    assert f"从公开地址取不到校验文件 {file.name}（HTTP 404）" in told
    assert f"让 /{file.name} 直接到达这个服务" in told


def test_nothing_but_a_step_is_examined_and_only_for_admins(installation: Installation) -> None:
    path = f"{installation.url}/operator/setup/{installation.account.appid}/examine"
    admin, viewer = Desk(installation), make_operator(installation, "setup-viewer", Role.VIEWER)
    secret, odd, viewers = (
        desk.post(f"{path}/{key}", data=sent_from(desk), timeout=30)
        for desk, key in ((admin, "secret"), (admin, "redis"), (viewer, "secret"))
    )

    assert (secret.status_code, odd.status_code, viewers.status_code) == (200, 404, 403)


def test_only_the_logins_of_the_last_days_count(
    nothing: Installation, register: Callable[..., None]
) -> None:
    account, desk = Account(), Desk(nothing)
    register(account, AppKind.SERVICE)
    page = desk.open("/operator/setup/account?kind=service")
    page = desk.submit(page, name="晨光书店", appid=account.appid, secret=account.secret)
    path = f"/operator/setup/{account.appid}"

    note_login(nothing, account, days_ago=8)
    long_ago = card(desk.open(path).text, "login")
    note_login(nothing, account, days_ago=6)
    lately = card(desk.open(path).text, "login")

    assert "最近 7 天没有人用这个账号登录。" in long_ago
    assert "有人登录成功。" in lately


def test_the_audit_tells_who_set_it_up(
    nothing: Installation, register: Callable[..., None]
) -> None:
    account, desk = Account(), Desk(nothing)
    register(account, AppKind.SERVICE)
    page = desk.open("/operator/setup/account?kind=service")
    desk.submit(page, name="晨光书店", appid=account.appid, secret=account.secret)

    with nothing.app.app_context():
        entry = db.session.scalars(db.select(AuditEntry).filter_by(detail=account.appid)).one()
        assert (entry.actor, entry.ip, entry.before) == ("operator", "127.0.0.1", None)
        assert entry.after is not None
        assert entry.after["secret"] == "(set)"
        assert account.secret not in str(entry.after)


@pytest.mark.parametrize("path", ["/operator/setup", "/operator/setup/account?kind=test"])
def test_strangers_are_sent_to_the_login(nothing: Installation, path: str) -> None:
    assert "/operator/login?next=" in Browser().open(nothing.url + path).url
