"""Two services over one PostgreSQL, each as if it had a machine of its own."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask
from flask_migrate import upgrade

from tests import databases
from tests.conftest import add_app
from tests.servers import Account, Service, Simulator, free_port, settings_for_tests
from wechatlogin import create_app
from wechatlogin.extensions import db
from wechatlogin.wechat.app import AppKind, MessageMode


@dataclass(frozen=True)
class Pair:
    """Two services with one account; WeChat's pushes come to the second."""

    first: Service
    second: Service
    simulator: Simulator
    account: Account
    app: Flask

    @property
    def hosts(self) -> tuple[str, str]:
        """Where the two listen."""
        return host_of(self.first), host_of(self.second)


def host_of(service: Service) -> str:
    """Return where a service listens."""
    return urlsplit(service.url).netloc


@contextmanager
def two_machines(
    folder: Path, simulator: Simulator, *, public_url: str, redis_url: str | None
) -> Iterator[Pair]:
    """Run both until the end of the block, for people who know them by `public_url`."""
    account, hosts = Account(), [f"127.0.0.1:{free_port()}" for _ in range(2)]
    known_as = urlsplit(public_url)
    with databases.fresh_database("postgresql", folder) as url:
        common = {
            "public_url": public_url,
            "trusted_hosts": (str(known_as.hostname), *hosts),
            "trusted_proxies": 1,
            "workers": 1,
            "database_url": url,
            "redis_url": redis_url,
            "wechat_open_url": simulator.url,
            "wechat_api_url": simulator.url,
            "wechat_mp_url": simulator.url,
        }
        app = create_app(settings_for_tests(**common))
        with app.app_context():
            upgrade()
            add_app(app, account, template=False, mode=MessageMode.SAFE, kind=AppKind.SERVICE)
            db.session.remove()
        first, second = (
            Service(settings_for_tests(**common, bind=host), folder / f"{place}.log", at=host)
            for place, host in enumerate(hosts)
        )
        with ThreadPoolExecutor() as pool:
            list(pool.map(Service.start, (first, second)))
        callback_url = f"http://{hosts[1]}/api/wechat/{account.appid}"
        console = {"host": known_as.netloc, "callback_url": callback_url, "mode": MessageMode.SAFE}
        simulator.add_app(account, **console, kind=AppKind.SERVICE.value)
        yield Pair(first, second, simulator, account, app)
        for service in (first, second):
            service.stop()
        databases.release(app)
