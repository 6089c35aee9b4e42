"""The operator's commands: clear, and their secrets shown once."""

import json
from collections.abc import Iterator

import pytest
from click.testing import Result
from flask import Flask

from wechatlogin import clock
from wechatlogin.extensions import db
from wechatlogin.models import Application, ClientSecret
from wechatlogin.services import api_keys, wechat_apps
from wechatlogin.vault import sha256_hex
from wechatlogin.wechat.app import AppKind, MessageMode

APPID = "wx0123456789abcdef"


@pytest.fixture
def app(empty_app: Flask) -> Iterator[Flask]:
    with empty_app.app_context():
        yield empty_app


def run(app: Flask, *words: str, typed: str = "") -> Result:
    return app.test_cli_runner().invoke(args=list(words), input=typed)


def test_an_account_is_saved_and_its_callback_url_told(app: Flask) -> None:
    done = run(
        app,
        *("wechat-app", "save", APPID, "--name", "晨光书店", "--kind", "test", "--mode", "plain"),
        *("--template-id", "T", "--template-field", "thing1={code}"),
        typed="canary-secret\ncanary-token\n\n",
    )

    row = wechat_apps.get(APPID)
    assert done.exit_code == 0
    assert f"http://127.0.0.1:5000/api/wechat/{APPID}" in done.output
    assert "canary" not in done.output
    assert row is not None
    opened = wechat_apps.credentials(app.extensions["wechatlogin"].vault, row)
    assert opened.secret.get_secret_value() == "canary-secret"
    assert (opened.kind, opened.mode, opened.aes_key) == (AppKind.TEST, MessageMode.PLAIN, None)
    assert row.template_fields == {"thing1": "{code}"}
    assert "canary" not in row.sealed_secret


def test_saving_again_replaces_the_settings(app: Flask) -> None:
    for name in ("旧名", "新名"):
        run(app, "wechat-app", "save", APPID, "--name", name, typed="s\nt\n\n")

    assert [row.name for row in wechat_apps.get_all()] == ["新名"]


def test_an_applications_secrets_are_shown_once_and_kept_as_hashes(app: Flask) -> None:
    done = run(app, "application", "create", "shop", "--redirect-uri", "https://shop.example/cb")

    shown = json.loads(done.output)
    row = db.session.scalars(db.select(Application)).one()
    secret = db.session.scalars(db.select(ClientSecret)).one()
    assert secret.application_id == row.id
    assert secret.secret_hash == sha256_hex(shown["client_secret"])
    key = api_keys.get_application(shown["api_key"], now=clock.now())
    assert key is not None
    assert key.client_id == shown["client_id"]
    assert secret.sealed_secret is None
    assert row.redirect_uris == ["https://shop.example/cb"]
    assert shown["user_domain_secret"] not in str(row.sealed_user_domain_secret)


@pytest.mark.parametrize(
    "uri",
    [
        "http://shop.example/cb",
        "https://shop.example/cb#x",
        "https://user@shop.example/",
        "https://*.shop.example/",
        "https://店.example/",
        "//shop.example",
        "javascript:x",
        "https://[evil",
        "https://shop.example\\x",
    ],
)
def test_a_redirect_uri_that_cannot_be_compared_exactly_is_refused(app: Flask, uri: str) -> None:
    done = run(app, "application", "create", "shop", "--redirect-uri", uri)

    assert done.exit_code == 1
    assert f"--redirect-uri {uri}: " in done.output
    assert db.session.scalars(db.select(Application)).all() == []


def test_the_table_of_settings_is_printed(app: Flask) -> None:
    assert "| `SECRET_KEY` |" in run(app, "settings-table").output


def made(app: Flask, *words: str) -> dict[str, str]:
    shown: dict[str, str] = json.loads(run(app, "application", "create", "shop", *words).output)
    return shown


def test_a_program_gets_more_keys_and_loses_one_without_the_others(app: Flask) -> None:
    client_id = made(app)["client_id"]
    second = run(app, "application", "api-key", client_id, "warehouse").output.strip()
    third = run(app, "application", "api-key", client_id, "office").output.strip()
    api_keys.get_application(second, now=clock.now())
    listed = run(app, "application", "api-keys", client_id).output

    key_id = next(line.split("\t")[0] for line in listed.splitlines() if "warehouse" in line)
    done = run(app, "application", "revoke-api-key", client_id, key_id)

    assert done.exit_code == 0
    assert "office\tnever used" in listed
    assert second not in listed
    assert api_keys.get_application(second, now=clock.now()) is None
    assert api_keys.get_application(third, now=clock.now()) is not None
    assert run(app, "application", "revoke-api-key", client_id, key_id).exit_code != 0


def test_the_keys_of_a_disabled_program_open_nothing_until_it_is_enabled(app: Flask) -> None:
    shown = made(app)

    run(app, "application", "disable", shown["client_id"])
    disabled = api_keys.get_application(shown["api_key"], now=clock.now())
    run(app, "application", "enable", shown["client_id"])

    assert disabled is None
    assert api_keys.get_application(shown["api_key"], now=clock.now()) is not None


def test_a_program_that_is_not_there_is_said_not_to_be(app: Flask) -> None:
    for words in (("api-key", "x", "name"), ("api-keys", "x"), ("disable", "x"), ("enable", "x")):
        done = run(app, "application", *words)

        assert done.exit_code == 1
        assert "no application has the client id x" in done.output


def test_a_program_keeps_the_id_and_the_secret_that_it_has_from_another_system(app: Flask) -> None:
    given = ("--client-id", "59f86b4832eb28071bdd9214", "--client-secret", "0123456789abcdef" * 2)

    shown = made(app, *given, "--keeps-secret")
    again = run(app, "application", "create", "shop", *given)
    weak = run(app, "application", "create", "shop", "--client-secret", "short")

    secret = db.session.scalars(db.select(ClientSecret)).one()
    assert (shown["client_id"], shown["client_secret"]) == (given[1], given[3])
    assert secret.sealed_secret is not None
    assert given[3] not in secret.sealed_secret
    assert (again.exit_code, weak.exit_code) == (1, 1)
    assert "A client id has 8 to 64" in again.output
