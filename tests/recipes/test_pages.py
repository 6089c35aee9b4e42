"""What the recipes say is true: their commands run, and their settings name what there is."""

import ast
import configparser
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from flask import Flask
from flask_migrate import upgrade

from tests.recipes import pages
from tests.recipes.pages import RECIPES, Recipe
from tests.servers import settings_for_tests
from wechatlogin import create_app
from wechatlogin.extensions import db
from wechatlogin.services import applications

SHAPE = [
    "What you get",
    "Create the application",
    "settings",
    "Which claim becomes what",
    "E-mail",
    "Logging out",
    "If it does not work",
]
DISCOVERY = "/oidc/.well-known/openid-configuration"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
#: Where the blocks say which scopes are asked for, and which claims are read.
SCOPES = (
    r"\bopenid(?: [a-z_]+)+",
    r"scope\"?: \[([^\]]+)\]",
    r"--scopes (\w+)",
    r"scope:\n((?:\s+- \w+\n)+)",
)
CLAIMS = (
    r"(?:login|name|email)_attribute_path = (.+)",
    r"^USERNAME = (\w+)",
    r"--mapping-[a-z-]+=\"?([^\"\n\\]+)",
    r"(?:userName|fullName|email)Field(?:Name)?: \"([^\"]+)\"",
    r"claims(?:\.get\(|\[)[\"'](\w+)[\"']",
    r"claims\.(?!get\b)(\w+)",
    r"uid_field\"?: \"(\w+)\"",
    r"user-name-attribute: (\w+)",
)
each_recipe = pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """An installation at the address that the recipes give it."""
    folder: Path = tmp_path_factory.mktemp("recipes")
    settings = settings_for_tests(
        database_url=f"sqlite:///{folder / 'recipes.db'}", public_url=pages.OUR_URL
    )
    app = create_app(settings)
    with app.app_context():
        upgrade()
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture(scope="module")
def metadata(app: Flask) -> dict[str, Any]:
    """What the service says of itself."""
    answer = app.test_client().get(DISCOVERY, base_url=pages.OUR_URL)
    return dict(answer.json or {})


def create(app: Flask, recipe: Recipe, *more: str) -> dict[str, str]:
    """Run a page's command and return what it shows."""
    done = app.test_cli_runner().invoke(args=[*recipe.command, *more])
    assert done.exit_code == 0, done.output
    return dict(json.loads(done.output))


def find_words(patterns: tuple[str, ...], recipe: Recipe) -> set[str]:
    """Return the words that a page's blocks have in these places."""
    copied = "\n".join(block.text for block in recipe.blocks)
    places = [found for one in patterns for found in re.findall(f"(?m){one}", copied)]
    return {word for place in places for word in re.findall(r"[a-z_]+", place)}


def test_there_is_a_recipe_for_each_program_in_the_index() -> None:
    listed = re.findall(r"\]\((\w+)\.md\)", pages.INDEX.read_text(encoding="utf-8"))

    assert sorted(listed) == [recipe.name for recipe in RECIPES]


def test_the_index_has_a_command_that_runs_with_each_option_it_names(app: Flask) -> None:
    index = Recipe(pages.INDEX)
    email = re.search(r"`--email '([^']+)'`", index.text)
    scopes = re.findall(r"--scope (\w+)", index.text)

    assert email
    for words in (["--no-pkce"], ["--public"], ["--no-email"], ["--email", email[1]]):
        create(app, index, *words)
    shown = create(app, index, *(word for scope in scopes for word in ("--scope", scope)))
    assert set(applications.verify(shown["client_id"]).scopes) == {"openid", *scopes}


@each_recipe
def test_a_page_has_the_shape_of_the_others_and_names_its_source(recipe: Recipe) -> None:
    headings = [heading.split("'s ")[-1].removeprefix("The ") for heading in recipe.headings]

    assert headings == SHAPE
    assert re.search(r"\nRead in\s[^#]+\]\(https://[^#]+\(.*[0-9]", recipe.text)


@each_recipe
def test_the_command_creates_the_application_as_it_is_written(app: Flask, recipe: Recipe) -> None:
    shown = create(app, recipe)

    application = applications.verify(shown["client_id"])
    assert shown["client_secret"]
    assert application.redirect_uris == recipe.get_options("--redirect-uri")
    assert application.post_logout_redirect_uris == recipe.get_options("--post-logout-redirect-uri")
    backchannel = recipe.get_options("--backchannel-logout-uri")
    assert [application.backchannel_logout_uri] == (backchannel or [None])
    assert application.is_first_party
    assert application.requires_pkce is ("--no-pkce" not in recipe.command)


@each_recipe
def test_a_request_with_the_pages_redirect_uri_comes_to_the_login(
    app: Flask, recipe: Recipe
) -> None:
    client_id = create(app, recipe)["client_id"]
    asked = {"client_id": client_id, "response_type": "code", "scope": "openid", "state": "s"}
    if "--no-pkce" not in recipe.command:
        asked |= {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}

    answers = [
        app.test_client().get(
            "/oidc/auth", query_string={**asked, "redirect_uri": uri}, base_url=pages.OUR_URL
        )
        for uri in recipe.get_options("--redirect-uri")
    ]

    for answer in answers:
        assert answer.status_code in {302, 303}
        # Not back to the program, with an error.
        assert urlsplit(answer.headers["Location"]).path.startswith(("/oidc/auth/", "/login"))


@each_recipe
def test_every_address_of_ours_on_a_page_is_one_of_the_metadata(
    recipe: Recipe, metadata: dict[str, Any]
) -> None:
    said = re.findall(rf"{re.escape(pages.OUR_URL)}[^\s\"'`)]*", recipe.text)

    known = {value for value in metadata.values() if isinstance(value, str)}
    known |= {pages.OUR_URL, pages.OUR_URL + DISCOVERY}
    assert said
    assert {address.split("?")[0] for address in said} <= known


@each_recipe
def test_a_log_out_comes_back_to_a_registered_address(recipe: Recipe) -> None:
    queries = re.findall(r"/session/end\?([^\s\"'`]+)", recipe.text)

    back = [parse_qs(query).get("post_logout_redirect_uri", []) for query in queries]

    registered = recipe.get_options("--post-logout-redirect-uri")
    assert all(uri in registered for uris in back for uri in uris)
    assert registered


@each_recipe
def test_every_scope_that_a_program_asks_for_is_one_of_ours(
    recipe: Recipe, metadata: dict[str, Any]
) -> None:
    scopes = find_words(SCOPES, recipe)

    assert "openid" in scopes
    assert scopes <= set(metadata["scopes_supported"])


@each_recipe
def test_every_claim_that_a_program_reads_is_one_of_ours(
    recipe: Recipe, metadata: dict[str, Any]
) -> None:
    claims = find_words(CLAIMS, recipe)

    assert claims
    assert claims <= set(metadata["claims_supported"])


@each_recipe
def test_the_claims_that_the_table_names_are_ours(recipe: Recipe, metadata: dict[str, Any]) -> None:
    table = recipe.text.partition("## Which claim becomes what\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\|.+\|(.+)\|$", table, re.MULTILINE)[2:]

    # What stands after "by", in brackets or after "under" is a setting of the program.
    told = [re.split(r", by | \(| under ", row)[0] for row in rows]

    claims = {claim for row in told for claim in re.findall(r"`([a-z_]+)`", row)}
    assert "sub" in claims
    assert claims <= set(metadata["claims_supported"])


def _parse_yaml(text: str) -> None:
    assert yaml.safe_load(text)


def _parse_ini(text: str) -> None:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(text if text.startswith("[") else f"[environment]\n{text}")
    assert all(parser[section] for section in parser.sections())


def _parse_brackets(text: str) -> None:
    """Read as much of a language as all of them have: strings, comments, brackets in pairs."""
    bare = re.sub(r"\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|`(?:[^`])*`", "", text)
    opened: list[str] = []
    for sign in re.findall(r"[(){}\[\]]", re.sub(r"//.*|^\s*#.*", "", bare, flags=re.MULTILINE)):
        if sign in "({[":
            opened.append(sign)
        else:
            assert opened, text
            assert opened.pop() + sign in {"()", "{}", "[]"}, text
    assert not opened, text


PARSERS = {
    "ini": _parse_ini,
    "python": ast.parse,
    "yaml": _parse_yaml,
    "java": _parse_brackets,
    "php": _parse_brackets,
    "ruby": _parse_brackets,
    "ts": _parse_brackets,
    "sh": shlex.split,
    "text": _parse_brackets,
}


@each_recipe
def test_every_block_of_settings_can_be_read(recipe: Recipe) -> None:
    for block in recipe.blocks:
        PARSERS[block.language](block.text)

    assert {block.language for block in recipe.blocks} - {"sh", "text"}


@each_recipe
def test_a_page_tells_the_program_both_credentials(recipe: Recipe) -> None:
    copied = "".join(block.text for block in recipe.blocks)

    assert pages.CLIENT_ID in copied
    assert pages.CLIENT_SECRET in copied


@each_recipe
def test_a_redirect_uri_that_a_block_repeats_is_the_registered_one(recipe: Recipe) -> None:
    repeated = re.findall(r"\bredirect_uri: \"([^\"]+)\"", recipe.text)

    assert set(repeated) <= set(recipe.get_options("--redirect-uri"))
