"""The applications' pages: made, changed, shown, stopped and removed by an operator."""

import io
import re
from collections.abc import Iterator
from html import unescape

import pytest
import requests
from PIL import Image
from playwright.sync_api import BrowserContext, expect
from sqlalchemy import select

from tests.conftest import Installation
from tests.flows.phones import Phone
from tests.operator.desks import Desk, make_operator, open_desk
from wechatlogin import clock
from wechatlogin.extensions import db
from wechatlogin.models import AuditEntry, Role
from wechatlogin.services import applications

PATH = "/operator/applications"
CALLBACK = "https://shop.example/callback"


@pytest.fixture
def desk(installation: Installation) -> Desk:
    return Desk(installation)


@pytest.fixture
def context(installation: Installation) -> Iterator[None]:
    with installation.app.app_context():
        yield
        db.session.remove()


def create(desk: Desk, **given: str | list[str]) -> requests.Response:
    page = desk.open(f"{PATH}/new")
    fields: dict[str, str | list[str]] = {"name": "林记书店", "redirect_uris": CALLBACK}
    return desk.submit(page, PATH, **{**fields, **given})


def shown(page: requests.Response, name: str) -> str:
    """Return a value that a page shows to be copied."""
    found = re.search(rf'id="{name}-value"[^>]*>([^<]+)<', page.text)
    assert found, page.text
    return unescape(found[1])


def made(desk: Desk, **given: str | list[str]) -> str:
    """Return the address of a new application's page."""
    return f"{PATH}/{shown(create(desk, **given), 'client-id')}"


def post_file(desk: Desk, page: requests.Response, to: str, file: bytes) -> requests.Response:
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert token
    return desk.post(
        f"{desk.url}{to}",
        data={"csrf_token": token[1]},
        files={"logo": ("logo.png", file, "image/png")},
        timeout=20,
    )


def add_key(desk: Desk, url: str, name: str) -> requests.Response:
    token = re.search(r'name="csrf_token" value="([^"]+)"', desk.open(url).text)
    assert token
    form = {"csrf_token": token[1], "name": name}
    return desk.post(f"{desk.url}{url}/keys", data=form, timeout=20)


def a_picture() -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (32, 32), "red").save(written, "PNG")
    return written.getvalue()


def test_an_operator_makes_an_application_and_its_program_logs_a_person_in(
    installation: Installation, desktop: BrowserContext
) -> None:
    page = open_desk(desktop, installation, PATH)
    page.get_by_role("link", name="新建应用").click()
    page.get_by_label("名称", exact=True).fill("林记书店")
    page.get_by_label("回调地址（redirect_uri）").fill(CALLBACK)
    page.get_by_label("自有应用").check()
    page.get_by_label("必须使用 PKCE").uncheck()
    page.get_by_role("button", name="创建").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("应用已创建")
    client_id = page.locator("#client-id-value").inner_text()
    secret = page.locator("#client-secret-value").inner_text()
    issuer = page.locator("#issuer-value").inner_text()
    page.get_by_role("link", name="已保存，继续").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("林记书店")
    expect(page.get_by_text(secret)).to_have_count(0)

    asked = f"client_id={client_id}&redirect_uri={CALLBACK}&response_type=code&scope=openid"
    back = Phone("lin").until(f"{issuer}/auth?{asked}&state=s", f"{CALLBACK}?")
    code = re.search(r"code=([^&]+)", back)
    assert code, back
    grant = {"grant_type": "authorization_code", "code": code[1], "redirect_uri": CALLBACK}
    answer = requests.post(f"{issuer}/token", data=grant, auth=(client_id, secret), timeout=20)
    assert answer.status_code == 200, answer.text
    assert answer.json()["id_token"]
    page.reload()
    expect(page.locator("dd").first).to_have_text("1")


def test_every_setting_can_be_changed(desk: Desk, context: None) -> None:
    url = made(desk)
    form = desk.open(f"{url}/settings")

    page = desk.submit(
        form,
        "/settings",
        name="茶铺",
        redirect_uris=f"{CALLBACK}\r\nhttps://shop.example/other",
        scopes=["profile", "wechat"],
        subject_type="pairwise",
        confirm="tap",
        follow="ask",
        access_seconds="120",
        email_template="",
        mccs="460 454",
    )

    assert "设置已保存。" in page.text
    row = applications.verify(url.rpartition("/")[2])
    assert (row.name, row.redirect_uris) == ("茶铺", [CALLBACK, "https://shop.example/other"])
    assert (row.scopes, row.subject_type) == (["openid", "profile", "wechat"], "pairwise")
    assert (row.confirm, row.follow, row.access_seconds) == ("tap", "ask", 120)
    assert (row.email_template, row.mccs) == (None, [460, 454])
    assert row.requires_pkce


def test_what_is_wrong_stands_at_its_field_and_what_was_typed_stays(desk: Desk) -> None:
    page = create(desk, redirect_uris=f"{CALLBACK}\nhttp://shop.example/cb", ways="scan fax")

    assert page.status_code == 400
    assert 'id="redirect_uris-error"' in page.text
    assert "http://shop.example/cb：只能用 https" in page.text
    assert "scan fax" in page.text
    assert "错误：" in page.text


def test_a_number_that_is_none_is_refused(desk: Desk) -> None:
    for number in ("", "1e9", "-1", "９", "9" * 30):
        page = create(desk, access_seconds=number)
        assert (page.status_code, 'id="access_seconds-error"' in page.text) == (400, True)


def test_an_application_from_another_system_keeps_its_id_and_secret(desk: Desk) -> None:
    page = create(desk, client_id="their-shop-id", client_secret="t" * 40, keeps_secret="1")

    assert (shown(page, "client-id"), shown(page, "client-secret")) == ("their-shop-id", "t" * 40)
    again = create(desk, client_id="their-shop-id", client_secret="u" * 40)
    assert again.status_code == 400
    assert 'id="client_id-error"' in again.text
    assert "u" * 40 not in again.text


def test_a_new_secret_is_shown_once_and_the_old_one_runs_out(desk: Desk) -> None:
    first = create(desk)
    url = f"{PATH}/{shown(first, 'client-id')}"

    page = desk.submit(desk.open(url), "/secret", overlap="2")

    assert page.headers["Cache-Control"] == "no-store"
    new = shown(page, "client-secret")
    assert new != shown(first, "client-secret")
    later = desk.open(url).text
    assert new not in later
    assert later.count("被替换为止") == 1
    assert desk.submit(desk.open(url), "/secret", overlap="2161").status_code == 400
    assert desk.submit(desk.open(url), "/secret", overlap="soon").status_code == 400


def test_keys_are_made_and_revoked(desk: Desk) -> None:
    url = made(desk)

    key = shown(add_key(desk, url, "仓库"), "api-key")
    page = desk.open(url)
    assert "仓库" in page.text
    assert key not in page.text
    numbers = [int(number) for number in re.findall(r"/keys/(\d+)/revoke", page.text)]
    page = desk.submit(page, f"/keys/{max(numbers)}/revoke")

    assert "已作废这个 API 密钥。" in page.text
    assert "仓库" not in page.text


def test_a_logo_comes_and_goes(desk: Desk) -> None:
    url = made(desk)

    page = post_file(desk, desk.open(url), f"{url}/logo", a_picture())
    assert "标志已保存。" in page.text
    assert f"{url.replace('/operator', '')}/logo?v=" in page.text
    refused = post_file(desk, page, f"{url}/logo", b"GIF89a, or so")
    assert (refused.status_code, 'id="logo-error"' in refused.text) == (400, True)
    assert post_file(desk, page, f"{url}/logo", b"x" * 70_000).status_code == 413
    page = desk.submit(page, "/logo/remove")

    assert "没有标志" in page.text


def test_an_application_is_stopped_and_started_again(desk: Desk, context: None) -> None:
    url = made(desk)
    client_id = url.rpartition("/")[2]

    page = desk.submit(desk.open(url), "/disabled")
    assert "已停用：没有人能登录它" in page.text
    assert applications.verify(client_id).is_disabled
    page = desk.submit(page, "/disabled")

    db.session.expire_all()
    assert "已启用" in page.text
    assert not applications.verify(client_id).is_disabled


def test_removing_asks_first_and_cannot_be_undone(desk: Desk) -> None:
    url = made(desk)

    question = desk.open(f"{url}/remove")
    assert "这一步不能撤销" in question.text
    page = desk.submit(question, "/remove")

    assert "已移除这个应用。" in page.text
    assert url not in page.text
    assert "没有登记过这个应用" in desk.open(url).text


def test_every_change_says_who_made_it_and_holds_no_secret(desk: Desk, context: None) -> None:
    first = create(desk)
    client_id = shown(first, "client-id")
    url = f"{PATH}/{client_id}"
    secrets = [shown(first, name) for name in ("client-secret", "api-key", "user-domain-secret")]
    secrets.append(shown(desk.submit(desk.open(url), "/secret"), "client-secret"))
    secrets.append(shown(add_key(desk, url, "仓库"), "api-key"))
    post_file(desk, desk.open(url), f"{url}/logo", a_picture())
    desk.submit(desk.open(f"{url}/settings"), "/settings", name="茶铺")
    desk.submit(desk.open(url), "/disabled")
    desk.submit(desk.open(f"{url}/remove"), "/remove")

    entries = db.session.scalars(select(AuditEntry).where(AuditEntry.detail == client_id)).all()
    told = repr([(entry.before, entry.after) for entry in entries])
    assert {(entry.actor, entry.ip) for entry in entries} == {("operator", "127.0.0.1")}
    assert len(entries) == 8
    assert entries[-1].tag == "application:removed"
    assert "茶铺" in told
    assert not any(secret in told for secret in secrets)


def test_a_viewer_opens_none_of_it(installation: Installation, desk: Desk) -> None:
    url = made(desk)
    viewer = make_operator(installation, f"viewer-{clock.now().timestamp()}"[:30], Role.VIEWER)

    for path in (PATH, f"{PATH}/new", url, f"{url}/settings", f"{url}/webhook", f"{url}/remove"):
        assert viewer.open(path).status_code == 403


def test_nobody_changes_anything_without_the_forms_token(desk: Desk, context: None) -> None:
    url = made(desk)

    for path in ("/disabled", "/remove", "/secret", "/keys", "/webhook/secret"):
        assert desk.post(f"{desk.url}{url}{path}", timeout=20).status_code == 400
    assert not applications.verify(url.rpartition("/")[2]).is_disabled


def test_a_name_of_markup_stays_a_name(desk: Desk) -> None:
    name = "<script>alert(1)</script>"

    url = made(desk, name=name)

    for path in (PATH, url, f"{url}/settings", f"{url}/webhook", f"{url}/remove"):
        assert "<script>alert" not in desk.open(path).text
