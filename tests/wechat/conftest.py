"""A real HTTP server in WeChat's place, an account, and a store for its token."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib import parse

import pytest
from pydantic import SecretStr

from wechatlogin.wechat import client, http
from wechatlogin.wechat.app import AppKind, MessageMode, Platform, WeChatApp

NOW = datetime(2026, 11, 21, 3, 4, 5, tzinfo=UTC)


@dataclass(frozen=True)
class Call:
    """One request as the server got it."""

    method: str
    path: str
    query: dict[str, str]
    body: bytes
    headers: dict[str, str]
    connection: tuple[str, int]


@dataclass
class Answers:
    """What the server says, one after the other (the last one again and again), and who called."""

    queue: list[Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)

    def json(self, answer: object, content_type: str = "text/plain") -> None:
        """Answer with this object, as `/sns/*` does: UTF-8 without saying so."""
        self.raw(json.dumps(answer, ensure_ascii=False).encode("utf-8"), content_type=content_type)

    def raw(
        self,
        body: bytes,
        *,
        status: int = 200,
        content_type: str = "text/plain",
        headers: dict[str, str] | None = None,
    ) -> None:
        """Answer with these bytes."""

        def write(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(status)
            fields = {"Content-Type": content_type, "Content-Length": str(len(body))}
            for name, value in (fields | (headers or {})).items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(body)

        self.queue.append(write)

    def by(self, write: Callable[[BaseHTTPRequestHandler], None]) -> None:
        """Answer by this function."""
        self.queue.append(write)


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is what some tests are about."""


def unused_port() -> int:
    """Return a port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
def platform(answers: Answers) -> Iterator[Platform]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = parse.urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            answers.calls.append(
                Call(
                    method=self.command,
                    path=parts.path,
                    query=dict(parse.parse_qsl(parts.query, keep_blank_values=True)),
                    body=body,
                    headers=dict(self.headers),
                    connection=self.client_address,
                )
            )
            write = answers.queue.pop(0) if len(answers.queue) > 1 else answers.queue[0]
            write(self)

        do_POST = do_GET  # noqa: N815 - the name http.server looks for

        def log_message(self, format: str, *args: object) -> None:
            """Nobody reads this server's log."""

    server = _QuietServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield Platform(api_url=f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def open_http(platform: Platform) -> Iterator[Callable[..., http.WeChatHTTP]]:
    opened: list[http.WeChatHTTP] = []

    def open_with(**limits: Any) -> http.WeChatHTTP:
        small: dict[str, Any] = {"connect": 0.5, "read": 0.5, "total": 1.0}
        chosen: dict[str, Any] = {
            name: timedelta(seconds=value) if isinstance(value, float) else value
            for name, value in (small | limits).items()
        }
        opened.append(http.WeChatHTTP(platform, limits=http.Limits(**chosen)))
        return opened[-1]

    yield open_with
    for each in opened:
        each.close()


@pytest.fixture
def wechat_http(open_http: Callable[..., http.WeChatHTTP]) -> http.WeChatHTTP:
    return open_http(read=5.0, total=8.0)


@pytest.fixture
def app() -> WeChatApp:
    return WeChatApp(
        appid="wx0123456789abcdef",
        secret=SecretStr("canary-secret-0123456789abcdef"),
        kind=AppKind.SERVICE,
        token=SecretStr("canaryToken"),
        aes_key=SecretStr("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"),
        mode=MessageMode.PLAIN,
        gh_id="gh_97417a04a28d",
    )


@dataclass
class StoredTokens:
    """Tokens in memory; renewing takes the next one of a row."""

    row: list[str] = field(default_factory=lambda: ["token-1", "token-2", "token-3"])
    renewed: list[str] = field(default_factory=list)

    def get(self) -> SecretStr:
        return SecretStr(self.row[0])

    def renew(self, failed: SecretStr) -> SecretStr:
        self.renewed.append(failed.get_secret_value())
        if len(self.row) > 1:
            self.row.pop(0)
        return self.get()


@pytest.fixture
def tokens() -> StoredTokens:
    return StoredTokens()


@pytest.fixture
def wechat(
    app: WeChatApp, wechat_http: http.WeChatHTTP, tokens: StoredTokens
) -> client.WeChatClient:
    return client.WeChatClient(app, wechat_http, tokens)


@pytest.fixture
def now() -> datetime:
    return NOW
