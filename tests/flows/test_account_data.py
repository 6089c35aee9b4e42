"""A person takes their data along, and deletes their account."""

import re
from datetime import timedelta

from playwright.sync_api import expect
from sqlalchemy import update

from tests.compat.end_users import Program
from tests.conftest import Installation
from tests.flows.conftest import NewContext
from tests.flows.phones import WECHAT_IOS, Phone
from tests.flows.test_sessions import form_fields, is_logged_in, log_in
from wechatlogin import clock
from wechatlogin.extensions import db
from wechatlogin.models import Session
from wechatlogin.models.transaction import write
from wechatlogin.services import accounts

NARROW = {"width": 390, "height": 844}


def user_id_of(installation: Installation, phone: Phone) -> str | None:
    openid = installation.simulator.openid(str(phone.person), installation.account.appid)
    with installation.app.app_context():
        identity = accounts.get_identity(installation.account.appid, openid)
        user_id = identity.user_id if identity else None
        db.session.remove()
    return user_id


def grow_old(installation: Installation, phone: Phone) -> None:
    """Let the login of this phone be eleven minutes old."""
    earlier = clock.now() - timedelta(minutes=11)
    with installation.app.app_context(), write() as session:
        theirs = update(Session).where(Session.user_id == user_id_of(installation, phone))
        session.execute(theirs.values(auth_time=earlier))


def test_a_person_takes_their_data_along(installation: Installation) -> None:
    phone = log_in(installation)
    page = phone.open(f"{installation.url}/account")

    answer = phone.post(
        f"{installation.url}/account/export",
        data=form_fields(page.text, "/account/export"),
        timeout=20,
    )

    told = answer.json()
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert told["person"]["id"] == user_id_of(installation, phone)
    assert phone.cookies["wechatlogin-session"] not in answer.text


def test_nobody_exports_or_deletes_without_a_login_or_from_another_site(
    installation: Installation,
) -> None:
    phone, stranger = log_in(installation), Phone("lin")
    page = phone.open(f"{installation.url}/account/delete")
    fields = form_fields(page.text, "/account/delete")

    for path in ("/account/export", "/account/delete"):
        url = installation.url + path
        assert stranger.post(url, timeout=20).status_code == 400
        assert phone.post(url, timeout=20).status_code == 400
        crossed = {"Sec-Fetch-Site": "cross-site"}
        assert phone.post(url, data=fields, headers=crossed, timeout=20).status_code == 403

    assert is_logged_in(phone, installation)


def test_a_login_of_long_ago_is_not_enough_to_delete(installation: Installation) -> None:
    phone = log_in(installation)
    former = user_id_of(installation, phone)
    fields = form_fields(phone.open(f"{installation.url}/account/delete").text, "/account/delete")
    grow_old(installation, phone)

    refused = phone.post(f"{installation.url}/account/delete", data=fields, timeout=20)

    assert "请先再登录一次" in refused.text
    assert user_id_of(installation, phone) == former
    again = phone.open(f"{installation.url}/login?prompt=login&next=/account/delete")
    assert again.url == f"{installation.url}/account/delete"
    deleted = phone.submit(again)
    assert deleted.url == f"{installation.url}/account/deleted"
    assert user_id_of(installation, phone) is None


def test_a_deleted_person_is_out_everywhere_and_comes_back_as_somebody_new(
    installation: Installation,
) -> None:
    person = installation.simulator.add_person()
    program, elsewhere = Program(installation), log_in(installation, person)
    tokens, phone = program.tokens(person), log_in(installation, person)
    former = user_id_of(installation, phone)

    deleted = phone.submit(phone.open(f"{installation.url}/account/delete"))

    assert "账号已删除" in deleted.text
    assert not is_logged_in(phone, installation)
    assert not is_logged_in(elsewhere, installation)
    assert program.user(tokens.access)["code"] != 200
    assert program.refresh(tokens.refresh)["code"] != 200
    assert user_id_of(installation, phone) is None
    assert user_id_of(installation, log_in(installation, person)) not in {None, former}


def test_on_a_phone_the_account_goes_in_three_taps(
    installation: Installation, new_context: NewContext
) -> None:
    person = installation.simulator.add_person()
    context = new_context(viewport=NARROW, user_agent=WECHAT_IOS, is_mobile=True)
    simulated = {"name": "simulator_person", "value": person, "url": installation.simulator.url}
    context.add_cookies([simulated])  # type: ignore[list-item]
    page = context.new_page()
    page.goto(f"{installation.url}/login?next=/account")

    page.get_by_role("button", name="允许").click()
    page.get_by_role("link", name=re.compile("删除账号")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("删除账号？")
    page.get_by_role("button", name="删除账号").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("账号已删除")
    page.goto(f"{installation.url}/account")
    expect(page).not_to_have_url(f"{installation.url}/account/deleted")
    assert user_id_of(installation, Phone(person)) is None
