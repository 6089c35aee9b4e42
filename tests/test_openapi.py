"""The OpenAPI document against the running service: complete, valid, and true."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask
from jsonschema import Draft202012Validator
from jsonschema.validators import validator_for

from tests.conftest import Installation, Installer
from tests.flows.bookshop import register
from tests.servers import settings_for_tests
from wechatlogin import create_app
from wechatlogin.web.openapi_chapters import read_chapters, read_schemas
from wechatlogin.web.openapi_document import make_document
from wechatlogin.wechat.app import AppKind

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
#: Random questions for each operation; the seed makes them the same in every run.
EXAMPLES = 6
SEED = 20261121


@pytest.fixture(scope="module")
def complete(install: Installer) -> Installation:
    """A service with every kind of app that anything here asks for."""
    return install(apps=[AppKind.SERVICE, AppKind.WEBSITE, AppKind.MINI_PROGRAM])


@pytest.fixture(scope="module")
def app() -> Flask:
    return create_app(settings_for_tests(database_url="sqlite://"))


@pytest.fixture(scope="module")
def document(app: Flask) -> dict[str, Any]:
    return make_document(app.url_map, "https://login.example.com")


def operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for methods in document["paths"].values() for one in methods.values()]


def test_every_address_of_the_application_is_in_it(app: Flask, document: dict[str, Any]) -> None:
    answered = {
        (re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }

    described = {(path, method) for path, one in document["paths"].items() for method in one}

    assert described == answered


def test_nothing_is_described_that_is_not_there(app: Flask) -> None:
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}

    described = [endpoint for one in read_chapters() for endpoint in one.operations]

    assert [endpoint for endpoint in described if endpoint not in endpoints] == []
    assert len(described) == len(set(described))


def test_every_operation_has_its_own_name_and_words(document: dict[str, Any]) -> None:
    names = [one["operationId"] for one in operations(document)]

    assert len(names) == len(set(names))
    assert all(one["summary"] and len(one["responses"]) >= 3 for one in operations(document))


def test_every_path_parameter_is_named_in_its_path(document: dict[str, Any]) -> None:
    for path, methods in document["paths"].items():
        for one in methods.values():
            named = {each["name"] for each in one["parameters"] if each["in"] == "path"}
            assert named == set(re.findall(r"{(\w+)}", path))


def test_every_schema_is_one_and_every_reference_leads_to_one(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    used = set(re.findall(r'"\$ref": "([^"]+)"', json.dumps(document)))

    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)
    assert {f"#/components/schemas/{name}" for name in schemas} >= used
    assert validator_for(schemas["Error"]) is Draft202012Validator


def test_the_front_doors_envelopes_are_the_very_schemas_of_their_tests(
    document: dict[str, Any],
) -> None:
    names = {name.replace("/", ".") for name in read_schemas()}

    assert {"quectel", "open_authorization.envelope"} <= names
    assert names <= document["components"]["schemas"].keys()


def test_the_document_and_its_page_are_served_to_everybody(complete: Installation) -> None:
    served = requests.get(f"{complete.url}/openapi.json", timeout=20)
    page = requests.get(f"{complete.url}/docs", headers={"Accept-Language": "en"}, timeout=20)

    assert served.json()["openapi"] == "3.1.0"
    assert served.json()["servers"] == [{"url": complete.url}]
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "<script" not in page.text
    missing = [path for path in served.json()["paths"] if path not in page.text]
    assert missing == []
    outside = re.findall(r'(?:src|href)="(?:https?:)?//(?!127\.0\.0\.1)[^"]*', page.text)
    assert outside == []


@pytest.mark.parametrize(
    ("key", "phases"), [("shown", "examples,coverage,fuzzing"), ("none", "examples,fuzzing")]
)
def test_random_questions_are_answered_as_it_says(
    complete: Installation, tmp_path: Path, key: str, phases: str
) -> None:
    """Schemathesis asks every operation; the first round shows an API key, the second none.

    Each value's bounds are gone through in the first round alone: what wants no key is asked the
    same in both.
    """
    made = register(complete, complete.url, "https://shop.example.com")
    bearer = ["--header", f"Authorization: Bearer {made.api_key}"] if key == "shown" else []

    run = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", f"{complete.url}/openapi.json"),
            *("--checks", ",".join(CHECKS), "--phases", phases),
            *("--max-examples", str(EXAMPLES), "--seed", str(SEED), "--no-shrink"),
            *("--suppress-health-check", "all", "--warnings", "off", "--no-color"),
            *("--continue-on-failure", "--request-timeout", "40", *bearer),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=500,
    )

    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-1000:]
    assert "Traceback" not in complete.service.log_path.read_text(encoding="utf-8")
