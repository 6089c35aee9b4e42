"""Waiting over HTTP: gunicorn parks the connection, other servers hold a thread."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask
from sqlalchemy import Engine
from werkzeug.serving import make_server

from tests.servers import Service, free_port, settings_for_tests
from tests.waiters import SECRET, Waiter, add_attempt, eventually, mark_scanned, new_engine
from wechatlogin import create_app
from wechatlogin.extensions import db
from wechatlogin.models import Status
from wechatlogin.web import cookies, parking
from wechatlogin.web.parking import ParkingMiddleware

#: Written by the worker or by the connection itself, and different each time.
OF_THE_CONNECTION = {"Date", "Connection", "Content-Length", "X-Request-ID"}
TRIES = 3


class Running:
    """A service in gunicorn, and a way into its database."""

    def __init__(self, folder: Path, **given: Any) -> None:
        self.engine = new_engine(folder)
        host = f"127.0.0.1:{free_port()}"
        settings = settings_for_tests(
            **{
                "public_url": f"http://{host}",
                "bind": host,
                "workers": 1,
                "threads": 4,
                "database_url": str(self.engine.url),
                **given,
            }
        )
        self.service = Service(settings, folder / "service.log")
        self.service.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return self.service.url

    @property
    def log(self) -> str:
        """What it has logged."""
        return self.service.log_path.read_text()

    def waiter(self, **more: Any) -> tuple[str, Waiter]:
        """Let a browser wait for a fresh attempt, and return both."""
        attempt_id = add_attempt(self.engine)
        waiter = Waiter.asks(self.url, attempt_id, **more)
        assert waiter.is_kept_waiting()
        return attempt_id, waiter

    def stop(self) -> None:
        """Stop it as a deployment does."""
        self.service.stop()
        self.engine.dispose()


@contextmanager
def running(folder: Path, **given: Any) -> Iterator[Running]:
    service = Running(folder, **given)
    try:
        yield service
    finally:
        service.stop()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("parking")) as service:
        yield service
    log = service.log
    for trouble in ("Traceback", "ERROR", "CRITICAL", "WARNING"):
        assert trouble not in log, log


def test_a_change_by_another_process_arrives_within_a_fifth_of_a_second(
    service: Running,
) -> None:
    delays = []
    for _ in range(3):
        attempt_id, waiter = service.waiter()

        changed_at = time.monotonic()
        mark_scanned(service.engine, attempt_id)
        answer = waiter.answer()
        delays.append(time.monotonic() - changed_at)

        assert answer.body["status"] == Status.SCANNED
        assert answer.body["number"] == 42
        waiter.hangs_up()

    assert min(delays) < 0.2


def test_a_late_answer_has_the_headers_of_one_at_once(service: Running) -> None:
    attempt_id = add_attempt(service.engine)

    at_once = Waiter.asks(service.url, attempt_id, wait=0)
    late = Waiter.asks(service.url, attempt_id, wait=2)
    first, second = at_once.answer(), late.answer()

    assert first.body.keys() == second.body.keys()
    assert first.seconds < 1.5 < second.seconds
    assert first.headers.keys() == second.headers.keys()
    for name in first.headers.keys() - OF_THE_CONNECTION:
        assert first.headers[name] == second.headers[name]
    assert first.headers["Cache-Control"] == "no-store"
    assert first.headers["Connection"] == "keep-alive"
    assert second.headers["Connection"] == "close"
    assert late.is_closed_by_the_server()
    at_once.hangs_up()
    late.hangs_up()


def test_many_wait_beside_few_threads(service: Running) -> None:
    waiters = [service.waiter()[1] for _ in range(12)]

    answer = requests.get(service.url + "/readyz", timeout=2)

    assert answer.ok
    for waiter in waiters:
        waiter.hangs_up()


def test_who_hangs_up_makes_room_for_the_next(service: Running) -> None:
    attempt_id = add_attempt(service.engine)
    waiters = [Waiter.asks(service.url, attempt_id) for _ in range(3)]
    assert all(waiter.is_kept_waiting() for waiter in waiters)

    one_too_many = Waiter.asks(service.url, attempt_id)
    sent_away = one_too_many.answer(within=1)
    waiters[0].hangs_up()
    time.sleep(0.1)
    next_one = Waiter.asks(service.url, attempt_id)

    assert sent_away.body["status"] == Status.PENDING
    assert sent_away.body["retry_after"] >= 2
    assert next_one.is_kept_waiting()
    for waiter in (*waiters, one_too_many, next_one):
        waiter.hangs_up()


def test_http_1_0_is_answered_in_its_own_version(service: Running) -> None:
    attempt_id, waiter = service.waiter(protocol="HTTP/1.0")

    mark_scanned(service.engine, attempt_id)
    answer = waiter.answer()

    assert answer.protocol == "HTTP/1.0"
    assert answer.body["status"] == Status.SCANNED
    assert waiter.is_closed_by_the_server()
    waiter.hangs_up()


def test_a_pipelined_request_is_left_to_the_next_connection(service: Running) -> None:
    attempt_id, waiter = service.waiter(more=b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")

    mark_scanned(service.engine, attempt_id)
    answer = waiter.answer()

    assert answer.body["status"] == Status.SCANNED
    assert answer.headers["Connection"] == "close"
    assert waiter.is_closed_by_the_server()
    waiter.hangs_up()


def test_a_kept_connection_can_wait_later(service: Running) -> None:
    attempt_id = add_attempt(service.engine)
    waiter = Waiter.asks(service.url, attempt_id, wait=0)
    assert waiter.answer().status == 200
    request = (
        f"GET /login/attempts/{attempt_id}?known=pending&wait=20 HTTP/1.1\r\n"
        f"Host: {service.url.removeprefix('http://')}\r\nCookie: {cookies.BROWSER}={SECRET}\r\n\r\n"
    )

    waiter.connection.sendall(request.encode())
    assert waiter.is_kept_waiting()
    mark_scanned(service.engine, attempt_id)

    assert waiter.answer().body["status"] == Status.SCANNED
    waiter.hangs_up()


def stop_while_waiting(folder: Path, count: int) -> tuple[float, float]:
    """Return the seconds from the stop until all were answered, and until the service was gone."""
    with running(folder) as service, ExitStack() as stack:
        waiters = [service.waiter()[1] for _ in range(count)]
        for waiter in waiters:
            stack.callback(waiter.hangs_up)
        idle = stack.enter_context(requests.Session())
        assert idle.get(service.url + "/readyz", timeout=5).ok
        began = time.monotonic()

        stopping = threading.Thread(target=service.stop)
        stopping.start()
        answers = [waiter.answer() for waiter in waiters]
        answered_after = time.monotonic() - began
        stopping.join()
        gone_after = time.monotonic() - began

        assert all(answer.body["status"] == Status.PENDING for answer in answers)
        assert all(2 <= answer.body["retry_after"] < 5 for answer in answers)
        assert "Traceback" not in service.log
    return answered_after, gone_after


@pytest.mark.fault("C-29", "C-30")
def test_a_stop_answers_everybody_and_takes_no_longer_for_it(tmp_path: Path) -> None:
    """Beside a stop with nobody waiting; the best of some tries, since the machine does more."""
    excess = []
    for number in range(TRIES):
        idle, waited_at = tmp_path / f"idle {number}", tmp_path / f"waited at {number}"
        for folder in (idle, waited_at):
            folder.mkdir()
        _, usual = stop_while_waiting(idle, 0)
        answered_after, gone_after = stop_while_waiting(waited_at, 5)
        excess.append(max(answered_after, gone_after - usual))
        if excess[-1] < 1:
            break

    assert min(excess) < 1


@pytest.mark.fault("C-29")
def test_beyond_max_waiting_the_answer_comes_at_once(tmp_path: Path) -> None:
    with running(tmp_path, max_waiting=2) as service:
        waiters = [service.waiter()[1] for _ in range(2)]

        refused = Waiter.asks(service.url, add_attempt(service.engine))
        answer = refused.answer(within=1)

        assert answer.body["status"] == Status.PENDING
        assert answer.body["retry_after"] >= 2
        assert answer.headers["Connection"] == "keep-alive"
        for waiter in (*waiters, refused):
            waiter.hangs_up()


def test_a_change_reaches_the_waiters_of_every_process(tmp_path: Path) -> None:
    with running(tmp_path, workers=2) as service:
        waiting = [service.waiter() for _ in range(8)]

        changed_at = time.monotonic()
        for attempt_id, _ in waiting:
            mark_scanned(service.engine, attempt_id)
        answers = [waiter.answer() for _, waiter in waiting]

        assert {answer.body["status"] for answer in answers} == {Status.SCANNED}
        assert time.monotonic() - changed_at < 1
        assert service.log.count("browsers may wait") == 2
        for _, waiter in waiting:
            waiter.hangs_up()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = new_engine(tmp_path)
    yield engine
    engine.dispose()


@pytest.fixture
def app(engine: Engine) -> Iterator[Flask]:
    app = create_app(settings_for_tests(database_url=str(engine.url)))
    yield app
    parking_of(app).close()
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def plain_url(app: Flask) -> Iterator[str]:
    """Flask's own server, which lets nobody have its sockets."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    app.config["TRUSTED_HOSTS"] = [f"127.0.0.1:{server.server_port}"]
    yield f"http://127.0.0.1:{server.server_port}"
    parking_of(app).room.dismiss()
    server.shutdown()
    thread.join()
    server.server_close()


def parking_of(app: Flask) -> ParkingMiddleware:
    layer = app.wsgi_app
    assert isinstance(layer, ParkingMiddleware)
    return layer


def test_flasks_own_server_waits_in_a_thread(app: Flask, engine: Engine, plain_url: str) -> None:
    attempt_id = add_attempt(engine)
    waiter = Waiter.asks(plain_url, attempt_id)
    assert waiter.is_kept_waiting()

    mark_scanned(engine, attempt_id)
    answer = waiter.answer()

    assert answer.body["status"] == Status.SCANNED
    assert answer.headers["Content-Length"] == str(len(answer.content))
    assert eventually(lambda: len(parking_of(app).room) == 0)
    waiter.hangs_up()


def test_a_waiting_thread_answers_when_its_time_is_up(engine: Engine, plain_url: str) -> None:
    waiter = Waiter.asks(plain_url, add_attempt(engine), wait=1)

    answer = waiter.answer()

    assert answer.body["status"] == Status.PENDING
    assert "retry_after" not in answer.body
    assert 0.75 < answer.seconds < 3
    waiter.hangs_up()


def test_few_threads_wait(engine: Engine, plain_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parking, "BLOCKED_THREADS", 1)
    waiting = Waiter.asks(plain_url, add_attempt(engine))
    assert waiting.is_kept_waiting()

    refused = Waiter.asks(plain_url, add_attempt(engine))

    assert refused.answer(within=1).body["retry_after"] >= 2
    assert waiting.is_kept_waiting(0.05)
    waiting.hangs_up()
    refused.hangs_up()


def test_gunicorn_keeps_two_threads_for_those_who_do_not_wait(app: Flask, engine: Engine) -> None:
    """With TLS in the process, say, gunicorn's socket cannot be had, and its threads are few."""
    layer = parking_of(app)
    browsers = 7
    with ThreadPoolExecutor(browsers) as threads:
        asked = [
            threads.submit(_ask_through_tls, app, add_attempt(engine)) for _ in range(browsers)
        ]
        assert eventually(lambda: sum(answer.done() for answer in asked) == 1)
        assert len(layer.room) == browsers - 1
        layer.room.dismiss()
        answers = [answer.result() for answer in asked]

    assert all(answer["retry_after"] >= 2 for answer in answers)


def _ask_through_tls(app: Flask, attempt_id: str) -> Any:
    answer = app.test_client(use_cookies=False).get(
        f"/login/attempts/{attempt_id}?known=pending&wait=5",
        base_url="http://127.0.0.1:5000",
        headers={"Cookie": f"{cookies.BROWSER}={SECRET}"},
        environ_overrides={"gunicorn.socket": object()},
    )
    return answer.json


def test_nobody_stays_behind_when_the_answer_is_an_error(app: Flask, engine: Engine) -> None:
    layer = parking_of(app)
    client = app.test_client()

    answer = client.get(
        f"/login/attempts/{add_attempt(engine)}?known=pending&wait=5",
        base_url="http://127.0.0.1:5000",
    )

    assert answer.status_code == 404
    assert layer.room.is_deserted
