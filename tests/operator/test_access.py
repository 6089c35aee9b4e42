"""The operators' way in and out."""

from playwright.sync_api import BrowserContext, expect

from tests.conftest import OPERATOR_PASSWORD, Installation, Installer
from tests.flows.phones import Browser, Phone


def test_an_operator_logs_in_and_sees_whether_login_works(
    installation: Installation, desktop: BrowserContext
) -> None:
    Phone("lin").open(f"{installation.url}/login")
    page = desktop.new_page()
    page.goto(f"{installation.url}/operator/status")
    page.get_by_label("用户名").fill("operator")
    page.get_by_label("密码").fill(OPERATOR_PASSWORD)
    page.keyboard.press("Enter")

    expect(page).to_have_url(f"{installation.url}/operator/status")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_text("晨光书店").first).to_be_visible()


def test_a_wrong_name_and_a_wrong_password_look_the_same(installation: Installation) -> None:
    browser = Browser()
    page = browser.open(f"{installation.url}/operator/login")

    answers = [
        browser.submit(page, name="operator", password="wrong"),
        browser.submit(page, name="nobody", password="wrong"),
    ]

    assert [answer.status_code for answer in answers] == [401, 401]
    assert all("用户名或密码不正确" in answer.text for answer in answers)
    # What was typed is not lost.
    assert 'value="operator"' in answers[0].text


def test_wrong_passwords_are_throttled(install: Installer) -> None:
    installation = install(limit_operator="2 per minute")
    browser = Browser()
    page = browser.open(f"{installation.url}/operator/login")

    answers = [
        browser.submit(page, name="operator", password="wrong").status_code for _ in range(3)
    ]

    assert answers == [401, 401, 429]


def test_a_persons_session_opens_no_operators_page(installation: Installation) -> None:
    phone = Phone("lin")
    phone.open(f"{installation.url}/login")
    phone.cookies.set("wechatlogin-operator", phone.cookies["wechatlogin-session"])

    page = phone.open(f"{installation.url}/operator/status")

    assert page.url == f"{installation.url}/operator/login?next=/operator/status"


def test_logging_out_ends_the_operators_session(installation: Installation) -> None:
    browser = Browser()
    page = browser.open(f"{installation.url}/operator/login")
    status = browser.submit(page, name="operator", password=OPERATOR_PASSWORD)
    kept = browser.cookies["wechatlogin-operator"]

    browser.submit(status)

    thief = Browser()
    thief.cookies.set("wechatlogin-operator", kept)
    assert "/operator/login?" in thief.open(f"{installation.url}/operator/status").url
