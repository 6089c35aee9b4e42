"""Fixtures that the whole suite shares: databases, the simulator, the service, a browser."""

import os
import shutil
import signal
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from flask import Flask
from flask_migrate import upgrade
from playwright.sync_api import Browser, sync_playwright
from pydantic import SecretStr

from tests import databases, fault_results, node
from tests.chromium import find_chromium
from tests.databases import Migrated
from tests.servers import (
    TEMPLATE_ID,
    Account,
    Service,
    Simulator,
    free_port,
    settings_for_tests,
)
from wechatlogin import clock, create_app
from wechatlogin.extensions import db
from wechatlogin.services import operators, wechat_apps
from wechatlogin.services.site import Site
from wechatlogin.services.wechat_apps import NewWeChatApp
from wechatlogin.wechat.app import AppKind, MessageMode

# Nothing but this machine is to be reached.
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
#: Where files are kept in memory, if there is room: what a test commits need not reach a disk.
IN_MEMORY = Path("/dev/shm")  # noqa: S108 - pytest makes a folder there that is its user's alone
ROOM = 4 * 1024**3
OPERATOR_PASSWORD = "canary-operator-password"
OPEN_PLATFORM = "the open-platform account"
FOLLOW_URL = "http://weixin.qq.com/r/a-personal-account"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that writes docs/reliability.md."""
    words = "write docs/reliability.md with the results of the tests that are marked with a fault"
    parser.addoption(fault_results.OPTION, action="store_true", help=words)


def pytest_configure(config: pytest.Config) -> None:
    """Let programs be interrupted, files lie in memory, and the first process hear the results."""
    # What a shell runs in its background ignores Ctrl-C, and so would the programs that are tried.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if _has_room_in_memory():
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(IN_MEMORY))
    is_first = not hasattr(config, "workerinput")
    if is_first and config.getoption(fault_results.OPTION):
        config.pluginmanager.register(fault_results.FaultResults())


def _has_room_in_memory() -> bool:
    if not IN_MEMORY.is_dir() or shutil.disk_usage(IN_MEMORY).free <= ROOM:
        return False
    # Some tests write a program and run it.
    return not os.statvfs(IN_MEMORY).f_flag & os.ST_NOEXEC


@dataclass(frozen=True)
class Installation:
    """A service that runs, the simulator it talks to, and a way into its database."""

    service: Service
    simulator: Simulator
    #: Its only account, or the first of several.
    account: Account
    app: Flask
    #: All its accounts, by their kind.
    accounts: dict[AppKind, Account] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where the service is."""
        return self.service.url

    @property
    def site(self) -> Site:
        """The site that services work for, in this process."""
        site: Site = self.app.extensions["wechatlogin"]
        return site


@pytest.fixture(scope="session")
def simulator() -> Iterator[Simulator]:
    running = Simulator()
    yield running
    running.stop()


@pytest.fixture(autouse=True)
def _no_faults_left(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "simulator" in request.fixturenames:
        request.getfixturevalue("simulator").call("DELETE", "/simulator/faults")


@pytest.fixture(scope="session", params=databases.KINDS)
def stored_app(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Flask]:
    """The application over each of the three databases, with the tables migrated."""
    folder = tmp_path_factory.mktemp("storage")
    with databases.fresh_database(request.param, folder) as url:
        app = create_app(settings_for_tests(database_url=url))
        with app.app_context():
            upgrade()
        yield app
        databases.release(app)


@pytest.fixture
def storage(stored_app: Flask) -> Iterator[Site]:
    """Empty tables inside an application context, on each database in turn."""
    with stored_app.app_context():
        yield stored_app.extensions["wechatlogin"]
        db.session.rollback()
        databases.empty(db.session.connection(), db.metadata)
        db.session.commit()
        db.session.remove()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Migrated]:
    """Databases with all tables, to be copied."""
    made = Migrated(tmp_path_factory.mktemp("migrated"), _migrate)
    yield made
    made.close()


def _migrate(url: str) -> None:
    app = create_app(settings_for_tests(database_url=url))
    with app.app_context():
        upgrade()
    databases.release(app)


@pytest.fixture
def database_url(
    request: pytest.FixtureRequest, tmp_path: Path, migrated: Migrated
) -> Iterator[str]:
    """The address of a database with empty tables, of the kind that a test is marked with."""
    marker = request.node.get_closest_marker("database")
    with migrated.copied(tmp_path, marker.args[0] if marker else databases.FIRST) as url:
        yield url


@pytest.fixture
def empty_app(database_url: str) -> Iterator[Flask]:
    """The application over empty tables of its own."""
    app = create_app(settings_for_tests(database_url=database_url))
    yield app
    databases.release(app)


@pytest.fixture(scope="session")
def install_for_all(
    simulator: Simulator, tmp_path_factory: pytest.TempPathFactory, migrated: Migrated
) -> Iterator["Installer"]:
    """Set services up for fixtures that the whole session shares."""
    kind = databases.kind_for("all")
    installer = Installer(simulator, tmp_path_factory, migrated, kind)
    yield installer
    installer.ask_to_stop()
    installer.wait()


@pytest.fixture(scope="module")
def install(
    request: pytest.FixtureRequest,
    install_for_all: "Installer",
    simulator: Simulator,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator["Installer"]:
    """Set services up; they stop with the module, since each costs something while it idles."""
    kind = databases.kind_for(request.path.name)
    installer = Installer(simulator, tmp_path_factory, install_for_all.migrated, kind)
    yield installer
    installer.ask_to_stop()
    install_for_all.wait_for(installer)


@pytest.fixture(scope="session")
def installation(install_for_all: "Installer") -> Installation:
    """A running service with one certified service account, shared by the tests."""
    return install_for_all()


class Installer:
    """Sets services up: each with its own database, account and settings."""

    def __init__(
        self,
        simulator: Simulator,
        folders: pytest.TempPathFactory,
        migrated: Migrated,
        kind: str,
    ) -> None:
        self._simulator = simulator
        self._folders = folders
        self._kind = kind
        self.migrated = migrated
        self._services: list[Service] = []
        self._apps: list[Flask] = []
        self._databases = ExitStack()

    def ask_to_stop(self) -> None:
        """Ask every service to stop, and wait for none."""
        for app in self._apps:
            databases.release(app)
        for service in self._services:
            service.ask_to_stop()

    def wait_for(self, other: "Installer") -> None:
        """Take it over to wait, in the end, for services that have been asked to stop."""
        self._services.extend(other._services)
        self._databases.push(other._databases)

    def wait(self) -> None:
        """Wait until all have stopped."""
        for service in self._services:
            service.stop()
        self._databases.close()

    def __call__(
        self,
        *,
        template: bool = True,
        mode: MessageMode = MessageMode.SAFE,
        kind: AppKind = AppKind.SERVICE,
        apps: Sequence[AppKind] = (),
        within: Sequence[str] = (),
        log: Path | None = None,
        **given: object,
    ) -> Installation:
        """Start a service with these settings and register its account with the simulator.

        `apps` makes it several, one of each kind, which belong to one open-platform account;
        `within` is a command that gives the service its surroundings.
        """
        folder = self._folders.mktemp("service")
        host = f"127.0.0.1:{free_port()}"
        copied = self.migrated.copied(folder, self._kind)
        settings = settings_for_tests(
            **{
                "public_url": f"http://{host}",
                "bind": host,
                "workers": 1,
                "database_url": self._databases.enter_context(copied),
                "wechat_open_url": self._simulator.url,
                "wechat_api_url": self._simulator.url,
                "wechat_mp_url": self._simulator.url,
                "wechat_avatar_hosts": (self._simulator.url.removeprefix("http://"),),
                **given,
            }
        )
        accounts = {each: Account() for each in apps or [kind]}
        app = create_app(settings)
        self._apps.append(app)
        with app.app_context():
            group = OPEN_PLATFORM if apps else None
            for each, account in accounts.items():
                add_app(app, account, template=template, mode=mode, kind=each, group=group)
            operators.save("operator", SecretStr(OPERATOR_PASSWORD), now=clock.now())
            db.session.remove()
        service = Service(settings, log or folder / "service.log", within=within)
        service.start()
        self._services.append(service)
        for each, account in accounts.items():
            callback_url = f"{service.url}/api/wechat/{account.appid}"
            console = {"host": host, "callback_url": callback_url, "mode": mode, "kind": each.value}
            self._simulator.add_app(account, **console)
        first = next(iter(accounts.values()))
        return Installation(service, self._simulator, first, app, accounts)


def add_app(
    app: Flask,
    account: Account,
    *,
    template: bool,
    mode: MessageMode,
    kind: AppKind,
    group: str | None = None,
) -> None:
    """Write a WeChat app down, the same as at the simulator."""
    site: Site = app.extensions["wechatlogin"]
    fields = {"character_string1": "{code}", "thing2": "{minutes} 分钟内有效"}
    new = NewWeChatApp(
        appid=account.appid,
        secret=SecretStr(account.secret),
        kind=kind,
        name="晨光书店",
        token=SecretStr(account.token),
        aes_key=SecretStr(account.aes_key),
        mode=mode,
        gh_id=account.gh_id,
        open_platform_group=group,
        # An account that may make QRs itself gets its own when it is needed.
        follow_url=FOLLOW_URL if kind is AppKind.PERSONAL else None,
        template_id=TEMPLATE_ID if template else None,
        template_fields=fields if template else None,
    )
    wechat_apps.save(site.vault, new, now=clock.now())


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """The packages that scripts for Node find."""
    return node.install_packages()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, once for the session: Playwright starts one event loop and no second."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=find_chromium(), args=QUIET)
        yield launched
        launched.close()
