"""What a service that runs for months must not do: grow, and stop everybody to clean up."""

import secrets
import statistics
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, insert, literal, select

from tests.conftest import Installation, Installer
from tests.flows.phones import Browser, Phone
from wechatlogin import clock
from wechatlogin.extensions import Base, db
from wechatlogin.models import AuditTag, Code, ReceivedMessage, Session
from wechatlogin.models.attempt import Attempt
from wechatlogin.services import audit, pace, retention
from wechatlogin.services.site import Site

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
OLD = NOW - timedelta(days=400)
#: Expired rows: so many at first, doubled so often.
FIRST_ROWS, DOUBLED = 3125, 1
ROWS = FIRST_ROWS * 2**DOUBLED
MOST_WAIT_SECONDS = 0.1
WARM_UP, ROUND, MOST_ROUNDS = 60, 40, 8
#: What somebody's login and somebody's page may leave behind in memory, in the best of the rounds:
#: less than a request, a session or an answer that is kept.
MOST_BYTES_EACH = 4096


def fill() -> None:
    """Write expired pushes: some one by one, and the others as copies of them."""
    names = ("dedupe_key", "signature", "body_hash")
    first = [
        {
            "appid": "wx0",
            "kind": "TextMessage",
            "received_at": OLD + timedelta(seconds=number),
            **dict.fromkeys(names, secrets.token_hex(16)),
        }
        for number in range(FIRST_ROWS)
    ]
    table = Base.metadata.tables["received_messages"]
    columns = ["appid", "kind", "received_at", *names]
    db.session.execute(insert(table), first)
    for number in range(DOUBLED):
        values = [table.c[name] for name in columns if name != "appid"]
        appid = table.c.appid + literal(str(number))
        copied = select(appid.label("appid"), *values)
        db.session.execute(insert(table).from_select(["appid", *columns[1:]], copied))
    db.session.commit()


class Writer(threading.Thread):
    """Somebody else who writes all the time, and how long that took each time."""

    def __init__(self, app: Flask) -> None:
        super().__init__(daemon=True)
        self._app = app
        self._is_over = threading.Event()
        self.seconds: list[float] = []

    def run(self) -> None:
        with self._app.app_context():
            while not self._is_over.wait(0.01):
                began = time.monotonic()
                audit.record(AuditTag.USER_LOGIN, now=clock.now())
                self.seconds.append(time.monotonic() - began)
            db.session.remove()

    def stop(self) -> None:
        self._is_over.set()
        self.join()


def slow_ones(seconds: list[float]) -> float:
    """Return what only one in twenty takes longer than."""
    return sorted(seconds)[len(seconds) * 95 // 100]


@pytest.mark.fault("C-35")
def test_while_many_thousand_rows_go_nobody_waits_for_long(
    storage: Site, stored_app: Flask
) -> None:
    fill()
    units: list[float] = []

    def rest(seconds: float) -> None:
        units.append(seconds)
        time.sleep(seconds)

    alone, writer = Writer(stored_app), Writer(stored_app)
    alone.start()
    time.sleep(1)
    alone.stop()
    writer.start()
    gone = {one.name: one.count for one in retention.purge(storage, now=NOW, rest=rest)}
    writer.stop()

    assert gone["received_messages"] == ROWS
    assert len(units) >= ROWS / pace.MOST
    assert pace.MOST <= 1000
    # On a busy machine a write takes its time without a purge, too.
    assert statistics.median(units) < MOST_WAIT_SECONDS
    assert slow_ones(writer.seconds) < MOST_WAIT_SECONDS + 3 * slow_ones(alone.seconds)


@pytest.fixture
def installation(install: Installer) -> Installation:
    return install()


def memory(installation: Installation) -> int:
    """Return what the processes that answer have of the memory, in bytes."""
    kilobytes = 0
    for pid in installation.service.workers():
        told = Path(f"/proc/{pid}/smaps_rollup").read_text()
        kilobytes += next(
            int(line.split()[1]) for line in told.splitlines() if line.startswith("Pss:")
        )
    return 1024 * kilobytes


def log_in(installation: Installation, people: list[str], count: int) -> None:
    """Let people log in, each in a new browser, and a desktop open the page meanwhile."""
    for number in range(count):
        with Phone(people[number % len(people)]) as phone, Browser() as desktop:
            assert phone.open(f"{installation.url}/login").url == f"{installation.url}/account"
            assert desktop.open(f"{installation.url}/login").status_code == 200


def check_stays(growths: list[int]) -> bool:
    """Tell whether there was a round that took no more memory."""
    return any(growth < ROUND * MOST_BYTES_EACH for growth in growths)


def rows(installation: Installation) -> dict[str, int]:
    """Return how many rows there are of what each login leaves behind."""
    tables: tuple[type[Base], ...] = (Attempt, Session, Code, ReceivedMessage)
    with installation.app.app_context():
        counts = {
            model.__tablename__: db.session.scalar(select(func.count()).select_from(model)) or 0
            for model in tables
        }
        db.session.remove()
    return counts


@pytest.mark.fault("C-34")
def test_hundreds_of_logins_leave_no_more_memory_taken_and_no_row_that_has_expired(
    installation: Installation,
) -> None:
    people = [installation.simulator.add_person() for _ in range(10)]
    log_in(installation, people, WARM_UP)
    growths: list[int] = []

    # What a library makes once, at some time, is in one round and not in all of them.
    while len(growths) < MOST_ROUNDS and not check_stays(growths):
        before = memory(installation)
        log_in(installation, people, ROUND)
        growths.append(memory(installation) - before)

    assert check_stays(growths), growths
    assert rows(installation)["attempts"] >= 2 * (WARM_UP + len(growths) * ROUND)
    with installation.app.app_context():
        retention.purge(installation.site, now=clock.now() + timedelta(days=400))
        db.session.remove()
    assert set(rows(installation).values()) == {0}
