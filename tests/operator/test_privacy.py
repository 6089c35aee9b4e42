"""Operators write the privacy notice."""

from playwright.sync_api import BrowserContext, expect

from tests.conftest import Installation, Installer
from tests.flows.phones import Browser, Phone
from tests.operator.desks import Desk, make_operator, open_desk
from wechatlogin.extensions import db
from wechatlogin.models import AuditEntry, AuditTag, PrivacyNotice, Role

TEXT = "我们保存昵称。<b>不</b>\n\n详情见 https://example.com/privacy。"


def versions(installation: Installation) -> int:
    with installation.app.app_context():
        query = db.select(db.func.count()).select_from(PrivacyNotice)
        count = db.session.scalar(query) or 0
        db.session.remove()
    return count


def test_a_notice_is_previewed_published_and_asked_for(
    install: Installer, desktop: BrowserContext
) -> None:
    installation = install()
    page = open_desk(desktop, installation, "/operator/privacy")
    page.get_by_label("中文全文").fill(TEXT)
    page.get_by_role("button", name="预览").click()
    expect(page.get_by_role("link", name="https://example.com/privacy")).to_be_visible()
    expect(page.get_by_text("<b>不</b>").first).to_be_visible()
    assert versions(installation) == 0

    page.get_by_role("button", name="发布").click()

    expect(page.get_by_role("status")).to_have_text("新的隐私须知已生效。")
    expect(page.get_by_role("link", name="第 1 版")).to_be_visible()
    phone = Phone(installation.simulator.add_person())
    assert phone.open(f"{installation.url}/login").url.endswith("/notice")

    page.get_by_role("link", name="撤下").click()
    page.get_by_role("button", name="撤下").click()
    expect(page.get_by_role("status")).to_have_text("隐私须知已撤下。")
    assert phone.open(f"{installation.url}/login").url == f"{installation.url}/account"
    assert Browser().open(f"{installation.url}/privacy").status_code == 404
    with installation.app.app_context():
        saved = db.select(AuditEntry).where(AuditEntry.tag == AuditTag.PRIVACY_NOTICE_SAVED)
        entries = list(db.session.scalars(saved))
        db.session.remove()
    assert [entry.actor for entry in entries] == ["operator", "operator"]
    assert all(entry.ip for entry in entries)


def test_a_text_that_is_missing_or_too_long_is_refused_and_kept(
    installation: Installation,
) -> None:
    desk = Desk(installation)
    page = desk.open("/operator/privacy")

    missing = desk.submit(page, text_zh="  ", text_en="We keep your name.")
    too_long = desk.submit(page, text_zh="字", text_en="x" * 8001)

    assert (missing.status_code, too_long.status_code) == (400, 400)
    assert "请填写中文全文。" in missing.text
    assert "We keep your name." in missing.text
    assert "最多 8000 个字符。" in too_long.text
    assert versions(installation) == 0


def test_a_viewer_may_not_write_it(installation: Installation) -> None:
    viewer = make_operator(installation, "viewer-of-notices", Role.VIEWER)

    for path in ("/operator/privacy", "/operator/privacy/withdraw", "/operator/privacy/1"):
        assert viewer.open(path).status_code == 403
