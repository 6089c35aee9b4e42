"""A bare asyncio server that only holds sockets and wakes them: the least that waiting can be.

GET  /login/attempts/<id>?…&wait=25    held until it is woken or its time is up
GET  /login/attempts/<id>              answered at once
POST /wake/<id>                        wakes whoever waits for it, and notes when
GET  /waiting                          how many wait
"""

import asyncio
import re
import sys

from benchmarks.stamps import Pen

HEAD = (
    b"HTTP/1.1 200 OK\r\nServer: asyncio\r\nContent-Type: application/json\r\n"
    b"Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
    b"Cache-Control: no-store\r\n"
)
BODY = b'{"status":"%s","expires_in":%d,"number":null,"nickname":null,"avatar_url":null}'
_REQUEST = re.compile(rb"(GET|POST) /([a-z/]+?)/?([0-9a-f]{32})?(?:\?(?:.*&)?wait=(\d+))? HTTP/1.1")

_pen = Pen()
_waiting: dict[bytes, "Connection"] = {}
#: Those that were woken while nobody waited: whoever is just asking again is told then.
_missed: set[bytes] = set()


class Connection(asyncio.Protocol):
    """One browser, or whoever wakes others."""

    __slots__ = ("attempt_id", "timer", "transport")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - it listens on TCP alone
        self.transport = transport
        self.attempt_id = b""

    def data_received(self, data: bytes) -> None:
        """Read a request, which comes in one piece here."""
        request = _REQUEST.match(data)
        if request is None:
            self.transport.abort()
            return
        attempt_id, wait = request[3] or b"", request[4]
        if request[1] == b"POST":
            self._wake(attempt_id)
        elif wait:
            self._hold(attempt_id, int(wait))
        else:
            self._answer(b"%d" % len(_waiting) if request[2] == b"waiting" else BODY % (b"up", 1))

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._leave()

    def _hold(self, attempt_id: bytes, seconds: int) -> None:
        if attempt_id in _missed:
            self._answer(BODY % (b"confirmed", 60), b"Connection: close\r\n")
            self.transport.close()
            return
        self.attempt_id = attempt_id
        _waiting[attempt_id] = self
        self.timer = asyncio.get_running_loop().call_later(seconds, self._end, b"scanned")

    def _wake(self, attempt_id: bytes) -> None:
        _pen.note(attempt_id.decode())
        if attempt_id in _waiting:
            _waiting[attempt_id]._end(b"confirmed")
        else:
            _missed.add(attempt_id)
        self._answer(b"")

    def _end(self, status: bytes) -> None:
        self._leave()
        self._answer(BODY % (status, 60), b"Connection: close\r\n")
        self.transport.close()

    def _leave(self) -> None:
        if _waiting.get(self.attempt_id) is self:
            del _waiting[self.attempt_id]
            self.timer.cancel()

    def _answer(self, body: bytes, more: bytes = b"") -> None:
        self.transport.write(HEAD + more + b"Content-Length: %d\r\n\r\n" % len(body) + body)


async def serve(port: int) -> None:
    """Serve until the end."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", port, backlog=2048)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
