"""`flask wechat-app save --identifier`: what SDKs call the connection to an app."""

from collections.abc import Iterator

import pytest
from click.testing import Result
from flask import Flask

from wechatlogin.services import wechat_apps

APPID = "wx0123456789abcdef"
SECRETS = ("--secret", "s" * 32, "--token", "t" * 16, "--aes-key", "a" * 43)


@pytest.fixture
def app(empty_app: Flask) -> Iterator[Flask]:
    with empty_app.app_context():
        yield empty_app


def save(app: Flask, appid: str, *words: str) -> Result:
    return app.test_cli_runner().invoke(args=["wechat-app", "save", appid, *SECRETS, *words])


def test_an_identifier_is_saved_and_kept(app: Flask) -> None:
    assert save(app, APPID, "--identifier", "our-shop").exit_code == 0
    assert save(app, APPID, "--name", "晨光书店").exit_code == 0

    assert wechat_apps.verify(APPID).identifier == "our-shop"


def test_one_that_is_malformed_or_taken_is_refused_in_words(app: Flask) -> None:
    save(app, APPID, "--identifier", "our-shop")

    for identifier in ("our-shop", "Our_Shop"):
        refused = save(app, "wxfedcba9876543210", "--identifier", identifier)
        assert refused.exit_code == 1
        assert "lower-case letters" in refused.output
