"""One person, whichever WeChat app they come by: joined, proposed, undone, added, removed."""

import re
from collections.abc import Callable, Iterator

import pytest
from click.testing import Result
from playwright.sync_api import BrowserContext, Page, expect
from sqlalchemy import func, select, update

from tests.conftest import OPERATOR_PASSWORD, Installation, Installer
from tests.flows.desktops import confirm_link, expect_status, read_number, read_qr
from tests.flows.phones import Browser, Phone
from wechatlogin import clock
from wechatlogin.extensions import db
from wechatlogin.models import AuditEntry, AuditTag, Identity, Merge, User, WeChatAppRow
from wechatlogin.models.transaction import write
from wechatlogin.services import applications, merge_records
from wechatlogin.services.applications import NewApplication
from wechatlogin.wechat.app import AppKind

NewPhone = Callable[[str, str], BrowserContext]
NewContext = Callable[..., BrowserContext]

#: Where a unionid is told.
UNIONID_PATHS = ("/sns/oauth2/access_token", "/sns/userinfo")


@pytest.fixture(scope="module")
def shared(install: Installer) -> Installation:
    return install(apps=[AppKind.SERVICE, AppKind.WEBSITE])


@pytest.fixture
def both(shared: Installation) -> Iterator[Installation]:
    """A service account and a website app of one open-platform account, and nobody yet."""
    with shared.app.app_context():
        yield shared
        with write() as session:
            session.execute(Merge.__table__.delete())
            session.execute(User.__table__.delete())
            session.execute(AuditEntry.__table__.delete())
        db.session.remove()


def log_in_in_wechat(installation: Installation, person: str, query: str = "") -> Phone:
    """Log a person in by the service account."""
    phone = Phone(person)
    assert phone.open(f"{installation.url}/login{query}").url.startswith(installation.url)
    return phone


def log_in_on_desktop(
    installation: Installation, context: BrowserContext, person: str, query: str = ""
) -> Page:
    """Log a person in by the website app."""
    page = context.new_page()
    page.goto(f"{installation.url}/login?way=website{query}")
    picture = page.frame_locator("iframe").locator(".qrcode").get_attribute("src") or ""
    for decision in ("scan", "confirm"):
        body = {"uuid": picture.rsplit("/", 1)[1], "decision": decision}
        installation.simulator.call("POST", f"/simulator/people/{person}/qrconnect", body)
    expect(page).to_have_url(re.compile("/account"))
    return page


def hide_unionids(installation: Installation) -> None:
    for path in UNIONID_PATHS:
        installation.simulator.fault(path, "late_unionid")


def show_unionids(installation: Installation) -> None:
    installation.simulator.call("DELETE", "/simulator/faults")


def number_of_users() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count(User.id))) or 0


def run(installation: Installation, *words: str) -> Result:
    return installation.app.test_cli_runner().invoke(args=["person", *words])


def test_in_wechat_and_on_the_desktop_a_person_is_the_same(
    both: Installation, desktop: BrowserContext
) -> None:
    person = both.simulator.add_person(nickname="林小满")
    log_in_in_wechat(both, person)

    page = log_in_on_desktop(both, desktop, person)

    expect(page.get_by_role("list", name="微信身份").get_by_role("listitem")).to_have_count(2)
    expect(page.get_by_role("list", name="已登录的浏览器").get_by_role("listitem")).to_have_count(2)
    assert number_of_users() == 1


def test_without_a_common_group_they_are_two(both: Installation, desktop: BrowserContext) -> None:
    website = WeChatAppRow.appid == both.accounts[AppKind.WEBSITE].appid
    person = both.simulator.add_person()
    log_in_in_wechat(both, person)
    row = update(WeChatAppRow).where(website)
    with write() as session:
        group = session.scalar(select(WeChatAppRow.open_platform_group).where(website))
        session.execute(row.values(open_platform_group=None))

    page = log_in_on_desktop(both, desktop, person)

    with write() as session:
        session.execute(row.values(open_platform_group=group))
    expect(page.get_by_role("list", name="微信身份").get_by_role("listitem")).to_have_count(1)
    assert number_of_users() == 2


def test_a_unionid_that_appears_later_makes_two_users_one_and_logs_nobody_out(
    both: Installation, desktop: BrowserContext
) -> None:
    person = both.simulator.add_person()
    hide_unionids(both)
    phone = log_in_in_wechat(both, person)
    page = log_in_on_desktop(both, desktop, person)
    assert number_of_users() == 2
    show_unionids(both)

    log_in_in_wechat(both, person)
    desktop.clear_cookies()
    page = log_in_on_desktop(both, desktop, person)

    expect(page.get_by_role("list", name="微信身份").get_by_role("listitem")).to_have_count(2)
    assert number_of_users() == 1
    assert phone.open(f"{both.url}/account").url == f"{both.url}/account"
    tags = list(db.session.scalars(select(AuditEntry.tag)))
    assert tags.count(AuditTag.USER_MERGED) == 1


def two_known_to_a_shop(installation: Installation, context: BrowserContext) -> int:
    """Return the merge of one person whom an application knows twice."""
    new = NewApplication("林记茶铺")
    made = applications.create(installation.site.vault, new, now=clock.now())
    person = installation.simulator.add_person()
    hide_unionids(installation)
    log_in_in_wechat(installation, person, f"?client_id={made.client_id}")
    log_in_on_desktop(installation, context, person, f"&client_id={made.client_id}")
    show_unionids(installation)
    log_in_in_wechat(installation, person)
    context.clear_cookies()
    log_in_on_desktop(installation, context, person)
    db.session.rollback()
    return merge_records.get_waiting()[0].id


def test_the_operator_is_told_of_a_merge_that_waits_and_decides(
    both: Installation, desktop: BrowserContext
) -> None:
    merge_id = two_known_to_a_shop(both, desktop)
    operator = Browser()
    page = operator.open(f"{both.url}/operator/login")

    status = operator.submit(page, name="operator", password=OPERATOR_PASSWORD)
    listed = run(both, "merges")
    done = run(both, "merge", str(merge_id))

    assert "/operator/people/merges" in status.text
    assert f"{merge_id} waiting" in listed.output
    assert "an application knows both" in listed.output
    assert done.exit_code == 0
    assert number_of_users() == 1
    assert "/operator/people/merges" not in operator.open(f"{both.url}/operator/status").text


def test_a_merge_is_undone_and_both_log_in_anew_as_themselves(
    both: Installation, desktop: BrowserContext
) -> None:
    merge_id = two_known_to_a_shop(both, desktop)
    run(both, "merge", str(merge_id))

    undone = run(both, "undo-merge", str(merge_id))

    assert undone.exit_code == 0
    page = desktop.new_page()
    page.goto(f"{both.url}/account")
    expect(page).to_have_url(re.compile("/login"))
    assert number_of_users() == 2
    again = run(both, "undo-merge", str(merge_id))
    assert again.exit_code == 1
    assert "flask person merges" in again.output


def test_snapshot_visitors_who_share_a_unionid_are_nobody(both: Installation) -> None:
    for _ in range(2):
        both.simulator.fault("/connect/oauth2/authorize", "snapshot", times=1)
        phone = Phone(both.simulator.add_person())
        page = phone.open(f"{both.url}/login")
        assert "使用完整服务" in page.text

    assert number_of_users() == 0
    assert db.session.scalars(select(Identity)).all() == []


def start_adding(page: Page) -> None:
    page.get_by_role("link", name="添加另一个微信").click()
    page.get_by_role("button", name="继续").click()
    expect_status(page, "等待扫码")


def confirm_by(installation: Installation, page: Page, new_phone: NewPhone, person: str) -> Page:
    """Scan what the page shows as a follower, and confirm on the phone."""
    installation.simulator.follow(person, installation.account.appid)
    scanned = installation.simulator.scan(person, read_qr(page))
    phone = new_phone(person, installation.simulator.url).new_page()
    phone.goto(confirm_link(scanned))
    number = read_number(page)
    phone.get_by_role("button", name=number, exact=True).click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("已确认")
    return phone


def test_a_person_adds_a_second_wechat_and_takes_it_away_again(
    both: Installation, desktop: BrowserContext, new_phone: NewPhone
) -> None:
    lin = both.simulator.add_person(nickname="林小满")
    second = both.simulator.add_person(nickname="小满的工作号")
    page = log_in_on_desktop(both, desktop, lin)

    start_adding(page)
    confirm_by(both, page, new_phone, second)

    expect(page.get_by_text("已添加这个微信。")).to_be_visible()
    identities = page.get_by_role("list", name="微信身份").get_by_role("listitem")
    expect(identities).to_have_count(2)
    assert number_of_users() == 1
    log_in_in_wechat(both, second)
    assert number_of_users() == 1

    page.reload()
    identities.filter(has_text="小满的工作号").get_by_role("link", name="移除").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("移除这个微信身份？")
    page.get_by_role("button", name="移除").click()

    expect(page.get_by_text("已移除这个微信身份。")).to_be_visible()
    expect(identities).to_have_count(1)
    expect(page.get_by_role("link", name="移除")).to_have_count(0)
    again = log_in_in_wechat(both, second).open(f"{both.url}/account")
    assert "林小满" not in again.text
    assert number_of_users() == 2


def test_the_phone_is_told_whose_account_it_is_added_to(
    both: Installation, desktop: BrowserContext, new_phone: NewPhone
) -> None:
    lin = both.simulator.add_person(nickname="林小满")
    second = both.simulator.add_person()
    both.simulator.follow(second, both.account.appid)
    page = log_in_on_desktop(both, desktop, lin)
    start_adding(page)

    scanned = both.simulator.scan(second, read_qr(page))
    phone = new_phone(second, both.simulator.url).new_page()
    phone.goto(confirm_link(scanned))

    heading = phone.get_by_role("heading", level=1)
    expect(heading).to_contain_text("把你的微信添加到")
    expect(heading).to_contain_text("林小满")


def test_adding_what_has_an_account_joins_the_two(
    both: Installation, desktop: BrowserContext, new_phone: NewPhone, new_context: NewContext
) -> None:
    hide_unionids(both)
    lin = both.simulator.add_person()
    log_in_in_wechat(both, lin)
    page = log_in_on_desktop(both, desktop, lin)
    assert number_of_users() == 2

    start_adding(page)
    confirm_by(both, page, new_phone, lin)

    expect(page.get_by_text("两个账号已合并成一个。")).to_be_visible()
    assert number_of_users() == 1


def test_a_person_who_logs_out_meanwhile_adds_nothing(
    both: Installation, desktop: BrowserContext, new_phone: NewPhone
) -> None:
    lin, second = both.simulator.add_person(), both.simulator.add_person()
    page = log_in_on_desktop(both, desktop, lin)
    start_adding(page)
    other = desktop.new_page()
    other.goto(f"{both.url}/account")
    other.get_by_role("button", name="退出登录").click()
    expect(other).to_have_url(re.compile("/login"))

    confirm_by(both, page, new_phone, second)

    expect(page.get_by_role("heading", name="登录没有完成")).to_be_visible()
    identities = list(db.session.scalars(select(Identity.user_id)))
    assert len(set(identities)) == len(identities)


def test_no_form_of_another_site_adds_or_takes_away(both: Installation) -> None:
    phone = log_in_in_wechat(both, both.simulator.add_person())

    for path in ("/account/identities/add", "/account/identities/1/remove"):
        foreign = phone.post(f"{both.url}{path}", headers={"Origin": "https://evil.example"})
        without_token = phone.post(f"{both.url}{path}")
        assert (foreign.status_code, without_token.status_code) == (403, 400)


def test_a_stranger_is_sent_to_the_login(both: Installation) -> None:
    for path in ("/account/identities/add", "/account/identities/1/remove"):
        page = Browser().step(f"{both.url}{path}")
        assert page.is_redirect
        assert "/login" in page.headers["Location"]


def test_nobody_is_shown_an_identity_of_somebody_else(both: Installation) -> None:
    theirs = both.simulator.add_person(nickname="别人")
    log_in_in_wechat(both, theirs)
    db.session.rollback()
    identity_id = db.session.scalars(select(Identity.id)).one()
    phone = log_in_in_wechat(both, both.simulator.add_person())

    page = phone.open(f"{both.url}/account/identities/{identity_id}/remove")

    assert page.status_code == 404
    assert "别人" not in page.text


def test_the_last_identity_is_not_offered_to_be_taken_away(both: Installation) -> None:
    phone = log_in_in_wechat(both, both.simulator.add_person())
    db.session.rollback()
    identity_id = db.session.scalars(select(Identity.id)).one()

    page = phone.open(f"{both.url}/account/identities/{identity_id}/remove")

    assert page.status_code == 409
    assert "移除" not in phone.open(f"{both.url}/account").text
