"""Ten thousand desktops that wait, in a process of their own: one loop over their sockets.

A desktop asks how its attempt stands and waits for the answer. Where nothing has changed it asks
again at once, as the login page does; where something has, the moment is noted, and the place is
taken by the next attempt that is to be had. Desktops ask from a hundred addresses of loopback.
"""

import heapq
import http.client
import multiprocessing
import re
import select
import socket
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from multiprocessing.connection import Connection
from urllib.parse import urlsplit

from benchmarks.clients import Unexpected

#: From each may ask fewer than the service permits to wait.
ADDRESSES = 100
#: So many come before it is looked whether the server has taken them all in.
WAVE = 64
TIMEOUT = 30
#: What they know already.
KNOWN = "scanned"
_AWAY = re.compile(rb'"retry_after":([0-9.]+)')
_LENGTH = re.compile(rb"\r\nContent-Length: (\d+)\r\n", re.IGNORECASE)
# The loop starts from where it is forked; a fresh start would load the whole service for nothing.
_FORKS = multiprocessing.get_context("fork")


@dataclass(frozen=True)
class Ask:
    """An attempt that a desktop waits on, and how long its first question does."""

    attempt_id: str
    wait: int


@dataclass(frozen=True)
class Seen:
    """What the desktops have been told since they were asked last."""

    #: When the news of an attempt came, in nanoseconds of the monotonic clock.
    news: dict[str, int]
    #: How many waits ended with nothing new.
    times_up: int
    #: Answers that are none, as text.
    wrong: list[str]


class Desktops:
    """The loop's process, as whoever measures sees it."""

    def __init__(self, url: str, *, cookie: str) -> None:
        self._pipe, theirs = _FORKS.Pipe()
        self._process = _FORKS.Process(target=_live, args=(theirs, url, cookie), daemon=True)
        self._process.start()
        theirs.close()

    def come(self, asks: Sequence[Ask], *, wait: int, next_ids: Sequence[str] = ()) -> None:
        """Let desktops come, as fast as the server takes them in.

        `wait` is for how many seconds each asks from its second question on, and `next_ids` are
        the attempts that are waited on where others have had their news.
        """
        self._pipe.send((list(asks), wait, list(next_ids)))
        self._pipe.recv()

    def look(self) -> Seen:
        """Return what they have been told.

        :raise Unexpected: if an answer was none.
        """
        self._pipe.send(_Order.LOOK)
        seen: Seen = self._pipe.recv()
        if seen.wrong:
            raise Unexpected(f"{len(seen.wrong)} desktops, the first: {seen.wrong[0]}")
        return seen

    def go(self) -> None:
        """Let them all hang up."""
        # Processes that were forked later have this end open, too; closing it ends nothing.
        with suppress(BrokenPipeError):
            self._pipe.send(_Order.GO)
        self._process.join(TIMEOUT)
        self._pipe.close()


class _Order(Enum):
    LOOK = "look"
    GO = "go"


@dataclass(eq=False, slots=True)
class _Desktop:
    address: str
    attempt_id: str
    connection: socket.socket | None = None
    received: bytes = b""


@dataclass
class _Loop:
    pipe: Connection
    url: str
    cookie: str
    wait: int = 0
    epoll: select.epoll = field(default_factory=select.epoll)
    desktops: dict[int, _Desktop] = field(default_factory=dict)
    next_ids: deque[str] = field(default_factory=deque)
    seen: Seen = field(default_factory=lambda: Seen({}, 0, []))
    #: Those that were sent away for some seconds, by when they come back.
    away: list[tuple[float, int, _Desktop]] = field(default_factory=list)
    come_so_far: int = 0
    times_up: int = 0
    is_over: bool = False

    def run(self) -> None:
        """Live until it is time to go."""
        parts = urlsplit(self.url)
        self.target = (parts.hostname or "", parts.port or 80)
        self.probe = http.client.HTTPConnection(*self.target, timeout=TIMEOUT)
        self.epoll.register(self.pipe, select.EPOLLIN)
        while not self.is_over:
            self.turn(self.patience())

    def turn(self, timeout: float | None) -> None:
        """Attend to whatever has come."""
        ready = self.epoll.poll(timeout)
        # What is ready was there by now; reading it one after the other is not its delay.
        now = time.monotonic_ns()
        for descriptor, _ in ready:
            desktop = self.desktops.get(descriptor)
            if desktop is not None:
                self.read(desktop, now)
            elif descriptor == self.pipe.fileno() and timeout != 0:
                self.obey()
        while self.away and self.away[0][0] <= time.monotonic():
            self.send(heapq.heappop(self.away)[2], self.wait)

    def patience(self) -> float | None:
        """Return for how many seconds nobody comes back."""
        return max(0.001, self.away[0][0] - time.monotonic()) if self.away else None

    def obey(self) -> None:
        """Do what the measuring process has asked for."""
        asked = self.pipe.recv()
        if asked is _Order.GO:
            self.is_over = True
            return
        if asked is _Order.LOOK:
            told = Seen(self.seen.news, self.times_up, self.seen.wrong)
            self.seen, self.times_up = Seen({}, 0, []), 0
            self.pipe.send(told)
            return
        asks, self.wait, next_ids = asked
        self.next_ids.extend(next_ids)
        for at in range(0, len(asks), WAVE):
            for ask in asks[at : at + WAVE]:
                self.come_so_far += 1
                address = f"127.0.1.{1 + self.come_so_far % ADDRESSES}"
                self.send(_Desktop(address, ask.attempt_id), ask.wait)
            # The server answers this once it has seen to most of those before.
            self.probe.request(
                "GET", f"/login/attempts/{asks[at].attempt_id}", headers={"Cookie": self.cookie}
            )
            self.probe.getresponse().read()
            self.turn(0)
        self.pipe.send(True)

    def send(self, desktop: _Desktop, wait: int) -> None:
        """Ask how an attempt stands, over a new connection."""
        connection = desktop.connection = socket.socket()
        # The port is chosen when it is known where to, so that there are enough of them.
        connection.setsockopt(socket.IPPROTO_IP, socket.IP_BIND_ADDRESS_NO_PORT, 1)
        connection.bind((desktop.address, 0))
        connection.connect(self.target)
        connection.sendall(
            f"GET /login/attempts/{desktop.attempt_id}?known={KNOWN}&wait={wait} HTTP/1.1\r\n"
            f"Host: {self.target[0]}:{self.target[1]}\r\nCookie: {self.cookie}\r\n\r\n".encode()
        )
        connection.setblocking(False)
        desktop.received = b""
        self.desktops[connection.fileno()] = desktop
        self.epoll.register(connection, select.EPOLLIN)

    def read(self, desktop: _Desktop, now: int) -> None:
        """Take an answer in, and do what follows from it once it is whole."""
        connection = desktop.connection
        if connection is None:
            return
        try:
            data = connection.recv(65_536)
        except OSError:
            data = b""
        desktop.received += data
        if data and not _is_whole(desktop.received):
            return
        del self.desktops[connection.fileno()]
        self.epoll.unregister(connection)
        connection.close()
        self.follow(desktop, now)

    def follow(self, desktop: _Desktop, now: int) -> None:
        """Ask again, or go on to the next attempt."""
        received = desktop.received
        away = _AWAY.search(received)
        if not received.startswith(b"HTTP/1.1 200 "):
            self.seen.wrong.append(f"{desktop.attempt_id} {received[:300]!r}")
        elif b'"status":"%s"' % KNOWN.encode() in received:
            self.times_up += 1
            if away is None:
                self.send(desktop, self.wait)
            else:
                # As the page does: it is late for whatever happens meanwhile, and that counts.
                heapq.heappush(self.away, (time.monotonic() + float(away[1]), id(desktop), desktop))
        else:
            self.seen.news[desktop.attempt_id] = now
            if self.next_ids:
                desktop.attempt_id = self.next_ids.popleft()
                self.send(desktop, self.wait)


def _live(pipe: Connection, url: str, cookie: str) -> None:
    _Loop(pipe, url, cookie).run()


def _is_whole(received: bytes) -> bool:
    head, end, body = received.partition(b"\r\n\r\n")
    length = _LENGTH.search(head + b"\r\n")
    return bool(end) and length is not None and len(body) >= int(length[1])
