"""A simulator for each test, and a receiver for its pushes."""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from flask import Flask
from werkzeug.serving import make_server

from tests.simulator.platform import TOKEN, Platform
from tests.simulator.receiver import Receiver
from tests.simulator.website import WEBSITE, Website
from wechatlogin.simulator import SimulatorSettings, create_simulator
from wechatlogin.simulator.quotas import BEIJING


@pytest.fixture
def app() -> Flask:
    """A simulator that has less patience than WeChat, so that no test has to wait 15 s."""
    # Long enough for an answer of ours on a busy machine.
    push_timeout, login_hold = timedelta(seconds=1.5), timedelta(seconds=0.3)
    return create_simulator(SimulatorSettings(push_timeout=push_timeout, login_hold=login_hold))


@pytest.fixture
def empty(app: Flask) -> Platform:
    """A simulator without accounts, at ten in the morning: no quota begins anew meanwhile."""
    platform = Platform(app.test_client())
    now = datetime.now(BEIJING)
    morning = now.replace(hour=10, minute=0, second=0) + timedelta(days=1)
    platform.advance((morning - now).total_seconds())
    return platform


@pytest.fixture
def platform(empty: Platform) -> Platform:
    """A simulator with one certified service account, which has no callback."""
    empty.add_app()
    return empty


@pytest.fixture
def website(empty: Platform) -> Website:
    """A simulator with one website app."""
    empty.add_app(appid=WEBSITE, kind="website", name="晨光书店")
    return Website(empty)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    running = Receiver()
    yield running
    running.stop()


@pytest.fixture
def pushing(empty: Platform, receiver: Receiver) -> Platform:
    """The same with a callback in plain mode."""
    empty.add_app(token=TOKEN, callback_url=f"{receiver.url}/push", skip_url_check=True)
    return empty


@pytest.fixture
def served(app: Flask) -> Iterator[str]:
    """The address of the simulator as a real server."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()
