"""One deadline for a whole call: slow answers, black holes, and the same over TLS."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from urllib3 import exceptions

from tests.wechat.conftest import Answers, unused_port
from wechatlogin.wechat import deadline, errors, http
from wechatlogin.wechat.app import Platform

PATH = "/sns/userinfo"
BUDGET = timedelta(seconds=0.5)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that nobody vouches for, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    today = datetime.now(UTC)
    host = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(host, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "certificate.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return path


class Slowly(BaseHTTPRequestHandler):
    """Says yes to /now, and a byte at a time to everything else."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        if self.path != "/now":
            time.sleep(0.3)
            self.wfile.write(b"{")
            time.sleep(0.3)
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads this server's log."""


class QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is what these tests are about."""


@pytest.fixture
def address(certificate: Path) -> Iterator[str]:
    server = QuietServer(("127.0.0.1", 0), Slowly)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def get(address: str, certificate: Path) -> Iterator[Callable[[str], requests.Response]]:
    with requests.Session() as session:
        session.mount("https://", deadline.DeadlineAdapter())
        yield lambda path: session.get(
            address + path, verify=str(certificate), timeout=5, stream=True
        )


def test_an_answer_over_tls_in_time_is_read(get: Callable[[str], requests.Response]) -> None:
    with deadline.within(BUDGET), get("/now") as response:
        assert response.raw.read1(100) == b"{}"


def test_a_drip_over_tls_ends_with_the_deadline(
    get: Callable[[str], requests.Response],
) -> None:
    started = time.monotonic()

    with deadline.within(BUDGET), get("/slowly") as response:
        assert response.raw.read1(1) == b"{"
        with pytest.raises(exceptions.ReadTimeoutError):
            response.raw.read1(1)

    assert time.monotonic() - started < 1


def test_a_deadline_within_a_deadline_gives_no_more_time(
    get: Callable[[str], requests.Response],
) -> None:
    with (
        deadline.within(timedelta(0)),
        deadline.within(BUDGET),
        pytest.raises(requests.ConnectTimeout),
    ):
        get("/now")
    with deadline.within(BUDGET), get("/now") as response:
        assert response.ok


def test_a_deadline_that_has_passed_lets_nothing_leave(
    get: Callable[[str], requests.Response],
) -> None:
    with deadline.within(timedelta(0)), pytest.raises(requests.ConnectTimeout):
        get("/now")


def test_a_certificate_that_nobody_vouches_for_is_refused(address: str) -> None:
    wechat_http = http.WeChatHTTP(Platform(api_url=address))

    with pytest.raises(errors.WeChatUnreachable) as caught:
        wechat_http.get("/now", {})

    assert caught.value.reason == "SSLError"
    wechat_http.close()


def drip_headers(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for _ in range(40):
        handler.wfile.write(b"X: y\r\n")
        time.sleep(0.1)


def drip_body(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _ in range(40):
        handler.wfile.write(b" ")
        time.sleep(0.1)


def say_nothing(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(2)


@pytest.mark.fault("C-01")
@pytest.mark.parametrize("write", [drip_headers, drip_body, say_nothing])
def test_a_slow_answer_is_given_up_in_time(
    answers: Answers,
    open_http: Callable[..., http.WeChatHTTP],
    write: Callable[[BaseHTTPRequestHandler], None],
) -> None:
    answers.by(write)
    started = time.monotonic()

    with pytest.raises(errors.WeChatUnreachable) as caught:
        open_http(read=0.4, total=0.6).get(PATH, {})

    assert 0.3 < time.monotonic() - started < 1.2
    assert caught.value.sent


@pytest.mark.fault("C-01")
def test_a_black_hole_with_many_addresses_costs_no_more_than_the_whole_budget(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        queued = [socket.socket() for _ in range(4)]
        for each in queued:
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", port))
        one = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))
        monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: [one] * 10)
        limits = http.Limits(
            connect=timedelta(seconds=0.2), read=timedelta(seconds=1), total=timedelta(seconds=0.5)
        )
        started = time.monotonic()

        with pytest.raises(errors.WeChatUnreachable) as caught:
            http.WeChatHTTP(Platform(api_url=f"http://black.hole:{port}"), limits=limits).get(
                PATH, {}
            )

        assert 0.4 < time.monotonic() - started < 1
        for each in queued:
            each.close()
    assert caught.value.reason == "ConnectTimeoutError"
    assert not caught.value.sent


def test_the_second_address_is_tried_when_the_first_refuses(
    answers: Answers, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers.json({"openid": "o1"})
    port = int(platform.api_url.rpartition(":")[2])
    found = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", number))
        for number in (unused_port(), port)
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: found)

    wechat_http = http.WeChatHTTP(Platform(api_url=f"http://two.addresses:{port}"))

    assert wechat_http.get(PATH, {}) == {"openid": "o1"}
    wechat_http.close()
