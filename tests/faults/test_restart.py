"""Everybody who waits asks at the same moment, since the service was gone for one."""

import pytest

from tests.conftest import Installation, Installer
from tests.waiters import Answer, Waiter, add_attempt, eventually, mark_scanned
from wechatlogin.extensions import db
from wechatlogin.models import Status

BROWSERS = 300
#: As many as may wait; the others are sent away for a while.
WAITING = 100
#: For how long they want to wait, and how soon all have been answered on a busy machine: on
#: PostgreSQL, where nobody tells the service what is written here, when their time is up.
WAIT_SECONDS, PATIENCE_SECONDS = 12, 15.0


@pytest.fixture
def installation(install: Installer) -> Installation:
    return install(max_waiting=WAITING)


def ask_at_once(installation: Installation, attempts: list[str]) -> list[Waiter]:
    return [Waiter.asks(installation.url, each, wait=WAIT_SECONDS) for each in attempts]


def kept_waiting(waiters: list[Waiter]) -> list[Waiter]:
    return [waiter for waiter in waiters if waiter.is_kept_waiting(0.001)]


@pytest.mark.fault("C-29")
def test_all_who_ask_at_once_after_a_restart_are_answered_and_come_back_spread_out(
    installation: Installation,
) -> None:
    with installation.app.app_context():
        attempts = [add_attempt(db.engine) for _ in range(BROWSERS)]
    before = ask_at_once(installation, attempts)
    assert before[0].is_kept_waiting()
    installation.service.kill()
    installation.service.start()

    waiters = ask_at_once(installation, attempts)
    # Some are asked late where the machine is busy.
    assert eventually(lambda: len(kept_waiting(waiters)) <= WAITING, within=PATIENCE_SECONDS)
    stay = kept_waiting(waiters)
    gone = [waiter for waiter in waiters if waiter not in stay]
    answers = {id(waiter): waiter.answer(PATIENCE_SECONDS) for waiter in gone}

    with installation.app.app_context():
        for attempt in attempts:
            mark_scanned(db.engine, attempt)
    for waiter in stay:
        answers[id(waiter)] = waiter.answer(PATIENCE_SECONDS)
    assert [answer.status for answer in answers.values()] == [200] * BROWSERS
    sent_away = pauses_of(list(answers.values()))
    assert BROWSERS - WAITING <= len(sent_away) < BROWSERS
    assert min(sent_away) >= 2
    assert max(sent_away) < 5
    # No second of the three gets more than twice its share.
    for second in (2, 3, 4):
        share = [pause for pause in sent_away if second <= pause < second + 1]
        assert 0 < len(share) < 2 * len(sent_away) / 3
    for waiter in (*before, *waiters):
        waiter.hangs_up()


def pauses_of(answers: list[Answer]) -> list[float]:
    """Return how long those whom nothing has happened to yet are to stay away."""
    return [
        answer.body["retry_after"]
        for answer in answers
        if answer.body["status"] == Status.PENDING and "retry_after" in answer.body
    ]
