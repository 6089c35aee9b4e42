"""An application that is not the owner's asks to know somebody: permitted, widened, taken back."""

import re
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import BrowserContext, Page, expect

from tests.conftest import Installation, Installer
from tests.flows.desktops import confirm_link, expect_status, read_number, read_qr
from tests.flows.phones import Phone
from tests.flows.program_pages import ProgramPages
from tests.oidc.programs import Answer, Program, a_phone

NewPhone = Callable[[str, str], BrowserContext]

TIMEOUT = 20
ALL = "openid profile email offline_access wechat"


@pytest.fixture(scope="module")
def pages() -> Iterator[ProgramPages]:
    running = ProgramPages()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def generous(install: Installer) -> Installation:
    """A service of its own, since one person comes here many times."""
    return install()


@pytest.fixture
def program(generous: Installation, pages: ProgramPages) -> Program:
    scopes = tuple(ALL.split())
    uris = (pages.back,)
    return Program(generous, is_first_party=False, redirect_uris=uris, scopes=scopes)


def ask(program: Program, phone: Phone, scope: str = "openid profile") -> requests.Response:
    """Open what the program sends a browser to, as far as our question."""
    page = phone.open(program.url(scope=scope))
    assert is_question(page), page.url
    return page


def is_question(page: requests.Response) -> bool:
    return urlsplit(page.url).path.startswith("/oidc/auth/") and 'value="allow"' in page.text


def allow(program: Program, phone: Phone, scope: str = "openid profile") -> Answer:
    return Answer(phone.submit(ask(program, phone, scope), decision="allow").url)


def log_in(program: Program, phone: Phone, scope: str) -> dict[str, str]:
    tokens: dict[str, str] = program.exchange(allow(program, phone, scope)["code"]).json()
    return tokens


def account(program: Program, phone: Phone) -> str:
    return phone.open(f"{program.installation.url}/account").text


def revoke(program: Program, phone: Phone, client_id: str) -> requests.Response:
    """Take a consent back, as the account page leads to it."""
    url = program.installation.url
    return phone.submit(phone.open(f"{url}/account/applications/{client_id}/revoke"))


def scan(installation: Installation, page: Page, new_phone: NewPhone, nickname: str) -> None:
    """Let somebody new scan what the desktop shows, and confirm."""
    person = installation.simulator.add_person(nickname=nickname)
    installation.simulator.follow(person, installation.account.appid)
    expect_status(page, "等待扫码")
    scanned = installation.simulator.scan(person, read_qr(page))
    phone = new_phone(person, installation.simulator.url).new_page()
    phone.goto(confirm_link(scanned))
    phone.get_by_role("button", name=read_number(page), exact=True).click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("已确认")


def on_phone(installation: Installation, new_phone: NewPhone) -> Page:
    """Open WeChat of somebody new, who has let the service know name and picture."""
    person = installation.simulator.add_person(nickname="林小满")
    phone = new_phone(person, installation.simulator.url).new_page()
    phone.goto(f"{installation.url}/login")
    phone.get_by_role("button", name="允许").click()
    expect(phone).to_have_url(f"{installation.url}/account")
    return phone


def test_a_stranger_is_asked_once_and_remembered(program: Program) -> None:
    phone = a_phone(program.installation)

    answer = allow(program, phone)
    again = program.authorize(phone, scope="openid profile")

    assert program.exchange(answer["code"]).ok
    assert program.exchange(again["code"]).ok


def test_the_question_says_who_asks_whom_for_what_and_where_it_leads(program: Program) -> None:
    phone = a_phone(program.installation)

    page = ask(program, phone, ALL).text

    shown = re.sub(r"<[^>]+>", " ", page)
    assert "允许「林记书店」知道你是谁？" in shown
    assert f"之后会回到 {urlsplit(program.redirect_uri).netloc}" in shown
    for words in ("林小满", "微信昵称和头像", "代用邮箱", "你的微信编号", "保持登录"):
        assert words in shown
    assert "换一个微信" not in shown


def test_an_application_without_an_email_does_not_ask_for_one(
    generous: Installation, pages: ProgramPages
) -> None:
    uris = (pages.back,)
    program = Program(generous, is_first_party=False, redirect_uris=uris, email_template=None)

    page = ask(program, a_phone(generous), "openid email").text

    assert "认出你" in page
    assert "代用邮箱" not in page


def test_who_refuses_is_reported_as_that_and_asked_again(program: Program) -> None:
    phone = a_phone(program.installation)

    answer = Answer(phone.submit(ask(program, phone), decision="refuse").url)

    assert answer["error"] == "access_denied"
    assert answer["state"] == "the state of the program"
    assert answer.get("code") is None
    assert ask(program, phone)


@pytest.mark.parametrize("decision", ["", "yes", "ALLOW"], ids=["none", "another", "capitals"])
def test_nothing_but_a_clear_yes_permits(program: Program, decision: str) -> None:
    phone = a_phone(program.installation)

    answer = Answer(phone.submit(ask(program, phone), decision=decision).url)

    assert answer["error"] == "access_denied"


def test_an_answer_takes_a_form_of_ours(program: Program) -> None:
    phone = a_phone(program.installation)
    page = ask(program, phone)

    without = phone.post(
        page.url, data={"decision": "allow"}, allow_redirects=False, timeout=TIMEOUT
    )

    assert without.status_code == 400
    assert ask(program, phone)


def test_an_answer_counts_for_whom_the_page_has_asked_alone(program: Program) -> None:
    phone, other = a_phone(program.installation), a_phone(program.installation, "陈一苇")
    page = ask(program, phone)
    phone.person = other.person
    phone.open(f"{program.installation.url}/login?prompt=login")

    again = phone.submit(page, decision="allow")

    assert "陈一苇" in again.text
    assert "知道你是谁" in again.text


def test_a_wider_scope_is_asked_for_and_a_narrower_one_is_not(program: Program) -> None:
    phone = a_phone(program.installation)
    allow(program, phone, "openid profile")

    narrower = program.authorize(phone, scope="openid")
    page = ask(program, phone, "openid profile email")

    assert narrower["code"]
    assert "代用邮箱" in page.text


def test_a_program_that_may_not_ask_is_told_to(program: Program) -> None:
    phone = a_phone(program.installation)
    allow(program, phone, "openid")

    silent = program.authorize(phone, scope="openid profile", prompt="none")
    asked_again = phone.open(program.url(scope="openid", prompt="consent"))

    assert silent["error"] == "consent_required"
    assert is_question(asked_again)


def test_one_application_permitted_is_no_other(program: Program, pages: ProgramPages) -> None:
    phone = a_phone(program.installation)
    allow(program, phone)

    uris = (pages.back,)
    other = Program(program.installation, is_first_party=False, redirect_uris=uris, name="论坛")

    assert "允许「论坛」知道你是谁？" in ask(other, phone).text


def test_the_account_page_says_who_knows_one_and_nothing_where_nobody_does(
    program: Program,
) -> None:
    phone = a_phone(program.installation)
    phone.open(f"{program.installation.url}/login")
    before = account(program, phone)

    log_in(program, phone, "openid profile email offline_access")
    after = account(program, phone)

    assert "知道你的应用" not in before
    assert "知道你的应用" in after
    assert "微信昵称和头像 · 代用邮箱 · 保持登录" in after
    # What the program holds is no browser.
    assert after.count("/end") == before.count("/end") == 1


def test_taking_it_back_ends_all_that_the_program_holds_and_it_asks_again(
    program: Program,
) -> None:
    phone = a_phone(program.installation)
    tokens = log_in(program, phone, "openid profile offline_access")
    assert program.userinfo(tokens["access_token"]).ok

    page = revoke(program, phone, program.client_id)

    assert "已收回许可。" in page.text
    assert "知道你的应用" not in page.text
    assert program.userinfo(tokens["access_token"]).status_code == 401
    assert program.introspect(tokens["access_token"]) == {"active": False}
    assert program.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    # The browser itself is still logged in, and is asked.
    assert ask(program, phone, "openid profile")


def test_a_code_that_was_given_before_is_worth_nothing_afterwards(program: Program) -> None:
    phone = a_phone(program.installation)
    answer = allow(program, phone)

    revoke(program, phone, program.client_id)

    assert program.exchange(answer["code"]).json()["error"] == "invalid_grant"


def test_nobody_takes_back_what_somebody_else_permitted(program: Program) -> None:
    lin, wang = a_phone(program.installation), a_phone(program.installation, "王")
    tokens = log_in(program, lin, "openid")
    wang.open(f"{program.installation.url}/login")
    account_url = f"{program.installation.url}/account"

    asked = wang.open(f"{account_url}/applications/{program.client_id}/revoke")
    fields = {"csrf_token": re.findall(r'name="csrf_token" value="([^"]+)"', asked.text)[0]}
    wang.post(
        f"{account_url}/applications/{program.client_id}/revoke", data=fields, timeout=TIMEOUT
    )

    assert asked.url == account_url
    assert program.userinfo(tokens["access_token"]).ok
    assert program.authorize(lin, scope="openid")["code"]


def test_taking_it_back_needs_a_login_and_a_form_of_ours(program: Program) -> None:
    phone = a_phone(program.installation)
    tokens = log_in(program, phone, "openid")
    url = f"{program.installation.url}/account/applications/{program.client_id}/revoke"

    assert phone.post(url, timeout=TIMEOUT).status_code == 400
    assert Phone("nobody").step(url).status_code == 302
    assert program.userinfo(tokens["access_token"]).ok


def test_a_person_permits_and_takes_back_in_a_real_browser(
    program: Program, new_phone: NewPhone
) -> None:
    phone = on_phone(program.installation, new_phone)
    violations: list[str] = []
    phone.on("console", lambda message: violations.append(message.text))

    phone.goto(program.url(scope="openid profile"))
    expect(phone.get_by_role("heading", level=1)).to_have_text("允许「林记书店」知道你是谁？")
    expect(phone.get_by_text("林小满")).to_be_visible()
    phone.get_by_role("button", name="允许", exact=True).click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("welcome")

    phone.goto(program.url(scope="openid profile"))
    expect(phone.get_by_role("heading", level=1)).to_have_text("welcome")

    phone.goto(f"{program.installation.url}/account")
    phone.get_by_role("link", name="收回 林记书店").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("收回给「林记书店」的许可？")
    phone.get_by_role("button", name="收回").click()
    expect(phone.get_by_role("status")).to_have_text("已收回许可。")

    phone.goto(program.url(scope="openid profile"))
    phone.get_by_role("button", name="拒绝", exact=True).click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("access_denied")
    assert [text for text in violations if "Content Security Policy" in text] == []


def test_on_a_desktop_another_wechat_answers_instead(
    program: Program, desktop: BrowserContext, new_phone: NewPhone
) -> None:
    installation = program.installation
    page = desktop.new_page()
    page.goto(program.url(scope="openid"))
    scan(installation, page, new_phone, "林小满")
    expect(page.get_by_text("你现在的微信身份")).to_be_visible()

    page.get_by_role("link", name="换一个微信").click()
    expect_status(page, "等待扫码")
    scan(installation, page, new_phone, "王小明")

    expect(page.get_by_role("heading", level=1)).to_have_text("允许「林记书店」知道你是谁？")
    page.get_by_role("button", name="允许", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("welcome")
