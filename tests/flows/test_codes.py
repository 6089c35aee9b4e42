"""Logging in on a desktop with the code that came to the chat."""

import re

from playwright.sync_api import BrowserContext, expect

from tests.conftest import Installation, Installer
from tests.flows.phones import Browser, Phone


def a_code(installation: Installation, nickname: str = "林小满") -> str:
    person = installation.simulator.add_person(nickname=nickname)
    installation.simulator.follow(person, installation.account.appid)
    Phone(person).open(f"{installation.url}/api/wechat/auth?state=code")
    chat = installation.simulator.chat(person, installation.account.appid)
    found = re.search(r"[1-9][0-9]{5}", chat[-1]["text"])
    assert found, chat
    return found[0]


def wrong(code: str) -> str:
    return str(100_000 + (int(code) - 100_000 + 1) % 900_000)


def test_the_code_from_the_chat_logs_in(
    installation: Installation, desktop: BrowserContext
) -> None:
    code = a_code(installation, nickname="输入验证码的人")
    page = desktop.new_page()
    page.goto(f"{installation.url}/login")
    page.get_by_role("link", name="输入验证码").click()

    page.locator("input[name=code]").fill(code)
    page.keyboard.press("Enter")

    expect(page).to_have_url(f"{installation.url}/account")
    expect(page.get_by_text("输入验证码的人").first).to_be_visible()


def test_a_code_is_good_once(installation: Installation) -> None:
    code = a_code(installation)
    first, second = Browser(), Browser()

    got_in = first.submit(first.open(f"{installation.url}/login/code"), code=code)
    refused = second.submit(second.open(f"{installation.url}/login/code"), code=code)

    assert got_in.url == f"{installation.url}/account"
    assert refused.status_code == 400
    assert "验证码不正确或已失效" in refused.text


def test_wrong_codes_are_refused_alike_and_after_five_the_right_one_too(
    install: Installer,
) -> None:
    installation = install()
    code = a_code(installation)
    browser = Browser()
    page = browser.open(f"{installation.url}/login/code")

    answers = [browser.submit(page, code=wrong(code)) for _ in range(5)]
    last = browser.submit(page, code=code)

    assert {answer.status_code for answer in answers} == {400}
    assert last.status_code == 429
    assert "输错次数太多" in last.text


def test_a_mistyped_code_leaves_the_page_ready_for_the_next_try(
    installation: Installation, desktop: BrowserContext
) -> None:
    code = a_code(installation)
    page = desktop.new_page()
    page.goto(f"{installation.url}/login/code")
    page.locator("input[name=code]").fill(wrong(code))
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("验证码不正确或已失效")
    expect(page).to_have_title(re.compile("^错误："))

    page.locator("input[name=code]").fill(code)
    page.keyboard.press("Enter")

    expect(page).to_have_url(f"{installation.url}/account")


def test_digits_of_other_scripts_are_no_code(installation: Installation) -> None:
    code = a_code(installation)
    browser = Browser()
    fullwidth = "".join(chr(ord(digit) - ord("0") + ord("０")) for digit in code)

    refused = browser.submit(browser.open(f"{installation.url}/login/code"), code=fullwidth)

    assert refused.status_code == 400


def test_one_address_can_try_only_so_many_wrong_codes(install: Installer) -> None:
    installation = install(limit_code_tries="3 per minute")
    answers = []
    for _ in range(5):
        browser = Browser()
        page = browser.open(f"{installation.url}/login/code")
        answers.append(browser.submit(page, code="100000").status_code)

    assert answers == [400, 400, 400, 429, 429]


def test_wrong_codes_from_everywhere_together_are_bounded_too(install: Installer) -> None:
    installation = install(limit_code_tries_all="2 per minute")
    browsers = [Browser() for _ in range(3)]

    answers = [
        browser.submit(browser.open(f"{installation.url}/login/code"), code="100000").status_code
        for browser in browsers
    ]

    assert answers == [400, 400, 429]


def test_the_keyword_in_the_chat_gives_the_code_to_whoever_is_known(
    installation: Installation,
) -> None:
    person = installation.simulator.add_person()
    appid = installation.account.appid
    installation.simulator.follow(person, appid)
    stranger = installation.simulator.send(person, appid, "验证码")
    Phone(person).open(f"{installation.url}/login")

    known = installation.simulator.send(person, appid, "验证码")

    assert "/api/wechat/auth?state=code" in str(stranger["replies"])
    code = re.search(r"验证码：([1-9][0-9]{5})", str(known["replies"]))
    assert code
    browser = Browser()
    page = browser.submit(browser.open(f"{installation.url}/login/code"), code=code[1])
    assert page.url == f"{installation.url}/account"


def test_a_stranger_finds_the_code_on_the_page(installation: Installation) -> None:
    person = installation.simulator.add_person()

    page = Phone(person).open(f"{installation.url}/api/wechat/auth?state=code")

    shown = "".join(re.findall(r"\d", re.sub(r"(?s)<svg.*?</svg>|<[^>]+>", "", page.text)))
    browser = Browser()
    typed = browser.open(f"{installation.url}/login/code")
    candidates = {shown[i : i + 6] for i in range(len(shown) - 5)}
    assert any(
        browser.submit(typed, code=candidate).url.endswith("/account")
        for candidate in sorted(candidates, key=shown.index)[:5]
    )
