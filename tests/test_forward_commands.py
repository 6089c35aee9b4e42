"""`flask wechat-app save --forward-url`: an address of another program, or a reason."""

from collections.abc import Iterator

import pytest
from click.testing import Result
from flask import Flask

from wechatlogin.services import wechat_apps

APPID = "wx0123456789abcdef"
SHOP = "https://shop.example/wechat.php?a=1"


@pytest.fixture
def app(empty_app: Flask) -> Iterator[Flask]:
    with empty_app.app_context():
        yield empty_app


def save(app: Flask, *words: str) -> Result:
    command = ["wechat-app", "save", APPID, *words]
    return app.test_cli_runner().invoke(args=command, input="secret\ntoken\n\n")


def test_an_account_is_saved_with_its_forward_url_and_again_without(app: Flask) -> None:
    addresses = []
    for words in (("--forward-url", SHOP), ()):
        assert save(app, *words).exit_code == 0
        addresses.append(wechat_apps.verify(APPID).forward_url)

    assert addresses == [SHOP, None]


@pytest.mark.parametrize(
    "url",
    [
        "shop.example",
        "http://127.0.0.1:5000/api/wechat",
        f"http://127.0.0.1:5000/api/wechat/{APPID}",
    ],
)
def test_an_address_that_is_none_or_ours_is_refused_and_nothing_saved(app: Flask, url: str) -> None:
    done = save(app, "--forward-url", url)

    assert done.exit_code == 1
    assert "Error: " in done.output
    assert wechat_apps.get(APPID) is None
