"""Every error in every rendering: a page, our JSON, AnQiCMS's envelope, plain text."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests import databases
from tests.databases import Migrated
from tests.servers import settings_for_tests
from wechatlogin import create_app, errors
from wechatlogin.compat import anqicms_envelope as anqicms
from wechatlogin.errors import LoginError
from wechatlogin.wechat import errors as platform_errors

BASES = (
    LoginError,
    errors.AttemptError,
    errors.AuthorizationError,
    errors.CodeError,
    errors.WeChatError,
    platform_errors.PlatformError,
)


def every(root: type[LoginError]) -> Iterator[type[LoginError]]:
    for leaf in root.__subclasses__():
        yield leaf
        yield from every(leaf)


LEAVES = sorted({leaf for leaf in every(LoginError) if leaf not in BASES}, key=lambda c: c.__name__)


def make(kind: type[LoginError]) -> LoginError:
    match kind.__name__:
        case "RateLimited":
            return errors.RateLimited(timedelta(seconds=40))
        case "PushRefused":
            return errors.PushRefused("a fixed phrase")
        case "NoticeDue":
            return errors.NoticeDue("0123456789abcdef")
        case "BodyNotAccepted" | "NotAccepted":
            return kind(413)  # type: ignore[arg-type]
        case "WeChatUnreachable":
            return platform_errors.WeChatUnreachable(path="/x", reason="timeout", sent=True)
        case "WeChatGarbled" | "WeChatDown":
            return kind(path="/x", reason="html")  # type: ignore[call-arg]
        case _:
            return kind()


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, migrated: Migrated) -> Iterator[FlaskClient]:
    with migrated.copied(tmp_path_factory.mktemp("errors")) as url:
        app = create_app(settings_for_tests(database_url=url))
        for kind in LEAVES:
            add_views(app, kind)
        client = app.test_client()
        client.environ_base["HTTP_HOST"] = "127.0.0.1:5000"
        yield client
        databases.release(app)


def add_views(app: Flask, kind: type[LoginError]) -> None:
    def fail() -> str:
        raise make(kind)

    for door in ("page", "anqicms", "pushes"):
        endpoint = f"{door}.fail_{kind.__name__}" if door != "page" else f"fail_{kind.__name__}"
        app.add_url_rule(f"/{door}/{kind.__name__}", endpoint, fail)


def get(client: FlaskClient, path: str, accept: str, language: str = "zh-CN") -> tuple[int, str]:
    answer = client.get(
        path,
        headers={"Accept": accept, "Accept-Language": language},
        base_url="http://127.0.0.1:5000",
    )
    return answer.status_code, answer.text


@pytest.mark.parametrize("kind", LEAVES, ids=lambda kind: kind.__name__)
def test_an_error_has_words_in_every_rendering(client: FlaskClient, kind: type[LoginError]) -> None:
    err = make(kind)
    name = kind.__name__

    status, page = get(client, f"/page/{name}", "text/html")
    _, as_json = get(client, f"/page/{name}", "application/json")
    _, result = get(client, f"/anqicms/{name}", "text/html")
    _, envelope = get(client, f"/anqicms/{name}", "application/json")
    _, plain = get(client, f"/pushes/{name}", "text/html")

    assert status == (302 if kind is errors.LoginRequired else err.status)
    if kind is not errors.LoginRequired:
        assert err.message in page
    assert err.code in as_json
    assert err.message in result
    assert f'"code":{anqicms.code_of(err)}' in envelope.replace(" ", "")
    assert plain == err.message
    assert "Traceback" not in page + as_json + result + envelope + plain


@pytest.mark.parametrize("kind", LEAVES, ids=lambda kind: kind.__name__)
def test_an_error_is_told_in_english_too(client: FlaskClient, kind: type[LoginError]) -> None:
    _, told = get(client, f"/page/{kind.__name__}", "application/json", "en")

    assert json.loads(told)["message"] != make(kind).message


def test_codes_are_stable_names_and_unlike_each_other() -> None:
    codes: dict[str, set[str]] = {}
    for kind in LEAVES:
        codes.setdefault(kind.code, set()).add(kind.__name__)

    shared = {code: names for code, names in codes.items() if len(names) > 1}

    # The two ways in which a snapshot page shows itself are one thing to whoever asks.
    assert shared == {"snapshot_user": {"SnapshotUser", "SnapshotSuspected"}}


def test_the_tree_in_the_docstring_names_every_error_of_ours() -> None:
    drawn = errors.__doc__ or ""

    missing = [
        kind.__name__
        for kind in LEAVES
        if kind.__module__.startswith(errors.__name__) and kind.__name__ not in drawn
    ]

    assert missing == []


def test_anqicms_numbers() -> None:
    assert anqicms.code_of(errors.NotInWeChat()) == 4001
    assert anqicms.code_of(errors.AuthorizationInvalid()) == 4002
    assert anqicms.code_of(errors.AuthorizationRefused()) == -1
    assert anqicms.code_of(platform_errors.LoginMustRestart(errcode=40163)) == 4002
    assert anqicms.code_of(platform_errors.OperatorNeeded(errcode=40013)) == -1
