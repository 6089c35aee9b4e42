"""What is sent at once arrives, and what goes wrong is told as Python's own sending tells it."""

import socket
from collections.abc import Iterator

import pytest

from wechatlogin.web.sending import send_at_once

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with ours, theirs:
        yield ours, theirs


def test_what_is_sent_arrives(pair: Pair) -> None:
    ours, theirs = pair

    sent = send_at_once(ours, b"HTTP/1.1 200 OK\r\n\x00\xff")

    assert sent == 19
    assert theirs.recv(100) == b"HTTP/1.1 200 OK\r\n\x00\xff"


def test_nothing_is_sent_where_nothing_is_to_be(pair: Pair) -> None:
    assert send_at_once(pair[0], b"") == 0


def test_what_does_not_fit_is_left(pair: Pair) -> None:
    ours, theirs = pair
    data = bytes(10_000_000)

    sent = send_at_once(ours, data)
    with pytest.raises(BlockingIOError):
        send_at_once(ours, data)

    assert 0 < sent < len(data)
    assert len(theirs.recv(sent, socket.MSG_WAITALL)) == sent


def test_the_other_ends_end_is_told(pair: Pair) -> None:
    ours, theirs = pair
    theirs.close()

    with pytest.raises(BrokenPipeError):
        send_at_once(ours, b"too late")


def test_a_socket_that_is_closed_sends_nothing(pair: Pair) -> None:
    pair[0].close()

    with pytest.raises(OSError, match="Bad file descriptor"):
        send_at_once(pair[0], b"too late")
