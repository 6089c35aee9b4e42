"""The command that runs the simulator."""

import socket
import subprocess
import sys
import time

import requests

from tests.servers import free_port
from wechatlogin.simulator.outbox import Outbox

COMMAND = [sys.executable, "-m", "wechatlogin.simulator", "--port"]


def test_it_runs_and_ends_on_interrupt() -> None:
    port = free_port()
    with subprocess.Popen(
        [*COMMAND, str(port)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as ran:
        assert ran.stdout is not None
        assert f":{port}/phone".encode() in ran.stdout.readline()

        answer = requests.get(f"http://127.0.0.1:{port}/simulator/people", timeout=5)
        ran.send_signal(2)
        ran.communicate(timeout=10)

    assert answer.ok
    assert ran.returncode == 0


def test_a_port_that_is_taken_is_told_in_one_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        ran = subprocess.run(
            [*COMMAND, str(port)], capture_output=True, text=True, timeout=20, check=False
        )

    assert ran.returncode == 1
    assert f"{port} 已被占用" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_an_outbox_says_when_it_ran_out_of_patience() -> None:
    outbox = Outbox()
    outbox.later(lambda: time.sleep(0.2))

    assert outbox.settle(0.01) is False
    assert outbox.settle(5) is True
