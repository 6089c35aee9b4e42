"""The pushes' address as Authing's console names it, and its forwarder, which hands them on."""

import json
import secrets
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.compat.authing import Program, confirm, read_picture
from tests.conftest import Installation, Installer
from tests.flows.desktops import confirm_link
from tests.simulator.receiver import Answer, Received, Receiver
from wechatlogin.wechat import crypto
from wechatlogin.wechat.app import MessageMode


@pytest.fixture(scope="module")
def own(install: Installer) -> Installation:
    """An installation whose callback the tests change."""
    return install()


@pytest.fixture
def forwarder() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.stop()


def events_url(program: Program, identifier: str | None = None) -> str:
    named = identifier or program.identifier
    return f"{program.url}/connections/social/{named}/{program.client_id}/events"


def set_callback(installation: Installation, url: str, **more: Any) -> None:
    """Enter another address in WeChat's console."""
    host = installation.url.removeprefix("http://")
    console = {"host": host, "callback_url": url, "mode": "safe", **more}
    installation.simulator.add_app(installation.account, **console)


def encrypted_event(
    program: Program, *, created_at: float, appid: str | None = None, event: str = "unsubscribe"
) -> str:
    """Return an event as WeChat encrypts it."""
    account = program.installation.account
    xml = (
        f"<xml><ToUserName><![CDATA[{account.gh_id}]]></ToUserName>"
        f"<FromUserName><![CDATA[o{secrets.token_hex(8)}]]></FromUserName>"
        f"<CreateTime>{int(created_at)}</CreateTime><MsgType><![CDATA[event]]></MsgType>"
        f"<Event><![CDATA[{event}]]></Event><EventKey><![CDATA[]]></EventKey></xml>"
    )
    cipher = crypto.MessageCrypto(account.token, account.aes_key, appid or account.appid)
    return cipher.encrypt(xml.encode())


def repacked(program: Program, encrypted: object) -> dict[str, Any]:
    """Return what the forwarder makes of it."""
    gh_id = program.installation.account.gh_id
    return {"xml": {"tousername": [gh_id], "encrypt": [encrypted]}}


def post(program: Program, body: object, **given: Any) -> requests.Response:
    return requests.post(events_url(program, **given), json=body, timeout=20)


def hand_on(program: Program) -> Any:
    """Return what answers as the forwarder does: `success`, and the push goes on as JSON."""

    def answer(got: Received) -> Answer:
        if got.method == "POST":
            encrypted = got.fields["Encrypt"]
            done = post(program, repacked(program, encrypted))
            assert (done.status_code, done.text) == (200, "success")
        return Answer(got.query.get("echostr", "success").encode())

    return answer


def test_wechat_checks_the_address_and_pushes_to_it(own: Installation) -> None:
    program, simulator = Program(own), own.simulator
    person = simulator.add_person()

    set_callback(own, events_url(program))
    random, link = program.scan(person)
    confirm(person, link)

    assert program.check(random)["status"] == 2


def test_the_appid_names_the_connection_here_too(own: Installation) -> None:
    set_callback(own, events_url(Program(own), own.account.appid))


def test_a_scan_that_the_forwarder_hands_on_is_answered_in_the_chat(
    own: Installation, forwarder: Receiver
) -> None:
    program, simulator = Program(own), own.simulator
    person = simulator.add_person()
    forwarder.answer = hand_on(program)
    set_callback(own, forwarder.url, skip_url_check=True)
    made = program.generate()

    simulator.scan(person, read_picture(made["url"]), follow=True)
    said = simulator.chat(person, own.account.appid)

    assert program.check(made["random"])["status"] == 1
    assert len(forwarder.pushes) == 1
    confirm(person, confirm_link({"replies": said[-1]["text"]}))
    assert program.check(made["random"])["status"] == 2


def test_what_the_forwarder_hands_on_twice_is_said_once(
    own: Installation, forwarder: Receiver
) -> None:
    program, simulator = Program(own), own.simulator
    person = simulator.add_person()
    forwarder.answer = hand_on(program)
    set_callback(own, forwarder.url, skip_url_check=True)
    made = program.generate()
    simulator.scan(person, read_picture(made["url"]), follow=True)
    before = simulator.chat(person, own.account.appid)

    again = repacked(program, forwarder.pushes[0].fields["Encrypt"])

    assert post(program, again).text == "success"
    assert simulator.chat(person, own.account.appid) == before


def test_who_follows_is_welcomed_by_the_forwarder_alone(
    own: Installation, forwarder: Receiver
) -> None:
    program, simulator = Program(own), own.simulator
    person = simulator.add_person()
    forwarder.answer = hand_on(program)
    set_callback(own, forwarder.url, skip_url_check=True)

    simulator.follow(person, own.account.appid)

    assert len(forwarder.pushes) == 1
    texts = [one["text"] for one in simulator.chat(person, own.account.appid)]
    assert not [text for text in texts if "欢迎" in text]


def test_a_push_is_taken_only_if_wechat_encrypted_it_for_this_account_just_now(
    own: Installation,
) -> None:
    program, now = Program(own), time.time()
    good = encrypted_event(program, created_at=now)
    account = own.account
    other = crypto.MessageCrypto(account.token, "b" * 43, account.appid)

    refused = [
        encrypted_event(program, created_at=now - 600),
        encrypted_event(program, created_at=now + 600),
        encrypted_event(program, created_at=now, appid="wx0000000000000000"),
        other.encrypt(b"<xml></xml>"),
        good[:-4],
        good.swapcase(),
        "",
        7,
        None,
    ]

    assert post(program, repacked(program, good)).text == "success"
    for encrypted in refused:
        assert post(program, repacked(program, encrypted)).status_code == 403


@pytest.mark.parametrize(
    "body",
    [[], {}, "x", {"xml": []}, {"xml": {}}, {"xml": {"encrypt": "x"}}, {"xml": {"encrypt": []}}],
    ids=json.dumps,
)
def test_another_shape_is_refused(own: Installation, body: object) -> None:
    assert post(Program(own), body).status_code == 403


def test_the_same_message_in_another_wrapping_is_refused(own: Installation) -> None:
    program = Program(own)
    good = repacked(program, encrypted_event(program, created_at=time.time()))

    assert post(program, good).ok
    assert post(program, good).ok
    assert post(program, {**good, "more": 1}).status_code == 403


@pytest.mark.parametrize("mode", [MessageMode.PLAIN, MessageMode.COMPATIBLE])
def test_only_in_safe_mode_is_anything_handed_on(install: Installer, mode: MessageMode) -> None:
    program = Program(install(mode=mode))
    good = repacked(program, encrypted_event(program, created_at=time.time()))

    assert post(program, good).status_code == 403


def test_a_connection_of_nobody_takes_nothing(own: Installation) -> None:
    program = Program(own)
    good = repacked(program, encrypted_event(program, created_at=time.time()))
    url = f"{program.url}/connections/social/{program.identifier}/nobody-has-it/events"

    assert post(program, good, identifier="no-such").status_code == 400
    assert requests.post(url, json=good, timeout=20).status_code == 400
