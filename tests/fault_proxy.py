"""A road to WeChat's place on which answers get lost: between the service and the simulator.

A fault strikes the requests in whose address a given text stands; all others pass. Two faults are
of the road itself: nobody listens (`refuse`), or nobody takes the connection (`swallow`).
"""

import contextlib
import socket
import struct
import threading
from enum import StrEnum
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from tests.servers import free_port

#: Between the bytes of a drip; a whole answer takes minutes then.
DRIP_SECONDS = 1.0
#: WeChat is given up after five.
SLOW_SECONDS = 4.2
MOST_SECONDS = 30.0


class Fault(StrEnum):
    """What becomes of a request whose connection was taken."""

    #: The request arrives and is never answered.
    HANG = "hang"
    #: The connection is reset.
    RESET = "reset"
    #: The connection is closed without a word.
    CLOSE = "close"
    #: The answer comes a byte a second.
    DRIP = "drip"
    #: The answer ends in its middle.
    CUT = "cut"
    #: What comes is not HTTP.
    GARBAGE = "garbage"
    #: The answer comes so late that it is almost given up.
    SLOW = "slow"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, road: "FaultProxy") -> None:
        self.road = road
        super().__init__(("127.0.0.1", port), _Passing)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: connections that break are what this is for."""


class FaultProxy:
    """The road, and what strikes on it."""

    def __init__(self, target: str) -> None:
        self.target = target
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._faults: dict[str, Fault] = {}
        self.released = threading.Event()
        self._dead_end: list[socket.socket] = []
        self._server: _Server | None = None
        #: Connections outlive the server that took them.
        self.connections: set[socket.socket] = set()
        self.open()

    def strike(self, fault: Fault, where: str) -> None:
        """Let a fault strike every request in whose address this text stands."""
        self._faults[where] = fault

    def get_fault(self, address: str) -> Fault | None:
        """Return what strikes a request."""
        return next((fault for where, fault in self._faults.items() if where in address), None)

    def open(self) -> None:
        """Let everything pass again."""
        self.close()
        self.released.clear()
        self._faults.clear()
        self._server = _Server(self._port, self)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def refuse(self) -> None:
        """Let nobody listen any more."""
        self.close()

    def swallow(self) -> None:
        """Let connections be asked for, and never be taken."""
        self.close()
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", self._port))
        listening.listen(0)
        self._dead_end = [listening]
        for _ in range(4):
            queued = socket.socket()
            queued.setblocking(False)
            queued.connect_ex(("127.0.0.1", self._port))
            self._dead_end.append(queued)

    def close(self) -> None:
        """Take the road away; whoever hangs on it is let go."""
        self.released.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        for connection in list(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        while self._dead_end:
            self._dead_end.pop().close()


class _Passing(BaseHTTPRequestHandler):
    """Passes a request on, and its answer back, unless a fault strikes."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.road.connections.add(self.connection)

    def finish(self) -> None:
        self.server.road.connections.discard(self.connection)
        super().finish()

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = self.server.road.get_fault(self.path)
        match fault:
            case Fault.HANG:
                self.server.road.released.wait(MOST_SECONDS)
                self.close_connection = True
            case Fault.RESET:
                linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self.connection.close()
                self.close_connection = True
            case Fault.CLOSE:
                self.close_connection = True
            case Fault.GARBAGE:
                self.wfile.write(bytes(range(128, 256)) * 4)
                self.close_connection = True
            case _:
                self._answer(fault, body)

    do_POST = do_GET  # noqa: N815 - the name http.server looks for

    def _answer(self, fault: Fault | None, body: bytes) -> None:
        if fault is Fault.SLOW:
            self.server.road.released.wait(SLOW_SECONDS)
        status, content = self._ask(body)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if fault is Fault.CUT:
            self.wfile.write(content[: len(content) // 2])
            self.close_connection = True
        elif fault is Fault.DRIP:
            self._drip(content)
        else:
            self.wfile.write(content)

    def _drip(self, content: bytes) -> None:
        for byte in content:
            self.wfile.write(bytes([byte]))
            if self.server.road.released.wait(DRIP_SECONDS):
                break
        self.close_connection = True

    def _ask(self, body: bytes) -> tuple[int, bytes]:
        connection = HTTPConnection(urlsplit(self.server.road.target).netloc, timeout=MOST_SECONDS)
        kept = ("Content-Type", "User-Agent", "X-Simulator-Person")
        headers = {name: self.headers[name] for name in kept if name in self.headers}
        connection.request(self.command, self.path, body or None, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, content

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads this server's log."""
