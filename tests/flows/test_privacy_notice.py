"""The privacy notice: nobody is logged in, in any way, before they agreed to it."""

import re
from collections.abc import Callable
from urllib.parse import urljoin

import pytest
import requests
from playwright.sync_api import BrowserContext, expect

from tests.conftest import Installation, Installer
from tests.flows.desktops import confirm_link, expect_account, open_login, read_number, read_qr
from tests.flows.phones import HIDDEN_FIELD, Browser, Phone
from tests.oidc.programs import Answer, Program
from wechatlogin import clock
from wechatlogin.extensions import db
from wechatlogin.models import AuditEntry, AuditTag, Identity, User
from wechatlogin.services import audit, privacy_notices
from wechatlogin.services.privacy_notices import NewNotice

NewPhone = Callable[[str, str], BrowserContext]

TEXT = "我们保存你的微信昵称和头像。\n\n详情见 https://example.com/privacy。"


def publish(installation: Installation, text: str = TEXT, *, asks_anew: bool = False) -> int:
    with installation.app.app_context():
        new = NewNotice(text, "We keep your name and picture.", asks_anew=asks_anew)
        version = privacy_notices.publish(new, by=audit.COMMAND_LINE, now=clock.now()).version
        db.session.remove()
    return version


@pytest.fixture(scope="module")
def asking(install: Installer) -> Installation:
    """An installation whose owner has written a privacy notice."""
    installation = install()
    publish(installation)
    return installation


def get_user(installation: Installation, person: str) -> User | None:
    openid = installation.simulator.openid(person, installation.account.appid)
    with installation.app.app_context():
        query = db.select(User).join(Identity).where(Identity.openid == openid)
        user: User | None = db.session.scalar(query)
        db.session.remove()
    return user


def tags_of(installation: Installation, user: User | None) -> list[str]:
    assert user is not None
    with installation.app.app_context():
        query = db.select(AuditEntry.tag).where(AuditEntry.user_id == user.id)
        tags = list(db.session.scalars(query))
        db.session.remove()
    return tags


def is_logged_in(browser: Browser, installation: Installation) -> bool:
    page = browser.step(f"{installation.url}/account")
    assert page.status_code in {200, 302}, page.text
    return page.status_code == 200


def test_where_there_is_no_notice_nobody_is_asked_and_no_page_names_it(
    installation: Installation,
) -> None:
    page = Phone("lin").open(f"{installation.url}/login")

    assert page.url == f"{installation.url}/account"
    assert "隐私须知" not in page.text
    assert Browser().open(f"{installation.url}/privacy").status_code == 404


def test_everybody_reads_the_notice_in_their_language(asking: Installation) -> None:
    page = Browser().open(f"{asking.url}/privacy")
    english = Browser().open(f"{asking.url}/privacy?lang=en")

    assert "我们保存你的微信昵称和头像。" in page.text
    assert '<a href="https://example.com/privacy" rel="noreferrer noopener">' in page.text
    assert "We keep your name and picture." in english.text
    assert 'href="/privacy"' in Browser().open(f"{asking.url}/help").text


def test_whoever_is_new_agrees_in_wechat_and_is_logged_in(asking: Installation) -> None:
    person = asking.simulator.add_person()
    phone = Phone(person)

    page = phone.open(f"{asking.url}/login?next=/help")
    assert page.url.endswith("/notice")
    assert not is_logged_in(phone, asking)
    page = phone.submit(page, decision="agree")

    assert page.url == f"{asking.url}/help"
    assert is_logged_in(phone, asking)
    user = get_user(asking, person)
    assert user is not None
    assert user.notice_version == 1
    assert AuditTag.NOTICE_ACCEPTED in tags_of(asking, user)


def test_whoever_has_agreed_is_not_asked_again(asking: Installation) -> None:
    person = asking.simulator.add_person()
    phone, other = Phone(person), Phone(person)
    phone.submit(phone.open(f"{asking.url}/login"), decision="agree")

    assert other.open(f"{asking.url}/login").url == f"{asking.url}/account"


def test_only_a_version_that_says_so_asks_everybody_anew(install: Installer) -> None:
    installation = install()
    publish(installation)
    person = installation.simulator.add_person()
    phone = Phone(person)
    phone.submit(phone.open(f"{installation.url}/login"), decision="agree")

    publish(installation, "换了几个字。")
    assert Phone(person).open(f"{installation.url}/login").url == f"{installation.url}/account"

    version = publish(installation, "我们还保存地区。", asks_anew=True)
    page = Phone(person).open(f"{installation.url}/login")
    assert page.url.endswith("/notice")
    assert "我们还保存地区。" in page.text
    assert f'name="notice" value="{version}"' in page.text
    # Who is logged in stays so.
    assert is_logged_in(phone, installation)


def test_whoever_refuses_is_not_logged_in_and_may_begin_anew(asking: Installation) -> None:
    person = asking.simulator.add_person()
    phone = Phone(person)
    asked = phone.open(f"{asking.url}/login")

    refused = phone.submit(asked, decision="refuse")

    assert refused.status_code == 403
    assert "你没有同意隐私须知" in refused.text
    assert not is_logged_in(phone, asking)
    agreed_late = phone.submit(asked, decision="agree")
    assert agreed_late.status_code in {404, 409}
    assert not is_logged_in(phone, asking)
    assert AuditTag.NOTICE_REFUSED in tags_of(asking, get_user(asking, person))
    assert phone.open(f"{asking.url}/login").url.endswith("/notice")


def test_no_way_past_the_notice_logs_anybody_in(asking: Installation) -> None:
    phone = Phone(asking.simulator.add_person())
    callback = phone.until(f"{asking.url}/login", "/api/wechat/auth?code=")
    asked = phone.open(callback)
    attempt_url = asked.url.removesuffix("/notice")

    by_script = phone.post(f"{attempt_url}/claim", headers={"X-Requested-With": "wechatlogin"})
    again = phone.open(callback)
    outdated = phone.submit(asked, decision="agree", notice="0")
    unknown = phone.submit(asked, decision="agree", notice="999")
    unsaid = phone.submit(asked, decision="agree", notice="")

    assert by_script.json() == {"redirect": asked.url.removeprefix(asking.url)}
    assert {page.url for page in (again, outdated, unknown, unsaid)} == {asked.url}
    assert not is_logged_in(phone, asking)


def test_another_browser_cannot_agree_for_somebody(asking: Installation) -> None:
    phone, other = Phone(asking.simulator.add_person()), Browser()
    asked = phone.open(f"{asking.url}/login")
    other.open(f"{asking.url}/login/code")

    seen = other.get(asked.url)
    agreed = other.submit(asked, decision="agree")

    assert seen.status_code == 404
    assert agreed.status_code in {400, 404}
    assert not is_logged_in(phone, asking)
    assert not is_logged_in(other, asking)


def test_the_result_page_with_its_code_comes_after_the_notice(asking: Installation) -> None:
    person = asking.simulator.add_person()
    asking.simulator.follow(person, asking.account.appid)
    phone = Phone(person)

    asked = phone.open(f"{asking.url}/api/wechat/auth?state=code")
    before = asking.simulator.chat(person, asking.account.appid)
    page = phone.submit(asked, decision="agree")

    assert asked.url.endswith("/notice")
    assert not any(re.search(r"[1-9][0-9]{5}", message["text"]) for message in before)
    assert "验证码已发送到微信" in page.text


def test_a_code_is_typed_below_the_notice(asking: Installation) -> None:
    person = asking.simulator.add_person()
    asking.simulator.follow(person, asking.account.appid)
    phone, desktop = Phone(person), Browser()
    phone.submit(phone.open(f"{asking.url}/api/wechat/auth?state=code"), decision="agree")

    page = desktop.open(f"{asking.url}/login/code")

    assert "即表示你已阅读并同意" in page.text


def test_a_scan_is_confirmed_by_agreeing(
    asking: Installation, desktop: BrowserContext, new_phone: NewPhone
) -> None:
    page = open_login(desktop, asking.url)
    person = asking.simulator.add_person()
    asking.simulator.follow(person, asking.account.appid)

    phone = new_phone(person, asking.simulator.url).new_page()
    phone.goto(confirm_link(asking.simulator.scan(person, read_qr(page))))
    expect(phone.get_by_text("即表示你已阅读并同意")).to_be_visible()
    phone.get_by_role("button", name=read_number(page), exact=True).click()

    expect_account(page, asking)
    user = get_user(asking, person)
    assert user is not None
    assert user.notice_version == 1


def test_a_program_is_told_that_its_person_refused(asking: Installation) -> None:
    program, phone = Program(asking), Phone(asking.simulator.add_person())
    asked = phone.open(program.url())

    answered = answer(phone, asked, program, decision="refuse")

    assert answered["error"] == "access_denied"
    assert answered["state"] == "the state of the program"


def test_a_program_gets_its_person_once_they_agreed(asking: Installation) -> None:
    program, phone = Program(asking), Phone(asking.simulator.add_person())
    asked = phone.open(program.url())

    answered = answer(phone, asked, program, decision="agree")

    assert program.exchange(answered["code"]).json()["id_token"]


def test_nobody_else_can_end_a_programs_request(asking: Installation) -> None:
    program = Program(asking)
    phone, other = Phone(asking.simulator.add_person()), Phone(asking.simulator.add_person())
    asked = phone.open(program.url())
    refused_by_phone = asked.url.split("/")[-2]
    waiting = other.until(program.url(), "/oidc/auth/")

    page = other.open(f"{waiting}?refused={refused_by_phone}")

    assert page.url.endswith("/notice")


def answer(phone: Phone, asked: requests.Response, program: Program, *, decision: str) -> Answer:
    """Answer the notice, and return what the browser brings back to the program."""
    fields = dict(re.findall(HIDDEN_FIELD, asked.text))
    answered = phone.post(
        asked.url, data={**fields, "decision": decision}, allow_redirects=False, timeout=20
    )
    url = urljoin(asked.url, answered.headers["Location"])
    return Answer(phone.until(url, program.redirect_uri))
