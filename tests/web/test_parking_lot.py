"""The parking lot by itself: one end of a socket pair is the browser, the other the worker's."""

import os
import resource
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.waiters import add_attempt, eventually, mark_scanned
from tests.web.lots import Stage, make_stage, parked_waiter
from wechatlogin import clock
from wechatlogin.models import Status
from wechatlogin.services import attempt_status
from wechatlogin.web import parked, parking_lot
from wechatlogin.web.parking_lot import ParkingLot
from wechatlogin.web.seats import Limits
from wechatlogin.web.waiting_room import WaitingRoom


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with make_stage(tmp_path) as stage:
        yield stage


def open_descriptors() -> int:
    return len(os.listdir("/dev/fd"))


def test_a_change_is_answered(stage: Stage) -> None:
    attempt_id, waiter = parked_waiter(stage)

    mark_scanned(stage.engine, attempt_id)
    stage.bus.wake(attempt_id)
    answer = waiter.answer()

    assert answer.body["status"] == Status.SCANNED
    assert answer.body["number"] == 42
    assert "retry_after" not in answer.body
    assert answer.headers["Connection"] == "close"
    assert answer.headers["X-Request-ID"] == "an-id-of-the-request"
    assert waiter.is_closed_by_the_server()
    waiter.hangs_up()
    assert eventually(lambda: len(stage.lot) == 0)


def test_a_wake_up_without_a_change_answers_nobody(stage: Stage) -> None:
    attempt_id, waiter = parked_waiter(stage)

    stage.bus.wake(attempt_id)

    assert waiter.is_kept_waiting()
    waiter.hangs_up()


def test_nothing_is_lost_between_the_reading_and_the_parking(stage: Stage) -> None:
    attempt_id = add_attempt(stage.engine)

    def move() -> None:
        mark_scanned(stage.engine, attempt_id)
        stage.bus.wake(attempt_id)

    waiter = stage.parks(attempt_id, meanwhile=move)

    assert waiter is not None
    assert waiter.answer(within=0.5).body["status"] == Status.SCANNED
    waiter.hangs_up()


def test_time_up_is_answered_with_the_state_unchanged(stage: Stage) -> None:
    _, waiter = parked_waiter(stage, seconds=0.3)

    answer = waiter.answer()

    assert answer.body["status"] == Status.PENDING
    assert "retry_after" not in answer.body
    assert 0.25 < answer.seconds < 2
    waiter.hangs_up()


def test_what_expires_while_it_waits_is_said_to_have_expired(stage: Stage) -> None:
    attempt_id = add_attempt(stage.engine, seconds=0.2)
    waiter = stage.parks(attempt_id, seconds=1.05)
    assert waiter is not None

    answer = waiter.answer()

    assert answer.body["status"] == Status.EXPIRED
    waiter.hangs_up()


def test_a_row_that_is_gone_has_expired(stage: Stage) -> None:
    attempt_id, waiter = parked_waiter(stage)
    with stage.engine.begin() as connection:
        connection.execute(text("DELETE FROM attempts"))

    stage.bus.wake(attempt_id)

    assert waiter.answer().body["status"] == Status.EXPIRED
    waiter.hangs_up()


def test_who_hangs_up_frees_the_place_at_once(stage: Stage) -> None:
    _, waiter = parked_waiter(stage)

    waiter.hangs_up()

    assert eventually(lambda: len(stage.lot) == 0, within=0.5)
    assert len(stage.room) == 0


def test_a_full_lot_takes_nobody(stage: Stage) -> None:
    waiters = [stage.parks(add_attempt(stage.engine)) for _ in range(3)]

    refused = stage.parks(add_attempt(stage.engine), address="::2")

    assert None not in waiters
    assert refused is None
    for waiter in filter(None, waiters):
        waiter.hangs_up()


def test_one_attempt_has_few_places(stage: Stage) -> None:
    attempt_id = add_attempt(stage.engine)
    waiters = [stage.parks(attempt_id) for _ in range(3)]
    *seated, refused = [waiter for waiter in waiters if waiter is not None]

    answer = refused.answer(within=1)

    assert len(seated) == 2
    assert answer.body["status"] == Status.PENDING
    assert 2 <= answer.body["retry_after"] < 5
    assert all(waiter.is_kept_waiting(0.05) for waiter in seated)
    for waiter in (*seated, refused):
        waiter.hangs_up()


def test_one_address_has_its_share_of_places(tmp_path: Path, stage: Stage) -> None:
    room = WaitingRoom(stage.engine, stage.bus, Limits(per_attempt=9, per_address=1))
    first = room.enter("a", "::1")
    second = room.enter("b", "::1")
    stranger = room.enter("c", "::2")

    seated = [room.seat(guest, lambda body: None) for guest in (first, second, stranger)]
    room.leave(first)
    again = room.seat(room.enter("b", "::1"), lambda body: None)

    assert seated == [True, False, True]
    assert again
    for guest in (first, second, stranger):
        room.leave(guest)


def test_stray_bytes_do_not_disturb_the_wait(stage: Stage) -> None:
    attempt_id, waiter = parked_waiter(stage)
    waiter.connection.sendall(b"GET /another HTTP/1.1\r\n\r\n")
    assert waiter.is_kept_waiting()

    mark_scanned(stage.engine, attempt_id)
    answer = waiter.answer()

    assert answer.body["status"] == Status.SCANNED
    assert answer.headers["Connection"] == "close"
    assert waiter.is_closed_by_the_server()
    waiter.hangs_up()


def test_a_flood_of_stray_bytes_ends_the_connection(stage: Stage) -> None:
    _, waiter = parked_waiter(stage)

    with pytest.raises((BrokenPipeError, ConnectionResetError)):
        waiter.connection.sendall(b"x" * 4_000_000)

    assert eventually(lambda: len(stage.lot) == 0)
    waiter.hangs_up()


def test_who_does_not_read_is_dropped_in_bounded_time(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parked, "WRITE_SECONDS", 0.2)
    attempt_id, waiter = parked_waiter(stage)
    with stage.engine.begin() as connection:
        # More than a socket's buffers hold, in a column that SQLite does not cut.
        connection.execute(
            text("INSERT INTO users (id, created_at) VALUES ('u', :now)"), {"now": str(clock.now())}
        )
        connection.execute(
            text(
                "INSERT INTO identities "
                "(user_id, appid, openid, nickname, created_at, updated_at) "
                "VALUES ('u', 'wx', 'o', :name, :now, :now)"
            ),
            {"name": "x" * 4_000_000, "now": "2026-11-21 00:00:00.000000"},
        )
        connection.execute(
            text("UPDATE attempts SET appid = 'wx', openid = 'o', status = 'scanned'")
        )

    stage.bus.wake(attempt_id)

    assert eventually(lambda: len(stage.lot) == 1 and len(stage.room) == 0)
    assert eventually(lambda: len(stage.lot) == 0, within=2)
    waiter.hangs_up()


def test_who_reads_slowly_gets_the_whole_answer(stage: Stage) -> None:
    _, waiter = parked_waiter(stage)
    body = b'{"x": "' + b"y" * 1_000_000 + b'"}'
    (guest,) = stage.guests
    assert guest.answer is not None

    guest.answer(body)
    time.sleep(0.1)
    answer = waiter.answer()

    assert len(answer.body["x"]) == 1_000_000
    waiter.hangs_up()


def test_who_does_not_close_is_closed(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parked, "LINGER_SECONDS", 0.1)
    attempt_id, waiter = parked_waiter(stage)

    mark_scanned(stage.engine, attempt_id)
    stage.bus.wake(attempt_id)

    assert eventually(lambda: len(stage.lot) == 0, within=2)
    waiter.hangs_up()


def test_closing_answers_everybody(stage: Stage) -> None:
    waiters = [parked_waiter(stage)[1] for _ in range(3)]
    began = time.monotonic()

    stage.room.close()
    stage.lot.close()

    answers = [waiter.answer() for waiter in waiters]
    assert {answer.body["status"] for answer in answers} == {Status.PENDING}
    assert all(answer.body["retry_after"] >= 2 for answer in answers)
    assert time.monotonic() - began < 2
    for waiter in waiters:
        waiter.hangs_up()


def test_a_closed_lot_takes_nobody(stage: Stage) -> None:
    attempt_id = add_attempt(stage.engine)

    stage.lot.close()

    assert stage.parks(attempt_id) is None


def test_a_deaf_bus_costs_a_second(stage: Stage) -> None:
    attempt_id, waiter = parked_waiter(stage)
    stage.bus.close()

    mark_scanned(stage.engine, attempt_id)

    assert waiter.answer(within=3).body["status"] == Status.SCANNED
    waiter.hangs_up()


def test_a_database_that_fails_ends_no_wait(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    attempt_id, waiter = parked_waiter(stage, seconds=0.3)
    with stage.engine.begin() as connection:
        connection.execute(text("ALTER TABLE attempts RENAME TO elsewhere"))

    answer = waiter.answer()

    assert answer.body["status"] == Status.PENDING
    assert attempt_id not in caplog.text
    assert "cannot be read" in caplog.text
    waiter.hangs_up()


def test_no_descriptor_is_left_behind(stage: Stage) -> None:
    parked_waiter(stage)[1].hangs_up()
    assert eventually(lambda: len(stage.lot) == 0)
    before = open_descriptors()

    for _ in range(20):
        attempt_id, waiter = parked_waiter(stage)
        mark_scanned(stage.engine, attempt_id)
        waiter.answer()
        waiter.hangs_up()
        assert eventually(lambda: len(stage.lot) == 0)

    # The pool may have opened another connection to the database meanwhile.
    assert open_descriptors() < before + 5


def test_descriptors_stay_free_for_everything_else(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(parking_lot, "raise_descriptor_limit", lambda: 130)
    lot = ParkingLot(stage.room, max_waiting=3)

    with caplog.at_level("INFO"):
        lot.start()
    lot.close()

    assert "2 browsers may wait (descriptor limit 130)" in caplog.text
    assert "more than the descriptors allow" in caplog.text


def test_the_soft_limit_of_descriptors_is_raised_to_the_hard_one() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 1000), hard))

    limit = parking_lot.raise_descriptor_limit()

    assert limit == resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= min(soft, 1000)
    assert limit == hard or hard == resource.RLIM_INFINITY


def test_seconds_count_down_while_somebody_waits(stage: Stage) -> None:
    attempt_id = add_attempt(stage.engine, seconds=60)
    guest = stage.room.enter(attempt_id, "::1")
    status = attempt_status.get_status(stage.engine, attempt_id, now=clock.now())
    assert status is not None
    guest.stay(status, 20)
    guest.told_at -= timedelta(seconds=10).total_seconds()

    assert b'"expires_in":50' in guest.unchanged()
    stage.room.leave(guest)
