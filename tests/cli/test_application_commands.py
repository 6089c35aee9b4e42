"""`flask application …`: what an operator sets up, and how a mistake is named."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import click
import pytest
from click.testing import Result
from flask import Flask
from PIL import Image

from tests.servers import ROOT
from tests.stories import a_user, an_account
from wechatlogin import clock
from wechatlogin.cli.applications import group
from wechatlogin.extensions import db
from wechatlogin.models import Application
from wechatlogin.services import (
    application_settings,
    application_users,
    applications,
    client_secrets,
    logos,
)
from wechatlogin.services.application_settings import ApplicationSettings

APPID = "wx0123456789abcdef"
URI = "https://shop.example/cb"
#: Every option that sets something, with another value than the default.
GIVEN = {
    "--public": (),
    "--first-party": (),
    "--redirect-uri": (URI,),
    "--post-logout-redirect-uri": ("https://shop.example/bye",),
    "--backchannel-logout-uri": ("https://shop.example/logout",),
    "--origin": ("https://shop.example",),
    "--appid": (APPID,),
    "--way": ("scan",),
    "--scope": ("wechat",),
    "--pkce": (),
    "--pairwise": (),
    "--email": ("{sub}@shop.example",),
    "--id-token-algorithm": ("ES256",),
    "--access-seconds": ("120",),
    "--refresh-seconds": ("7200",),
    "--confirm": ("tap",),
    "--follow": ("ask",),
    "--mcc": ("460",),
}
WORDS = tuple(word for option, values in GIVEN.items() for word in (option, *values))
TAKEN = ApplicationSettings(
    name="shop",
    is_public=True,
    is_first_party=True,
    redirect_uris=(URI,),
    post_logout_redirect_uris=("https://shop.example/bye",),
    backchannel_logout_uri="https://shop.example/logout",
    origins=("https://shop.example",),
    appids=(APPID,),
    ways=("scan",),
    scopes=("openid", "wechat"),
    subject_type=application_settings.SubjectType.PAIRWISE,
    email_template="{sub}@shop.example",
    id_token_algorithm=application_settings.Algorithm.ES256,
    access_seconds=120,
    refresh_seconds=7200,
    confirm=application_settings.ConfirmPolicy.TAP,
    follow=application_settings.FollowPolicy.ASK,
    mccs=(460,),
)


@pytest.fixture
def app(empty_app: Flask) -> Iterator[Flask]:
    with empty_app.app_context():
        an_account(empty_app.extensions["wechatlogin"], now=clock.now(), appid=APPID)
        yield empty_app


def run(app: Flask, *words: str, typed: str = "") -> Result:
    done = app.test_cli_runner().invoke(args=["application", *words], input=typed)
    db.session.rollback()
    return done


def made(app: Flask, *words: str) -> str:
    done = run(app, "create", "shop", *words)
    assert done.exit_code == 0, done.output
    return str(json.loads(done.stdout)["client_id"])


def settings_of(client_id: str) -> ApplicationSettings:
    return application_settings.of(applications.verify(client_id))


def options_of(command: str) -> set[str]:
    parameters = group.commands[command].params
    options = [one for one in parameters if isinstance(one, click.Option)]
    return {name for one in options for name in (*one.opts, *one.secondary_opts)}


def test_what_a_client_asks_for_is_shown_with_the_secrets(app: Flask) -> None:
    shown = json.loads(run(app, "create", "shop", "--redirect-uri", URI).stdout)

    assert shown["issuer"] == "http://127.0.0.1:5000/oidc"
    assert shown["settings"] == {
        "issuer": shown["issuer"],
        "client_id": shown["client_id"],
        "client_secret": shown["client_secret"],
        "redirect_uri": URI,
    }
    assert {"api_key", "user_domain", "user_domain_secret"} < shown.keys()


def test_a_public_application_is_shown_no_secret(app: Flask) -> None:
    shown = json.loads(run(app, "create", "App", "--public").stdout)

    assert shown["client_secret"] is None
    assert shown["settings"]["redirect_uri"] is None


def test_every_setting_is_an_option_of_create_and_of_set(app: Flask) -> None:
    at_once, later = made(app, *WORDS), made(app)

    done = run(app, "set", later, *WORDS)

    assert done.exit_code == 0, done.output
    assert settings_of(at_once) == settings_of(later) == TAKEN
    assert set(GIVEN) <= options_of("create") & options_of("set")


def test_set_changes_what_is_given_alone_and_replaces_lists(app: Flask) -> None:
    client_id = made(app, *WORDS)

    run(app, "set", client_id, "--name", "茶铺", "--redirect-uri", "https://a.example/")
    run(app, "set", client_id, "--origin", "", "--no-first-party", "--no-email", "--mcc", "")
    run(app, "set", client_id, "--backchannel-logout-uri", "", "--no-pairwise")

    changed = settings_of(client_id)
    assert (changed.name, changed.redirect_uris) == ("茶铺", ("https://a.example/",))
    assert (changed.origins, changed.mccs, changed.is_first_party) == ((), (), False)
    assert (changed.email_template, changed.backchannel_logout_uri) == (None, None)
    assert changed.subject_type == "public"
    assert changed.scopes == TAKEN.scopes


def test_set_without_a_change_says_what_is_missing(app: Flask) -> None:
    done = run(app, "set", made(app))

    assert done.exit_code == 2
    assert "say what to change" in done.output


@pytest.mark.parametrize(
    ("words", "where"),
    [
        (("--redirect-uri", "https://[evil.com"), "--redirect-uri https://[evil.com: "),
        (("--redirect-uri", URI, "--redirect-uri", "/cb"), "--redirect-uri /cb: "),
        (("--redirect-uri", "com.example.app:/cb"), "--redirect-uri com.example.app:/cb: "),
        (("--post-logout-redirect-uri", "x"), "--post-logout-redirect-uri x: "),
        (("--backchannel-logout-uri", "http://a.example"), "--backchannel-logout-uri http://a."),
        (("--origin", "https://a.example/"), "--origin https://a.example/: "),
        (("--appid", "wx0"), "--appid wx0: "),
        (("--way", "fax"), "--way fax: "),
        (("--scope", "phone"), "--scope phone: "),
        (("--public", "--no-pkce"), "--no-pkce: "),
        (("--email", "lin@shop.com"), "--email lin@shop.com: "),
        (("--access-seconds", "1"), "--access-seconds 1: "),
        (("--refresh-seconds", "1"), "--refresh-seconds 1: "),
        (("--mcc", "0"), "--mcc 0: "),
    ],
)
def test_an_error_names_the_option_and_says_why(
    app: Flask, words: tuple[str, ...], where: str
) -> None:
    client_id = made(app)

    refused = run(app, "create", "shop", *words), run(app, "set", client_id, *words)

    for done in refused:
        assert done.exit_code == 1
        assert done.output.startswith(f"Error: {where}")
        assert done.output.isascii()
    assert len(applications.get_all()) == 1
    assert settings_of(client_id) == ApplicationSettings("shop")


def test_an_error_never_repeats_a_secret(app: Flask) -> None:
    done = run(app, "create", "shop", "--client-secret", "canary")

    assert done.output.startswith("Error: --client-secret: ")
    assert "canary" not in done.output


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--mcc", "x"), "'x' is no number"),
        (("--access-seconds", "an hour"), "'an hour' is no number"),
        (("--confirm", "maybe"), "'--confirm'"),
        (("--email", "{sub}@a.example", "--no-email"), "give either --email or --no-email"),
    ],
)
def test_a_mistyped_option_is_a_usage_error(app: Flask, words: tuple[str, ...], told: str) -> None:
    done = run(app, "create", "shop", *words)

    assert done.exit_code == 2
    assert told in done.output


def test_the_sub_of_known_people_stays(app: Flask) -> None:
    client_id = made(app)
    application = applications.verify(client_id)
    application_users.find_or_create(application.id, a_user(clock.now()), now=clock.now())

    done = run(app, "set", client_id, "--pairwise")

    assert done.exit_code == 1
    assert done.output.startswith("Error: --pairwise: ")


def test_applications_are_listed_with_what_is_special_about_them(app: Flask) -> None:
    plain, special = made(app), made(app, "--public", "--first-party")
    run(app, "disable", special)

    lines = run(app, "list").output.splitlines()

    assert lines == [f"{plain}\tshop", f"{special}\tshop\tpublic, first party, disabled"]


def test_the_settings_are_shown_without_a_secret(app: Flask) -> None:
    created = json.loads(run(app, "create", "shop", *WORDS[1:]).stdout)

    output = run(app, "show", created["client_id"]).output

    shown = json.loads(output)
    assert shown["redirect_uris"] == [URI]
    assert (shown["subject_type"], shown["is_disabled"], shown["has_logo"]) == (
        "pairwise",
        False,
        False,
    )
    assert [one["expires_at"] for one in shown["secrets"]] == [None]
    for name in ("client_secret", "api_key", "user_domain_secret"):
        assert created[name] not in output


def test_a_secret_is_rotated_with_an_overlap(app: Flask) -> None:
    created = json.loads(run(app, "create", "shop").stdout)
    client_id, old = created["client_id"], created["client_secret"]

    done = run(app, "rotate-secret", client_id, "--overlap-hours", "2")

    application, now, new = applications.verify(client_id), clock.now(), done.stdout.strip()
    assert "the old secret is good until" in done.stderr
    assert client_secrets.check(application, new, now=now + timedelta(hours=3))
    assert client_secrets.check(application, old, now=now + timedelta(hours=1))
    assert not client_secrets.check(application, old, now=now + timedelta(hours=2))
    assert len(json.loads(run(app, "show", client_id).output)["secrets"]) == 2


def test_what_cannot_be_rotated_is_said(app: Flask) -> None:
    hours = run(app, "rotate-secret", made(app), "--overlap-hours", "-1")
    public = run(app, "rotate-secret", made(app, "--public"))

    assert hours.output.startswith("Error: --overlap-hours: ")
    assert public.output.startswith("Error: --public: A public application has no secret")


def test_a_logo_is_saved_and_removed(app: Flask, tmp_path: Path) -> None:
    client_id, picture, text = made(app), tmp_path / "logo.png", tmp_path / "logo.txt"
    Image.new("RGB", (32, 32)).save(picture)
    text.write_text("no picture")

    saved = run(app, "logo", client_id, str(picture))
    shown = logos.get(applications.verify(client_id))
    refused = run(app, "logo", client_id, str(text))
    removed, again = (
        run(app, "logo", client_id, "--remove"),
        run(app, "logo", client_id, "--remove"),
    )

    assert (saved.exit_code, removed.exit_code, again.exit_code) == (0, 0, 1)
    assert shown is not None
    assert "This is not a picture" in refused.output
    assert "has no logo" in again.output
    assert run(app, "logo", client_id).exit_code == 2


def test_a_removal_asks_first(app: Flask) -> None:
    client_id, other = made(app), made(app)

    kept = run(app, "remove", client_id, typed="n\n")
    assert kept.exit_code == 1
    removed = run(app, "remove", client_id, typed="y\n")
    at_once = run(app, "remove", other, "--yes")

    assert (removed.exit_code, at_once.exit_code) == (0, 0)
    assert db.session.scalars(db.select(Application)).all() == []


@pytest.mark.parametrize(
    "words", [("show",), ("set", "--name", "x"), ("rotate-secret",), ("remove", "--yes"), ("logo",)]
)
def test_an_unknown_application_is_said_to_be_none(app: Flask, words: tuple[str, ...]) -> None:
    command, *rest = words

    done = run(app, command, "nobody-at-all", *rest)

    assert done.exit_code == 1
    assert "no application has the client id nobody-at-all" in done.output


def test_the_document_lists_every_command_and_option() -> None:
    written = (ROOT / "docs" / "applications.md").read_text(encoding="utf-8")

    rows = [line.split("|")[1] for line in written.splitlines() if line.startswith("| `")]
    named = {word.strip().split()[0] for row in rows for word in row.replace("`", "").split(",")}
    options = options_of("create") | options_of("set")

    assert named == options | set(group.commands)
