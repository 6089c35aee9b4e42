"""The service and the simulator as real servers: one in gunicorn, one in a thread."""

import itertools
import multiprocessing
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import requests
from gunicorn.app import wsgiapp
from pydantic import SecretStr
from werkzeug.serving import BaseWSGIServer, make_server

from wechatlogin import config
from wechatlogin.config import Environment, Settings
from wechatlogin.simulator import create_simulator
from wechatlogin.simulator.state import EXTENSION, Simulation

ROOT = Path(__file__).parent.parent
SECRET_KEY = "canary-secret-key-of-the-tests-0123456789"
TEMPLATE_ID = "template_that_carries_codes"

_COMMAND = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"]
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.preloaded"])

#: Each process of the tests has ports of its own, below those that connections leave from: what
#: one has found free another would find free, too, before anybody listens on it.
_PORTS = itertools.cycle(range(10_000, 12_500))
#: Among those the one that no browser opens (the Fetch standard, 2.7, bad port).
_BAD_PORT = 10_080
_PORTS_EACH = 2_500


def free_port() -> int:
    """Return a port that nothing listens on."""
    process = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 8
    while True:
        port = next(_PORTS) + process * _PORTS_EACH
        if port == _BAD_PORT:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def settings_for_tests(**given: Any) -> Settings:
    """Return settings of development, without a look at the environment's."""
    defaults: dict[str, Any] = {
        "environment": Environment.DEVELOPMENT,
        "secret_key": SecretStr(SECRET_KEY),
        "public_url": "http://127.0.0.1:5000",
        "trusted_hosts": (),
        "redis_url": None,
        "site_name": "晨光书店",
        "limit_login": "10000 per minute",
        "limit_poll": "10000 per minute",
    }
    return Settings(_env_file=None, **{**defaults, **given})


@dataclass(frozen=True)
class Account:
    """A certified service account, the same on both sides."""

    appid: str = field(default_factory=lambda: "wx" + secrets.token_hex(8))
    secret: str = field(default_factory=lambda: "canary" + secrets.token_hex(13))
    token: str = field(default_factory=lambda: "canary" + secrets.token_hex(10))
    aes_key: str = field(default_factory=lambda: "canary" + secrets.token_hex(18) + "A")
    gh_id: str = field(default_factory=lambda: "gh_" + secrets.token_hex(6))


class Simulator:
    """The simulator in a thread, and its control side as methods."""

    def __init__(self) -> None:
        self.app = create_simulator()
        self._simulation: Simulation = self.app.extensions[EXTENSION]
        self._server: BaseWSGIServer = make_server("127.0.0.1", 0, self.app, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Make a control call, without the way through a socket, and return its JSON answer."""
        client = self.app.test_client(use_cookies=False)
        answer = client.open(path, method=method, json=body, base_url=self.url)
        assert answer.status_code < 400, f"{method} {path}: {answer.status} {answer.text[:300]}"
        return answer.get_json() if answer.data else None

    def add_app(self, account: Account, *, host: str, callback_url: str, **more: Any) -> None:
        """Set an account up as its owner does in WeChat's console."""
        entered = {
            "appid": account.appid,
            "secret": account.secret,
            "token": account.token,
            "aes_key": account.aes_key,
            "gh_id": account.gh_id,
            "name": "晨光书店",
            "kind": "service",
            "mode": "safe",
            "domains": [host],
            "callback_url": callback_url,
            "templates": [
                {
                    "template_id": TEMPLATE_ID,
                    "title": "验证码",
                    "content": "验证码：{{character_string1.DATA}}\n有效期：{{thing2.DATA}}",
                }
            ],
        }
        self.call("POST", "/simulator/apps", {**entered, **more})

    def add_person(self, name: str | None = None, nickname: str = "林小满") -> str:
        """Add a person and return the name."""
        name = name or "p" + secrets.token_hex(4)
        self.call("POST", "/simulator/people", {"name": name, "nickname": nickname})
        return name

    def scan(self, person: str, content: str, *, follow: bool = False) -> Any:
        """Let a person scan the text of a QR code."""
        body = {"content": content, "follow": follow}
        return self.call("POST", f"/simulator/people/{person}/scan", body)

    def follow(self, person: str, appid: str) -> Any:
        """Let a person follow an account."""
        return self.call("POST", f"/simulator/people/{person}/follow", {"appid": appid})

    def unfollow(self, person: str, appid: str) -> Any:
        """Let a person unfollow an account."""
        return self.call("POST", f"/simulator/people/{person}/unfollow", {"appid": appid})

    def send(self, person: str, appid: str, text: str) -> Any:
        """Let a person write to an account."""
        body = {"appid": appid, "text": text}
        return self.call("POST", f"/simulator/people/{person}/send", body)

    def chat(self, person: str, appid: str) -> list[dict[str, Any]]:
        """Return every message between a person and an account."""
        return list(self.call("GET", f"/simulator/people/{person}/chat?appid={appid}"))

    def fault(self, path: str, mode: str, **more: Any) -> None:
        """Switch a fault on."""
        self.call("POST", "/simulator/faults", {"path": path, "mode": mode, **more})

    def openid(self, person: str, appid: str) -> str:
        """Return what an account knows a person by.

        The control side would list it for everybody with every account, and there are hundreds of
        each after a while.
        """
        account = self._simulation.chosen_account(appid)
        return self._simulation.person(person).openid(account.appid)

    def unionid(self, person: str) -> str | None:
        """Return what all accounts of the first open-platform account know a person by."""
        return self._simulation.person(person).unionid

    def calls(self, path: str) -> list[dict[str, Any]]:
        """Return the API calls received at a path."""
        return list(self.call("GET", f"/simulator/calls?path={path}"))


def _serve(environment: dict[str, str], log_path: Path) -> None:
    """Become gunicorn; this runs in a process of its own."""
    log = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.environ.clear()
    folder = tempfile.mkdtemp(prefix="wechatlogin-metrics-")
    os.environ.update(environment, PROMETHEUS_MULTIPROC_DIR=folder)
    os.chdir(ROOT)
    sys.argv = _COMMAND[2:]
    wsgiapp.run()


class _Command:
    """A command, with what a process of `multiprocessing` offers."""

    def __init__(self, command: Sequence[str], environment: dict[str, str], log_path: Path) -> None:
        with log_path.open("ab") as log:
            self._popen = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=log, stderr=log
            )
        self.pid = self._popen.pid
        self.terminate = self._popen.terminate

    def is_alive(self) -> bool:
        return self._popen.poll() is None

    def join(self, timeout: float | None = None) -> None:
        with suppress(subprocess.TimeoutExpired):
            self._popen.wait(timeout)


class Service:
    """The service in gunicorn, as `make run` starts it, but for what `tests/preloaded.py` says."""

    def __init__(
        self,
        settings: Settings,
        log_path: Path,
        *,
        at: str | None = None,
        within: Sequence[str] = (),
    ) -> None:
        self.settings = settings
        #: The command that gives it its surroundings, and ends by becoming the service.
        self._within = within
        # Behind a proxy it listens elsewhere than people know it.
        self.url = f"http://{at}" if at else settings.public_url
        self.log_path = log_path
        self._process: BaseProcess | _Command | None = None

    def start(self) -> None:
        """Start and wait until it answers."""
        environment = {**os.environ, **config.as_environment(self.settings)}
        if self._within:
            self._process = _Command([*self._within, *_COMMAND], environment, self.log_path)
        else:
            self._process = _FORKS.Process(target=_serve, args=(environment, self.log_path))
            self._process.start()
        self._wait_until_up()

    def ask_to_stop(self) -> None:
        """Ask it to stop, as a deployment does, and wait for nothing."""
        if self._process is not None:
            self._process.terminate()

    def stop(self) -> None:
        """Stop as a deployment does, and wait for the end."""
        self.ask_to_stop()
        if self._process is not None:
            # Many may be stopping at the same time.
            self._process.join(60)
            assert not self._process.is_alive(), self.log_path.read_text()
            self._process = None

    def kill(self) -> None:
        """Let it be gone at once, with all its processes."""
        if self._process is None:
            return
        for each in (self._first_pid(), *self.workers()):
            os.kill(each, signal.SIGKILL)
        self._process.join()
        self._process = None

    def kill_first(self) -> None:
        """Kill the process that looks after the others, and leave those."""
        if self._process is not None:
            os.kill(self._first_pid(), signal.SIGKILL)
            self._process.join()
            self._process = None

    def reload(self) -> None:
        """Let new processes take over, as `systemctl reload` does, and wait for nothing."""
        os.kill(self._first_pid(), signal.SIGHUP)

    def workers(self) -> list[int]:
        """Return the processes that answer requests; the first one only looks after them."""
        pid = self._first_pid()
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def _first_pid(self) -> int:
        assert self._process is not None
        assert self._process.pid is not None
        return self._process.pid

    def is_up(self) -> bool:
        """Tell whether it answers."""
        return requests.get(self.url + "/readyz", timeout=5).ok

    def restart(self) -> None:
        """Stop and start again."""
        self.stop()
        self.start()

    def _wait_until_up(self) -> None:
        give_up_at = time.monotonic() + 30
        while time.monotonic() < give_up_at:
            assert self._process is not None
            assert self._process.is_alive(), self.log_path.read_text()
            try:
                if requests.get(self.url + "/readyz", timeout=5).ok:
                    return
            except requests.ConnectionError:
                time.sleep(0.05)
        self.stop()
        raise AssertionError(self.log_path.read_text())
