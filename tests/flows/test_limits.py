"""Rate limits: over Redis for all processes, and in the process when Redis is away."""

import pytest
import redis

from tests import databases
from tests.conftest import Installer
from tests.flows.phones import Browser
from tests.servers import free_port


@pytest.fixture
def redis_url() -> str:
    try:
        redis.Redis.from_url(databases.REDIS).flushdb()
    except redis.ConnectionError:
        databases.missing("Redis")
    return databases.REDIS


def try_passwords(url: str, times: int) -> list[int]:
    statuses = []
    for _ in range(times):
        browser = Browser()
        page = browser.open(f"{url}/operator/login")
        statuses.append(browser.submit(page, name="operator", password="wrong").status_code)
    return statuses


def test_two_processes_count_together_in_redis(install: Installer, redis_url: str) -> None:
    installation = install(redis_url=redis_url, workers=2, limit_operator="3 per minute")

    assert try_passwords(installation.url, 6) == [401, 401, 401, 429, 429, 429]


@pytest.mark.fault("C-19")
def test_without_redis_each_process_still_counts(install: Installer) -> None:
    nobody = f"redis://127.0.0.1:{free_port()}/0"
    installation = install(redis_url=nobody, limit_operator="2 per minute")

    assert try_passwords(installation.url, 4) == [401, 401, 429, 429]


def test_starting_logins_is_limited_too(install: Installer) -> None:
    installation = install(limit_login="2 per minute")

    statuses = [Browser().step(f"{installation.url}/login").status_code for _ in range(3)]

    assert statuses == [200, 200, 429]
