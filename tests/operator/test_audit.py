"""The audit: searched, paged, and taken away as CSV."""

import csv
import io
import re
from datetime import datetime, time, timedelta

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.conftest import Installation, Installer
from tests.operator.desks import Desk, open_desk
from wechatlogin import clock
from wechatlogin.models import AuditEntry, AuditTag
from wechatlogin.models.transaction import write
from wechatlogin.services import audit
from wechatlogin.services.audit import Actor
from wechatlogin.services.pauses import BEIJING
from wechatlogin.web.operator import audit_csv, audit_words

MANY = 1234
A_DAY = (clock.now() - timedelta(days=90)).date()


@pytest.fixture(scope="module")
def busy(install: Installer) -> Installation:
    """An installation in which much has happened."""
    installation = install()
    now = clock.now()
    midnight = datetime.combine(A_DAY, time(), BEIJING)
    with installation.app.app_context():
        with write() as session:
            session.add_all(
                AuditEntry(at=now - timedelta(minutes=number), tag="user:login", detail="many")
                for number in range(MANY)
            )
            session.add_all(
                AuditEntry(at=midnight + timedelta(minutes=early), tag="user:login", detail="edge")
                for early in (-7, -3, -1, 0)
            )
        audit.record_change(
            AuditTag.APPLICATION_SAVED,
            Actor("=HYPERLINK(1)", "203.0.113.7"),
            before={"name": "旧名"},
            after={"name": "<script>新名</script>"},
            detail="client-1",
            now=now,
        )
    return installation


@pytest.fixture(scope="module")
def desk(busy: Installation) -> Desk:
    return Desk(busy)


def export(desk: Desk, query: str) -> list[list[str]]:
    page = desk.open(f"/operator/audit?{query}")
    answer = desk.submit(page, "export")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert re.fullmatch(
        r'attachment; filename="audit-\d{4}-\d\d-\d\d.csv"', answer.headers["Content-Disposition"]
    )
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_every_tag_has_its_words() -> None:
    assert set(audit_words.SENTENCES) == set(AuditTag)
    assert len(set(audit_words.SENTENCES.values())) == len(AuditTag)


def test_a_day_begins_and_ends_at_midnight_where_the_pages_clock_is(desk: Desk) -> None:
    day, day_before = A_DAY.isoformat(), (A_DAY - timedelta(days=1)).isoformat()

    assert len(export(desk, f"detail=edge&from={day}")) == 1 + 1
    assert len(export(desk, f"detail=edge&to={day_before}")) == 1 + 3


def test_a_change_shows_what_stood_there_and_what_stands_there_now(desk: Desk) -> None:
    page = desk.open("/operator/audit?detail=client-1")

    assert "<del>旧名</del> <ins>&lt;script&gt;新名&lt;/script&gt;</ins>" in page.text
    assert page.text.count('<th scope="row">') == 1


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("detail=many&tag=user:login", 50),
        ("detail=many&tag=user:banned", 0),
        ("actor=%3DHYPERLINK%281%29", 1),
        ("user=nobody", 0),
        ("tag=application:saved&to=2020-01-01", 0),
        ("tag=application:saved&from=2020-01-01", 1),
    ],
)
def test_the_list_holds_what_is_looked_for(desk: Desk, query: str, count: int) -> None:
    page = desk.open(f"/operator/audit?{query}")

    assert page.status_code == 200
    assert page.text.count('<th scope="row">') == count


def test_what_no_database_keeps_is_not_looked_for(desk: Desk) -> None:
    assert desk.open("/operator/audit?actor=%00").status_code == 400


@pytest.mark.parametrize("query", ["from=yesterday", "to=0001-01-01", "to=9999-12-31"])
def test_a_day_that_is_none_is_said_at_its_field(desk: Desk, query: str) -> None:
    page = desk.open(f"/operator/audit?{query}")

    assert page.status_code == 400
    assert f'id="{query.partition("=")[0]}-error"' in page.text


def test_one_looks_for_an_event_and_turns_the_pages(
    busy: Installation, desk: Desk, desktop: BrowserContext
) -> None:
    page = open_desk(desktop, busy, "/operator/audit", desk)
    page.get_by_label("事件").select_option("user:login")
    page.get_by_role("button", name="查找").click()
    expect(page.locator("tbody tr")).to_have_count(50)
    page.get_by_role("link", name="下一页").click()

    expect(page.locator("tbody tr")).to_have_count(50)
    expect(page.get_by_label("事件")).to_have_value("user:login")
    page.get_by_role("link", name="回到开头").click()
    expect(page.get_by_role("link", name="回到开头")).to_have_count(0)


def test_the_file_holds_everything_that_matches(desk: Desk) -> None:
    rows = export(desk, "detail=many")

    assert rows[0][:4] == ["时间", "事件", "标签", "操作者"]
    assert len(rows) == MANY + 1
    assert {tuple(row[1:3]) for row in rows[1:]} == {("用户登录", "user:login")}
    assert [row[0] for row in rows[1:]] == sorted((row[0] for row in rows[1:]), reverse=True)


def test_a_cell_is_no_formula(desk: Desk) -> None:
    _, row = export(desk, "detail=client-1")

    assert row[3] == "'=HYPERLINK(1)"
    assert row[7:] == ['{"name": "旧名"}', '{"name": "<script>新名</script>"}']


def test_an_export_is_in_the_audit(desk: Desk) -> None:
    export(desk, "detail=client-1")

    page = desk.open("/operator/audit?tag=audit:exported&actor=operator")

    assert "导出审计记录" in page.text
    assert "<ins>client-1</ins>" in page.text


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "＝"])
def test_whatever_begins_a_formula_is_written_as_text(sign: str) -> None:
    entry = AuditEntry(at=clock.now(), tag="user:login", detail=f"{sign}1+1")

    *_, line = audit_csv.write([entry])

    assert f"'{sign}1+1" in line
