"""Login in WeChat's own browser: there, back, and everything that goes wrong on the way."""

import re
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from tests.conftest import Installation, Installer
from tests.flows.phones import Browser, Phone

RETURN = "/api/wechat/auth?code="


def auth(installation: Installation, state: str = "default") -> str:
    return f"{installation.url}/api/wechat/auth?state={state}"


def exchanges(installation: Installation) -> int:
    calls = installation.simulator.calls("/sns/oauth2/access_token")
    return len([call for call in calls if call["appid"] == installation.account.appid])


def test_wechat_is_asked_exactly_as_documented(installation: Installation) -> None:
    answer = Phone("lin").step(auth(installation))

    location = answer.headers["Location"]
    state = parse_qs(urlsplit(location).query)["state"][0]
    redirect_uri = quote(f"{installation.url}/api/wechat/auth", safe="")
    assert answer.status_code == 302
    assert location == (
        f"{installation.simulator.url}/connect/oauth2/authorize?appid={installation.account.appid}"
        f"&redirect_uri={redirect_uri}&response_type=code&scope=snsapi_userinfo&state={state}"
        "&connect_redirect=1#wechat_redirect"
    )
    assert re.fullmatch(r"[0-9A-Za-z]{22,128}", state)


def test_login_ends_on_the_account_page(installation: Installation) -> None:
    phone = Phone(installation.simulator.add_person(nickname="林小满"))

    page = phone.open(f"{installation.url}/login")

    assert page.url == f"{installation.url}/account"
    assert "林小满" in page.text


def test_login_goes_on_to_a_page_of_our_own(installation: Installation) -> None:
    page = Phone("lin").open(f"{installation.url}/login?next=/help%23code")

    assert page.url.startswith(f"{installation.url}/help")


@pytest.mark.parametrize(
    "next_path",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example/",
        "///evil.example",
        "javascript:x",
    ],
)
def test_login_goes_nowhere_else(installation: Installation, next_path: str) -> None:
    page = Phone("lin").open(f"{installation.url}/login?next={quote(next_path, safe='')}")

    assert page.url == f"{installation.url}/account"


def test_any_other_state_ends_on_the_success_page(installation: Installation) -> None:
    page = Phone("lin").open(auth(installation))

    assert page.status_code == 200
    assert "授权成功" in page.text


def test_a_follower_gets_the_code_as_a_template_message(installation: Installation) -> None:
    person = installation.simulator.add_person()
    installation.simulator.follow(person, installation.account.appid)

    page = Phone(person).open(auth(installation, "code"))

    chat = installation.simulator.chat(person, installation.account.appid)
    sent = [message for message in chat if message["kind"] == "template"]
    assert "验证码已发送到微信" in page.text
    assert len(sent) == 1
    code = re.search(r"[1-9][0-9]{5}", sent[0]["text"])
    assert code
    assert code[0] not in page.text


def test_without_a_template_the_code_comes_as_a_customer_message(install: Installer) -> None:
    plain = install(template=False)
    person = plain.simulator.add_person()
    plain.simulator.follow(person, plain.account.appid)

    page = Phone(person).open(auth(plain, "code"))

    chat = plain.simulator.chat(person, plain.account.appid)
    sent = [message for message in chat if message["kind"] == "custom"]
    assert "验证码已发送到微信" in page.text
    assert len(sent) == 1
    assert re.search(r"验证码：[1-9][0-9]{5}，30 分钟内有效", sent[0]["text"])


def test_a_stranger_is_shown_the_code_with_the_reason_and_the_account_to_follow(
    installation: Installation,
) -> None:
    person = installation.simulator.add_person()

    page = Phone(person).open(auth(installation, "code"))

    assert "你还没有关注公众号" in page.text
    assert re.search(r"[1-9](\s*<[^>]+>)?\s*[0-9]", page.text)
    assert "<svg" in page.text
    assert installation.simulator.chat(person, installation.account.appid) == []


def test_asking_for_the_code_twice_sends_one_message(installation: Installation) -> None:
    person = installation.simulator.add_person()
    installation.simulator.follow(person, installation.account.appid)
    phone = Phone(person)
    phone.open(auth(installation, "code"))

    page = phone.open(auth(installation, "code"))

    chat = installation.simulator.chat(person, installation.account.appid)
    assert "验证码已发送到微信" in page.text
    assert len([message for message in chat if message["kind"] == "template"]) == 1


def test_whoever_follows_after_all_is_sent_the_code(installation: Installation) -> None:
    person = installation.simulator.add_person()
    phone = Phone(person)
    phone.open(auth(installation, "code"))
    installation.simulator.follow(person, installation.account.appid)

    page = phone.open(auth(installation, "code"))

    chat = installation.simulator.chat(person, installation.account.appid)
    assert "验证码已发送到微信" in page.text
    assert [message["kind"] for message in chat if message["kind"] == "template"]


def test_outside_wechat_the_page_says_how_to_open_it_there(installation: Installation) -> None:
    page = Browser().open(auth(installation, "code"))

    assert page.status_code == 200
    assert f"{installation.url}/api/wechat/auth?state=code" in page.text
    assert "<svg" in page.text


def test_outside_wechat_a_program_is_told_4001(installation: Installation) -> None:
    browser = Browser()
    browser.headers["Accept"] = "application/json"

    answer = browser.step(auth(installation))

    assert answer.json()["code"] == 4001


def test_the_same_callback_again_shows_the_same_page(installation: Installation) -> None:
    phone = Phone(installation.simulator.add_person())
    callback = phone.until(auth(installation), RETURN)
    before = exchanges(installation)

    pages = [phone.open(callback), phone.open(callback)]

    assert ["授权成功" in page.text for page in pages] == [True, True]
    assert exchanges(installation) == before + 1


def test_two_callbacks_with_two_codes_end_in_one_login(installation: Installation) -> None:
    person = installation.simulator.add_person()
    phone = Phone(person)
    authorize = phone.step(f"{installation.url}/login").headers["Location"]
    callbacks = [phone.until(authorize, RETURN) for _ in range(2)]
    assert callbacks[0] != callbacks[1]
    before = exchanges(installation)

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(phone.step, callbacks))

    assert [answer.status_code for answer in answers] == [302, 302]
    assert {answer.headers["Location"] for answer in answers} == {"/account"}
    assert exchanges(installation) == before + 1
    assert (
        phone.open(f"{installation.url}/account").text.count(
            '<form method="post" action="/account/sessions'
        )
        == 1
    )


def test_a_refused_consent_is_answered_in_words(installation: Installation) -> None:
    phone = Phone("lin")
    authorize = phone.step(auth(installation)).headers["Location"]
    state = parse_qs(urlsplit(authorize).query)["state"][0]

    page = phone.open(f"{installation.url}/api/wechat/auth?state={state}")

    assert page.status_code == 400
    assert "你没有同意授权" in page.text


@pytest.mark.parametrize(
    "query",
    [
        "code=x&state=0123456789abcdef0123456789abcdef",
        "code=x",
        "code=",
        "code=a&code=b&state=x",
        "code=x&state=%00",
        "code=x&state=ok%0d%0aSet-Cookie:a=b",
        "code=x&state=" + "a" * 4000,
    ],
)
def test_a_callback_that_is_not_ours_is_4002(installation: Installation, query: str) -> None:
    phone = Phone("lin")
    phone.open(f"{installation.url}/login")
    before = exchanges(installation)

    page = phone.open(f"{installation.url}/api/wechat/auth?{query}")
    phone.headers["Accept"] = "application/json"
    answer = phone.step(f"{installation.url}/api/wechat/auth?{query}")

    assert page.status_code == 400
    assert "4002" in page.text
    assert answer.json() == {"code": 4002, "msg": "微信授权参数错误"}
    assert exchanges(installation) == before


def test_the_state_of_another_browser_logs_nobody_in(installation: Installation) -> None:
    attacker, victim = Phone("lin"), Phone("emoji")
    callback = attacker.until(f"{installation.url}/login", RETURN)
    victim.step(f"{installation.url}/login")
    before = exchanges(installation)

    page = victim.open(callback)

    assert page.status_code == 400
    assert "4002" in page.text
    assert exchanges(installation) == before
    assert victim.step(f"{installation.url}/account").status_code == 302


def test_a_code_that_wechat_refuses_is_tried_once_more_from_the_start(
    installation: Installation,
) -> None:
    path = "/sns/oauth2/access_token"
    installation.simulator.fault(path, "errcode", errcode=40163, times=1)

    page = Phone("lin").open(auth(installation))

    assert "授权成功" in page.text


def test_a_code_that_wechat_refuses_again_ends_in_words(installation: Installation) -> None:
    installation.simulator.fault("/sns/oauth2/access_token", "errcode", errcode=40029)

    page = Phone("lin").open(auth(installation))

    assert page.status_code == 400
    assert "4002" in page.text


def test_when_wechat_does_not_answer_the_page_says_so(installation: Installation) -> None:
    installation.simulator.fault("/sns/oauth2/access_token", "http_500")

    phone = Phone("lin")
    callback = phone.until(auth(installation), RETURN)
    page = phone.open(callback)

    assert page.status_code == 503
    assert "-1" in page.text
    assert "Traceback" not in page.text


def test_a_lost_cookie_restarts_once_and_then_asks(installation: Installation) -> None:
    person = installation.simulator.add_person(nickname="健忘的浏览器")
    phone = Phone(person)
    callback = phone.until(f"{installation.url}/login", RETURN)
    phone.cookies.clear()
    before = exchanges(installation)

    restarted = phone.step(callback)
    assert restarted.status_code == 302
    assert "/connect/oauth2/authorize" in restarted.headers["Location"]
    assert exchanges(installation) == before
    second = phone.until(restarted.headers["Location"], RETURN)
    phone.cookies.clear()
    asked = phone.open(second)

    assert "健忘的浏览器" in asked.text
    assert phone.step(f"{installation.url}/account").status_code == 302
    accepted = phone.submit(asked)
    assert accepted.url == f"{installation.url}/account"
    assert "健忘的浏览器" in accepted.text


def test_the_question_log_in_here_is_answered_once(installation: Installation) -> None:
    phone = Phone("lin")
    callback = phone.until(f"{installation.url}/login", RETURN)
    phone.cookies.clear()
    second = phone.until(phone.step(callback).headers["Location"], RETURN)
    phone.cookies.clear()
    asked = phone.open(second)
    phone.submit(asked)

    thief = Browser(phone.headers["User-Agent"])
    again = thief.submit(asked)

    assert again.status_code in {400, 404, 409}
    assert thief.step(f"{installation.url}/account").status_code == 302


def test_a_snapshot_person_is_told_what_to_tap_and_becomes_nobody(
    installation: Installation,
) -> None:
    person = installation.simulator.add_person()
    installation.simulator.fault("/connect/oauth2/authorize", "snapshot", times=1)
    phone = Phone(person)

    page = phone.open(f"{installation.url}/login")

    assert "使用完整服务" in page.text
    assert phone.step(f"{installation.url}/account").status_code == 302


def test_a_snapshot_without_its_flag_is_noticed_by_the_missing_profile(
    installation: Installation,
) -> None:
    installation.simulator.fault("/connect/oauth2/authorize", "snapshot_without_flag", times=1)

    page = Phone(installation.simulator.add_person()).open(f"{installation.url}/login")

    assert "使用完整服务" in page.text


def test_after_the_full_service_was_tapped_the_same_state_logs_in(
    installation: Installation,
) -> None:
    person = installation.simulator.add_person(nickname="真人")
    installation.simulator.fault("/connect/oauth2/authorize", "snapshot", times=1)
    phone = Phone(person)
    authorize = phone.step(f"{installation.url}/login").headers["Location"]
    assert "使用完整服务" in phone.open(authorize).text

    page = phone.open(authorize)

    assert page.url == f"{installation.url}/account"
    assert "真人" in page.text
