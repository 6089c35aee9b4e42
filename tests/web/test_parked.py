"""One parked connection: how it is taken over, and what its answer begins with."""

import socket

from wechatlogin.web import parked


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
