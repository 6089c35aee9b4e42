"""Processes that are killed, stopped and replaced while people log in."""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from sqlalchemy import func, select

from tests import databases
from tests.conftest import Installation, Installer
from tests.faults.traffic import Traffic, statuses
from tests.flows.desktops import confirm_link
from tests.flows.phones import Browser, Phone
from tests.flows.test_pushes import newest_scene
from tests.waiters import Waiter, add_attempt, eventually
from wechatlogin.extensions import db
from wechatlogin.models import Attempt, Status

EXCHANGE = "/sns/oauth2/access_token"
WAITING = 20
#: What a stop may take, and the interpreter's own end on a machine that does other things.
STOP_SECONDS, SLACK_SECONDS = 3.0, 3.0


@pytest.fixture(scope="module")
def installation(install: Installer) -> Installation:
    return install()


def count(installation: Installation, table: str) -> int:
    with installation.app.app_context():
        return db.session.scalar(select(func.count()).select_from(db.metadata.tables[table])) or 0


def strikes_left(installation: Installation) -> int:
    return int(installation.simulator.call("GET", "/simulator/faults")[0]["left"])


def exchanges(installation: Installation) -> int:
    asked = installation.simulator.calls(EXCHANGE)
    return len([call for call in asked if call["appid"] == installation.account.appid])


def kill_workers(installation: Installation) -> None:
    for pid in installation.service.workers():
        os.kill(pid, signal.SIGKILL)


@pytest.mark.fault("C-13")
def test_whoever_was_cut_off_behind_wechats_answer_logs_in_again_as_one_person(
    installation: Installation,
) -> None:
    phone = Phone(installation.simulator.add_person())
    way_back = phone.until(f"{installation.url}/login", "code=")
    tables = ("users", "identities", "sessions")
    before = {table: count(installation, table) for table in tables}
    asked = exchanges(installation)
    installation.simulator.fault(EXCHANGE, "slow", delay=2, times=1)

    with ThreadPoolExecutor(1) as pool:
        cut_off = pool.submit(phone.step, way_back)
        assert eventually(lambda: strikes_left(installation) == 0)
        # From here on nobody is written down, so WeChat answers before there is a commit.
        with databases.locked(installation.service.settings.database_url):
            assert eventually(lambda: exchanges(installation) == asked + 1)
            kill_workers(installation)
            with pytest.raises(requests.ConnectionError):
                cut_off.result()
    left = {table: count(installation, table) for table in tables}
    again = phone.open(way_back)
    page = phone.open(f"{installation.url}/account")

    assert left == before
    # Nobody knows what became of that code, so the way leads back to the beginning, in words.
    assert again.status_code == 400
    assert "请重新开始" in again.text
    assert page.status_code == 200
    after = {table: count(installation, table) for table in tables}
    assert after == {table: found + 1 for table, found in before.items()}


@pytest.mark.fault("C-14")
def test_a_code_that_is_on_a_screen_logs_in_although_everything_was_killed(
    installation: Installation,
) -> None:
    desktop = Browser()
    assert desktop.open(f"{installation.url}/login").status_code == 200
    attempt = newest_attempt(installation)

    installation.service.kill()
    installation.service.start()

    confirm_on_phone(installation, attempt)
    status = f"{installation.url}/login/attempts/{attempt.id}"
    assert desktop.step(f"{status}?known=scanned&wait=0").json()["status"] == Status.CONFIRMED
    claimed = desktop.submit(desktop.open(f"{status}/check"))
    assert claimed.url == f"{installation.url}/account"
    assert claimed.status_code == 200


def newest_attempt(installation: Installation) -> Attempt:
    scene = newest_scene(installation)
    with installation.app.app_context():
        attempt = db.session.scalar(db.select(Attempt).where(Attempt.scene == scene))
        db.session.remove()
    assert attempt is not None
    return attempt


def confirm_on_phone(installation: Installation, attempt: Attempt) -> None:
    simulator = installation.simulator
    person = simulator.add_person()
    simulator.follow(person, installation.account.appid)
    phone = Phone(person)
    page = phone.open(confirm_link(simulator.scan(person, attempt.qr_content or "")))
    with installation.app.app_context():
        number = db.session.scalar(db.select(Attempt.number).where(Attempt.id == attempt.id))
        db.session.remove()
    assert phone.submit(page, number=str(number)).status_code == 200


@pytest.mark.fault("C-14")
def test_without_the_first_process_the_others_end_and_make_room(
    installation: Installation,
) -> None:
    orphans = installation.service.workers()

    installation.service.kill_first()

    assert eventually(lambda: not any(is_alive(pid) for pid in orphans), 10)
    installation.service.start()
    assert installation.service.is_up()


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def waiters(installation: Installation) -> Iterator[list[Waiter]]:
    """Desktops that wait for a scan."""
    with installation.app.app_context():
        asked = [Waiter.asks(installation.url, add_attempt(db.engine)) for _ in range(WAITING)]
    assert all(waiter.is_kept_waiting(0.05) for waiter in asked)
    yield asked
    for waiter in asked:
        waiter.hangs_up()


@pytest.mark.fault("C-30")
def test_a_stop_answers_all_who_wait_and_takes_three_seconds(
    installation: Installation, waiters: list[Waiter]
) -> None:
    began = time.monotonic()

    installation.service.ask_to_stop()
    answers = [waiter.answer() for waiter in waiters]
    answered_after = time.monotonic() - began
    installation.service.stop()
    gone_after = time.monotonic() - began
    installation.service.start()

    assert {answer.status for answer in answers} == {200}
    assert {answer.body["status"] for answer in answers} == {Status.PENDING}
    assert answered_after < 1 + SLACK_SECONDS
    assert gone_after < STOP_SECONDS + SLACK_SECONDS


@pytest.mark.fault("C-30")
def test_new_processes_take_over_without_an_error_to_anybody(
    installation: Installation, waiters: list[Waiter]
) -> None:
    """As `systemctl reload` does it."""
    former = installation.service.workers()

    with Traffic(lambda browser: browser.step(f"{installation.url}/login/code")) as traffic:
        traffic.go_on(0.5)
        installation.service.reload()
        assert eventually(lambda: not set(former) & set(installation.service.workers()), 20)
        answers = [waiter.answer() for waiter in waiters]
        traffic.go_on(0.5)

    assert {answer.status for answer in answers} == {200}
    assert statuses(traffic.visits) == {200}
