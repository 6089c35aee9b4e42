"""Passing pushes on: what the other program gets, and which of its answers count."""

import hashlib
import re
import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler

import pytest

from tests.wechat.conftest import NOW, Answers, unused_port
from wechatlogin.errors import ForwardingFailed
from wechatlogin.wechat import crypto, messages
from wechatlogin.wechat.app import MessageMode, Platform, WeChatApp
from wechatlogin.wechat.forwarding import Forwarder, ForwardLimits
from wechatlogin.wechat.messages import Push

PERSON, ACCOUNT = "o9AgO5Kd5ggOC-bXrbNODIiE3bGY", "gh_97417a04a28d"
RAW = (
    f"<xml>\n  <ToUserName><![CDATA[{ACCOUNT}]]></ToUserName>\r\n"
    f"<FromUserName><![CDATA[{PERSON}]]></FromUserName>\t<CreateTime>1795230245</CreateTime>"
    "<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[你好 </xml> &amp;]]></Content>"
    "<MsgId>1234567890123456</MsgId></xml>"
).encode()
PATIENCE = timedelta(seconds=2)
SECRET_PATH = "/wechat/canary-path"


@pytest.fixture
def address(platform: Platform) -> str:
    return f"{platform.api_url}{SECRET_PATH}?shop=1&x=%2F"


@pytest.fixture
def forwarder() -> Iterator[Forwarder]:
    made = Forwarder()
    yield made
    made.close()


@pytest.fixture
def push(app: WeChatApp) -> Push:
    """A text in plain mode, read from the wire."""
    token = app.token.get_secret_value() if app.token else ""
    stamp = {"timestamp": str(int(NOW.timestamp())), "nonce": "1514711492"}
    query = {"signature": crypto.sign(token, *stamp.values()), **stamp}
    return messages.read_push(app, query, RAW, now=NOW)


def box(app: WeChatApp) -> crypto.MessageCrypto:
    assert app.token is not None
    assert app.aes_key is not None
    return crypto.MessageCrypto(
        app.token.get_secret_value(), app.aes_key.get_secret_value(), app.appid
    )


def sha1_of_sorted(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def test_a_plain_push_arrives_byte_for_byte_and_freshly_signed(
    answers: Answers, forwarder: Forwarder, app: WeChatApp, push: Push, address: str
) -> None:
    answers.raw(b"success")
    later = NOW + timedelta(seconds=3)

    assert forwarder.forward(app, address, push, now=later, patience=PATIENCE) is None

    (call,) = answers.calls
    assert (call.method, call.path, call.body) == ("POST", SECRET_PATH, RAW)
    assert call.headers["Content-Type"] == "text/xml"
    assert call.query["openid"] == PERSON
    assert (call.query["shop"], call.query["x"]) == ("1", "/")
    assert call.query["timestamp"] == str(int(later.timestamp()))
    assert call.query["nonce"] != "1514711492"
    stamp = (call.query["timestamp"], call.query["nonce"])
    assert call.query["signature"] == sha1_of_sorted("canaryToken", *stamp)
    assert not {"encrypt_type", "msg_signature"} & call.query.keys()


@pytest.mark.parametrize("mode", [MessageMode.SAFE, MessageMode.COMPATIBLE])
def test_a_push_that_came_encrypted_goes_on_encrypted(
    answers: Answers,
    forwarder: Forwarder,
    app: WeChatApp,
    push: Push,
    address: str,
    mode: MessageMode,
) -> None:
    answers.raw(b"")
    app, push = replace(app, mode=mode), replace(push, encrypted=True)

    assert forwarder.forward(app, address, push, now=NOW, patience=PATIENCE) is None

    (call,) = answers.calls
    encrypted = re.search(rb"<Encrypt><!\[CDATA\[([^\]]+)\]\]></Encrypt></xml>\Z", call.body)
    assert encrypted
    assert box(app).decrypt(encrypted[1].decode()) == RAW
    stamp = (call.query["timestamp"], call.query["nonce"])
    expected = sha1_of_sorted("canaryToken", *stamp, encrypted[1].decode())
    assert (call.query["encrypt_type"], call.query["msg_signature"]) == ("aes", expected)
    assert call.query["signature"] == sha1_of_sorted("canaryToken", *stamp)
    shows_content = call.body.startswith(RAW.removesuffix(b"</xml>"))
    assert shows_content == (mode is MessageMode.COMPATIBLE)
    # What another installation of this very program would say to it.
    again = messages.read_push(app, call.query, call.body, now=NOW)
    assert (again.raw, again.openid) == (RAW, PERSON)


def slow(seconds: float) -> Callable[[BaseHTTPRequestHandler], None]:
    def write(handler: BaseHTTPRequestHandler) -> None:
        threading.Event().wait(seconds)

    return write


def dripping(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _ in range(40):
        try:
            handler.wfile.write(b" ")
        except OSError:
            return
        threading.Event().wait(0.05)


def elsewhere(answers: Answers) -> None:
    answers.raw(b"", status=302, headers={"Location": "/elsewhere"})


BAD: dict[str, Callable[[Answers], None]] = {
    "slow": lambda answers: answers.by(slow(1.5)),
    "dripping": lambda answers: answers.by(dripping),
    "redirect": elsewhere,
    "not found": lambda answers: answers.raw(b"success", status=404),
    "created": lambda answers: answers.raw(b"success", status=201),
    "broken": lambda answers: answers.raw(b"success", status=500),
    "huge": lambda answers: answers.raw(b" " * 10_000_000),
    "hung up": lambda answers: answers.by(lambda handler: None),
    "cut": lambda answers: answers.raw(b"success", headers={"Content-Length": "9999"}),
    "compressed": lambda answers: answers.raw(b"x", headers={"Content-Encoding": "gzip"}),
}


@pytest.mark.parametrize("how", BAD)
def test_a_program_that_misbehaves_is_asked_once_and_given_up_in_time(
    answers: Answers, forwarder: Forwarder, app: WeChatApp, push: Push, address: str, how: str
) -> None:
    BAD[how](answers)
    started = time.monotonic()

    with pytest.raises(ForwardingFailed) as caught:
        forwarder.forward(app, address, push, now=NOW, patience=timedelta(seconds=0.5))

    assert time.monotonic() - started < 1
    assert len(answers.calls) == 1
    told = "".join(traceback.format_exception(caught.value))
    assert "canary" not in told + caught.value.reason
    assert PERSON not in told


def test_where_nobody_listens_it_fails_at_once(
    forwarder: Forwarder, app: WeChatApp, push: Push
) -> None:
    address = f"http://127.0.0.1:{unused_port()}{SECRET_PATH}"

    with pytest.raises(ForwardingFailed) as caught:
        forwarder.forward(app, address, push, now=NOW, patience=PATIENCE)

    assert "canary" not in "".join(traceback.format_exception(caught.value))


def test_without_time_left_nobody_is_asked(
    answers: Answers, forwarder: Forwarder, app: WeChatApp, push: Push, address: str
) -> None:
    with pytest.raises(ForwardingFailed):
        forwarder.forward(app, address, push, now=NOW, patience=timedelta(seconds=-1))

    assert answers.calls == []


def test_a_name_lookup_that_hangs_is_not_waited_for(
    forwarder: Forwarder, app: WeChatApp, push: Push, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish = threading.Event()

    def look_up(*args: object, **kwargs: object) -> list[object]:
        finish.wait(10)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    started = time.monotonic()

    with pytest.raises(ForwardingFailed):
        forwarder.forward(
            app, "http://shop.example", push, now=NOW, patience=timedelta(seconds=0.3)
        )

    assert time.monotonic() - started < 1
    finish.set()


def test_a_program_that_hangs_holds_a_few_callers_and_no_more(
    answers: Answers, app: WeChatApp, push: Push, address: str
) -> None:
    finish = threading.Event()
    answers.by(lambda handler: (finish.wait(10), None)[1])
    forwarder = Forwarder(ForwardLimits(in_flight=1))

    def ask(now: datetime) -> str:
        with pytest.raises(ForwardingFailed) as caught:
            forwarder.forward(app, address, push, now=now, patience=timedelta(seconds=1))
        return caught.value.reason

    first = threading.Thread(target=ask, args=(NOW,))
    first.start()
    while not answers.calls:
        time.sleep(0.01)

    assert ask(NOW) == "too many under way"
    finish.set()
    first.join()
    answers.queue.clear()
    answers.raw(b"success")
    give_up_at = time.monotonic() + 5
    while time.monotonic() < give_up_at:
        try:
            reply = forwarder.forward(app, address, push, now=NOW, patience=PATIENCE)
        except ForwardingFailed:
            continue
        assert reply is None
        break
    else:
        raise AssertionError("the place was never free again")
    forwarder.close()


def test_a_proxy_of_the_environment_is_not_used(
    answers: Answers,
    forwarder: Forwarder,
    app: WeChatApp,
    push: Push,
    address: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{unused_port()}")
    answers.raw(b"success", headers={"Set-Cookie": "a=b"})

    for _ in range(2):
        assert forwarder.forward(app, address, push, now=NOW, patience=PATIENCE) is None

    assert not [call for call in answers.calls if "Cookie" in call.headers]
