"""What the waiting page is told, on each database."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, insert, update

from tests.stories import BINDING, LIFETIME, a_user, an_account, an_identity, start_attempt
from wechatlogin.extensions import db
from wechatlogin.models import Attempt, Identity, Status
from wechatlogin.services import attempt_status, attempts
from wechatlogin.services.attempt_status import AttemptStatus, Known
from wechatlogin.services.site import Site
from wechatlogin.vault import sha256_hex

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
MOMENT = timedelta(milliseconds=1)

pytestmark = pytest.mark.usefixtures("storage")


@pytest.fixture
def engine() -> Engine:
    return db.engine


def scanned() -> str:
    attempt_id = start_attempt(now=NOW).id
    attempts.scan(
        attempt_id,
        "o-lin",
        confirm_hash=sha256_hex(attempt_id),
        lifetime=LIFETIME,
        now=NOW,
    )
    return attempt_id


def status_of(attempt_id: str, now: datetime) -> AttemptStatus:
    found = attempt_status.get_status(db.engine, attempt_id, now=now)
    assert found is not None
    return found


def test_a_fresh_attempt_is_pending_for_its_lifetime() -> None:
    attempt = start_attempt(now=NOW)

    found = status_of(attempt.id, NOW)

    seconds = int(LIFETIME.total_seconds())
    assert found == AttemptStatus(Status.PENDING, BINDING, expires_in=seconds)


def test_an_unknown_attempt_has_no_status(engine: Engine) -> None:
    assert attempt_status.get_status(engine, "0" * 32, now=NOW) is None
    assert attempt_status.get_statuses(engine, [], now=NOW) == {}


def test_the_number_is_told_only_while_it_is_asked_for() -> None:
    attempt_id = scanned()

    while_scanned = status_of(attempt_id, NOW)
    attempts.confirm(attempt_id, "o-lin", user_id=a_user(NOW), now=NOW)
    once_confirmed = status_of(attempt_id, NOW)

    assert while_scanned.status is Status.SCANNED
    assert while_scanned.number in range(10, 100)
    assert once_confirmed.status is Status.CONFIRMED
    assert once_confirmed.number is None


def test_name_and_picture_are_those_of_the_person_who_scanned() -> None:
    attempt_id = scanned()
    person = {"user_id": a_user(NOW), "openid": "o-lin", "created_at": NOW, "updated_at": NOW}
    profile = {"nickname": "林小满", "avatar_url": "https://thirdwx.qlogo.cn/1"}
    with db.engine.begin() as connection:
        connection.execute(update(Attempt).where(Attempt.id == attempt_id).values(appid="wx-ours"))
        connection.execute(insert(Identity).values(appid="wx-ours", **person, **profile))
        connection.execute(
            insert(Identity).values(appid="wx-other", **person, nickname="somebody else")
        )

    found = status_of(attempt_id, NOW)

    assert found.nickname == "林小满"
    assert found.avatar_url == "https://thirdwx.qlogo.cn/1"


def test_whoever_has_just_read_an_attempt_knows_what_the_row_says() -> None:
    attempt = start_attempt(now=NOW)
    person = Identity(nickname="林小满", avatar_url="https://thirdwx.qlogo.cn/1")
    moves = [
        lambda: attempt,
        lambda: attempts.get(scanned()),
        lambda: attempts.confirm(scanned(), "o-lin", user_id=a_user(NOW), now=NOW),
    ]

    for move in moves:
        moved = move()
        assert moved is not None
        read = status_of(moved.id, NOW)
        assert attempt_status.status_of(moved, None, now=NOW) == read
        by_name = replace(read, nickname=person.nickname, avatar_url=person.avatar_url)
        assert attempt_status.status_of(moved, person, now=NOW) == by_name


@pytest.mark.parametrize("known", Status)
def test_what_comes_after_a_status_is_what_it_can_move_to(known: Status) -> None:
    course = [Status.PENDING, Status.SCANNED, Status.CONFIRMED]
    ends = set(Status) - set(course)
    later = ends | set(course[course.index(known) + 1 :]) if known in course else set()

    after = {
        status
        for status in Status
        if AttemptStatus(status, "", 0).comes_after(AttemptStatus(known, "", 0))
    }

    assert after == later


def test_seconds_are_rounded_up_so_that_the_page_never_gives_up_early() -> None:
    attempt = start_attempt(now=NOW)

    last_moment = status_of(attempt.id, NOW + LIFETIME - MOMENT)
    end = status_of(attempt.id, NOW + LIFETIME)

    assert (last_moment.status, last_moment.expires_in) == (Status.PENDING, 1)
    assert (end.status, end.expires_in) == (Status.EXPIRED, 0)


def test_a_confirmation_may_be_claimed_for_ten_more_seconds() -> None:
    attempt_id = scanned()
    attempts.confirm(attempt_id, "o-lin", user_id=a_user(NOW), now=NOW)
    end = NOW + LIFETIME + timedelta(seconds=10)

    assert status_of(attempt_id, end - MOMENT).status is Status.CONFIRMED
    assert status_of(attempt_id, end).status is Status.EXPIRED


def test_what_is_over_stays_as_it_is() -> None:
    attempt_id = scanned()
    attempts.decline(attempt_id, reason="person", now=NOW)

    found = status_of(attempt_id, NOW + timedelta(days=1))

    assert found.status is Status.DECLINED
    assert found.is_terminal
    assert found.expires_in == 0


def test_many_are_read_at_once(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempt_status, "CHUNK", 2)
    ids = {start_attempt(now=NOW).id for _ in range(5)}

    found = attempt_status.get_statuses(engine, [*ids, "unknown"], now=NOW)

    assert found.keys() == ids


def test_only_what_differs_from_what_is_known_has_changed(engine: Engine) -> None:
    pending, moved = start_attempt(now=NOW).id, scanned()

    known = [
        Known(pending, Status.PENDING),
        Known(moved, Status.SCANNED),
        Known(moved, Status.PENDING),
    ]

    assert attempt_status.find_changed(engine, known) == {moved}
    assert attempt_status.find_changed(engine, known[:2]) == set()


def test_that_only_the_following_is_missing_is_a_change(storage: Site, engine: Engine) -> None:
    row = an_account(storage, now=NOW)
    identity = an_identity(row, "o-lin", now=NOW)
    attempt_id = scanned()
    known, told = Known(attempt_id, Status.SCANNED), Known(attempt_id, Status.SCANNED, follow=True)

    attempts.await_follow(attempt_id, identity, now=NOW)

    assert attempt_status.find_changed(engine, [known]) == {attempt_id}
    assert attempt_status.find_changed(engine, [told]) == set()
    waiting = status_of(attempt_id, NOW)
    assert (waiting.status, waiting.follow, waiting.number) == (Status.SCANNED, True, None)
    assert not waiting.says_the_same_as(replace(waiting, follow=False))
    attempts.decline(attempt_id, reason="person", now=NOW)
    assert not status_of(attempt_id, NOW).follow


def test_the_answer_says_nothing_of_the_browser_it_belongs_to() -> None:
    status = AttemptStatus(Status.SCANNED, "canary", expires_in=7, number=42, nickname="林小满")

    answer = json.loads(status.as_json())

    assert answer == {
        "status": "scanned",
        "expires_in": 7,
        "number": 42,
        "nickname": "林小满",
        "avatar_url": None,
    }
    assert json.loads(status.as_json(retry_after=2.5)) == {**answer, "retry_after": 2.5}


def test_told_later_it_has_fewer_seconds_left() -> None:
    status = AttemptStatus(Status.SCANNED, BINDING, expires_in=7, number=42)

    assert status.later(timedelta(seconds=2.9)).expires_in == 5
    assert status.later(timedelta(minutes=1)).expires_in == 0
    assert status.expired() == replace(status, status=Status.EXPIRED, expires_in=0, number=None)
