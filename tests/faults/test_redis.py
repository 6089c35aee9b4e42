"""Redis is killed, frozen, read-only or full: people log in, and limits hold in each process."""

import time
from collections.abc import Callable, Iterator
from ipaddress import ip_network

import pytest
import redis
import requests
from pydantic import SecretStr

from tests.conftest import Installation, Installer
from tests.faults.traffic import Traffic, statuses
from tests.flows.phones import Browser, Phone
from tests.services.buses import OwnRedis
from tests.waiters import eventually

#: Wrong passwords that one address may type in a minute.
TRIES = 3
#: A request may wait for Redis this long, on a machine that does other things too.
PATIENCE = 3.0

TOKEN = "canary-metrics-token-0123456789"
#: One for each look, however many there are on a machine that is fast.
ADDRESSES = map(str, ip_network("10.0.0.0/8").hosts())

Break = Callable[[OwnRedis, redis.Redis], object]

BREAKS: dict[str, Break] = {
    "is killed": lambda server, _client: server.stop(),
    "says nothing": lambda server, _client: server.freeze(),
    "is read-only": lambda _server, client: client.replicaof("127.0.0.1", 1),
    "is full": lambda _server, client: client.config_set("maxmemory", "1"),
}


@pytest.fixture(params=BREAKS)
def broken(request: pytest.FixtureRequest) -> Break:
    return BREAKS[request.param]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnRedis]:
    server = OwnRedis(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def installation(server: OwnRedis, install: Installer) -> Installation:
    limit = f"{TRIES} per minute"
    return install(
        redis_url=server.url,
        limit_operator=limit,
        limit_code_tries=limit,
        # So each test comes from an address of its own.
        trusted_proxies=1,
        metrics_token=SecretStr(TOKEN),
    )


@pytest.fixture(autouse=True)
def _well_again(server: OwnRedis, installation: Installation) -> Iterator[None]:
    """Begin each test with an empty Redis that the service has found again."""
    server.stop()
    server.start()
    assert eventually(lambda: state_of(installation) == "ok")
    assert eventually(lambda: is_counting(server, installation))
    yield
    server.thaw()


def state_of(installation: Installation) -> str:
    headers = {"Accept": "application/json", "Authorization": f"Bearer {TOKEN}"}
    answer = requests.get(f"{installation.url}/readyz", headers=headers, timeout=20)
    assert answer.status_code == 200
    return str(answer.json()["redis"])


def is_counting(server: OwnRedis, installation: Installation) -> bool:
    """Tell whether a visit is counted in Redis."""
    somebody().step(f"{installation.url}/login/code")
    with redis.Redis.from_url(server.url) as client:
        return bool(client.keys("LIMITS*/code.ask/*"))


def somebody() -> Browser:
    """Return a browser at an address that nobody has come from."""
    browser = Browser()
    browser.headers["X-Forwarded-For"] = next(ADDRESSES)
    return browser


def try_passwords(installation: Installation, times: int) -> list[int]:
    browser = somebody()
    page = browser.open(f"{installation.url}/operator/login")
    answers = []
    for _ in range(times):
        answers.append(browser.submit(page, name="operator", password="wrong").status_code)
        # So long Redis is let alone, and may be taken for well after it.
        time.sleep(1.1 if len(answers) == TRIES else 0)
    return answers


def try_codes(installation: Installation, times: int) -> list[int]:
    browser = somebody()
    answers = []
    for _ in range(times):
        page = browser.open(f"{installation.url}/login/code")
        answers.append(browser.submit(page, code="000000").status_code)
    return answers


@pytest.mark.fault("C-19")
def test_people_log_in_and_limits_hold_although_redis(
    installation: Installation, server: OwnRedis, broken: Break
) -> None:
    with redis.Redis.from_url(server.url) as client:
        broken(server, client)

    with Traffic(
        lambda browser: browser.step(f"{installation.url}/login/code"), threads=2
    ) as traffic:
        page = Phone(installation.simulator.add_person()).open(f"{installation.url}/account")
        traffic.go_on(1)
    passwords = try_passwords(installation, TRIES + 2)
    codes = try_codes(installation, TRIES + 2)

    assert page.status_code == 200
    assert statuses(traffic.visits) == {200}
    assert max(visit.seconds for visit in traffic.visits) < PATIENCE
    # What guards secrets is closed as ever, counted by the process itself.
    assert passwords == [401] * TRIES + [429] * 2
    assert codes[-2:] == [429] * 2
    assert 429 not in codes[:TRIES]
    assert "Traceback" not in installation.service.log_path.read_text()


@pytest.mark.fault("C-19")
def test_a_redis_that_comes_back_empty_is_used_again(
    installation: Installation, server: OwnRedis
) -> None:
    phone = Phone(installation.simulator.add_person())
    assert phone.open(f"{installation.url}/account").status_code == 200
    server.stop()
    Browser().step(f"{installation.url}/login/code")
    server.start()

    # Sessions were never in it.
    assert phone.step(f"{installation.url}/account").status_code == 200
    assert eventually(lambda: is_counting(server, installation))
