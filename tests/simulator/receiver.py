"""A small callback receiver: what WeChat pushes to, in a thread of the test."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import xmltodict


@dataclass(frozen=True)
class Received:
    """One request that arrived."""

    method: str
    path: str
    query: dict[str, str]
    body: bytes
    headers: dict[str, str]

    @property
    def fields(self) -> dict[str, Any]:
        """The fields of a plain XML push."""
        return dict(xmltodict.parse(self.body)["xml"])


@dataclass(frozen=True)
class Answer:
    """What the receiver says."""

    body: bytes = b"success"
    status: int = 200
    content_type: str = "text/plain; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)


class Receiver:
    """Keeps what arrives, and answers as the test says."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answer: Callable[[Received], Answer] = lambda got: Answer()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.host = f"127.0.0.1:{self._server.server_port}"
        self.url = f"http://{self.host}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def says(self, body: bytes, *, status: int = 200) -> None:
        """Answer everything with this."""
        self.answer = lambda got: Answer(body, status)

    @property
    def pushes(self) -> list[Received]:
        """The POST requests."""
        return [one for one in self.received if one.method == "POST"]


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._take()

        def do_POST(self) -> None:
            self._take()

        def log_message(self, *args: object) -> None:
            """Stay quiet."""

        def _take(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            got = Received(self.command, parts.path, query, body, dict(self.headers.items()))
            # Whoever sees what arrived may say at once what the next one is answered with.
            answering = receiver.answer
            receiver.received.append(got)
            answer = answering(got)
            try:
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.content_type)
                self.send_header("Content-Length", str(len(answer.body)))
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer.body)
            except OSError:
                # The simulator gave up waiting.
                return

    return Handler


def text_reply(got: Received, content: str) -> Answer:
    """Return a passive text reply to a plain push."""
    fields = got.fields
    xml = (
        f"<xml><ToUserName><![CDATA[{fields['FromUserName']}]]></ToUserName>"
        f"<FromUserName><![CDATA[{fields['ToUserName']}]]></FromUserName>"
        f"<CreateTime>1700000000</CreateTime><MsgType><![CDATA[text]]></MsgType>"
        f"<Content><![CDATA[{content}]]></Content></xml>"
    )
    return Answer(xml.encode(), content_type="text/xml")
