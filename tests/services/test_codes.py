"""Verification codes: six digits, thirty minutes, five tries, one use."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from tests.stories import a_browser, an_account, an_identity
from wechatlogin.errors import CodeError, CodeTriesExhausted, CodeWrong, RateLimited
from wechatlogin.extensions import db
from wechatlogin.models import Attempt, Channel, Code, Identity, SendState, SentMessage, Status
from wechatlogin.models.transaction import write
from wechatlogin.services import codes
from wechatlogin.services.errand import Errand
from wechatlogin.services.site import Site

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def lin(storage: Site) -> Identity:
    return an_identity(an_account(storage, now=NOW), "o-lin", now=NOW)


def issue(site: Site, identity: Identity, now: datetime = NOW) -> str:
    return codes.issue(site, identity, now=now).digits.get_secret_value()


def typing(site: Site, now: datetime = LATER) -> Attempt:
    return codes.start_typing(a_browser(), errand=Errand(), now=now)


def another(digits: str) -> str:
    return str(100_000 + (int(digits) - 100_000 + 1) % 900_000)


def test_a_code_has_six_digits_and_does_not_begin_with_zero(storage: Site, lin: Identity) -> None:
    digits = issue(storage, lin)

    assert len(digits) == 6
    assert digits.isdecimal()
    assert digits[0] != "0"


def test_a_code_confirms_the_attempt_as_the_person_it_was_sent_to(
    storage: Site, lin: Identity
) -> None:
    digits = issue(storage, lin)

    attempt = codes.redeem(storage, typing(storage), digits, now=LATER)

    assert attempt.status == Status.CONFIRMED
    assert attempt.user_id == lin.user_id


def test_a_code_is_spent_by_its_use(storage: Site, lin: Identity) -> None:
    digits = issue(storage, lin)
    codes.redeem(storage, typing(storage), digits, now=LATER)

    with pytest.raises(CodeWrong):
        codes.redeem(storage, typing(storage), digits, now=LATER)


def test_a_code_dies_after_thirty_minutes(storage: Site, lin: Identity) -> None:
    digits = issue(storage, lin)
    too_late = NOW + timedelta(minutes=30)

    with pytest.raises(CodeWrong):
        codes.redeem(storage, typing(storage, too_late), digits, now=too_late)


def test_asking_again_gives_the_same_code_and_a_longer_life(storage: Site, lin: Identity) -> None:
    first = codes.issue(storage, lin, now=NOW)

    again = codes.issue(storage, lin, now=LATER)

    assert again.digits == first.digits
    assert again.expires_at == LATER + timedelta(minutes=30)


def test_a_code_that_was_just_sent_is_not_sent_again(storage: Site, lin: Identity) -> None:
    first = codes.issue(storage, lin, now=NOW)
    codes.note_sent(first, now=NOW)

    asked = [
        codes.issue(storage, lin, now=NOW + timedelta(seconds=seconds)).should_send
        for seconds in (1, 59, 60)
    ]

    assert first.should_send
    assert asked == [False, False, True]


def test_nobody_is_sent_more_than_five_messages_in_an_hour(storage: Site, lin: Identity) -> None:
    for minute in range(5):
        at = NOW + timedelta(minutes=2 * minute)
        codes.issue(storage, lin, now=at)
        with write() as session:
            session.add(
                SentMessage(
                    appid=lin.appid,
                    identity_id=lin.id,
                    channel=Channel.TEMPLATE,
                    state=SendState.ACCEPTED,
                    created_at=at,
                    updated_at=at,
                )
            )

    with pytest.raises(RateLimited) as limited:
        codes.issue(storage, lin, now=NOW + timedelta(minutes=12))

    assert limited.value.resets_in == timedelta(minutes=48)


def test_after_five_wrong_guesses_even_the_right_code_is_refused(
    storage: Site, lin: Identity
) -> None:
    digits = issue(storage, lin)
    attempt = typing(storage)
    for _ in range(5):
        with pytest.raises(CodeWrong):
            codes.redeem(storage, attempt, another(digits), now=LATER)

    with pytest.raises(CodeTriesExhausted):
        codes.redeem(storage, attempt, digits, now=LATER)


def test_of_two_hundred_guesses_at_once_five_are_looked_at(
    storage: Site, lin: Identity, stored_app: Flask
) -> None:
    digits = issue(storage, lin)
    attempt = typing(storage)
    db.session.commit()

    def guess(_: int) -> str:
        with stored_app.app_context():
            try:
                codes.redeem(storage, attempt, another(digits), now=LATER)
            except CodeError as err:
                return err.code
            finally:
                db.session.remove()
            return "right"

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(guess, range(200)))

    assert outcomes.count(CodeWrong.code) == 5
    assert outcomes.count(CodeTriesExhausted.code) == 195


def test_of_two_browsers_with_the_same_code_one_gets_in(
    storage: Site, lin: Identity, stored_app: Flask
) -> None:
    digits = issue(storage, lin)
    typists = [typing(storage) for _ in range(8)]
    db.session.commit()

    def redeem(attempt: Attempt) -> bool:
        with stored_app.app_context():
            try:
                codes.redeem(storage, attempt, digits, now=LATER)
            except CodeWrong:
                return False
            finally:
                db.session.remove()
            return True

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(redeem, typists))

    assert sum(outcomes) == 1


def test_the_database_holds_no_code(storage: Site, lin: Identity) -> None:
    digits = issue(storage, lin)

    row = db.session.scalars(select(Code)).one()

    kept = [getattr(row, column.name) for column in Code.__table__.columns]
    assert not [value for value in kept if isinstance(value, str) and digits in value]


def test_two_people_never_hold_the_same_live_code(storage: Site) -> None:
    row = an_account(storage, now=NOW)

    issued = [issue(storage, an_identity(row, f"o-{n}", now=NOW)) for n in range(30)]

    assert len(set(issued)) == 30


def without_repeat(site: Site) -> Site:
    return replace(site, settings=site.settings.model_copy(update={"code_repeat": False}))


def test_without_repeat_each_code_is_new_and_the_older_ones_keep_their_own_end(
    storage: Site, lin: Identity
) -> None:
    site = without_repeat(storage)
    ends = [codes.issue(site, lin, now=NOW + timedelta(minutes=n)).expires_at for n in (0, 1)]
    older, newer = issue(site, lin, NOW), issue(site, lin, NOW)

    assert older != newer
    assert ends == [NOW + timedelta(minutes=30), NOW + timedelta(minutes=31)]
    for digits in (older, newer):
        assert codes.spend(site, digits, now=LATER).id == lin.id


def test_without_repeat_a_message_that_was_just_sent_still_holds_its_code(
    storage: Site, lin: Identity
) -> None:
    site = without_repeat(storage)
    first = codes.issue(site, lin, now=NOW)
    codes.note_sent(first, now=NOW)

    held = codes.issue(site, lin, now=NOW + timedelta(seconds=59))
    fresh = codes.issue(site, lin, now=NOW + timedelta(seconds=60))

    assert (held.id, held.should_send, held.expires_at) == (first.id, False, first.expires_at)
    assert fresh.id != first.id
    assert fresh.should_send


def test_one_person_holds_five_live_codes_at_most(storage: Site, lin: Identity) -> None:
    site = without_repeat(storage)

    issued = [issue(site, lin) for _ in range(9)]

    assert len(set(issued)) == 5
    assert issued[5:] == [issued[4]] * 4


def test_a_code_that_a_program_hands_in_is_spent(storage: Site, lin: Identity) -> None:
    digits = issue(storage, lin)

    assert codes.spend(storage, digits, now=LATER).openid == "o-lin"
    for typed in (digits, another(digits), "", "１２３４５６", "\ud800", digits + "\n"):
        with pytest.raises(CodeWrong):
            codes.spend(storage, typed, now=LATER)


def test_a_code_of_another_account_is_wrong_and_not_spent(storage: Site, lin: Identity) -> None:
    digits = issue(storage, lin)

    with pytest.raises(CodeWrong):
        codes.spend(storage, digits, appids={"wx1111111111111111"}, now=LATER)

    assert codes.spend(storage, digits, appids={lin.appid}, now=LATER).id == lin.id


def test_of_eight_programs_with_the_same_code_one_gets_the_person(
    storage: Site, lin: Identity, stored_app: Flask
) -> None:
    digits = issue(storage, lin)
    db.session.commit()

    def spend(_: int) -> bool:
        with stored_app.app_context():
            try:
                codes.spend(storage, digits, now=LATER)
            except CodeWrong:
                return False
            finally:
                db.session.remove()
            return True

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(spend, range(8)))

    assert sum(outcomes) == 1
