"""The owner's other program over real HTTP: it gets what WeChat would send it, and is heard."""

import json
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import requests

from tests.conftest import Installation, Installer
from tests.flows.owner_program import OwnerProgram, message
from tests.flows.phones import Browser, Phone
from tests.servers import free_port
from tests.simulator.receiver import Answer, Received
from wechatlogin import clock
from wechatlogin.extensions import db
from wechatlogin.models.transaction import write
from wechatlogin.services import forward_urls, forwarding, wechat_apps
from wechatlogin.wechat import crypto
from wechatlogin.wechat.app import MessageMode

#: WeChat's patience.
SECONDS = 5


def forward_to(installation: Installation, url: str | None) -> None:
    with installation.app.app_context():
        row = wechat_apps.verify(installation.account.appid)
        with write():
            row.forward_url = url and forward_urls.verify_url(installation.site.settings, url)
        db.session.remove()


def failures(installation: Installation) -> int:
    with installation.app.app_context():
        since = clock.now() - timedelta(hours=1)
        counted = forwarding.count_failed(installation.account.appid, since)
        db.session.remove()
        return counted


@pytest.fixture(scope="module", params=list(MessageMode))
def each_mode(install: Installer, request: pytest.FixtureRequest) -> Installation:
    return install(mode=request.param)


@pytest.fixture
def program(each_mode: Installation) -> Iterator[OwnerProgram]:
    yield from running(each_mode)


@pytest.fixture(scope="module")
def own(install: Installer) -> Installation:
    """An installation in safe mode, whose other program fails in many ways."""
    return install()


@pytest.fixture
def failing(own: Installation) -> Iterator[OwnerProgram]:
    yield from running(own)


def running(installation: Installation) -> Iterator[OwnerProgram]:
    made = OwnerProgram(installation.account)
    forward_to(installation, made.url)
    yield made
    forward_to(installation, None)
    made.stop()
    assert made.refused == []


def a_follower(installation: Installation) -> str:
    person = installation.simulator.add_person()
    installation.simulator.follow(person, installation.account.appid)
    return person


def write_to(installation: Installation, person: str, text: str) -> list[dict[str, Any]]:
    said = installation.simulator.send(person, installation.account.appid, text)
    return list(said["replies"])


def test_words_go_on_and_its_reply_comes_back_in_every_mode(
    each_mode: Installation, program: OwnerProgram
) -> None:
    person = a_follower(each_mode)
    program.says("我们九点开门 <b>&amp;")

    replies = write_to(each_mode, person, "几点开门？")

    push = program.taken[-1]
    openid = each_mode.simulator.openid(person, each_mode.account.appid)
    assert [reply["text"] for reply in replies] == ["我们九点开门 <b>&amp;"]
    assert (push["FromUserName"], push["Content"]) == (openid, "几点开门？")
    assert program.receiver.pushes[-1].query["openid"] == openid
    assert program.receiver.pushes[-1].query["shop"] == "1"
    assert program.receiver.pushes[-1].path == "/wechat.php"


def test_its_silence_is_ours(each_mode: Installation, program: OwnerProgram) -> None:
    person = a_follower(each_mode)
    before = failures(each_mode)

    assert write_to(each_mode, person, "几点开门？") == []
    assert program.taken[-1]["Content"] == "几点开门？"
    assert failures(each_mode) == before


def test_follow_and_unfollow_are_told_and_its_greeting_wins(
    each_mode: Installation, program: OwnerProgram
) -> None:
    person = each_mode.simulator.add_person()
    appid = each_mode.account.appid
    program.says("欢迎光临小店")

    followed = each_mode.simulator.follow(person, appid)
    each_mode.simulator.unfollow(person, appid)

    assert [reply["text"] for reply in followed["replies"]] == ["欢迎光临小店"]
    assert [push["Event"] for push in program.taken] == ["subscribe", "unsubscribe"]


def test_without_a_greeting_of_its_own_ours_is_given(
    each_mode: Installation, program: OwnerProgram
) -> None:
    followed = each_mode.simulator.follow(each_mode.simulator.add_person(), each_mode.account.appid)

    assert "欢迎关注晨光书店" in str(followed["replies"])
    assert program.asked == 1


def test_what_is_ours_to_answer_stays_here(each_mode: Installation, program: OwnerProgram) -> None:
    person = each_mode.simulator.add_person()
    Phone(person).open(f"{each_mode.url}/login")
    each_mode.simulator.follow(person, each_mode.account.appid)
    Browser().open(f"{each_mode.url}/login")
    newest = each_mode.simulator.call("GET", "/simulator/qrcodes/newest")
    before = program.asked

    scanned = each_mode.simulator.scan(person, newest["content"])
    code = write_to(each_mode, person, "验证码")

    assert "/confirm/" in str(scanned["replies"])
    assert re.search(r"验证码：[1-9][0-9]{5}", str(code))
    assert program.asked == before


def test_a_menu_entry_of_its_own_goes_on(each_mode: Installation, program: OwnerProgram) -> None:
    person = a_follower(each_mode)
    program.says("今日特价")
    click = {"appid": each_mode.account.appid, "key": "OFFERS"}

    clicked = each_mode.simulator.call("POST", f"/simulator/people/{person}/click", click)

    assert [reply["text"] for reply in clicked["replies"]] == ["今日特价"]
    assert program.taken[-1]["EventKey"] == "OFFERS"


def test_data_taken_back_is_deleted_here_and_told_there(
    each_mode: Installation, program: OwnerProgram
) -> None:
    person = each_mode.simulator.add_person()
    phone = Phone(person)
    phone.open(f"{each_mode.url}/login")
    change = {"appid": each_mode.account.appid, "change": "cancel"}
    program.says("words that nobody can be told")

    each_mode.simulator.call("POST", f"/simulator/people/{person}/authorization", change)

    each_mode.simulator.call("POST", "/simulator/settle")
    assert program.taken[-1]["Event"] == "user_authorization_cancellation"
    assert phone.step(f"{each_mode.url}/account").status_code == 302


def test_the_receipt_of_our_code_stays_here(own: Installation, failing: OwnerProgram) -> None:
    person = a_follower(own)
    before = failing.asked

    Phone(person).open(f"{own.url}/api/wechat/auth?state=code")
    own.simulator.call("POST", "/simulator/settle")

    chat = own.simulator.chat(person, own.account.appid)
    assert "template" in [bubble["kind"] for bubble in chat]
    assert failing.asked == before


def signed_push(installation: Installation, number: int) -> tuple[dict[str, str], bytes]:
    account = installation.account
    box = crypto.MessageCrypto(account.token, account.aes_key, account.appid)
    inner = message(account.gh_id, "o" + "r" * 27, "几点开门？").replace(
        "</xml>", f"<MsgId>{number}</MsgId></xml>"
    )
    encrypted = box.encrypt(inner.encode())
    stamp = {"timestamp": str(int(time.time())), "nonce": str(time.monotonic_ns())[-10:]}
    query = {
        **stamp,
        "signature": crypto.sign(account.token, *stamp.values()),
        "encrypt_type": "aes",
        "msg_signature": crypto.sign(account.token, *stamp.values(), encrypted),
    }
    body = f"<xml><ToUserName>{account.gh_id}</ToUserName><Encrypt>{encrypted}</Encrypt></xml>"
    return query, body.encode()


def test_a_push_that_comes_three_times_is_passed_on_once(
    own: Installation, failing: OwnerProgram
) -> None:
    account = own.account
    box = crypto.MessageCrypto(account.token, account.aes_key, account.appid)
    failing.says("九点")
    before = failing.asked

    def push(_: int) -> str:
        query, body = signed_push(own, 4711)
        url = f"{own.url}/api/wechat/{account.appid}"
        reply = requests.post(url, params=query, data=body, timeout=10)
        encrypted = re.search(r"<Encrypt><!\[CDATA\[([^\]]+)", reply.text)
        assert encrypted, reply.text
        return box.decrypt(encrypted[1]).decode()

    with ThreadPoolExecutor(3) as pool:
        replies = list(pool.map(push, range(3)))
    replies.append(push(3))

    assert set(replies) == {message("o" + "r" * 27, account.gh_id, "九点")}
    assert failing.asked == before + 1


def another_persons_reply(installation: Installation) -> Answer:
    return Answer(message("o" + "x" * 27, installation.account.gh_id, "secret").encode())


def bad_answers(installation: Installation, program: OwnerProgram) -> dict[str, Answer]:
    return {
        "json": Answer(json.dumps({"errcode": 0, "errmsg": "ok"}).encode()),
        "html": Answer(b"<html><body>ok</body></html>", content_type="text/html"),
        "redirect": Answer(status=302, headers={"Location": program.receiver.url + "/elsewhere"}),
        "error": Answer(b"success", status=500),
        "huge": Answer(b" " * 10_000_000),
        "another person": another_persons_reply(installation),
    }


@pytest.mark.parametrize("how", ["json", "html", "redirect", "error", "huge", "another person"])
def test_nonsense_is_counted_and_the_person_sees_nothing_of_it(
    own: Installation, failing: OwnerProgram, how: str
) -> None:
    person = a_follower(own)
    before, asked = failures(own), failing.asked
    failing.answers(bad_answers(own, failing)[how])

    replies = write_to(own, person, "几点开门？")

    assert replies == []
    assert failures(own) == before + 1
    assert failing.asked == asked + 1


def test_a_program_that_is_gone_is_counted_and_missed_by_nobody(own: Installation) -> None:
    forward_to(own, f"http://127.0.0.1:{free_port()}/wechat.php")
    before = failures(own)
    person = own.simulator.add_person()

    followed = own.simulator.follow(person, own.account.appid)
    replies = write_to(own, person, "几点开门？")

    forward_to(own, None)
    assert "欢迎关注晨光书店" in str(followed["replies"])
    assert replies == []
    assert failures(own) == before + 2


def test_wechat_has_its_answer_in_time_although_the_program_takes_six_seconds(
    own: Installation, failing: OwnerProgram
) -> None:
    person = a_follower(own)
    before, asked = failures(own), failing.asked
    over = threading.Event()

    def answer(got: Received) -> Answer:
        over.wait(SECONDS + 1)
        return Answer()

    failing.receiver.answer = answer
    started = time.monotonic()

    replies = write_to(own, person, "几点开门？")

    took = time.monotonic() - started
    over.set()
    assert took < SECONDS
    assert replies == []
    assert failing.asked == asked + 1
    assert failures(own) == before + 1


def test_programs_that_hang_leave_threads_for_logging_in(
    own: Installation, failing: OwnerProgram
) -> None:
    over = threading.Event()

    def answer(got: Received) -> Answer:
        over.wait(SECONDS + 1)
        return Answer()

    failing.receiver.answer = answer
    url = f"{own.url}/api/wechat/{own.account.appid}"

    def push(number: int) -> requests.Response:
        query, body = signed_push(own, number)
        return requests.post(url, params=query, data=body, timeout=10)

    with ThreadPoolExecutor(12) as pool:
        answers = pool.map(push, range(8000, 8012))
        started = time.monotonic()
        page = Browser().open(f"{own.url}/login/code")
        took = time.monotonic() - started
        told = [answer.text for answer in answers]
    over.set()

    assert page.status_code == 200
    assert took < 2
    assert told == ["success"] * 12


def test_nothing_of_it_is_in_the_log(own: Installation, failing: OwnerProgram) -> None:
    person = a_follower(own)
    openid = own.simulator.openid(person, own.account.appid)
    failing.answers(another_persons_reply(own))

    write_to(own, person, "几点开门？")

    log = own.service.log_path.read_text()
    assert "forwarding of a push" in log
    assert openid not in log
    assert "wechat.php" not in log
    assert own.account.token not in log
