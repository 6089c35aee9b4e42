"""Every line of the log is JSON, and what belongs to one request can be found by its id."""

import json
from pathlib import Path

import pytest
import requests
from flask import Flask

from tests.conftest import Installation
from tests.flows.phones import Phone
from tests.servers import settings_for_tests
from wechatlogin import create_app
from wechatlogin.web import request_log

ID = "from-the-proxy-0123456789"


def lines_of(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def ask(app: Flask, given: str | None = None, path: str = "/healthz") -> str:
    """Return the id that the answer carries."""
    headers = {request_log.HEADER: given} if given else {}
    return app.test_client().get(path, headers=headers).headers[request_log.HEADER]


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    return make_app(tmp_path)


def make_app(folder: Path, **given: object) -> Flask:
    url = f"sqlite:///{folder / 'log.db'}"
    settings = settings_for_tests(database_url=url, trusted_hosts=("localhost",), **given)
    return create_app(settings)


def test_all_that_a_service_writes_is_json(installation: Installation) -> None:
    person = installation.simulator.add_person()
    Phone(person).open(f"{installation.url}/login")

    lines = lines_of(installation.service.log_path)

    assert {"gunicorn.error", "wechatlogin.access"} <= {line["logger"] for line in lines}
    assert all({"at", "level", "logger", "message"} <= line.keys() for line in lines)


def test_the_line_of_a_request_is_found_by_the_id_in_its_answer(installation: Installation) -> None:
    answer = requests.get(f"{installation.url}/confirm/unknown?known=x", timeout=20)

    wanted = answer.headers[request_log.HEADER]
    lines = [
        line for line in lines_of(installation.service.log_path) if line.get("request_id") == wanted
    ]
    assert len(lines) == 1
    assert lines[0]["rule"] == "/confirm/<token>"
    assert lines[0]["status"] == answer.status_code
    assert isinstance(lines[0]["ms"], float)


def test_what_is_quiet_is_there(app: Flask) -> None:
    assert set(app.view_functions) >= request_log.QUIET_ENDPOINTS


def test_no_line_holds_an_address(installation: Installation) -> None:
    path = f"/confirm/{'canary' * 4}"
    requests.get(f"{installation.url}{path}?state=canarystate", timeout=20)

    text = installation.service.log_path.read_text()

    assert "canarycanary" not in text
    assert "canarystate" not in text


def test_an_id_is_taken_from_a_proxy_alone(tmp_path: Path) -> None:
    assert ask(make_app(tmp_path), ID) != ID
    assert ask(make_app(tmp_path, trusted_proxies=1), ID) == ID


@pytest.mark.parametrize("given", ["short", "a" * 65, "with space", 'quote"12', "umlaut-ä-1234"])
def test_an_odd_id_is_not_taken(tmp_path: Path, given: str) -> None:
    assert ask(make_app(tmp_path, trusted_proxies=1), given) != given


def test_each_request_has_an_id_of_its_own(app: Flask) -> None:
    assert len({ask(app) for _ in range(5)}) == 5


def test_a_request_for_nothing_has_an_id_too(app: Flask) -> None:
    assert len(ask(app, path="/nothing")) == 16


def test_the_page_of_an_error_shows_the_id_of_its_line(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> str:
        raise RuntimeError("canary")

    app.add_url_rule("/fail", "fail", fail)

    answer = app.test_client().get("/fail", headers={"Accept": "text/html"})

    assert answer.status_code == 500
    assert answer.headers[request_log.HEADER] in answer.text
    assert "the request failed" in caplog.text


def test_machines_that_ask_all_day_are_left_out(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    for path in ("/healthz", "/static/css/app.css", "/help"):
        app.test_client().get(path).close()

    told = [record.message for record in caplog.records if record.name == "wechatlogin.access"]

    assert told == ["GET /help 200"]


def test_the_lines_can_be_turned_off(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    make_app(tmp_path, access_log=False).test_client().get("/help")

    assert [record for record in caplog.records if record.name == "wechatlogin.access"] == []
