"""flask doctor: every step in words, for people and for programs."""

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from click.testing import Result
from flask import Flask
from werkzeug.serving import make_server

from tests import databases
from tests.servers import ROOT, Account, Simulator, settings_for_tests
from tests.services import clinic
from tests.services.clinic import Clinic
from wechatlogin import clock, create_app
from wechatlogin.models import AccountHealth
from wechatlogin.models.transaction import write


@pytest.fixture
def app(database_url: str, simulator: Simulator) -> Iterator[Flask]:
    with clinic.front() as front:
        settings = settings_for_tests(
            database_url=database_url,
            wechat_api_url=simulator.url,
            public_url=front.url,
        )
        app = create_app(settings)
        with app.app_context():
            yield app
        databases.release(app)


@pytest.fixture
def ready(app: Flask, simulator: Simulator) -> Clinic:
    return clinic.set_up(app.extensions["wechatlogin"], simulator)


@pytest.fixture
def served(app: Flask) -> Iterator[str]:
    """Where pushes reach this very application."""
    server = make_server("localhost", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()


def send_once_examined(simulator: Simulator, person: str, appid: str) -> None:
    """Let a person write after the last question of the examination has been asked."""
    give_up_at = time.monotonic() + 20
    while not simulator.calls("/cgi-bin/qrcode/create") and time.monotonic() < give_up_at:
        time.sleep(0.05)
    # The wait has begun by then.
    time.sleep(2)
    simulator.send(person, appid, "你好")


def run(ready: Clinic, app: Flask, *words: str) -> Result:
    return app.test_cli_runner().invoke(args=["doctor", *words])


def test_each_step_is_told_in_english_and_what_is_wrong_ends_with_1(
    ready: Clinic, app: Flask
) -> None:
    result = run(ready, app)

    # The console at the simulator has no callback URL.
    assert result.exit_code == 1
    assert "ok          AppID and AppSecret: WeChat" in result.output
    assert "wrong       WeChat's network check: WeChat's console has no server address" in (
        result.output
    )
    assert "[errcode 40201, rid " in result.output
    assert "can't tell  Proxies" in result.output
    assert "→ " in result.output


def test_where_nothing_is_wrong_it_ends_with_0(app: Flask, simulator: Simulator) -> None:
    url = "http://127.0.0.1:9/api/wechat/x"
    site = app.extensions["wechatlogin"]
    ready = clinic.set_up(site, simulator, callback_url=url, skip_url_check=True)

    result = run(ready, app, ready.row.appid)

    assert result.exit_code == 0, result.output
    assert "0 wrong" in result.output


def test_programs_get_the_same_as_json(ready: Clinic, app: Flask) -> None:
    result = run(ready, app, ready.row.appid, "--json")

    told = json.loads(result.stdout)
    assert told["is_wrong"] is True
    assert [each["appid"] for each in told["apps"]] == [ready.row.appid]
    steps = {finding["step"]: finding for finding in told["apps"][0]["findings"]}
    assert steps["wechat_check"]["errcode"] == 40201
    assert steps["secret"]["state"] == "ok"
    assert ready.account.secret not in result.output


def test_an_account_that_is_not_there_is_refused(ready: Clinic, app: Flask) -> None:
    result = run(ready, app, Account().appid)

    assert result.exit_code == 1
    assert "there is no WeChat app" in result.output


def test_waiting_ends_as_soon_as_something_comes(ready: Clinic, app: Flask) -> None:
    # It comes after the examination, however long that takes.
    comes_at = clock.now() + timedelta(minutes=1)
    with write() as session:
        session.add(AccountHealth(appid=ready.row.appid, verified_at=comes_at))

    came = run(ready, app, ready.row.appid, "--wait-for-push", "30")

    assert "ok: WeChat has checked the server address" in came.stderr


def test_a_push_that_comes_during_the_wait_ends_it(
    app: Flask, simulator: Simulator, served: str
) -> None:
    ready, person = clinic.set_up(app.extensions["wechatlogin"], simulator), simulator.add_person()
    simulator.follow(person, ready.row.appid)
    console = {"mode": "plain", "skip_url_check": True}
    url = f"{served}/api/wechat/{ready.row.appid}"
    simulator.add_app(ready.account, host="x", callback_url=url, **console)
    simulator.call("DELETE", "/simulator/calls")

    with ThreadPoolExecutor(1) as beside:
        sent = beside.submit(send_once_examined, simulator, person, ready.row.appid)
        came = run(ready, app, ready.row.appid, "--wait-for-push", "30")

    sent.result()
    assert "can't tell  Pushes: " in came.output
    assert "Still waiting" in came.stderr
    assert came.stderr.endswith("ok: A push from WeChat has come.\n")


def test_waiting_in_vain_ends_with_1(app: Flask, simulator: Simulator) -> None:
    url = "http://127.0.0.1:9/api/wechat/x"
    site = app.extensions["wechatlogin"]
    ready = clinic.set_up(site, simulator, callback_url=url, skip_url_check=True)

    result = run(ready, app, ready.row.appid, "--wait-for-push", "1")

    assert result.exit_code == 1
    assert "「提交」" in result.stderr
    assert "can't tell: Still waiting" in result.stderr


def test_the_document_on_trouble_is_the_table(ready: Clinic, app: Flask) -> None:
    written = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")

    assert run(ready, app, "--markdown").output == written
