"""The operators, as an admin manages them."""

import re

import pytest
from playwright.sync_api import BrowserContext, expect
from sqlalchemy import select

from tests.conftest import Installation
from tests.operator.desks import THEIR_PASSWORD, Desk, make_operator, open_desk
from wechatlogin.extensions import db
from wechatlogin.models import AuditEntry, Role
from wechatlogin.services import operators


def id_of(installation: Installation, name: str) -> int:
    with installation.app.app_context():
        operator = operators.get_by_name(name)
        assert operator is not None
        return operator.id


def test_an_added_operator_logs_in_with_the_password_that_is_shown(
    installation: Installation, desktop: BrowserContext
) -> None:
    page = open_desk(desktop, installation, "/operator/operators")
    page.get_by_label("用户名").fill("added")
    page.get_by_role("button", name="添加", exact=True).click()

    expect(page.get_by_role("heading", level=1)).to_have_text("added 的密码")
    password = page.locator(".once").inner_text()
    status = Desk(installation, "added", password).open("/operator/me")
    assert "只看状态" in status.text


def test_a_name_that_is_taken_is_said_at_its_field(installation: Installation) -> None:
    desk = Desk(installation)

    refused = desk.submit(desk.open("/operator/operators"), name="operator", role="admin")

    assert refused.status_code == 409
    assert re.search(r'id="name-error">已有操作员用这个用户名。', refused.text)
    assert 'value="operator"' in refused.text


def test_a_role_is_changed_and_the_audit_says_by_whom(installation: Installation) -> None:
    theirs, desk = make_operator(installation, "grows", Role.VIEWER), Desk(installation)
    key = id_of(installation, "grows")

    done = desk.submit(desk.open(f"/operator/operators/{key}"), "role", role="admin")

    assert "角色已更改。" in done.text
    assert theirs.open("/operator/operators").status_code == 200
    with installation.app.app_context():
        query = select(AuditEntry).where(AuditEntry.tag == "operator:role_changed")
        entry = db.session.scalars(query.where(AuditEntry.detail == "grows")).one()
        assert (entry.actor, entry.ip) == ("operator", "127.0.0.1")
        assert (entry.before, entry.after) == ({"role": "viewer"}, {"role": "admin"})


def test_a_new_password_is_shown_once_and_the_old_one_is_none(installation: Installation) -> None:
    theirs, desk = make_operator(installation, "forgets", Role.VIEWER), Desk(installation)
    key = id_of(installation, "forgets")

    shown = desk.submit(desk.open(f"/operator/operators/{key}/password"))

    password = re.search(r'class="once">([^<]+)<', shown.text)
    assert password
    assert "/operator/login" in theirs.open("/operator/me").url
    assert Desk(installation, "forgets", password[1]).open("/operator/me").status_code == 200


def test_who_is_removed_is_out_at_once(installation: Installation) -> None:
    theirs, desk = make_operator(installation, "leaves", Role.VIEWER), Desk(installation)
    key = id_of(installation, "leaves")

    done = desk.submit(desk.open(f"/operator/operators/{key}/remove"))

    assert "已移除这个操作员。" in done.text
    assert "/operator/login" in theirs.open("/operator/me").url
    assert desk.open(f"/operator/operators/{key}").status_code == 404


@pytest.mark.parametrize("path", ["/operator/operators", "/operator/audit"])
def test_a_viewer_opens_neither_the_operators_nor_the_audit(
    installation: Installation, path: str
) -> None:
    desk = make_operator(installation, "looks", Role.VIEWER)

    refused = desk.open(path)

    assert refused.status_code == 403
    assert THEIR_PASSWORD not in refused.text
    assert path not in desk.open("/operator/me").text
