"""Posting to programs' servers: in time, straight there, and not where clouds keep secrets."""

import socket
import threading
import time
import traceback
from collections.abc import Iterator
from typing import NoReturn

import pytest

from tests.simulator.receiver import Answer, Receiver
from tests.wechat.conftest import unused_port
from wechatlogin.errors import NoticeNotTaken
from wechatlogin.wechat import deadline
from wechatlogin.wechat.notices import Poster

FORM = {"logout_token": "canary.logout.token"}


@pytest.fixture
def server() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.stop()


def test_a_form_arrives_as_it_is(server: Receiver) -> None:
    Poster().post(f"{server.url}/logged-out", FORM)

    (call,) = server.received
    assert call.body == b"logout_token=canary.logout.token"
    assert "Cookie" not in call.headers


def test_a_proxy_of_the_environment_is_not_used(
    server: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{unused_port()}")
    monkeypatch.delenv("NO_PROXY", raising=False)

    Poster().post(server.url, FORM)

    assert len(server.received) == 1


@pytest.mark.parametrize("status", [302, 500])
def test_any_other_status_says_that_it_was_not_taken(server: Receiver, status: int) -> None:
    server.answer = lambda got: Answer(b"", status, headers={"Location": f"{server.url}/elsewhere"})

    with pytest.raises(NoticeNotTaken) as caught:
        Poster().post(server.url, FORM)

    assert caught.value.reason == f"HTTP {status}"
    assert len(server.received) == 1


def test_an_answer_is_not_read_beyond_its_head() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        is_over = threading.Event()

        def answer() -> None:
            peer, _ = listening.accept()
            with peer:
                peer.recv(65536)
                peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\nmore and more")
                is_over.wait(10)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        began = time.monotonic()

        Poster().post(f"http://127.0.0.1:{port}/", FORM)

        assert time.monotonic() - began < 4
        is_over.set()
        thread.join()


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "169.254.0.23",
        "100.100.100.200",
        "192.0.0.192",
        "[::ffff:169.254.169.254]",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "0xa9fea9fe",
    ],
)
def test_where_a_cloud_keeps_secrets_nobody_is_asked(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> NoReturn:
        pytest.fail("a connection was begun")

    monkeypatch.setattr(socket.socket, "connect", refuse)

    with pytest.raises(NoticeNotTaken):
        Poster().post(f"http://{host}/latest/meta-data/", FORM)


def test_a_program_may_be_on_the_same_machine_or_in_the_same_network() -> None:
    for host in ("127.0.0.1", "10.0.0.7", "192.168.1.9", "::1", "fd12:3456::1"):
        assert not deadline.check_forbidden(host)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.255.255.254",
        "0.0.0.0",  # noqa: S104 - an address that reaches this machine
        "10.0.0.7",
        "172.31.255.1",
        "192.168.1.9",
        "100.64.0.1",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "[::]",
        "[::1]",
        "[::ffff:10.0.0.7]",
        "[::127.0.0.1]",
        "[fd12:3456::1]",
        "[fec0::1]",
        "[ff02::1]",
        "[64:ff9b::a00:7]",
        "[64:ff9b:1::a00:7]",
        "[2002:a00:7::]",
        "[2001:0:a00:7::1]",
        "0x7f000001",
        "2130706433",
        "127.1",
        "localhost",
        "169.254.169.254",
        "100.100.100.200",
        "168.63.129.16",
    ],
)
def test_a_webhook_goes_to_no_address_inside(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> NoReturn:
        pytest.fail("a connection was begun")

    monkeypatch.setattr(socket.socket, "connect", refuse)

    with pytest.raises(NoticeNotTaken) as caught:
        Poster().deliver(f"http://{host}/hook", b"{}", {})

    assert caught.value.reason == "AddressBarred"


def test_the_address_that_is_looked_at_is_the_one_that_is_gone_to(
    server: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that is public when it is asked for first, and this machine ever after."""
    port = int(server.url.rpartition(":")[2])
    asked: list[str] = []

    def resolve(*_: object, **_more: object) -> list[tuple[object, ...]]:
        asked.append("93.184.215.14" if not asked else "127.0.0.1")
        found = (asked[-1], port)
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", found)]

    connected: list[object] = []

    def connect(_socket: socket.socket, address: object) -> None:
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket.socket, "connect", connect)
    reasons = []
    for _ in range(2):
        with pytest.raises(NoticeNotTaken) as caught:
            Poster().deliver(f"http://rebinding.example:{port}/hook", b"{}", {})
        reasons.append(caught.value.reason)

    assert connected == [("93.184.215.14", port)]
    assert reasons == ["ConnectionError", "AddressBarred"]
    assert server.received == []


@pytest.mark.parametrize("host", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_what_is_public_is_public_however_it_is_written(host: str) -> None:
    assert deadline.check_public(host)
    if ":" not in host:
        assert deadline.check_public(f"::ffff:{host}")
        assert deadline.check_public("64:ff9b::5db8:d70e")


def test_while_developing_a_webhook_may_go_to_this_machine_alone(server: Receiver) -> None:
    poster = Poster(permits_loopback=True)

    assert poster.deliver(f"{server.url}/hook", b"{}", {"webhook-id": "msg_1"}) == 200
    with pytest.raises(NoticeNotTaken):
        poster.deliver("http://10.0.0.7/hook", b"{}", {})
    assert [got.body for got in server.received] == [b"{}"]


@pytest.mark.parametrize("address", ["not an address", "ftp://program.example/", "http://[::1"])
def test_an_address_that_is_none_is_not_taken(address: str) -> None:
    with pytest.raises(NoticeNotTaken):
        Poster().post(address, FORM)


def test_no_error_quotes_the_address_or_the_token() -> None:
    address = f"http://127.0.0.1:{unused_port()}/canary-path"

    with pytest.raises(NoticeNotTaken) as caught:
        Poster().post(address, FORM)

    shown = "".join(traceback.format_exception(caught.value))
    assert "canary" not in shown
