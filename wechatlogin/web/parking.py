"""The outermost layer: it lets a request wait after Flask is done with it.

A view that wants to wait answers as if nothing had changed, and says in the environ how long it
would rather wait. By the time this layer looks, Flask has torn the request down, so neither a
database connection nor a context is held. Where gunicorn's threaded worker offers the
connection, it is parked and the thread goes free; elsewhere a bounded number of threads waits.
Beyond either bound the answer goes out at once, with `retry_after`.

    guest.py         one request that may have to wait
    seats.py         who is there, and how many may be
    waiting_room.py  who waits for what, and who must be told what
    rounds.py        whose row is read next
    parking_lot.py   the sockets, and the thread that looks after them
    parked.py        one socket
    sending.py       what is sent to it before anybody else has the interpreter
"""

import queue
import signal
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from types import FrameType
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from sqlalchemy import Engine

from wechatlogin.config import Settings
from wechatlogin.services.waiting import Bus
from wechatlogin.web import parked
from wechatlogin.web.guest import Guest
from wechatlogin.web.parking_lot import REREAD_SECONDS, ParkingLot
from wechatlogin.web.seats import Limits
from wechatlogin.web.waiting_room import WaitingRoom

PARKING_KEY = "wechatlogin.parking"
GUEST_KEY = "wechatlogin.guest"
#: Threads that may wait where the server's own number of threads is not known.
BLOCKED_THREADS = 32
#: Threads of gunicorn that never wait.
FREE_THREADS = 2

_Headers = list[tuple[str, str]]


class ParkingMiddleware:
    """Wraps `app.wsgi_app`; nothing may be wrapped around it."""

    def __init__(
        self,
        app: WSGIApplication,
        *,
        engine: Engine,
        bus: Bus,
        settings: Settings,
        limits: Limits | None = None,
    ) -> None:
        self._app = app
        #: Where attempts are read.
        self.engine = engine
        self._bus = bus
        self._threads = settings.threads
        self.max_wait_seconds = settings.max_wait_seconds
        self.room = WaitingRoom(engine, bus, limits)
        self.lot = ParkingLot(self.room, max_waiting=settings.max_waiting)
        self._lock = threading.Lock()
        self._blocked = 0

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ[PARKING_KEY] = self
        beginning = _Beginning(environ, start_response)
        try:
            body = self._app(environ, beginning)
        except BaseException:
            self.let_go(environ)
            raise
        if not beginning.is_held:
            self.let_go(environ)
            return body
        content = _read(body)
        status, headers = beginning.status, beginning.headers
        guest: Guest = environ[GUEST_KEY]
        if status.startswith("200"):
            content = self._wait(environ, guest, status, headers)
        self.let_go(environ)
        start_response(status, _with_length(headers, content))
        return [content]

    def enter(self, environ: WSGIEnvironment, attempt_id: str, address: str) -> Guest:
        """Let a guest in before its row is read; this layer sees to it that it leaves."""
        guest = self.room.enter(attempt_id, address)
        environ[GUEST_KEY] = guest
        return guest

    def let_go(self, environ: WSGIEnvironment) -> None:
        """Let a guest leave that does not wait after all."""
        guest = environ.pop(GUEST_KEY, None)
        if guest is not None:
            self.room.leave(guest)

    def answer_on_sigterm(self) -> None:
        """Answer everybody as soon as this process is told to stop; call it in the main thread.

        The lot has to be started: its thread does so, while the main one stops the process.
        """
        previous = signal.getsignal(signal.SIGTERM)

        def dismiss(number: int, frame: FrameType | None) -> None:
            self.lot.dismiss()
            if callable(previous):
                previous(number, frame)

        signal.signal(signal.SIGTERM, dismiss)
        signal.siginterrupt(signal.SIGTERM, False)

    def close(self) -> None:
        """Answer everybody, and end the threads."""
        self.room.close()
        self.lot.close()
        self._bus.close()

    def _wait(
        self, environ: WSGIEnvironment, guest: Guest, status: str, headers: _Headers
    ) -> bytes:
        connection = parked.get_socket(environ)
        if connection is None:
            return self._block(environ, guest)
        head = parked.make_head(environ, status, headers)
        if self.lot.park(connection, head=head, guest=guest):
            # The guest is the lot's now. The worker takes this for "the connection is closed": it
            # writes nothing, logs nothing and counts it off.
            environ.pop(GUEST_KEY)
            raise StopIteration
        return guest.unchanged()

    def _block(self, environ: WSGIEnvironment, guest: Guest) -> bytes:
        answers: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        if not self._take_thread(parked.SOCKET_KEY in environ):
            return guest.unchanged()
        try:
            if not self.room.seat(guest, answers.put):
                return guest.unchanged()
            return _first_of(answers, guest, self.room)
        finally:
            with self._lock:
                self._blocked -= 1

    def _take_thread(self, is_gunicorn: bool) -> bool:
        most = self._threads - FREE_THREADS if is_gunicorn else BLOCKED_THREADS
        with self._lock:
            is_free = self._blocked < most
            self._blocked += is_free
            return is_free


class _Beginning:
    """Stands in for `start_response`, and keeps the head of an answer that is to wait."""

    def __init__(self, environ: WSGIEnvironment, start_response: StartResponse) -> None:
        self._environ = environ
        self._start_response = start_response
        self.is_held = False
        self.status = ""
        self.headers: _Headers = []

    def __call__(
        self, status: str, headers: _Headers, exc_info: Any = None, /
    ) -> Callable[[bytes], object]:
        guest = self._environ.get(GUEST_KEY)
        if guest is None or not guest.seconds:
            return self._start_response(status, headers, exc_info)
        self.is_held, self.status, self.headers = True, status, headers
        return _refuse_write


def _refuse_write(_data: bytes) -> None:
    # The old way to write a body, which Flask does not use.
    raise RuntimeError("an answer that waits is written as an iterable")


def _read(body: Iterable[bytes]) -> bytes:
    """Read the body and close it, which is when Flask's last teardown runs."""
    try:
        return b"".join(body)
    finally:
        close = getattr(body, "close", None)
        if close is not None:
            close()


def _first_of(answers: "queue.SimpleQueue[bytes]", guest: Guest, room: WaitingRoom) -> bytes:
    with suppress(queue.Empty):
        return answers.get(timeout=guest.seconds)
    if guest.outlasts_attempt:
        room.look_for(guest)
        with suppress(queue.Empty):
            return answers.get(timeout=REREAD_SECONDS)
    room.end(guest)
    return guest.time_up()


def _with_length(headers: _Headers, content: bytes) -> _Headers:
    others = [(name, value) for name, value in headers if name.lower() != "content-length"]
    return [*others, ("Content-Length", str(len(content)))]
