"""How an attempt moves: forward only, pinned to who came first, claimed once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from tests.stories import BINDING, LIFETIME, a_user, start_attempt
from wechatlogin import metrics
from wechatlogin.errors import (
    AttemptDeclined,
    AttemptError,
    AttemptExpired,
    AttemptNotFound,
    AttemptNotReady,
    AttemptSpent,
    AttemptTaken,
)
from wechatlogin.extensions import db
from wechatlogin.models import NO_LOGINS, Purpose, Status, Way
from wechatlogin.services import attempt_marks, attempts
from wechatlogin.vault import sha256_hex

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
LATER = NOW + timedelta(seconds=5)
TOO_LATE = NOW + LIFETIME

pytestmark = pytest.mark.usefixtures("storage")


def count_started() -> float:
    labels = {"way": Way.IN_WECHAT, "outcome": "started"}
    return metrics.REGISTRY.get_sample_value("wechatlogin_attempts_total", labels) or 0.0


def scan(attempt_id: str, openid: str, now: datetime = LATER) -> None:
    confirm_hash = sha256_hex(f"{attempt_id}{openid}")
    attempts.scan(attempt_id, openid, confirm_hash=confirm_hash, lifetime=LIFETIME, now=now)


def test_an_attempt_goes_from_pending_to_claimed() -> None:
    attempt = start_attempt(now=NOW)

    scan(attempt.id, "o-lin")
    attempts.confirm(attempt.id, "o-lin", user_id=a_user(NOW), now=LATER)
    claimed, is_first = attempts.claim(attempt.id, binding_hash=BINDING, now=LATER)

    assert is_first
    assert claimed.status == Status.CLAIMED
    assert claimed.openid == "o-lin"


def test_the_desktop_shows_one_of_the_three_numbers_that_the_phone_offers() -> None:
    attempt = start_attempt(now=NOW)

    scan(attempt.id, "o-lin")

    scanned = attempts.get(attempt.id)
    assert scanned is not None
    assert scanned.number in (scanned.choices or [])
    assert len(set(scanned.choices or [])) == 3
    assert all(10 <= number <= 99 for number in scanned.choices or [])


def test_scanning_again_changes_nothing() -> None:
    attempt = start_attempt(now=NOW)
    scan(attempt.id, "o-lin")
    first = attempts.get(attempt.id)
    assert first is not None
    before = (first.number, first.choices, first.confirm_hash, first.expires_at)

    scan(attempt.id, "o-lin", now=LATER + timedelta(seconds=1))

    again = attempts.get(attempt.id)
    assert again is not None
    assert (again.number, again.choices, again.confirm_hash, again.expires_at) == before


def test_the_first_person_to_scan_owns_the_attempt() -> None:
    attempt = start_attempt(now=NOW)
    scan(attempt.id, "o-lin")

    with pytest.raises(AttemptTaken):
        scan(attempt.id, "o-mei")
    with pytest.raises(AttemptTaken):
        attempts.confirm(attempt.id, "o-mei", user_id=a_user(NOW), now=LATER)


def test_openids_that_differ_in_case_are_two_people() -> None:
    attempt = start_attempt(now=NOW)
    scan(attempt.id, "oAbC")

    with pytest.raises(AttemptTaken):
        scan(attempt.id, "oabc")


def test_another_browser_cannot_claim_and_learns_nothing() -> None:
    attempt = start_attempt(now=NOW)
    attempts.confirm(attempt.id, "o-lin", user_id=a_user(NOW), now=LATER)

    with pytest.raises(AttemptNotFound):
        attempts.claim(attempt.id, binding_hash=sha256_hex("another"), now=LATER)
    with pytest.raises(AttemptNotFound):
        attempts.claim("0" * 32, binding_hash=BINDING, now=LATER)


@pytest.mark.fault("C-11")
def test_nothing_can_be_claimed_before_it_is_confirmed() -> None:
    attempt = start_attempt(now=NOW)
    scan(attempt.id, "o-lin")

    with pytest.raises(AttemptNotReady):
        attempts.claim(attempt.id, binding_hash=BINDING, now=LATER)


def test_the_same_browser_may_ask_again_for_a_minute_because_answers_get_lost() -> None:
    attempt = start_attempt(now=NOW)
    attempts.confirm(attempt.id, "o-lin", user_id=a_user(NOW), now=LATER)
    attempts.claim(attempt.id, binding_hash=BINDING, now=LATER)

    _, is_first = attempts.claim(
        attempt.id, binding_hash=BINDING, now=LATER + timedelta(seconds=59)
    )

    assert not is_first
    with pytest.raises(AttemptSpent):
        attempts.claim(attempt.id, binding_hash=BINDING, now=LATER + attempts.CLAIM_REPEAT)


def test_a_declined_attempt_stays_declined() -> None:
    attempt = start_attempt(now=NOW)
    scan(attempt.id, "o-lin")
    attempts.decline(attempt.id, reason="refused", now=LATER)

    with pytest.raises(AttemptDeclined):
        scan(attempt.id, "o-lin")
    with pytest.raises(AttemptDeclined):
        attempts.confirm(attempt.id, "o-lin", user_id=a_user(NOW), now=LATER)
    with pytest.raises(AttemptDeclined):
        attempts.claim(attempt.id, binding_hash=BINDING, now=LATER)


def test_a_confirmed_attempt_cannot_be_declined_any_more() -> None:
    attempt = start_attempt(now=NOW)
    attempts.confirm(attempt.id, "o-lin", user_id=a_user(NOW), now=LATER)

    attempts.decline(attempt.id, reason="too late", now=LATER)

    assert attempts.claim(attempt.id, binding_hash=BINDING, now=LATER)[1]


@pytest.mark.fault("C-11")
def test_an_attempt_past_its_time_is_expired_without_anybody_writing_it_down() -> None:
    attempt = start_attempt(now=NOW)

    assert attempts.status_at(attempt, TOO_LATE - timedelta(seconds=1)) == Status.PENDING
    assert attempts.status_at(attempt, TOO_LATE) == Status.EXPIRED
    with pytest.raises(AttemptExpired):
        scan(attempt.id, "o-lin", now=TOO_LATE)


def test_whoever_scans_in_the_last_second_has_the_full_time_to_confirm() -> None:
    attempt = start_attempt(now=NOW)
    scan(attempt.id, "o-lin", now=TOO_LATE - timedelta(seconds=1))

    confirmed = attempts.confirm(
        attempt.id, "o-lin", user_id=a_user(NOW), now=TOO_LATE + timedelta(seconds=30)
    )

    assert confirmed.status == Status.CONFIRMED


def test_a_confirmation_in_the_last_second_can_still_be_claimed_for_ten_seconds() -> None:
    attempt = start_attempt(now=NOW)
    just_in_time = TOO_LATE - timedelta(seconds=1)
    attempts.confirm(attempt.id, "o-lin", user_id=a_user(NOW), now=just_in_time)

    with pytest.raises(AttemptExpired):
        attempts.claim(attempt.id, binding_hash=BINDING, now=TOO_LATE + attempts.CLAIM_GRACE)
    _, is_first = attempts.claim(
        attempt.id, binding_hash=BINDING, now=TOO_LATE + timedelta(seconds=9)
    )

    assert is_first


@pytest.mark.fault("C-11")
def test_of_twenty_claims_at_once_one_is_the_first(stored_app: Flask) -> None:
    attempt = start_attempt(now=NOW)
    attempts.confirm(attempt.id, "o-lin", user_id=a_user(NOW), now=LATER)

    def claim(_: int) -> bool:
        with stored_app.app_context():
            first = attempts.claim(attempt.id, binding_hash=BINDING, now=LATER)[1]
            db.session.remove()
            return first

    with ThreadPoolExecutor(8) as pool:
        firsts = list(pool.map(claim, range(20)))

    assert sum(firsts) == 1


def test_of_two_people_who_scan_at_once_one_owns_the_attempt(stored_app: Flask) -> None:
    attempt = start_attempt(now=NOW)

    def try_scan(openid: str) -> str | None:
        with stored_app.app_context():
            try:
                scan(attempt.id, openid)
            except AttemptError:
                return None
            finally:
                db.session.remove()
            return openid

    with ThreadPoolExecutor(8) as pool:
        owners = [openid for openid in pool.map(try_scan, [f"o-{n}" for n in range(8)]) if openid]

    assert len(owners) == 1
    db.session.commit()
    owned = attempts.get(attempt.id)
    assert owned is not None
    assert owned.openid == owners[0]


@pytest.mark.parametrize("purpose", NO_LOGINS)
def test_what_logs_nobody_in_here_is_counted_as_no_login(purpose: Purpose) -> None:
    before = count_started()

    start_attempt(now=NOW, way=Way.IN_WECHAT, purpose=purpose)
    assert count_started() == before
    start_attempt(now=NOW, way=Way.IN_WECHAT)
    assert count_started() == before + 1


def test_only_one_callback_may_exchange_its_code() -> None:
    attempt = start_attempt(now=NOW)

    first = attempt_marks.begin_exchange(attempt.id, code_hash=sha256_hex("a"), now=LATER)
    second = attempt_marks.begin_exchange(attempt.id, code_hash=sha256_hex("b"), now=LATER)

    assert (first, second) == (True, False)


def test_an_exchange_that_was_cut_off_blocks_nobody_for_long() -> None:
    attempt = start_attempt(now=NOW)
    attempt_marks.begin_exchange(attempt.id, code_hash=sha256_hex("a"), now=LATER)

    later = LATER + attempt_marks.EXCHANGE_LIMIT + timedelta(seconds=1)

    assert attempt_marks.begin_exchange(attempt.id, code_hash=sha256_hex("b"), now=later)


def test_guesses_are_counted_before_they_are_looked_at() -> None:
    attempt = start_attempt(now=NOW)

    counted = [attempt_marks.count_try(attempt.id, limit=5, now=LATER) for _ in range(7)]

    assert counted == [True] * 5 + [False] * 2
