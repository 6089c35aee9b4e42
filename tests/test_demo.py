"""`make demo`: one command, two programs, and everything a newcomer needs."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.flows.phones import Phone
from tests.servers import ROOT, free_port

DEMO_JSON = ROOT / "instance" / "demo.json"


def start_demo(port: int, simulator_port: int) -> subprocess.Popen[str]:
    environment = {**os.environ, "PORT": str(port), "SIMULATOR_PORT": str(simulator_port)}
    return subprocess.Popen(
        [sys.executable, "-m", "wechatlogin.demo"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def demo() -> Iterator[tuple[subprocess.Popen[str], str]]:
    ports = free_port(), free_port()
    process = start_demo(*ports)
    assert process.stdout is not None
    told = ""
    while "Ctrl-C" not in told:
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        told += line
    yield process, told
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)


@pytest.fixture
def written(demo: tuple[subprocess.Popen[str], str]) -> dict[str, Any]:
    return dict(json.loads(DEMO_JSON.read_text(encoding="utf-8")))


def test_it_tells_what_to_open(
    demo: tuple[subprocess.Popen[str], str], written: dict[str, Any]
) -> None:
    _, told = demo

    assert f"{written['service_url']}/login" in told
    assert f"{written['simulator_url']}/phone" in told
    assert written["operator"]["password"] in told


def test_what_it_writes_is_for_its_owner_alone(written: dict[str, Any]) -> None:
    assert DEMO_JSON.stat().st_mode & 0o777 == 0o600
    assert set(written) == {
        "service_url",
        "simulator_url",
        "wechat_apps",
        "application",
        "operator",
    }
    assert set(written["application"]) == {
        "client_id",
        "client_secret",
        "api_key",
        "user_domain",
        "user_domain_secret",
        "redirect_uris",
    }
    assert len(written["application"]["redirect_uris"]) >= 2
    assert set(written["wechat_apps"][0]) == {"appid", "kind", "callback_url"}
    assert [app["kind"] for app in written["wechat_apps"]] == ["service", "website"]


def test_a_newcomer_logs_in(written: dict[str, Any]) -> None:
    page = Phone("lin").open(f"{written['service_url']}/login")

    assert page.url == f"{written['service_url']}/account"
    assert "林小满" in page.text


def test_the_phone_page_is_there(written: dict[str, Any]) -> None:
    page = requests.get(f"{written['simulator_url']}/phone", timeout=10)

    assert page.status_code == 200
    assert "<h1" in page.text


def test_a_taken_port_is_a_clear_error() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        _, words = start_demo(port, free_port()).communicate(timeout=20)

    assert f"port {port} of 127.0.0.1 cannot be used" in words
    assert "make demo PORT=" in words
    assert "Traceback" not in words


def test_ctrl_c_stops_both(
    demo: tuple[subprocess.Popen[str], str], written: dict[str, Any]
) -> None:
    process, _ = demo

    process.send_signal(signal.SIGINT)
    started = time.monotonic()
    _, words = process.communicate(timeout=20)

    assert process.returncode == 0
    assert "Traceback" not in words
    assert time.monotonic() - started < 8
    for url in (written["service_url"], written["simulator_url"]):
        with pytest.raises(requests.ConnectionError):
            requests.get(url, timeout=2)
