"""The one door, against a real server that answers as WeChat does, and worse."""

import json
import logging
import socket
import threading
import time
import traceback
from collections.abc import Callable
from datetime import timedelta
from http.server import BaseHTTPRequestHandler

import pytest

from tests.wechat.conftest import Answers, unused_port
from wechatlogin.wechat import errors, http
from wechatlogin.wechat.app import Platform

PATH = "/sns/userinfo"
SECRET = "canary-secret"
PARAMS = {"appid": "wx1", "secret": SECRET}

Open = Callable[..., http.WeChatHTTP]


def test_an_answer_without_errcode_is_a_success(
    answers: Answers, wechat_http: http.WeChatHTTP
) -> None:
    answers.json({"openid": "o1"})

    assert wechat_http.get(PATH, PARAMS) == {"openid": "o1"}
    assert answers.calls[0].query == PARAMS


@pytest.mark.parametrize("zero", [0, "0", None], ids=repr)
def test_point_1_an_errcode_of_zero_is_a_success(
    answers: Answers, wechat_http: http.WeChatHTTP, zero: object
) -> None:
    answers.json({"errcode": zero, "errmsg": "ok", "msgid": 1})

    assert wechat_http.get(PATH, {})["msgid"] == 1


@pytest.mark.fault("C-02")
@pytest.mark.parametrize("number", [40029, "40029"], ids=repr)
def test_point_1_a_failure_is_one_although_it_comes_with_http_200(
    answers: Answers, wechat_http: http.WeChatHTTP, number: object
) -> None:
    answers.json({"errcode": number, "errmsg": "invalid code, rid: 64993d2c-2af40adf-01b005b5"})

    with pytest.raises(errors.LoginMustRestart) as caught:
        wechat_http.get(PATH, {})

    assert caught.value.errcode == 40029
    assert caught.value.rid == "64993d2c-2af40adf-01b005b5"
    assert caught.value.errmsg == "invalid code"
    assert caught.value.path == PATH


@pytest.mark.fault("C-02")
@pytest.mark.parametrize("number", ["ok", True, [], 1.5, ""], ids=repr)
def test_an_errcode_that_is_no_number_is_never_a_success(
    answers: Answers, wechat_http: http.WeChatHTTP, number: object
) -> None:
    answers.json({"errcode": number})

    with pytest.raises(errors.WeChatGarbled):
        wechat_http.get(PATH, {})


@pytest.mark.fault("C-02")
@pytest.mark.parametrize("content_type", ["text/plain", "application/json", "text/html", ""])
def test_point_11_chinese_and_emoji_survive_whatever_the_content_type_says(
    answers: Answers, wechat_http: http.WeChatHTTP, content_type: str
) -> None:
    answers.json({"nickname": "微信😀"}, content_type=content_type)

    assert wechat_http.get(PATH, {})["nickname"] == "微信😀"


@pytest.mark.fault("C-02")
@pytest.mark.parametrize(
    ("raw", "nickname"),
    [
        (b'{"nickname":"a\x00\x1f\nb"}', "a\x00\x1f\nb"),
        (b'{"nickname":"a\xffb"}', "a\ufffdb"),
        (b'\xef\xbb\xbf{"nickname":"ab"}', "ab"),
    ],
    ids=["control characters", "a broken byte", "a byte order mark"],
)
def test_point_11_broken_nicknames_do_not_break_the_answer(
    answers: Answers, wechat_http: http.WeChatHTTP, raw: bytes, nickname: str
) -> None:
    answers.raw(raw)

    assert wechat_http.get(PATH, {})["nickname"] == nickname


def test_point_11_bodies_are_sent_as_raw_utf8(
    answers: Answers, wechat_http: http.WeChatHTTP
) -> None:
    answers.json({"errcode": 0})

    wechat_http.post(
        "/cgi-bin/message/custom/send", {"access_token": "t"}, {"text": "微信😀\ud800"}
    )

    assert answers.calls[0].body == '{"text": "微信😀?"}'.encode()
    assert answers.calls[0].headers["Content-Type"] == "application/json; charset=utf-8"
    assert answers.calls[0].query == {"access_token": "t"}


@pytest.mark.fault("C-02")
@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b'"text"',
        b"null",
        b'{"openid":"o1"',
        b"<html>\xe7\xbb\xb4\xe6\x8a\xa4\xe4\xb8\xad</html>",
        b"[" * 100_000,
        b'{"expires_in":' + b"9" * 5000 + b"}",
    ],
    ids=["empty", "array", "text", "null", "cut", "HTML", "very deep", "very long number"],
)
def test_an_answer_that_is_no_json_object_is_garbled(
    answers: Answers, wechat_http: http.WeChatHTTP, raw: bytes
) -> None:
    answers.raw(raw)

    with pytest.raises(errors.WeChatGarbled) as caught:
        wechat_http.get(PATH, PARAMS)

    assert caught.value.sent
    assert caught.value.__context__ is None


@pytest.mark.fault("C-02")
@pytest.mark.parametrize("status", [204, 302, 307, 400, 404, 500, 502, 503, 504])
def test_only_http_200_is_an_answer(
    answers: Answers, wechat_http: http.WeChatHTTP, status: int
) -> None:
    answers.raw(
        b"" if status == 204 else b'{"openid":"o1"}',
        status=status,
        headers={"Location": "http://elsewhere.example/"},
    )

    with pytest.raises(errors.WeChatGarbled) as caught:
        wechat_http.get(PATH, {})

    assert caught.value.reason == f"HTTP {status}"
    assert len(answers.calls) == 1


@pytest.mark.fault("C-02")
def test_a_huge_answer_is_not_read_to_its_end(answers: Answers, open_http: Open) -> None:
    answers.raw(b'{"a":"' + b"x" * 3_000_000 + b'"}')

    with pytest.raises(errors.WeChatGarbled) as caught:
        open_http(read=5.0, total=5.0).get(PATH, {})

    assert caught.value.reason == "too long"


@pytest.mark.fault("C-02")
def test_a_huge_redirect_is_not_read_either(answers: Answers, open_http: Open) -> None:
    def endless_redirect(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", "/other")
        handler.send_header("Content-Length", "1000000000")
        handler.end_headers()
        time.sleep(3)

    answers.by(endless_redirect)
    started = time.monotonic()

    with pytest.raises(errors.WeChatGarbled):
        open_http(read=5.0, total=5.0).get(PATH, {})

    assert time.monotonic() - started < 2


def test_a_compressed_answer_is_neither_asked_for_nor_unfolded(
    answers: Answers, wechat_http: http.WeChatHTTP
) -> None:
    answers.raw(b"\x1f\x8b", headers={"Content-Encoding": "gzip"})

    with pytest.raises(errors.WeChatGarbled) as caught:
        wechat_http.get(PATH, {})

    assert caught.value.reason == "compressed"
    assert answers.calls[0].headers["Accept-Encoding"] == "identity"


@pytest.mark.fault("C-02")
def test_an_answer_shorter_than_announced_is_not_used(
    answers: Answers, wechat_http: http.WeChatHTTP
) -> None:
    def cut(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b'{"openid":"o1"}')
        handler.close_connection = True

    answers.by(cut)

    with pytest.raises(errors.WeChatUnreachable) as caught:
        wechat_http.get(PATH, {})

    assert caught.value.sent


def test_a_chunked_answer_is_read_whole(answers: Answers, wechat_http: http.WeChatHTTP) -> None:
    def chunked(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for chunk in (b'{"openid"', b':"o1"}'):
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        handler.wfile.write(b"0\r\n\r\n")

    answers.by(chunked)

    assert wechat_http.get(PATH, {}) == {"openid": "o1"}


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    # Lingering for no time at all makes it a reset.
    linger = b"\x01\0\0\0\0\0\0\0"
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    handler.close_connection = True


def test_a_connection_that_is_reset_may_have_carried_the_request(
    answers: Answers, wechat_http: http.WeChatHTTP
) -> None:
    answers.by(hang_up)

    with pytest.raises(errors.WeChatUnreachable) as caught:
        wechat_http.get(PATH, PARAMS)

    assert caught.value.sent


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        (f"http://127.0.0.1:{unused_port()}", "NewConnectionError"),
        ("http://wechat.invalid", "NameResolutionError"),
    ],
    ids=["refused", "no such name"],
)
def test_a_request_that_never_left_says_so(address: str, reason: str) -> None:
    with pytest.raises(errors.WeChatUnreachable) as caught:
        http.WeChatHTTP(Platform(api_url=address)).get(PATH, PARAMS)

    assert not caught.value.sent
    assert caught.value.reason == reason


def test_one_connection_serves_many_calls(answers: Answers, wechat_http: http.WeChatHTTP) -> None:
    answers.json({"openid": "o1"})

    for _ in range(5):
        wechat_http.get(PATH, {})

    assert len({call.connection for call in answers.calls}) == 1


def test_cookies_and_the_environment_have_no_say(
    answers: Answers, wechat_http: http.WeChatHTTP, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{unused_port()}")
    answers.raw(b"{}", headers={"Set-Cookie": "a=b"})

    wechat_http.get(PATH, {})
    wechat_http.get(PATH, {})

    assert "Cookie" not in answers.calls[1].headers


@pytest.mark.fault("C-09")
def test_a_call_too_many_is_refused_at_once(answers: Answers, open_http: Open) -> None:
    arrived, leave = threading.Event(), threading.Event()

    def hold(handler: BaseHTTPRequestHandler) -> None:
        arrived.set()
        leave.wait(5)
        handler.send_response(200)
        handler.send_header("Content-Length", "2")
        handler.end_headers()
        handler.wfile.write(b"{}")

    answers.by(hold)
    wechat_http = open_http(read=5.0, total=5.0, in_flight=1)
    first = threading.Thread(target=wechat_http.get, args=(PATH, {}))
    first.start()
    assert arrived.wait(5)

    with pytest.raises(errors.WeChatBusy) as caught:
        wechat_http.get(PATH, {})

    assert caught.value.retry_after > timedelta(0)
    leave.set()
    first.join()
    assert wechat_http.get(PATH, {}) == {}


def test_no_secret_gets_into_exceptions_or_logs(
    answers: Answers, wechat_http: http.WeChatHTTP, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="urllib3")
    answers.json({"errcode": 40001, "errmsg": f"bad {SECRET}, openid o9AgO5Kd5ggOC-bXrbNODIiE3bGY"})
    answers.raw(b"no json")
    answers.raw(b"HTTP 500", status=500)
    answers.by(hang_up)
    seen: list[str] = []

    for _ in range(4):
        with pytest.raises(errors.PlatformError) as caught:
            wechat_http.post(PATH, {"access_token": "canary-token"}, {"secret": SECRET})
        seen.extend(traceback.format_exception_only(caught.value))
        assert caught.value.__context__ is None
    with pytest.raises(errors.WeChatUnreachable) as caught:
        http.WeChatHTTP(Platform(api_url=f"http://127.0.0.1:{unused_port()}")).get(PATH, PARAMS)
    seen.extend(traceback.format_exception_only(caught.value))
    logging.getLogger("urllib3.connection").debug("%(words)s", {"words": "a mapping"})

    whole = "\n".join([*seen, caplog.text])
    assert "canary" not in whole
    assert "o9AgO5Kd" not in whole
    assert "POST /sns/userinfo HTTP/1.1" in caplog.text


def test_answers_come_back_as_they_are(answers: Answers, wechat_http: http.WeChatHTTP) -> None:
    answer = {"msgid": 9007199254740993, "list": [1, {"a": None}]}
    answers.raw(json.dumps(answer).encode())

    assert wechat_http.get(PATH, {}) == answer
