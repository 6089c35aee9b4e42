"""`flask webhook …`: where an application hears of people, and what became of it."""

from collections.abc import Iterator

import pytest
from click.testing import Result
from flask import Flask

from tests.simulator.receiver import Receiver
from tests.stories import a_program
from wechatlogin import clock
from wechatlogin.models import Application
from wechatlogin.services import webhook_settings, webhooks


@pytest.fixture
def app(empty_app: Flask) -> Iterator[Flask]:
    with empty_app.app_context():
        yield empty_app


@pytest.fixture
def application(app: Flask) -> Application:
    made, _ = a_program(app.extensions["wechatlogin"], now=clock.now())
    return made


@pytest.fixture
def server() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.stop()


def run(app: Flask, *words: str) -> Result:
    return app.test_cli_runner().invoke(args=["webhook", *words])


def test_the_first_address_brings_a_secret_and_the_second_none(
    app: Flask, application: Application
) -> None:
    to = ("set", application.client_id, "--event", "user.login", "--uri")

    first, second = run(app, *to, "https://a.example/"), run(app, *to, "https://b.example/")

    assert first.output.startswith("whsec_")
    assert second.output == ""
    assert webhook_settings.of(application).uri == "https://b.example/"
    assert run(app, "set", application.client_id, "--uri", "").exit_code == 0
    assert webhook_settings.of(application).uri is None


def test_what_is_wrong_is_named_by_its_option(app: Flask, application: Application) -> None:
    refused = run(
        app, "set", application.client_id, "--uri", "https://10.0.0.7/", "--event", "user.login"
    )

    assert refused.exit_code == 1
    assert "--uri https://10.0.0.7/: " in refused.output
    assert run(app, "set", "nobody-here", "--uri", "").exit_code == 1
    assert run(app, "resend", application.client_id, "msg_0").exit_code == 1


def test_messages_are_sent_listed_and_sent_once_more(
    app: Flask, application: Application, server: Receiver
) -> None:
    client_id = application.client_id
    run(app, "set", client_id, "--uri", server.url, "--event", "user.login")
    webhooks.send_test(application, now=clock.now())
    server.says(b"", status=410)
    assert run(app, "deliver").output == "1 due\n"
    line = run(app, "list", client_id).output.strip().split("\t")
    assert (line[1], line[3:]) == ("webhook.test", ["1", "given_up", "410"])
    server.says(b"")

    assert run(app, "resend", client_id).output == "1 due\n"
    run(app, "deliver")

    assert run(app, "list", client_id).output.strip().endswith("delivered\t200")
    assert run(app, "resend", client_id, line[0]).output == "1 due\n"


def test_another_secret_is_shown_each_time(app: Flask, application: Application) -> None:
    shown = {run(app, "secret", application.client_id).output for _ in range(2)}

    assert len(shown) == 2
    assert all(one.startswith("whsec_") for one in shown)
