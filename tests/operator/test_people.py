"""The people's pages: finding somebody, and what an operator does about them."""

import json
import re

import pytest
from playwright.sync_api import BrowserContext, expect
from requests import Response
from sqlalchemy import select

from tests.conftest import Installation
from tests.flows.phones import Phone
from tests.operator.desks import Desk, make_operator, open_desk
from wechatlogin.extensions import db
from wechatlogin.models import AuditEntry, AuditTag, Role
from wechatlogin.services import accounts

#: Nobody's, of the length of an id.
NOBODY = "0" * 32


@pytest.fixture(scope="module")
def desk(installation: Installation) -> Desk:
    return Desk(installation)


def arrive(installation: Installation) -> tuple[Phone, str]:
    """Log somebody new in, and return their phone and their id."""
    person = installation.simulator.add_person()
    phone = Phone(person)
    assert phone.open(f"{installation.url}/login").url == f"{installation.url}/account"
    return phone, user_id_of(installation, person)


def openid_of(installation: Installation, person: str) -> str:
    return str(installation.simulator.openid(person, installation.account.appid))


def user_id_of(installation: Installation, person: str) -> str:
    with installation.app.app_context():
        appid = installation.account.appid
        identity = accounts.get_identity(appid, openid_of(installation, person))
        assert identity is not None
        user_id = identity.user_id
        db.session.remove()
    return user_id


def noted(installation: Installation, user_id: str, tag: AuditTag) -> list[str | None]:
    """Return who did this to a person, by the audit."""
    with installation.app.app_context():
        query = select(AuditEntry.actor).where(AuditEntry.user_id == user_id, AuditEntry.tag == tag)
        actors = list(db.session.scalars(query))
        db.session.remove()
    return actors


def read_token(page: Response) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert found is not None
    return found[1]


def is_logged_in(phone: Phone, installation: Installation) -> bool:
    return phone.step(f"{installation.url}/account").status_code == 200


def test_a_person_is_found_by_openid_and_shown_whole(
    installation: Installation, desk: Desk
) -> None:
    phone, user_id = arrive(installation)
    openid = openid_of(installation, str(phone.person))

    found = desk.get(f"{installation.url}/operator/people", params={"q": openid}, timeout=20)
    page = desk.open(f"/operator/people/{user_id}")

    assert f"/operator/people/{user_id}" in found.text
    assert openid in page.text
    assert "微信内登录 · 登录" in page.text
    assert "完成" in page.text


def test_that_an_operator_looked_is_noted_once(installation: Installation, desk: Desk) -> None:
    _, user_id = arrive(installation)

    for _ in range(2):
        desk.open(f"/operator/people/{user_id}")

    assert noted(installation, user_id, AuditTag.USER_VIEWED) == ["operator"]


def test_a_ban_with_its_reason_ends_the_logins_and_is_lifted(
    installation: Installation, desk: Desk
) -> None:
    phone, user_id = arrive(installation)

    banned = desk.submit(desk.open(f"/operator/people/{user_id}"), "/ban", reason="发广告")

    assert "已封禁" in banned.text
    assert "发广告" in banned.text
    assert not is_logged_in(phone, installation)
    assert phone.open(f"{installation.url}/login").status_code == 403
    assert user_id in desk.open("/operator/people?list=banned").text
    lifted = desk.submit(banned, "/unban")
    assert "已解除封禁" in lifted.text
    assert phone.open(f"{installation.url}/login").status_code == 200


def test_one_session_ends_and_then_all(installation: Installation, desk: Desk) -> None:
    phone, user_id = arrive(installation)
    other = Phone(str(phone.person))
    other.open(f"{installation.url}/login")
    page = desk.open(f"/operator/people/{user_id}")

    page = desk.submit(page, "/sessions/")
    assert [is_logged_in(one, installation) for one in (phone, other)].count(True) == 1
    desk.submit(page, "/sessions/end")

    assert not is_logged_in(phone, installation)
    assert not is_logged_in(other, installation)
    assert noted(installation, user_id, AuditTag.SESSION_ENDED) == ["operator", "operator"]


def test_two_are_compared_merged_and_taken_apart_again(
    installation: Installation, desk: Desk
) -> None:
    (_, first), (_, second) = arrive(installation), arrive(installation)
    page = desk.open(f"/operator/people/{first}")

    compared = desk.submit(page, "/merge", other=second)
    assert "按微信的规则，这是两个人" in compared.text
    merged = desk.submit(compared, "/merge")

    assert "两个用户已合并" in merged.text
    assert desk.open(f"/operator/people/{second}").url.endswith(f"/operator/people/{first}")
    undone = desk.submit(merged, "/undo")
    assert "合并已撤销" in undone.text
    assert desk.open(f"/operator/people/{second}").url.endswith(f"/operator/people/{second}")


@pytest.mark.parametrize(("other", "status"), [(NOBODY, 404), ("itself", 409), ("", 404)])
def test_who_cannot_be_merged_is_said_at_the_field(
    installation: Installation, desk: Desk, other: str, status: int
) -> None:
    _, user_id = arrive(installation)
    named = user_id if other == "itself" else other
    page = desk.open(f"/operator/people/{user_id}")

    refused = desk.submit(page, "/merge", other=named)

    assert refused.status_code == status
    assert 'id="other-error"' in refused.text


def test_the_export_is_a_file_and_is_noted(installation: Installation, desk: Desk) -> None:
    _, user_id = arrive(installation)

    answer = desk.submit(desk.open(f"/operator/people/{user_id}"), "/export")

    assert answer.headers["Content-Disposition"] == (
        f'attachment; filename="person-{user_id}.json"'
    )
    assert json.loads(answer.text)["person"]["id"] == user_id
    assert noted(installation, user_id, AuditTag.USER_EXPORTED) == ["operator"]


def test_a_person_is_deleted_after_a_question(installation: Installation, desk: Desk) -> None:
    phone, user_id = arrive(installation)
    question = desk.open(f"/operator/people/{user_id}/delete")
    assert "删除以后不能恢复" in question.text

    deleted = desk.submit(question, "/delete")

    assert "用户数据已删除" in deleted.text
    assert desk.open(f"/operator/people/{user_id}").status_code == 404
    assert not is_logged_in(phone, installation)
    phone.open(f"{installation.url}/login")
    assert user_id_of(installation, str(phone.person)) != user_id


def test_a_viewer_sees_nobody(installation: Installation) -> None:
    viewer = make_operator(installation, "looks-at-people", Role.VIEWER)
    phone, user_id = arrive(installation)
    openid = openid_of(installation, str(phone.person))
    # A token that is theirs, so that it is the role that keeps them out.
    form = {"csrf_token": read_token(viewer.open("/operator/me"))}

    paths = ("", "/merges", f"/{user_id}", f"/{user_id}/delete", f"/{user_id}/merge?other={NOBODY}")
    shown = [viewer.open(f"/operator/people{path}") for path in paths]
    forms = ("ban", "unban", "sessions/end", "merge", "export", "delete")
    done = [
        viewer.post(f"{installation.url}/operator/people/{user_id}/{what}", data=form, timeout=20)
        for what in forms
    ]

    assert {answer.status_code for answer in shown} == {403}
    assert {answer.status_code for answer in done} == {403}
    assert all(openid not in answer.text for answer in shown)
    assert "/operator/people" not in viewer.open("/operator/status").text


@pytest.mark.parametrize(
    "query",
    [
        "list=odd",
        "list=app:nobody",
        "after=odd",
        "q=a%00b",
        "q=%F0",
        "after=0001-01-01T00:00:00%2B14:00~x",
    ],
)
def test_an_odd_list_is_answered_calmly(installation: Installation, desk: Desk, query: str) -> None:
    assert desk.open(f"/operator/people?{query}").status_code in {200, 400, 404}


def test_nobody_is_called_by_what_no_database_keeps(installation: Installation, desk: Desk) -> None:
    _, user_id = arrive(installation)
    page = desk.open(f"/operator/people/{user_id}")

    assert desk.open("/operator/people/a%00b").status_code == 400
    assert desk.submit(page, "/ban", reason="a\0b").status_code == 400


@pytest.mark.parametrize(("query", "status"), [("0", 200), ("5", 200), ("x", 400), ("9" * 19, 400)])
def test_waiting_merges_are_paged(desk: Desk, query: str, status: int) -> None:
    assert desk.open(f"/operator/people/merges?after={query}").status_code == status


def test_an_operator_bans_whom_they_looked_for(
    installation: Installation, desktop: BrowserContext, desk: Desk
) -> None:
    phone, user_id = arrive(installation)
    page = open_desk(desktop, installation, "/operator/people", desk)

    page.get_by_label("查找").fill(openid_of(installation, str(phone.person)))
    page.keyboard.press("Enter")
    page.locator(f"a[href='/operator/people/{user_id}']").click()
    page.get_by_label("原因").fill("发广告")
    page.get_by_role("button", name="封禁").click()

    expect(page.get_by_role("status")).to_contain_text("已封禁")
    expect(page.get_by_role("button", name="解除封禁")).to_be_visible()
    expect(page.locator("[aria-current=page]")).to_have_text("用户")
    assert not is_logged_in(phone, installation)
