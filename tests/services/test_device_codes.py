"""The codes of a device, and how often it may ask, on each of the three databases."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask

from tests.services.devices import (
    NOW,
    SECOND,
    an_application,
    poll,
    row_of,
    start,
)
from wechatlogin.config import ConfirmPolicy
from wechatlogin.errors import (
    AttemptError,
    AttemptNotReady,
    PolledTooSoon,
    UserCodeWrong,
)
from wechatlogin.extensions import db
from wechatlogin.models import (
    Application,
)
from wechatlogin.services import (
    applications,
    attempts,
    device_codes,
    device_login,
)
from wechatlogin.services.site import Site


@pytest.fixture
def tv(storage: Site) -> Application:
    return an_application(storage)


def test_the_codes_are_random_and_the_kept_one_is_not_stored(tv: Application) -> None:
    one, other = start(tv), start(tv)

    for started in (one, other):
        assert re.fullmatch(
            r"[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", started.user_code
        )
        assert len(started.device_code.get_secret_value()) == 43
        assert started.device_code.get_secret_value() not in repr(started)
    assert one.user_code != other.user_code
    assert one.device_code != other.device_code
    row = row_of(one)
    attempt = attempts.get(row.attempt_id)
    assert attempt is not None
    assert one.device_code.get_secret_value() not in f"{vars(row)} {vars(attempt)}"
    # A number that the device cannot show is not asked for, whatever the application's policy.
    assert (tv.confirm, attempt.confirm) == (ConfirmPolicy.NUMBER, ConfirmPolicy.TAP)


def test_a_code_that_another_device_shows_is_drawn_anew(
    tv: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = iter("BBBBBBBB" + "BBBBBBBB" + "CCCCCCCC")
    monkeypatch.setattr(device_codes.secrets, "choice", lambda _letters: next(drawn))

    assert [start(tv).user_code, start(tv).user_code] == ["BBBB-BBBB", "CCCC-CCCC"]


@pytest.mark.parametrize(
    "spelling",
    [
        "{0}-{1}",
        "{0}{1}",
        " {0} {1} ",
        "{0}–{1}",
        "{0}－{1}",
    ],
    ids=["dash", "no dash", "spaces", "long dash", "wide dash"],
)
@pytest.mark.parametrize("is_small", [True, False], ids=["small", "capitals"])
def test_it_does_not_matter_how_a_code_is_typed(
    tv: Application, spelling: str, is_small: bool
) -> None:
    started = start(tv)
    typed = spelling.format(*started.user_code.split("-"))

    login = device_login.verify(typed.lower() if is_small else typed, now=NOW)

    assert login.user_code == started.user_code


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "BBBB-BBBB",
        "BBBB-BBBBB",
        "AEIO-UAEI",
        "'; DROP TABLE users",
        "\x00" * 8,
        "𝟙" * 8,
        "%" * 8,
    ],
    ids=["none", "unknown", "too long", "vowels", "sql", "nul", "digits", "percent"],
)
def test_what_is_no_code_stands_for_nothing(tv: Application, typed: str) -> None:
    start(tv)

    with pytest.raises(UserCodeWrong):
        device_login.verify(typed, now=NOW)


def test_who_asks_too_often_has_to_wait_longer_each_time(tv: Application) -> None:
    started = start(tv)

    def ask(seconds: int) -> type[AttemptError]:
        with pytest.raises(AttemptError) as caught:
            poll(started, tv, NOW + seconds * SECOND)
        return caught.type

    # Every 5 seconds is well; after 2 it is not, and from then on every 10, then 15.
    assert [ask(second) for second in (0, 5, 10)] == [AttemptNotReady] * 3
    assert [ask(12), ask(18)] == [PolledTooSoon] * 2
    assert row_of(started).interval_seconds == 15
    assert [ask(33), ask(48)] == [AttemptNotReady] * 2


def test_a_question_that_the_network_has_hurried_is_not_too_soon(tv: Application) -> None:
    started = start(tv)
    first, second = NOW, NOW + timedelta(seconds=4.1)

    for moment in (first, second):
        with pytest.raises(AttemptNotReady):
            poll(started, tv, moment)

    assert row_of(started).interval_seconds == 5


def test_of_two_questions_at_once_one_was_too_soon(stored_app: Flask, tv: Application) -> None:
    started, client_id = start(tv), tv.client_id

    def ask(_number: int) -> str:
        with stored_app.app_context():
            try:
                poll(started, applications.verify(client_id))
            except AttemptError as err:
                return err.code
            finally:
                db.session.remove()
        return "told"

    with ThreadPoolExecutor(2) as pool:
        told = sorted(pool.map(ask, range(2)))

    assert told == ["attempt_not_ready", "slow_down"]
    assert row_of(started).interval_seconds == 10
