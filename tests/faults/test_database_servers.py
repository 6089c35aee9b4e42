"""A PostgreSQL and a MariaDB that crash, restart, drop connections, lock or have none left."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import requests
from flask_migrate import upgrade
from sqlalchemy import Connection, NullPool, create_engine, text
from sqlalchemy.exc import OperationalError

from tests.conftest import OPERATOR_PASSWORD, Installation, Installer
from tests.connections import administrating, end_others
from tests.database_servers import OwnMariaDB, OwnPostgreSQL, OwnServer
from tests.faults.traffic import Traffic, statuses
from tests.flows.phones import Browser, Phone
from tests.servers import settings_for_tests
from tests.waiters import eventually
from wechatlogin import create_app
from wechatlogin.extensions import db
from wechatlogin.models.pool import OVERFLOW

THREADS = 4
#: What the service may have open at most.
CONNECTIONS = THREADS + OVERFLOW
RECOVERY_SECONDS = 5


@pytest.fixture(scope="module", params=[OwnPostgreSQL, OwnMariaDB])
def server(request: pytest.FixtureRequest) -> Iterator[OwnServer]:
    server: OwnServer = request.param()
    yield server
    server.remove()


@pytest.fixture(scope="module")
def installation(server: OwnServer, install: Installer) -> Iterator[Installation]:
    app = create_app(settings_for_tests(database_url=server.url))
    with app.app_context():
        upgrade()
        db.session.remove()
        db.engine.dispose()
    installation = install(database_url=server.url, threads=THREADS)
    yield installation
    with installation.app.app_context():
        db.engine.dispose()
    # Before its database is taken away.
    installation.service.stop()


@pytest.fixture
def administrator(server: OwnServer) -> Iterator[Connection]:
    with administrating(server.url) as connection:
        yield connection


def visit(installation: Installation) -> Traffic:
    """Let people come to a page that writes into the database."""
    return Traffic(lambda browser: browser.step(f"{installation.url}/login/code"), threads=THREADS)


def come(installation: Installation) -> requests.Response:
    return Browser().step(f"{installation.url}/login/code")


def readiness(installation: Installation) -> int:
    return requests.get(f"{installation.url}/readyz", timeout=20).status_code


@pytest.mark.fault("C-16")
def test_a_server_that_crashes_and_comes_back_is_used_again_at_once(
    installation: Installation, server: OwnServer
) -> None:
    with visit(installation) as traffic:
        traffic.go_on(0.5)
        server.crash()
        down_at = time.monotonic()
        is_noticed = eventually(lambda: readiness(installation) == 503)
        is_alive = requests.get(f"{installation.url}/healthz", timeout=20).ok
        traffic.go_on(0.5)
        starts_at = time.monotonic()
        server.start()
        back_at = time.monotonic()
        traffic.go_on(2)

    while_down = [visit for visit in traffic.since(down_at) if visit.ended < starts_at]
    failed = [visit for visit in traffic.since(back_at) if visit.status != 200]
    assert is_noticed
    assert is_alive
    assert statuses(while_down) == {503}
    assert {visit.retry_after for visit in while_down} == {"5"}
    assert len(failed) <= CONNECTIONS
    assert all(visit.ended - back_at < RECOVERY_SECONDS for visit in failed)
    assert statuses(traffic.since(back_at)) & {200}
    assert readiness(installation) == 200


@pytest.mark.fault("C-16")
def test_connections_that_the_server_has_ended_are_replaced_before_they_are_used(
    installation: Installation, administrator: Connection
) -> None:
    with visit(installation) as traffic:
        traffic.go_on(0.3)

    assert end_others(administrator) > 0
    # At once: one after the other they would share the connection that is used last.
    with ThreadPoolExecutor(CONNECTIONS) as visitors:
        answers = list(visitors.map(lambda _: come(installation), range(2 * CONNECTIONS)))

    assert {answer.status_code for answer in answers} == {200}


@pytest.mark.fault("C-16")
def test_connections_that_end_in_the_middle_cost_a_request_each(
    installation: Installation, administrator: Connection
) -> None:
    with visit(installation) as traffic:
        killed = 0
        for _ in range(3):
            traffic.go_on(0.2)
            killed += end_others(administrator)
        over_at = time.monotonic()
        traffic.go_on(0.5)

    failed = [visit for visit in traffic.visits if visit.status != 200]
    assert statuses(failed) <= {503}
    assert len(failed) <= killed
    assert statuses(traffic.since(over_at)) == {200}


@pytest.mark.fault("C-16")
def test_everybody_reads_words_while_the_server_is_away(
    installation: Installation, server: OwnServer
) -> None:
    person = installation.simulator.add_person()
    visitor, operator = Phone(person), Browser()
    assert visitor.open(f"{installation.url}/account").status_code == 200
    login = operator.open(f"{installation.url}/operator/login")
    assert operator.submit(login, name="operator", password=OPERATOR_PASSWORD).ok

    server.crash()
    pages = [
        visitor.step(f"{installation.url}/account"),
        operator.step(f"{installation.url}/operator/status"),
        Browser().step(f"{installation.url}/login"),
        Browser().step(f"{installation.url}/nowhere"),
    ]
    form = {"grant_type": "refresh_token", "refresh_token": "r", "token": "t"}
    calls = [
        requests.post(f"{installation.url}{path}", form, auth=("0" * 32, "secret"), timeout=20)
        for path in ("/oidc/token", "/oidc/token/revocation")
    ]
    calls.append(requests.post(f"{installation.url}/api/wechat", b"<xml/>", timeout=20))
    server.start()

    assert [page.status_code for page in pages] == [503, 503, 503, 404]
    assert all("服务器正忙" in page.text for page in pages[:3])
    assert [call.status_code for call in calls] == [503, 503, 503]
    assert visitor.step(f"{installation.url}/account").status_code == 200


@pytest.mark.fault("C-17")
def test_without_a_connection_to_be_had_the_answer_comes_at_once(
    installation: Installation, server: OwnServer, administrator: Connection
) -> None:
    if isinstance(server, OwnMariaDB):
        administrator.execute(text("SET GLOBAL max_connections = 10"))
    end_others(administrator)
    taken = take_all(server)

    with visit(installation) as traffic:
        traffic.go_on(1)
    statuses_of_ready = readiness(installation)
    for connection in taken:
        connection.close()

    assert len(taken) > CONNECTIONS
    assert statuses(traffic.visits) == {503}
    assert {visit.retry_after for visit in traffic.visits} == {"5"}
    assert max(visit.seconds for visit in traffic.visits) < 4
    assert statuses_of_ready == 503
    assert eventually(lambda: readiness(installation) == 200)


def take_all(server: OwnServer) -> list[Connection]:
    """Take every connection that the server has to give."""
    engine = create_engine(server.url, poolclass=NullPool)
    taken: list[Connection] = []
    while True:
        try:
            taken.append(engine.connect())
        except OperationalError:
            return taken


@pytest.mark.fault("C-18")
def test_of_a_login_that_runs_again_wechat_is_asked_once(
    installation: Installation, administrator: Connection
) -> None:
    simulator, path = installation.simulator, "/sns/oauth2/access_token"
    person = simulator.add_person()
    asked, conflicts = len(simulator.calls(path)), count_conflicts(installation)

    def check_repeated() -> bool:
        return count_conflicts(installation) > conflicts

    with lock_account(administrator, until=check_repeated):
        page = Phone(person).open(f"{installation.url}/account")

    assert page.status_code == 200
    assert check_repeated()
    assert len(simulator.calls(path)) == asked + 1


def count_conflicts(installation: Installation) -> int:
    return installation.service.log_path.read_text().count("conflict of writes")


@contextmanager
def lock_account(administrator: Connection, *, until: Callable[[], bool]) -> Iterator[None]:
    """Hold the row on which two processes that meet somebody new wait for each other."""
    other = administrator.engine.connect().execution_options(isolation_level="READ COMMITTED")
    other.execute(text("SELECT id FROM wechat_apps FOR UPDATE"))

    def release() -> None:
        eventually(until)
        other.rollback()

    releasing = threading.Thread(target=release)
    releasing.start()
    yield
    releasing.join()
    other.close()
