"""Whoever has moved an attempt says how it stands, and with that answers who waits for it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.waiters import add_attempt, eventually, mark_scanned
from tests.web.lots import Stage, make_stage, parked_waiter
from wechatlogin import clock
from wechatlogin.models import Status
from wechatlogin.services import attempt_status
from wechatlogin.services.attempt_status import AttemptStatus


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with make_stage(tmp_path) as stage:
        yield stage


def news(stage: Stage, attempt_id: str, status: Status) -> AttemptStatus:
    """Return what somebody would say who has just written this status."""
    known = attempt_status.get_status(stage.engine, attempt_id, now=clock.now())
    assert known is not None
    return replace(known, status=status, nickname="林")


def test_who_knows_how_it_stands_has_answered_before_going_on(stage: Stage) -> None:
    attempt_id, waiter = parked_waiter(stage)

    stage.bus.wake(attempt_id, news(stage, attempt_id, Status.CONFIRMED))

    # The row says something else: it was not read.
    assert not waiter.is_kept_waiting(0)
    assert waiter.answer().body["status"] == Status.CONFIRMED
    assert len(stage.room) == 0
    waiter.hangs_up()
    assert eventually(lambda: len(stage.lot) == 0)


def test_who_is_late_to_say_how_it_stands_answers_nobody(stage: Stage) -> None:
    attempt_id = add_attempt(stage.engine)
    mark_scanned(stage.engine, attempt_id)
    waiter = stage.parks(attempt_id)
    assert waiter is not None

    for status in (Status.PENDING, Status.SCANNED):
        stage.bus.wake(attempt_id, news(stage, attempt_id, status))

    assert waiter.is_kept_waiting()
    waiter.hangs_up()


def test_who_enters_while_it_is_said_how_it_stands_reads_the_row(stage: Stage) -> None:
    attempt_id = add_attempt(stage.engine)

    def move() -> None:
        mark_scanned(stage.engine, attempt_id)
        stage.bus.wake(attempt_id, replace(news(stage, attempt_id, Status.SCANNED), number=None))

    waiter = stage.parks(attempt_id, meanwhile=move)

    assert waiter is not None
    assert waiter.answer(within=0.5).body["number"] == 42
    waiter.hangs_up()
