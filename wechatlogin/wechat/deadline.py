"""Connections that keep to one deadline for a whole call.

A timeout of requests is per packet: a peer that sends one byte every four seconds is never late.
Here every connect and every read gets what is left of the call's time, headers included. Only the
name lookup cannot be bounded, since the operating system offers no timeout for it.

Nor do they go where a cloud tells its machines their secrets, whatever a name resolves to.

    within            sets the deadline for the calls made in its block
    DeadlineAdapter   the transport adapter that makes a requests session obey it
"""

import contextlib
import contextvars
import http.client
import io
import ipaddress
import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import urllib3
from requests import adapters
from urllib3 import connection, exceptions

#: Addresses of such services that are not link-local: Alibaba's, Oracle's, Amazon's and Google's.
METADATA = frozenset(
    ipaddress.ip_address(address)
    for address in ("100.100.100.200", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254")
)

_until: contextvars.ContextVar[float] = contextvars.ContextVar("until")


@contextlib.contextmanager
def within(total: timedelta) -> Iterator[None]:
    """Give the calls in this block, all together, so much time; a block around it gives no more."""
    until = time.monotonic() + total.total_seconds()
    earlier = _until.set(min(until, _until.get(until)))
    try:
        yield
    finally:
        _until.reset(earlier)


def _remaining() -> float:
    left = _until.get() - time.monotonic()
    if left <= 0:
        raise TimeoutError("the time for this call is over")
    return left


class _TimedReader(io.RawIOBase):
    """A socket's stream whose every read ends by the deadline."""

    def __init__(self, sock: socket.socket, patience: float) -> None:
        super().__init__()
        self._sock = sock
        self._patience = patience
        self._stream = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(min(self._patience, _remaining()))
        return self._stream.readinto(buffer)

    def close(self) -> None:
        self._stream.close()
        super().close()


class _TimedSocket:
    """The one part of a socket that `http.client` reads an answer through."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def makefile(self, mode: str) -> io.BufferedReader:
        # urllib3 has just set the socket's timeout to the call's read timeout.
        return io.BufferedReader(_TimedReader(self._sock, self._sock.gettimeout() or 0.001))


class _TimedResponse(http.client.HTTPResponse):
    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(_TimedSocket(sock), *args, **kwargs)  # type: ignore[arg-type]  # it only calls makefile


class _TimedConnection(connection.HTTPConnection):
    response_class = _TimedResponse

    def _new_conn(self) -> socket.socket:
        # urllib3 gives each address of a host the full connect timeout, so a black hole with
        # eight addresses would hold the call eight times as long.
        try:
            addresses = socket.getaddrinfo(
                self.host.strip("[]"), self.port, type=socket.SOCK_STREAM
            )
            return self._connect_to_first(addresses)
        except socket.gaierror as err:
            raise exceptions.NameResolutionError(self.host, self, err) from err
        except TimeoutError as err:
            raise exceptions.ConnectTimeoutError(self, "connecting took too long") from err
        except OSError as err:
            raise exceptions.NewConnectionError(self, "no address can be connected to") from err

    def _connect_to_first(self, addresses: list[Any]) -> socket.socket:
        failure = OSError("the name has no address")
        for family, kind, protocol, _name, address in addresses:
            if check_forbidden(address[0]):
                failure = PermissionError("a link-local address")
                continue
            sock = socket.socket(family, kind, protocol)
            try:
                sock.settimeout(min(float(self.timeout or 0.001), _remaining()))
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sock.connect(address)
            except OSError as err:
                sock.close()
                failure = err
            else:
                return sock
        raise failure


def check_forbidden(host: str) -> bool:
    """Tell whether nobody but the machine's own cloud answers at an address."""
    address = ipaddress.ip_address(host.partition("%")[0])
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_link_local or address in METADATA


class _TimedTLSConnection(_TimedConnection, connection.HTTPSConnection):
    pass


class _TimedPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _TimedConnection


class _TimedTLSPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _TimedTLSConnection


class DeadlineAdapter(adapters.HTTPAdapter):
    """A transport adapter that never retries and obeys `within`."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _TimedPool, "https": _TimedTLSPool}
