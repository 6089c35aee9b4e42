"""Connections that keep to one deadline for a whole call.

A timeout of requests is per packet: a peer that sends one byte every four seconds is never late.
Here every connect and every read gets what is left of the call's time, headers included. Only the
name lookup cannot be bounded, since the operating system offers no timeout for it.

Nor do they go where a cloud tells its machines their secrets, whatever a name resolves to; and
where others have named the address, to none but the public internet. The address that is looked at
is the one that is connected to, so no name can mean another one a moment later.

    within            sets the deadline for the calls made in its block
    only_public       keeps the calls in its block to public addresses
    DeadlineAdapter   the transport adapter that makes a requests session obey it
"""

import contextlib
import contextvars
import http.client
import io
import ipaddress
import socket
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import urllib3
from requests import adapters
from urllib3 import connection, exceptions

#: Addresses of such services that are not link-local: Alibaba's, Oracle's, Azure's, Amazon's and
#: Google's.
METADATA = frozenset(
    ipaddress.ip_address(address)
    for address in (
        "100.100.100.200",
        "192.0.0.192",
        "168.63.129.16",
        "fd00:ec2::254",
        "fd20:ce::254",
    )
)
#: Where IPv6 addresses are given out; and those in it, or beside it, that stand for one of IPv4.
_GLOBAL_IPV6 = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

#: How long a call may take at most, with whatever is tried a second time.
PATIENCE = timedelta(seconds=8)

_until: contextvars.ContextVar[float] = contextvars.ContextVar("until")
#: Whether an address is none to go to, besides those where nobody may go.
_is_barred: contextvars.ContextVar[Callable[[str], bool] | None] = contextvars.ContextVar(
    "is_barred", default=None
)


class AddressBarred(PermissionError):
    """A name resolves to an address that is not to be gone to."""


@contextlib.contextmanager
def within(total: timedelta) -> Iterator[None]:
    """Give the calls in this block, all together, so much time; a block around it gives no more."""
    until = time.monotonic() + total.total_seconds()
    earlier = _until.set(min(until, _until.get(until)))
    try:
        yield
    finally:
        _until.reset(earlier)


@contextlib.contextmanager
def only_public(*, permits_loopback: bool = False) -> Iterator[None]:
    """Let the calls in this block reach public addresses alone, or this machine too."""

    def check(host: str) -> bool:
        is_here = permits_loopback and ipaddress.ip_address(host.partition("%")[0]).is_loopback
        return not (is_here or check_public(host))

    earlier = _is_barred.set(check)
    try:
        yield
    finally:
        _is_barred.reset(earlier)


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
            is_barred = _is_barred.get()
            if check_forbidden(address[0]) or (is_barred is not None and is_barred(address[0])):
                failure = AddressBarred("not an address to go to")
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


def check_public(host: str) -> bool:
    """Tell whether an address is one of the public internet: of no network of anybody's own."""
    address = ipaddress.ip_address(host.partition("%")[0])
    if address.version == 6:
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is None:
            return address in _GLOBAL_IPV6 and address.is_global and not check_forbidden(host)
        address = inner
    is_plain = address.is_global and not address.is_multicast
    return is_plain and not check_forbidden(str(address))


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
