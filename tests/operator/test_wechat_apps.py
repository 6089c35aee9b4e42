"""The pages of the WeChat apps: settings, secrets, template, files and texts."""

import re
from collections.abc import Iterator

import pytest
import requests
from playwright.sync_api import BrowserContext, FilePayload, expect

from tests.conftest import Installation, Installer
from tests.operator.desks import Desk, make_operator, open_desk
from tests.servers import TEMPLATE_ID, Account
from wechatlogin import clock
from wechatlogin.extensions import db
from wechatlogin.models import AuditEntry, Role, WeChatAppRow
from wechatlogin.services import applications, wechat_apps
from wechatlogin.services.applications import NewApplication
from wechatlogin.wechat.app import AppKind

SIXTEEN = "aU7m2R3kQ0r1oQdB"
FILE = f"MP_verify_{SIXTEEN}.txt"


@pytest.fixture(scope="module")
def managed(install: Installer) -> Installation:
    """An installation of its own, since its account is changed here."""
    return install(apps=[AppKind.SERVICE, AppKind.WEBSITE])


@pytest.fixture
def desk(managed: Installation) -> Desk:
    return Desk(managed)


@pytest.fixture
def path(managed: Installation) -> str:
    """The page of the account."""
    return f"/operator/wechat-apps/{managed.account.appid}"


@pytest.fixture
def stored(managed: Installation) -> Iterator[WeChatAppRow]:
    with managed.app.app_context():
        yield wechat_apps.verify(managed.account.appid)
        db.session.remove()


def last_entry(managed: Installation, detail: str) -> AuditEntry:
    with managed.app.app_context():
        found = db.select(AuditEntry).filter_by(detail=detail).order_by(AuditEntry.id.desc())
        entry = db.session.scalars(found.limit(1)).one()
        db.session.expunge(entry)
    return entry


def test_the_list_tells_what_each_can_do(managed: Installation, desk: Desk) -> None:
    page = desk.open("/operator/wechat-apps")

    for kind, account in managed.accounts.items():
        assert account.appid in page.text, kind
    assert "可以网页授权" in page.text
    assert "不需要关注公众号" in page.text


def test_an_app_is_added_and_removed(managed: Installation, desk: Desk) -> None:
    account = Account()
    form = desk.open("/operator/wechat-apps/new")

    odd = desk.submit(form, name="小店", appid="wx1", secret=account.secret, token=account.token)
    added = desk.submit(
        odd, appid=account.appid, secret=account.secret, kind="personal", mode="plain"
    )
    gone = desk.submit(desk.open(f"/operator/wechat-apps/{account.appid}/remove"))

    assert odd.status_code == 400
    assert 'id="appid-error"' in odd.text
    assert 'value="小店"' in odd.text
    assert account.token not in odd.text
    assert "已添加。" in added.text
    assert "小店" in added.text
    assert "已移除这个微信账号。" in gone.text
    assert account.appid not in gone.text
    entry = last_entry(managed, account.appid)
    assert (entry.tag, entry.actor, entry.after) == ("wechat_app:removed", "operator", None)


def test_an_app_that_an_application_names_stays(managed: Installation, desk: Desk) -> None:
    appid = managed.accounts[AppKind.WEBSITE].appid
    with managed.app.app_context():
        new = NewApplication("论坛", appids=(appid,))
        applications.create(managed.site.vault, new, now=clock.now())

    page = desk.open(f"/operator/wechat-apps/{appid}")
    asked = desk.open(f"/operator/wechat-apps/{appid}/remove")

    assert "现在不能移除：论坛" in page.text
    assert f"/operator/wechat-apps/{appid}/remove" not in page.text
    assert "请先在那些应用里去掉它" in asked.text


def test_secrets_are_never_shown_and_stay_when_left_empty(
    managed: Installation, desk: Desk, path: str, stored: WeChatAppRow
) -> None:
    before = wechat_apps.credentials(managed.site.vault, stored)
    form = desk.open(f"{path}/edit")

    saved = desk.submit(form, name="晨光书店二店")

    db.session.refresh(stored)
    assert stored.name == "晨光书店二店"
    assert wechat_apps.credentials(managed.site.vault, stored) == before
    for page in (form, saved):
        for secret in (managed.account.secret, managed.account.token, managed.account.aes_key):
            assert secret not in page.text
    entry = last_entry(managed, managed.account.appid)
    assert (entry.actor, entry.ip) == ("operator", "127.0.0.1")
    assert entry.before == {"name": "晨光书店"}
    assert entry.after == {"name": "晨光书店二店"}


def test_a_setting_that_cannot_be_is_told_at_its_field(
    desk: Desk, path: str, stored: WeChatAppRow
) -> None:
    form = desk.open(f"{path}/edit")

    refused = desk.submit(form, name="别的", forward_url="ftp://x", aes_key="short")

    assert refused.status_code == 400
    assert 'id="aes_key-error"' in refused.text
    assert 'value="ftp://x"' in refused.text
    assert "short" not in re.sub(r"<[^>]*>", "", refused.text)
    assert stored.name != "别的"


def test_new_secrets_are_shown_once(desk: Desk, path: str) -> None:
    made = desk.submit(desk.open(path), "/token")

    token = re.search(r'id="callback_token-text">(\w{32})<', made.text)
    key = re.search(r'id="callback_aes_key-text">(\w{43})<', made.text)
    assert token is not None
    assert key is not None
    again = desk.open(path)
    assert token[1] not in again.text
    assert key[1] not in again.text


def test_the_values_for_wechats_console_are_copied_by_a_button(
    managed: Installation, desktop: BrowserContext, path: str
) -> None:
    desktop.grant_permissions(["clipboard-read", "clipboard-write"])
    page = open_desk(desktop, managed, path)

    page.get_by_role("button", name="复制 URL").click()

    expect(page.locator("#callback_url-status")).to_have_text("已复制")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == f"{managed.url}/api/wechat/{managed.account.appid}"
    assert page.locator("#domain-text").inner_text() == "127.0.0.1"


def test_a_template_is_chosen_from_those_that_wechat_has(
    managed: Installation, desk: Desk, path: str, stored: WeChatAppRow
) -> None:
    page = desk.open(f"{path}/template?id={TEMPLATE_ID}")
    fields = {"field-character_string1": "{code}", "field-thing2": "{minutes} 分钟"}

    refused = desk.submit(page, "/template", **{**fields, "field-character_string1": "digits"})
    chosen = desk.submit(refused, "/template", **fields)

    assert "没有一个字段含有 {code}。" in refused.text
    assert 'value="digits"' in refused.text
    assert "已保存。" in chosen.text
    db.session.refresh(stored)
    assert stored.template_fields == {"character_string1": "{code}", "thing2": "{minutes} 分钟"}
    assert last_entry(managed, managed.account.appid).actor == "operator"
    desk.submit(desk.open(f"{path}/template"), "/template/remove")
    db.session.refresh(stored)
    assert stored.template_id is None


def test_why_wechat_lists_no_templates_is_told(
    managed: Installation, desk: Desk, path: str
) -> None:
    managed.simulator.fault("/cgi-bin/template/get_all_private_template", "errcode", errcode=48001)

    page = desk.open(f"{path}/template")

    assert "48001" in page.text
    assert page.status_code == 200


def test_a_file_is_uploaded_tested_and_removed(
    managed: Installation, desktop: BrowserContext, path: str
) -> None:
    page = open_desk(desktop, managed, f"{path}/files")

    page.get_by_label("上传文件").set_input_files(
        FilePayload(name=FILE, mimeType="text/plain", buffer=b"\xef\xbb\xbf" + SIXTEEN.encode())
    )
    page.get_by_role("button", name="保存").click()

    expect(page.get_by_text("能打开，内容正确。")).to_be_visible()
    address = page.get_by_role("link", name=f"{managed.url}/{FILE}")
    expect(address).to_be_visible()
    assert requests.get(f"{managed.url}/{FILE}", timeout=20).text == SIXTEEN
    page.get_by_role("link", name=f"移除 {FILE}").click()
    page.get_by_role("button", name="移除").click()
    expect(page.get_by_text("已移除这个校验文件。")).to_be_visible()
    assert requests.get(f"{managed.url}/{FILE}", timeout=20).status_code == 404
    entry = last_entry(managed, FILE)
    assert (entry.actor, entry.before) == ("operator", {"content": SIXTEEN})


def test_a_file_that_wechat_would_not_take_is_refused_and_stays_typed(
    desk: Desk, path: str
) -> None:
    page = desk.open(f"{path}/files")

    refused = desk.submit(page, "/files", name="robots.txt", content="x")

    assert refused.status_code == 400
    assert 'value="robots.txt"' in refused.text


def test_a_text_is_looked_at_as_the_chat_shows_it_then_saved_and_said(
    managed: Installation, desktop: BrowserContext, path: str
) -> None:
    page = open_desk(desktop, managed, f"{path}/replies")
    page.get_by_role("link", name="修改 关注时 中文").click()
    page.get_by_label("内容").fill(
        '你好，<b>这里</b>是{name}\n<a href="https://shop.example/">去逛逛</a>'
    )

    page.get_by_role("button", name="预览").click()

    bubble = page.locator(".bubble")
    expect(bubble).to_contain_text("<b>这里</b>")
    expect(bubble.locator(".bubble__link")).to_have_text("去逛逛")
    expect(page.get_by_text("上限 2,048 字节")).to_be_visible()
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("从下一条消息起就这样说")).to_be_visible()
    expect(page.locator(".bubble").first).to_contain_text("你好，")
    entry = last_entry(managed, f"{managed.account.appid} welcome zh_CN")
    assert entry.actor == "operator"
    page.get_by_role("link", name="修改 关注时 中文").click()
    page.get_by_role("button", name="移除这段文字").click()
    expect(page.locator(".bubble").first).to_contain_text("欢迎关注")


def test_a_text_that_breaks_a_rule_is_refused_and_stays_typed(desk: Desk, path: str) -> None:
    form = desk.open(f"{path}/replies/edit?occasion=code&language=en")

    for step in ("preview", "save"):
        refused = desk.submit(form, "/replies/edit", text="No code here", step=step)
        assert refused.status_code == 400
        assert "内容里要有 {code}" in refused.text
        assert "No code here" in refused.text


def test_a_text_that_is_too_long_is_refused_and_stays_typed(desk: Desk, path: str) -> None:
    form = desk.open(f"{path}/replies/edit?occasion=welcome&language=en")

    for step in ("preview", "save"):
        refused = desk.submit(form, "/replies/edit", text="a" * 2100, step=step)
        assert refused.status_code == 400
        assert 'id="text-error"' in refused.text
        assert "a" * 2100 in refused.text


def test_a_keyword_gets_its_own_answer(managed: Installation, desk: Desk, path: str) -> None:
    form = desk.open(f"{path}/replies/edit?occasion=keyword&language=zh_CN")

    saved = desk.submit(form, "/replies/edit", keyword="Hours", text="九点到六点", step="save")

    assert "九点到六点" in saved.text
    assert (
        f"{path}/replies/edit?occasion=keyword&amp;language=zh_CN&amp;keyword=hours" in saved.text
    )


@pytest.mark.parametrize("query", ["", "?occasion=odd&language=en", "?occasion=code&language=fr"])
def test_no_such_text_is_an_error_and_no_fault_of_ours(desk: Desk, path: str, query: str) -> None:
    assert desk.open(f"{path}/replies/edit{query}").status_code == 400


@pytest.mark.parametrize("page", ["", "/edit", "/replies", "/files", "/template", "/remove"])
def test_no_page_of_an_unknown_app_is_there(desk: Desk, page: str) -> None:
    assert desk.open(f"/operator/wechat-apps/{'wx' + '0' * 16}{page}").status_code == 404


def test_a_viewer_changes_and_sees_nothing_of_it(managed: Installation, path: str) -> None:
    viewer = make_operator(managed, "wen", Role.VIEWER)

    for page in (
        "/operator/wechat-apps",
        path,
        f"{path}/edit",
        f"{path}/replies",
        "/operator/setup",
    ):
        assert viewer.open(page).status_code == 403
