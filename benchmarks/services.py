"""The service, the simulator and the baselines as programs of their own on free ports.

installed            a migrated database with one certified service account, and its settings
serving              any WSGI application in gunicorn as `make run` starts the service
answering_at_once    a WeChat that answers at once
simulating           the simulator
where_installed      what needs a database that may not be here
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask
from flask_migrate import upgrade
from pydantic import SecretStr

from benchmarks.clients import Unexpected
from tests.databases import fresh_database
from tests.servers import ROOT, Account, Simulator, free_port, settings_for_tests
from wechatlogin import clock, config, create_app
from wechatlogin.config import Settings
from wechatlogin.extensions import db
from wechatlogin.services import wechat_apps
from wechatlogin.services.site import Site
from wechatlogin.services.wechat_apps import NewWeChatApp
from wechatlogin.wechat.app import AppKind, MessageMode

SERVICE = "wsgi:app"
READY_SECONDS = 60
STOP_SECONDS = 30
#: Seldom enough that looking does not hold up what is looked at.
LOOK_AGAIN_SECONDS = 0.02
#: As many as the settings permit.
MOST_THREADS = 64
#: One address asks far more often here than a person's would.
UNLIMITED = "100000000 per minute"


class NotReady(Exception):
    """A program did not start; the text is what it has written."""


@dataclass(frozen=True)
class Installed:
    """A database of the service, ready to be served."""

    settings: Settings
    account: Account
    #: The application in this process, over the same database.
    app: Flask

    @property
    def site(self) -> Site:
        """The site that services work for, in this process."""
        site: Site = self.app.extensions["wechatlogin"]
        return site


@dataclass(frozen=True)
class Program:
    """A program that runs; `pid` is that of its first process."""

    url: str
    pid: int


class SimulatorProgram(Simulator):
    """The simulator's control side, while it runs in a process of its own."""

    def __init__(self, url: str) -> None:
        self.url = url

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Make a control call and return its JSON answer.

        :raise Unexpected: if it was refused.
        """
        answer = requests.request(method, self.url + path, json=body, timeout=READY_SECONDS)
        if not answer.ok:
            raise Unexpected(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
        return answer.json() if answer.content else None


@contextmanager
def installed(kind: str = "sqlite", *, platform: str = "", **given: Any) -> Iterator[Installed]:
    """Migrate a new database of a kind, and drop it in the end; `given` are settings."""
    with tempfile.TemporaryDirectory() as folder, fresh_database(kind, Path(folder)) as url:
        # An address that nothing listens on, where nothing is to be asked.
        platform = platform or f"http://127.0.0.1:{free_port()}"
        hosts = dict.fromkeys(("wechat_open_url", "wechat_api_url", "wechat_mp_url"), platform)
        settings = _settings(database_url=url, **hosts, **given)
        quiet = settings.model_copy(update={"access_log": False, "log_level": "ERROR"})
        app = create_app(quiet)
        with app.app_context():
            upgrade()
            account = _save_account(app)
            db.session.remove()
        yield Installed(settings, account, app)
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


@contextmanager
def serving(app: str, settings: Settings, *, ready: str = "/readyz") -> Iterator[Program]:
    """Run an application in gunicorn with the project's own settings of gunicorn."""
    command = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", app]
    url = f"http://{settings.bind}"
    with running(command, url + ready, config.as_environment(settings)) as pid:
        yield Program(url, pid)


@contextmanager
def baseline(app: str, settings: Settings) -> Iterator[Program]:
    """Run a baseline's application, which answers `/`, beside the service with its settings."""
    elsewhere = settings.model_copy(update={"bind": f"127.0.0.1:{free_port()}"})
    with serving(f"benchmarks.baselines.{app}:app", elsewhere, ready="/") as program:
        yield program


@contextmanager
def answering_at_once() -> Iterator[Program]:
    """Run the platform that answers at once."""
    with baseline("platform", _settings(threads=MOST_THREADS)) as program:
        yield program


@contextmanager
def simulating() -> Iterator[SimulatorProgram]:
    """Run the simulator."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "wechatlogin.simulator", "--port", str(port)]
    with running(command, f"{url}/simulator/people", {}):
        yield SimulatorProgram(url)


@contextmanager
def running(command: Sequence[str], ready: str, environment: dict[str, str]) -> Iterator[int]:
    """Run a command until the end of the block, which begins once `ready` answers.

    :raise NotReady: if it ends or does not answer.
    """
    with tempfile.TemporaryFile("w+b") as log:
        started = subprocess.Popen(  # noqa: S603 - commands of ours
            command,
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            _wait_until_ready(started, ready, log)
            yield started.pid
        finally:
            _stop(started)


@contextmanager
def where_installed(program: str) -> Iterator[None]:
    """Run the block, and say in a line if what it needs is not installed here."""
    try:
        yield
    except pytest.skip.Exception as err:
        print(f"{program}: {err}")


def register(simulator: Simulator, house: Installed, **more: Any) -> None:
    """Tell the simulator of an installation's account; its callback is not called for that."""
    told = {"callback_url": None, "host": house.settings.bind, **more}
    simulator.add_app(house.account, **told)


def _settings(**given: Any) -> Settings:
    bind = f"127.0.0.1:{free_port()}"
    usual = {
        "public_url": f"http://{bind}",
        "bind": bind,
        "workers": 1,
        "limit_login": UNLIMITED,
        "limit_poll": UNLIMITED,
    }
    return settings_for_tests(**{**usual, **given})


def _save_account(app: Flask) -> Account:
    account = Account()
    site: Site = app.extensions["wechatlogin"]
    new = NewWeChatApp(
        appid=account.appid,
        secret=SecretStr(account.secret),
        kind=AppKind.SERVICE,
        name="晨光书店",
        token=SecretStr(account.token),
        aes_key=SecretStr(account.aes_key),
        mode=MessageMode.SAFE,
        gh_id=account.gh_id,
    )
    wechat_apps.save(site.vault, new, now=clock.now())
    return account


def _wait_until_ready(started: subprocess.Popen[bytes], ready: str, log: Any) -> None:
    give_up_at = time.monotonic() + READY_SECONDS
    while time.monotonic() < give_up_at and started.poll() is None:
        try:
            if requests.get(ready, timeout=5).ok:
                return
        except (requests.ConnectionError, requests.Timeout):
            time.sleep(LOOK_AGAIN_SECONDS)
    log.seek(0)
    raise NotReady(log.read().decode(errors="replace"))


def _stop(started: subprocess.Popen[bytes]) -> None:
    started.terminate()
    try:
        started.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        # Whoever does not go in time must not burden the next round.
        os.killpg(started.pid, signal.SIGKILL)
        started.wait()
