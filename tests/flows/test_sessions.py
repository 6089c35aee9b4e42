"""Being logged in: the server decides, and logging out is real."""

import re

import pytest

from tests.conftest import Installation
from tests.flows.phones import Phone


def log_in(installation: Installation, person: str | None = None) -> Phone:
    phone = Phone(person or installation.simulator.add_person())
    page = phone.open(f"{installation.url}/login")
    assert page.url == f"{installation.url}/account"
    return phone


def is_logged_in(phone: Phone, installation: Installation) -> bool:
    return phone.step(f"{installation.url}/account").status_code == 200


def form_fields(text: str, action: str) -> dict[str, str]:
    form = re.search(rf'(?s)<form[^>]*action="{re.escape(action)}".*?</form>', text)
    assert form, f"no form to {action}"
    return dict(
        re.findall(r'<input[^>]*type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"', form[0])
    )


def test_logging_out_ends_the_session_for_a_kept_cookie_too(installation: Installation) -> None:
    phone = log_in(installation)
    kept = dict(phone.cookies)
    page = phone.open(f"{installation.url}/account")

    phone.post(f"{installation.url}/logout", data=form_fields(page.text, "/logout"), timeout=10)

    thief = Phone("lin")
    thief.cookies.update(kept)
    assert not is_logged_in(phone, installation)
    assert not is_logged_in(thief, installation)


def test_logging_out_takes_a_form_of_ours(installation: Installation) -> None:
    phone = log_in(installation)

    assert phone.step(f"{installation.url}/logout").status_code == 405
    assert phone.post(f"{installation.url}/logout", timeout=10).status_code == 400
    page = phone.open(f"{installation.url}/account")
    crossed = phone.post(
        f"{installation.url}/logout",
        data=form_fields(page.text, "/logout"),
        headers={"Sec-Fetch-Site": "cross-site"},
        timeout=10,
    )

    assert crossed.status_code == 403
    assert is_logged_in(phone, installation)


def test_the_account_page_names_a_browser_in_its_own_language(installation: Installation) -> None:
    phone = log_in(installation)

    in_chinese = phone.open(f"{installation.url}/account").text
    in_english = phone.open(f"{installation.url}/account?lang=en").text

    assert "iPhone · 微信" in in_chinese
    assert "iPhone · WeChat" in in_english


def test_the_account_page_ends_any_of_the_persons_sessions(installation: Installation) -> None:
    person = installation.simulator.add_person()
    here, there = log_in(installation, person), log_in(installation, person)
    page = here.open(f"{installation.url}/account")
    actions = re.findall(r'action="(/account/sessions/[^"]+/end)"', page.text)
    assert len(actions) == 2
    own = re.search(r'(?s)这个浏览器.*?action="([^"]+)"', page.text)
    assert own
    other = next(action for action in actions if action != own[1])

    here.post(installation.url + other, data=form_fields(page.text, other), timeout=10)

    assert is_logged_in(here, installation)
    assert not is_logged_in(there, installation)


def test_nobody_ends_the_session_of_somebody_else(installation: Installation) -> None:
    mine, theirs = log_in(installation), log_in(installation)
    their_page = theirs.open(f"{installation.url}/account").text
    target = re.findall(r'action="(/account/sessions/[^"]+/end)"', their_page)[0]
    my_page = mine.open(f"{installation.url}/account").text
    fields = form_fields(my_page, "/logout")

    mine.post(installation.url + target, data=fields, timeout=10)

    assert is_logged_in(theirs, installation)


def test_a_login_gives_a_new_key(installation: Installation) -> None:
    person = installation.simulator.add_person()
    phone = log_in(installation, person)
    before = phone.cookies["wechatlogin-session"]
    fixed = Phone(person)
    fixed.cookies.set("wechatlogin-session", "chosen-by-an-attacker", domain="127.0.0.1")

    fixed.open(f"{installation.url}/login")

    values = [cookie.value for cookie in fixed.cookies if cookie.name == "wechatlogin-session"]
    assert before not in values
    assert is_logged_in(fixed, installation)


@pytest.mark.parametrize("value", ["", "x", "é", "a" * 5000, "../../etc/passwd", "' OR 1=1 --"])
def test_an_odd_session_cookie_is_nobody(installation: Installation, value: str) -> None:
    phone = Phone("lin")
    headers = {"Cookie": f"wechatlogin-session={value}".encode().decode("latin-1")}

    answer = phone.get(
        f"{installation.url}/account", headers=headers, allow_redirects=False, timeout=10
    )

    assert answer.status_code == 302
