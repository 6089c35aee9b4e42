"""One connection that waits without a thread: taken over, answered, and closed in good order.

gunicorn's threaded worker hands its socket out as `environ["gunicorn.socket"]`, a key that it
does not document; websocket libraries for WSGI take it the same way. `take_over` leaves the worker
a dead socket under the same descriptor, which it closes and counts off as ever, while the
living connection goes on here under a descriptor of its own.
"""

import os
import socket
import sys
import threading
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import NamedTuple
from wsgiref.types import WSGIEnvironment

from werkzeug.http import http_date

from wechatlogin import clock
from wechatlogin.web import request_log
from wechatlogin.web.guest import Guest
from wechatlogin.web.sending import send_at_once

#: Seconds in which the answer must have left; it is about a kilobyte.
WRITE_SECONDS = 5.0
#: Seconds in which the other side may close first, so that no reset overtakes the answer.
LINGER_SECONDS = 1.0
#: Bytes that a waiting browser may send on top before it is taken for a nuisance.
MOST_STRAY_BYTES = 65_536

SOCKET_KEY = "gunicorn.socket"
# Written here anew (RFC 9110 section 7.6.1: a connection's own headers are not passed on).
_OWN_HEADERS = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "content-length", "date"}
)


class Phase(StrEnum):
    """How far a parked connection is."""

    WAITING = "waiting"
    WRITING = "writing"
    LINGERING = "lingering"
    CLOSED = "closed"


def get_socket(environ: WSGIEnvironment) -> socket.socket | None:
    """Return the plain HTTP/1 connection of a request, where the server lets us have it."""
    connection = environ.get(SOCKET_KEY)
    # TLS, HTTP/2 and green sockets need their server's own machinery to be written to.
    is_plain = type(connection) is socket.socket
    is_http1 = environ.get("SERVER_PROTOCOL") in {"HTTP/1.0", "HTTP/1.1"}
    return connection if is_plain and is_http1 and "HTTP_VERSION" not in environ else None


def take_over(connection: socket.socket) -> socket.socket:
    """Return the connection under a descriptor of its own, and leave a dead one in its place.

    :raise OSError: if there are no descriptors left; the connection is then as it was.
    """
    ours = connection.dup()
    try:
        dead, other_end = socket.socketpair()
        with dead, other_end:
            os.dup2(dead.fileno(), connection.fileno(), inheritable=False)
    except OSError:
        ours.close()
        raise
    ours.setblocking(False)
    return ours


class Head(NamedTuple):
    """What the worker would have sent before the body, without length, date and hops."""

    #: Ten thousand waiting browsers share one text.
    shared: str
    #: The value of the one header that is different each time.
    request_id: str = ""

    @property
    def text(self) -> str:
        """The whole, each line with its end."""
        own = f"{request_log.HEADER}: {self.request_id}\r\n" if self.request_id else ""
        return self.shared + own


def make_head(environ: WSGIEnvironment, status: str, headers: Iterable[tuple[str, str]]) -> Head:
    """Return the head of an answer that is sent later."""
    server = str(environ.get("SERVER_SOFTWARE", "")).split("/")[0]
    lines = [f"{environ['SERVER_PROTOCOL']} {status}", f"Server: {server}"]
    request_id = ""
    for name, value in headers:
        if name == request_log.HEADER:
            request_id = value
        elif name.lower() not in _OWN_HEADERS:
            lines.append(f"{name}: {value}")
    return Head(sys.intern("".join(f"{line}\r\n" for line in lines)), request_id)


class ParkedConnection:
    """A socket in the lot.

    The lot's thread looks after it, and any other may bring the answer. So each change of its phase
    is guarded, or the answer could go to a stranger whose socket has the same descriptor since.
    """

    __slots__ = (
        "_changing",
        "_deliver",
        "connection",
        "deadline",
        "guest",
        "is_looked_for",
        "phase",
        "request_id",
        "shared_head",
        "stray",
        "unsent",
    )

    def __init__(
        self,
        connection: socket.socket,
        *,
        head: Head,
        guest: Guest,
        deadline: float,
        deliver: "Callable[[ParkedConnection, bytes], None]",
    ) -> None:
        self.connection = connection
        self.shared_head, self.request_id = head
        self._deliver = deliver
        # One for each: while one is held others have their turn, and would wait for a common one.
        self._changing = threading.Lock()
        self.guest = guest
        #: When the present phase ends, by the monotonic clock.
        self.deadline = deadline
        self.phase = Phase.WAITING
        self.is_looked_for = False
        self.stray = 0
        self.unsent = b""

    def __call__(self, body: bytes) -> None:
        """Take the answer, in any thread; the room needs nothing else to give it."""
        self._deliver(self, body)

    def fileno(self) -> int:
        """Return the descriptor, so that a selector takes the object itself."""
        return self.connection.fileno()

    @property
    def state(self) -> tuple[Phase, float]:
        """Its phase, and when that ends."""
        with self._changing:
            return self.phase, self.deadline

    def wait_longer(self, until: float) -> None:
        """Let the wait end later."""
        with self._changing:
            if self.phase is Phase.WAITING:
                self.deadline = until

    def listen(self) -> None:
        """Take in what the other side has sent: its end, or bytes that nobody answers.

        Bytes behind the request may be another one; the answer says `Connection: close`, so the
        client knows that it was not looked at (RFC 9112 section 9.6).
        """
        with self._changing:
            try:
                received = self.connection.recv(4096)
            except BlockingIOError:
                return
            except OSError:
                received = b""
            self.stray += len(received)
            if not received or self.stray > MOST_STRAY_BYTES:
                self.phase = Phase.CLOSED

    def answer(self, body: bytes, now: float) -> bool:
        """Begin to send the answer; False, and nothing is sent, where it does not wait any more."""
        begin = Head(self.shared_head, self.request_id).text
        own = f"Date: {http_date(clock.now())}\r\nConnection: close\r\n"
        head = f"{begin}{own}Content-Length: {len(body)}\r\n\r\n"
        with self._changing:
            if self.phase is not Phase.WAITING:
                return False
            self.unsent = head.encode("latin-1") + body
            self.phase = Phase.WRITING
            self.deadline = now + WRITE_SECONDS
            self._write(now)
            return True

    def write(self, now: float) -> None:
        """Send on as much as the other side takes, and say that nothing follows."""
        with self._changing:
            if self.phase is Phase.WRITING:
                self._write(now)

    def close(self) -> None:
        """Close it; nothing is written to it any more."""
        with self._changing:
            self.phase = Phase.CLOSED
            self.connection.close()

    def _write(self, now: float) -> None:
        try:
            while self.unsent:
                self.unsent = self.unsent[send_at_once(self.connection, self.unsent) :]
            self.connection.shutdown(socket.SHUT_WR)
        except BlockingIOError:
            return
        except OSError:
            self.phase = Phase.CLOSED
            return
        self.phase = Phase.LINGERING
        self.deadline = now + LINGER_SECONDS
