"""`GET /login/attempts/<id>`: strict questions, and answers to the right browser only."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, update

from tests.servers import settings_for_tests
from tests.waiters import SECRET, add_attempt, mark_scanned, new_engine
from wechatlogin import create_app
from wechatlogin.extensions import db
from wechatlogin.models import Attempt, Status
from wechatlogin.services.attempt_status import AttemptStatus
from wechatlogin.web import cookies
from wechatlogin.web.waiting import Question

OURS = {"Cookie": f"{cookies.BROWSER}={SECRET}"}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = new_engine(tmp_path_factory.mktemp("waiting"))
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def app(engine: Engine) -> Iterator[Flask]:
    app = create_app(settings_for_tests(database_url=str(engine.url), max_wait_seconds=20))
    yield app
    app.wsgi_app.close()
    with app.app_context():
        db.engine.dispose()


@pytest.fixture(scope="module")
def attempt_id(engine: Engine) -> str:
    return add_attempt(engine, seconds=600)


def ask(app: Flask, attempt_id: str, query: str = "", **more: Any) -> Any:
    client = app.test_client(use_cookies=False)
    options = {"headers": OURS, "base_url": "http://127.0.0.1:5000", **more}
    return client.open(f"/login/attempts/{attempt_id}?{query}", **options)


def test_it_tells_how_things_stand_and_nothing_else(app: Flask, attempt_id: str) -> None:
    answer = ask(app, attempt_id)

    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    assert answer.json.keys() == {"status", "expires_in", "number", "nickname", "avatar_url"}
    assert answer.json["status"] == Status.PENDING
    assert 0 < answer.json["expires_in"] <= 600
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers


def test_what_the_page_does_not_know_is_told_at_once(app: Flask, engine: Engine) -> None:
    attempt_id = add_attempt(engine)
    mark_scanned(engine, attempt_id)

    answer = ask(app, attempt_id, "known=pending&wait=20")

    assert answer.json["status"] == Status.SCANNED
    assert answer.json["number"] == 42


def test_that_only_the_following_is_missing_is_told_once(app: Flask, engine: Engine) -> None:
    attempt_id = add_attempt(engine, seconds=0.5)
    mark_scanned(engine, attempt_id)
    with engine.begin() as connection:
        mine = update(Attempt).where(Attempt.id == attempt_id)
        connection.execute(mine.values(awaits_follow=True))

    told = ask(app, attempt_id, "known=scanned&wait=20")
    # It knows that, and waits until the attempt ends.
    ended = ask(app, attempt_id, "known=scanned&follow=1&wait=20")

    assert (told.json["status"], told.json["follow"]) == (Status.SCANNED, True)
    assert ended.json["status"] == Status.EXPIRED
    assert "follow" not in ended.json


@pytest.mark.parametrize("state", [Status.CLAIMED, Status.DECLINED, Status.EXPIRED, Status.FAILED])
def test_nobody_waits_for_what_is_over(app: Flask, engine: Engine, state: Status) -> None:
    attempt_id = add_attempt(engine, status=state, openid="o-lin")

    answer = ask(app, attempt_id, f"known={state}&wait=20")

    assert answer.json["status"] == state
    assert answer.json["expires_in"] == 0


def test_a_wait_ends_when_the_attempt_does(app: Flask, engine: Engine) -> None:
    attempt_id = add_attempt(engine, seconds=0.3)

    answer = ask(app, attempt_id, "known=pending&wait=20")

    assert answer.json["status"] == Status.EXPIRED


@pytest.mark.parametrize(
    "query",
    [
        "known=confirming",
        "known=PENDING",
        "known=pending&known=pending",
        "follow=0",
        "follow=1&follow=1",
        "wait=21",
        "wait=-1",
        "wait=1.5",
        "wait=%D9%A1",
        "wait=1&wait=2",
        "wait=0x1",
        "wait=+1",
    ],
)
def test_a_malformed_question_is_refused(app: Flask, attempt_id: str, query: str) -> None:
    answer = ask(app, attempt_id, query)

    assert answer.status_code == 400
    assert answer.json["error"] == "invalid_request"


@given(wait=st.text(max_size=6), known=st.text(max_size=12))
def test_no_question_breaks_it(app: Flask, attempt_id: str, wait: str, known: str) -> None:
    # No number of seconds begins with a minus, so no example holds the test up.
    answer = ask(app, attempt_id, urlencode({"wait": f"-{wait}", "known": known}))

    assert answer.status_code == 400


def test_an_unknown_attempt_looks_like_somebody_elses(
    app: Flask, engine: Engine, attempt_id: str
) -> None:
    foreign = add_attempt(engine, binding_hash="0" * 64)
    answers = [
        ask(app, foreign),
        ask(app, "0" * 32),
        ask(app, "%00"),
        ask(app, "x" * 200),
        ask(app, attempt_id, headers={}),
        ask(app, attempt_id, headers={"Cookie": f"{cookies.BROWSER}=another"}),
        ask(app, foreign, "known=pending&wait=20"),
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.data for answer in answers}) == 1
    assert answers[0].json["error"] == "attempt_not_found"


def test_head_never_waits(app: Flask, attempt_id: str) -> None:
    answer = ask(app, attempt_id, "known=pending&wait=20", method="HEAD")

    assert answer.status_code == 200
    assert answer.data == b""


def test_a_form_is_not_taken(app: Flask, attempt_id: str) -> None:
    assert ask(app, attempt_id, method="POST").status_code in {400, 405}


def test_waits_that_began_together_end_apart_and_not_much_early() -> None:
    status = AttemptStatus(Status.PENDING, "", 600)
    question = Question(Status.PENDING, wait=20)

    ends = [question.seconds_for(status) for _ in range(100)]

    assert min(ends) >= 16
    assert max(ends) <= 20
    assert max(ends) - min(ends) > 2


def test_nobody_is_kept_waiting_for_longer_than_the_code_lives() -> None:
    question = Question(Status.PENDING, wait=20)

    assert question.seconds_for(AttemptStatus(Status.PENDING, "", 3)) < 3.1
