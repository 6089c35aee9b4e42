"""`web/asking.py`: plain questions are answered as the application would, others go on to it."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from tests.servers import settings_for_tests
from tests.waiters import SECRET, add_attempt, mark_scanned, new_engine
from wechatlogin import create_app
from wechatlogin.config import Settings
from wechatlogin.extensions import db
from wechatlogin.models import Status
from wechatlogin.web import asking, cookies
from wechatlogin.web.own_limit import OwnLimit

HOST = "127.0.0.1:5000"
OWN = "X-Request-ID"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = new_engine(tmp_path_factory.mktemp("asking"))
    yield engine
    engine.dispose()


def an_app(engine: Engine, **more: Any) -> Flask:
    return create_app(settings_for_tests(database_url=str(engine.url), **more))


def close(app: Flask) -> None:
    app.wsgi_app.close()
    with app.app_context():
        db.engine.dispose()


@pytest.fixture(scope="module")
def app(engine: Engine) -> Iterator[Flask]:
    app = an_app(engine)
    yield app
    close(app)


def ask(app: Flask, attempt_id: str, query: str = "", **more: Any) -> Any:
    headers = {"Cookie": f"{cookies.BROWSER}={SECRET}", "Host": HOST, **more}
    client = app.test_client(use_cookies=False)
    return client.get(f"/login/attempts/{attempt_id}?{query}", headers=headers)


class GoesOn:
    """Stands where the application is, and notes that it was asked."""

    def __init__(self) -> None:
        self.is_asked = False

    def __call__(self, _environ: Any, _start_response: Any) -> list[bytes]:
        self.is_asked = True
        return []


def check_plain(settings: Settings | None = None, **environ: Any) -> bool:
    """Tell whether a question is taken for a plain one; nothing is looked up for that."""
    behind = GoesOn()
    asked = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/login/attempts/a",
        "HTTP_HOST": HOST,
        "HTTP_COOKIE": f"{cookies.BROWSER}={SECRET}",
        **environ,
    }
    try:
        asking.Asking(behind, settings or settings_for_tests(), OwnLimit("9/minute"))(asked, print)
    except KeyError:
        # The parking lot, which it comes to once a question is plain.
        return True
    return not behind.is_asked


@pytest.mark.parametrize("state", list(Status))
def test_both_ways_give_the_same_answer(app: Flask, engine: Engine, state: Status) -> None:
    attempt_id = add_attempt(engine, status=state, openid="o-lin", number=42, seconds=600)

    # What no page of ours says leads on to the application.
    plain, careful = ask(app, attempt_id), ask(app, attempt_id, "utm_source=mail")

    assert plain.status == careful.status == "200 OK"
    assert plain.json == careful.json
    assert [name for name, _ in plain.headers if name == OWN] == [OWN]
    differing = {*plain.headers} ^ {*careful.headers}
    assert {name for name, _ in differing} == {OWN}


def test_https_answers_are_alike_too(engine: Engine) -> None:
    secure = {"public_url": f"https://{HOST}"}
    app, attempt_id = an_app(engine, **secure), add_attempt(engine)
    mine = {"Cookie": f"__Host-{cookies.BROWSER}={SECRET}"}

    plain, careful = ask(app, attempt_id, **mine), ask(app, attempt_id, "utm_source=mail", **mine)
    close(app)

    assert "Strict-Transport-Security" in plain.headers
    assert {name for name, _ in {*plain.headers} ^ {*careful.headers}} == {OWN}


@pytest.mark.parametrize(
    "query",
    [
        "",
        "known=pending&wait=25",
        "follow=1&known=scanned&wait=25",
        "known=scanned",
        "wait=0",
    ],
)
def test_what_our_pages_ask_is_plain(query: str) -> None:
    assert check_plain(QUERY_STRING=query)


@pytest.mark.parametrize(
    "query",
    [
        "known=pending&known=pending",
        "wait=26",
        "wait=025",
        "wait=%31",
        "known=confirming",
        "follow=0",
        "known=",
        "&",
        "Known=pending",
    ],
)
def test_unusual_questions_go_on_to_the_application(query: str) -> None:
    assert not check_plain(QUERY_STRING=query)


@pytest.mark.parametrize(
    "environ",
    [
        {"REQUEST_METHOD": "HEAD"},
        {"HTTP_HOST": "evil.example"},
        {"HTTP_COOKIE": ""},
        {"HTTP_COOKIE": f"{cookies.BROWSER}=; {cookies.BROWSER}={SECRET}"},
        {"HTTP_COOKIE": f'{cookies.BROWSER}="{SECRET}"'},
        {"HTTP_COOKIE": f"other-{cookies.BROWSER}={SECRET}"},
        {"HTTP_COOKIE": f"{cookies.BROWSER}={'a' * 129}"},
        {"PATH_INFO": "/login/attempts/a'b"},
        {"PATH_INFO": f"/login/attempts/{'a' * 33}"},
    ],
    ids=lambda environ: "-".join(environ.values())[:40],
)
def test_unusual_askers_go_on_to_the_application(environ: dict[str, str]) -> None:
    assert not check_plain(**environ)


def test_where_a_line_is_written_of_each_the_application_answers(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level("DEBUG", "wechatlogin.access"):
        assert not check_plain(settings_for_tests(access_log=True))
    assert check_plain(settings_for_tests(access_log=True))


@given(st.text(max_size=40))
def test_no_query_is_answered_otherwise_than_by_the_application(app: Flask, query: str) -> None:
    """Nobody has this attempt, so whatever is asked ends as the application wants it."""
    said = query.encode("utf-8", "replace").decode("latin-1")
    answer = app.test_client(use_cookies=False).get(
        "/login/attempts/nobodys",
        headers={"Cookie": f"{cookies.BROWSER}={SECRET}", "Host": HOST},
        environ_overrides={"QUERY_STRING": said},
    )

    assert answer.status_code in {400, 404}
    assert answer.json["error"]


def test_a_refused_question_counts_once(engine: Engine) -> None:
    app = an_app(engine, limit_poll="3 per minute")
    told = [ask(app, "nobodys").status_code for _ in range(4)]
    close(app)

    assert told == [404, 404, 404, 429]


def test_an_answered_question_counts_too(engine: Engine) -> None:
    app, attempt_id = an_app(engine, limit_poll="2 per minute"), add_attempt(engine)
    told = [ask(app, attempt_id).status_code for _ in range(3)]
    close(app)

    assert told == [200, 200, 429]


def test_whoever_is_refused_leaves_no_guest_behind(app: Flask, engine: Engine) -> None:
    attempt_id = add_attempt(engine, binding_hash="0" * 64)

    refused = ask(app, attempt_id, "known=pending&wait=20")

    assert refused.status_code == 404
    assert app.wsgi_app.room.is_deserted


def test_a_plain_question_waits_for_what_it_does_not_know(app: Flask, engine: Engine) -> None:
    attempt_id = add_attempt(engine, seconds=0.3)
    mark_scanned(engine, attempt_id)

    waited = ask(app, attempt_id, "known=scanned&wait=20")

    assert waited.json["status"] == Status.EXPIRED
