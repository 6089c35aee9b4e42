"""What happens when a part fails: WeChat, the database, a call in the middle."""

import re
import threading
import time
from contextlib import ExitStack

import pytest
import requests
from sqlalchemy import delete

from tests import databases
from tests.conftest import Installation, Installer
from tests.flows.phones import Browser, Phone
from wechatlogin.models import WeChatAppRow
from wechatlogin.models.transaction import write


def a_follower(installation: Installation) -> str:
    person = installation.simulator.add_person()
    installation.simulator.follow(person, installation.account.appid)
    return person


def ask_for_code(installation: Installation, person: str) -> requests.Response:
    return Phone(person).open(f"{installation.url}/api/wechat/auth?state=code")


def kinds(installation: Installation, person: str) -> list[str]:
    chat = installation.simulator.chat(person, installation.account.appid)
    return [message["kind"] for message in chat if message["kind"] in {"template", "custom"}]


def test_where_the_template_fails_the_customer_message_carries_the_code(
    installation: Installation,
) -> None:
    person = a_follower(installation)
    path = "/cgi-bin/message/template/send"
    installation.simulator.fault(path, "errcode", errcode=40037, times=1)

    page = ask_for_code(installation, person)

    assert "验证码已发送到微信" in page.text
    assert kinds(installation, person) == ["custom"]


def test_where_nothing_can_be_sent_the_page_shows_the_code_and_why(
    installation: Installation,
) -> None:
    person = a_follower(installation)
    for path in ("/cgi-bin/message/template/send", "/cgi-bin/message/custom/send"):
        installation.simulator.fault(path, "errcode", errcode=48001)

    page = ask_for_code(installation, person)

    assert "公众号现在不能给你发消息" in page.text
    assert kinds(installation, person) == []


def test_where_not_even_the_follow_state_is_known_the_code_is_still_shown(
    install: Installer,
) -> None:
    # Whom WeChat has not answered asks it no more for a while, so nobody shares this one.
    installation = install()
    installation.simulator.fault("/cgi-bin/message/template/send", "http_500")
    installation.simulator.fault("/cgi-bin/message/custom/send", "http_500")
    installation.simulator.fault("/cgi-bin/user/info", "http_500")

    page = ask_for_code(installation, installation.simulator.add_person())

    assert page.status_code == 200
    assert "公众号现在不能给你发消息" in page.text


def test_where_the_account_has_no_qr_to_follow_the_page_goes_without(install: Installer) -> None:
    installation = install()
    installation.simulator.fault("/cgi-bin/qrcode/create", "errcode", errcode=45009)

    page = ask_for_code(installation, installation.simulator.add_person())

    assert "你还没有关注公众号" in page.text
    assert "长按识别二维码" not in page.text


def test_a_sixth_message_in_an_hour_is_refused_in_words(install: Installer) -> None:
    installation = install(code_seconds=1)
    person = a_follower(installation)
    phone = Phone(person)
    pages = []
    for _ in range(6):
        pages.append(phone.open(f"{installation.url}/api/wechat/auth?state=code").text)
        time.sleep(1)

    assert "获取验证码太频繁" in pages[-1]
    assert len(kinds(installation, person)) == 5


@pytest.mark.fault("C-03")
def test_a_dead_account_token_is_renewed_in_the_middle(installation: Installation) -> None:
    person = a_follower(installation)
    path = "/cgi-bin/message/template/send"
    installation.simulator.fault(path, "kill_token", times=1)

    page = ask_for_code(installation, person)

    assert "验证码已发送到微信" in page.text
    assert kinds(installation, person) == ["template"]


@pytest.mark.fault("C-02")
@pytest.mark.parametrize("mode", ["html", "truncate", "garbage", "reset", "http_500"])
def test_whatever_wechat_answers_the_person_reads_words(
    installation: Installation, mode: str
) -> None:
    installation.simulator.fault("/sns/oauth2/access_token", mode)

    page = Phone("lin").open(f"{installation.url}/login")

    assert page.status_code in {502, 503}
    assert "微信" in page.text
    assert "Traceback" not in page.text


def test_a_login_page_comes_up_although_wechat_does_not_answer(install: Installer) -> None:
    installation = install()
    installation.simulator.fault("/cgi-bin/stable_token", "reset")

    page = Browser().open(f"{installation.url}/login")

    assert page.status_code == 200
    assert "data-login" in page.text


@pytest.mark.fault("C-15")
def test_a_locked_database_is_waited_for_and_then_told(install: Installer) -> None:
    installation = install()
    browser = Browser()
    with databases.locked(installation.service.settings.database_url):
        started = time.monotonic()
        answer = browser.step(f"{installation.url}/login/code")
        took = time.monotonic() - started

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert took < 5
    assert browser.step(f"{installation.url}/login/code").status_code == 200


@pytest.mark.fault("C-12")
def test_wechat_has_its_answer_within_five_seconds_although_the_database_is_locked(
    install: Installer,
) -> None:
    installation = install()
    person = a_follower(installation)
    lock = ExitStack()
    lock.enter_context(databases.locked(installation.service.settings.database_url))
    # The first delivery meets the lock for good, the second finds it gone.
    release = threading.Timer(4.5, lock.close)
    release.start()

    replies = installation.simulator.send(person, installation.account.appid, "验证码")

    release.join()
    assert "点击此处完成授权" in str(replies)
    assert "服务出现故障" not in str(replies)


def test_a_welcome_greets_whoever_follows(installation: Installation) -> None:
    person = installation.simulator.add_person()

    followed = installation.simulator.follow(person, installation.account.appid)

    assert "欢迎关注晨光书店" in str(followed["replies"])


def test_a_menu_click_with_the_keyword_gives_the_code_too(installation: Installation) -> None:
    person = a_follower(installation)
    Phone(person).open(f"{installation.url}/login")

    clicked = installation.simulator.call(
        "POST",
        f"/simulator/people/{person}/click",
        {"appid": installation.account.appid, "key": "验证码"},
    )

    assert re.search(r"验证码：[1-9][0-9]{5}", str(clicked["replies"]))


def test_other_words_are_left_unanswered(installation: Installation) -> None:
    said = installation.simulator.send(a_follower(installation), installation.account.appid, "你好")

    assert said["replies"] == []


def test_an_installation_without_an_account_says_that_it_is_not_set_up(
    install: Installer,
) -> None:
    installation = install()
    with installation.app.app_context(), write() as session:
        session.execute(delete(WeChatAppRow))

    pages = [
        Browser().open(f"{installation.url}/login"),
        Phone("lin").open(f"{installation.url}/login"),
    ]

    assert [page.status_code for page in pages] == [503, 503]
    assert all("还没有配置好" in page.text for page in pages)
