"""One parked connection: how it is taken over, and what its answer begins with."""

import socket
from collections.abc import Iterator

import pytest

from tests.waiters import Waiter
from wechatlogin.models import Status
from wechatlogin.services.attempt_status import AttemptStatus
from wechatlogin.web import parked
from wechatlogin.web.guest import Guest
from wechatlogin.web.parked import Head, ParkedConnection, Phase


def test_the_worker_is_left_with_a_dead_end() -> None:
    browser, worker = socket.socketpair()
    before = worker.fileno()

    ours = parked.take_over(worker)

    assert worker.fileno() == before
    assert worker.recv(1) == b""
    ours.send(b"alive")
    assert browser.recv(5) == b"alive"
    for end in (browser, worker, ours):
        end.close()


def test_heads_of_different_requests_share_their_text() -> None:
    environ = {"SERVER_PROTOCOL": "HTTP/1.1", "SERVER_SOFTWARE": "gunicorn/27"}

    first, second = (
        parked.make_head(environ, "200 OK", [("Content-Type", "text/x"), ("X-Request-ID", each)])
        for each in ("a", "b")
    )

    assert first.shared is second.shared
    assert [first.request_id, second.request_id] == ["a", "b"]
    assert first.text == (
        "HTTP/1.1 200 OK\r\nServer: gunicorn\r\nContent-Type: text/x\r\nX-Request-ID: a\r\n"
    )


@pytest.fixture
def waiting() -> Iterator[tuple[ParkedConnection, Waiter]]:
    """A parked connection, and the browser at its other end."""
    browser, ours = socket.socketpair()
    ours.setblocking(False)
    guest = Guest("a" * 32, "::1", AttemptStatus(Status.PENDING, "", expires_in=60))
    with browser, ours:
        yield (
            ParkedConnection(
                ours,
                head=Head("HTTP/1.1 200 OK\r\n"),
                guest=guest,
                deadline=60,
                deliver=lambda *_: None,
            ),
            Waiter(browser),
        )


def test_of_two_answers_the_first_is_sent(waiting: tuple[ParkedConnection, Waiter]) -> None:
    parked_here, browser = waiting

    sent = [parked_here.answer(body, now=1.0) for body in (b'{"first":1}', b'{"second":2}')]

    assert sent == [True, False]
    assert browser.answer().body == {"first": 1}
    assert browser.is_closed_by_the_server()
    assert parked_here.state == (Phase.LINGERING, 1.0 + parked.LINGER_SECONDS)


def test_to_what_is_closed_nothing_is_sent(waiting: tuple[ParkedConnection, Waiter]) -> None:
    parked_here, browser = waiting

    parked_here.close()

    assert not parked_here.answer(b"{}", now=1.0)
    assert browser.is_closed_by_the_server()
    parked_here.write(2.0)
    parked_here.wait_longer(99.0)
    assert parked_here.state == (Phase.CLOSED, 60)
