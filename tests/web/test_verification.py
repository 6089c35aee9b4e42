"""The root of our domain as WeChat looks at it, and the command by which files get there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.conftest import Installation
from tests.servers import Account
from tests.stories import an_account
from wechatlogin import clock
from wechatlogin.extensions import db
from wechatlogin.services import verification_files, wechat_apps
from wechatlogin.services.verification_files import NewVerificationFile
from wechatlogin.wechat.app import AppKind

APPID = "wx0123456789abcdef"
WEBSITE = "wxffffffffffffffff"
SIXTEEN = "bU7m2R3kQ0r1oQdB"
NAME = f"MP_verify_{SIXTEEN}.txt"


@pytest.fixture
def app(empty_app: Flask) -> Iterator[Flask]:
    with empty_app.app_context():
        site = empty_app.extensions["wechatlogin"]
        an_account(site, now=clock.now(), appid=APPID)
        an_account(site, now=clock.now(), appid=WEBSITE, kind=AppKind.WEBSITE)
        yield empty_app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def get(client: FlaskClient, path: str, method: str = "GET") -> TestResponse:
    return client.open(path, method=method, base_url="http://127.0.0.1:5000")


def run(app: Flask, *words: str) -> Result:
    return app.test_cli_runner().invoke(args=["verification-file", *words])


def test_a_file_is_served_bare(app: Flask, client: FlaskClient) -> None:
    run(app, "add", APPID, "--name", NAME, "--content", SIXTEEN)

    answer, head = get(client, f"/{NAME}"), get(client, f"/{NAME}", "HEAD")

    assert (answer.status_code, answer.data) == (200, SIXTEEN.encode())
    assert answer.mimetype == "text/plain"
    assert "Set-Cookie" not in answer.headers
    assert (head.status_code, head.data) == (200, b"")
    assert head.content_length == len(SIXTEEN)


@pytest.mark.parametrize(
    "path",
    [
        "/robots.txt",
        "/favicon.txt",
        f"/{NAME.lower()}",
        f"/{NAME}/",
        f"/x/{NAME}",
        f"/{NAME}.txt",
        "/%00.txt",
        "/..%2fwsgi.txt",
        "/a%0d%0ab.txt",
        "/" + "a" * 2000 + ".txt",
    ],
)
def test_anything_else_is_an_unknown_page_like_any_other(
    app: Flask, client: FlaskClient, path: str
) -> None:
    run(app, "add", APPID, "--name", NAME, "--content", SIXTEEN)

    answer, unknown = get(client, path), get(client, "/such-a-page")

    assert answer.status_code == unknown.status_code == 404
    assert without_the_particular(answer) == without_the_particular(unknown)
    assert set(answer.headers.keys()) == set(unknown.headers.keys())


def without_the_particular(answer: TestResponse) -> str:
    page = re.sub(r'nonce="[^"]+"', "", answer.text)
    return re.sub(r'href="[^"]*lang=[^"]*"', "", page)


def test_no_file_can_stand_before_a_route(app: Flask) -> None:
    at_the_root = [
        rule.rule for rule in app.url_map.iter_rules() if re.fullmatch(r"/[^/]*\.txt", rule.rule)
    ]

    assert at_the_root == ["/<name>.txt"]


def test_an_uploaded_file_is_added_listed_and_removed(
    app: Flask, client: FlaskClient, tmp_path: Path
) -> None:
    upload = tmp_path / NAME
    upload.write_bytes(SIXTEEN.encode() + b"\n")

    added = run(app, "add", APPID, str(upload))
    listed = run(app, "list")
    served = get(client, f"/{NAME}").data
    removed, again = run(app, "remove", NAME), run(app, "remove", NAME)

    assert (added.exit_code, removed.exit_code, again.exit_code) == (0, 0, 1)
    assert f"http://127.0.0.1:5000/{NAME}" in added.output
    assert listed.output.split() == [APPID, NAME, SIXTEEN]
    assert served == SIXTEEN.encode()
    assert get(client, f"/{NAME}").status_code == 404


def test_a_website_apps_file_has_a_name_of_its_own(app: Flask, client: FlaskClient) -> None:
    assert run(app, "add", WEBSITE, "--name", "1f0a9c.txt", "--content", "9d1b").exit_code == 0

    assert get(client, "/1f0a9c.txt").data == b"9d1b"


@pytest.mark.parametrize(
    "words",
    [
        ("add", APPID, "--name", "robots.txt", "--content", "x"),
        ("add", APPID, "--name", NAME, "--content", "another"),
        ("add", "wxaaaaaaaaaaaaaaaa", "--name", NAME, "--content", SIXTEEN),
        ("add", APPID, "--name", NAME),
        ("add", APPID),
        ("add", APPID, "/no/such/file.txt"),
        ("remove", NAME),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(app: Flask, words: tuple[str]) -> None:
    done = run(app, *words)

    assert done.exit_code != 0
    assert "Error: " in done.output
    assert "Traceback" not in done.output
    assert verification_files.get_all() == []


def test_wechats_console_takes_a_domain_whose_file_it_can_fetch(
    installation: Installation,
) -> None:
    host = installation.url.removeprefix("http://")
    new_account = Account()
    console = {
        "host": host,
        "callback_url": None,
        "mp_verify": {"name": NAME, "content": SIXTEEN},
    }
    with pytest.raises(AssertionError, match="mp_verify_failed"):
        installation.simulator.add_app(new_account, **console)
    with installation.app.app_context():
        row = wechat_apps.verify(installation.account.appid)
        verification_files.save(row, NewVerificationFile(NAME, SIXTEEN), now=clock.now())
        db.session.remove()

    installation.simulator.add_app(new_account, **console)

    apps = installation.simulator.call("GET", "/simulator/apps")
    assert [app["domains"] for app in apps if app["appid"] == new_account.appid] == [[host]]
    installation.simulator.call("DELETE", f"/simulator/apps/{new_account.appid}")
