"""Two services behind nginx over one PostgreSQL: a login outlives the one that it began on."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask_migrate import upgrade
from playwright.sync_api import BrowserContext, expect

from tests import databases
from tests.conftest import Installation, add_app
from tests.flows.desktops import confirm_link, expect_status, open_login, read_number, read_qr
from tests.nginx import Nginx
from tests.servers import Account, Service, Simulator, free_port, settings_for_tests
from wechatlogin import create_app
from wechatlogin.extensions import db
from wechatlogin.wechat.app import AppKind, MessageMode

NewPhone = Callable[[str, str], BrowserContext]


@dataclass(frozen=True)
class Machines:
    """Two services; everybody comes to the first, and WeChat's pushes to the second."""

    first: Service
    second: Service
    installation: Installation
    url: str


@pytest.fixture(params=["PostgreSQL and Redis", "PostgreSQL alone"])
def machines(
    request: pytest.FixtureRequest, tmp_path: Path, simulator: Simulator
) -> Iterator[Machines]:
    hosts = [f"127.0.0.1:{free_port()}" for _ in range(3)]
    front, *behind = hosts
    account = Account()
    with databases.fresh_database("postgresql", tmp_path) as url:
        common = {
            "public_url": f"http://{front}",
            "trusted_hosts": tuple(behind),
            "trusted_proxies": 1,
            "workers": 1,
            "database_url": url,
            "redis_url": databases.REDIS if "Redis" in request.param else None,
            "wechat_open_url": simulator.url,
            "wechat_api_url": simulator.url,
            "wechat_mp_url": simulator.url,
        }
        app = create_app(settings_for_tests(**common))
        with app.app_context():
            upgrade()
            add_app(app, account, template=False, mode=MessageMode.SAFE, kind=AppKind.SERVICE)
            db.session.remove()
        services = [
            Service(settings_for_tests(**common, bind=host), tmp_path / f"{name}.log", at=host)
            for name, host in zip(("first", "second"), behind, strict=True)
        ]
        with ThreadPoolExecutor() as pool:
            list(pool.map(Service.start, services))
        nginx = Nginx(tmp_path, *hosts)
        callback_url = f"http://{behind[1]}/api/wechat/{account.appid}"
        console = {"host": front, "callback_url": callback_url, "mode": MessageMode.SAFE}
        simulator.add_app(account, **console, kind=AppKind.SERVICE.value)
        installation = Installation(services[0], simulator, account, app, {})
        yield Machines(*services, installation, nginx.url)
        nginx.stop()
        for service in services:
            service.stop()
        with app.app_context():
            db.engine.dispose()


@pytest.mark.fault("C-14")
def test_a_login_ends_although_the_machine_it_waits_on_is_killed(
    machines: Machines, desktop: BrowserContext, new_phone: NewPhone
) -> None:
    simulator = machines.installation.simulator
    person = simulator.add_person()
    simulator.follow(person, machines.installation.account.appid)
    page = open_login(desktop, machines.url)

    # The desktop waits on the first; the scan is heard of by the second.
    scanned = simulator.scan(person, read_qr(page))
    number = read_number(page)
    machines.first.kill()
    phone = new_phone(person, simulator.url).new_page()
    phone.goto(confirm_link(scanned))
    phone.get_by_role("button", name=number, exact=True).click()

    expect(page).to_have_url(f"{machines.url}/account", timeout=30_000)
    assert machines.second.is_up()


@pytest.mark.fault("C-30")
def test_whoever_waits_while_a_machine_is_restarted_sees_no_error(
    machines: Machines, desktop: BrowserContext
) -> None:
    page = open_login(desktop, machines.url)

    machines.first.restart()

    expect_status(page, "等待扫码")
    simulator = machines.installation.simulator
    person = simulator.add_person()
    simulator.follow(person, machines.installation.account.appid)
    simulator.scan(person, read_qr(page))
    assert read_number(page)
