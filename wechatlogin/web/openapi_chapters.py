"""The words of the OpenAPI document: `openapi/*.json`, one chapter for each system, as they are.

A chapter describes operations by the names of their endpoints; paths and methods come from the
URL map. In a chapter

    query, headers    the parameters: name to text, or to [text, schema]; a star behind a name
                      says that it is required
    form, json        the same for a body; `form_or_json` is a body that may be either
    xml               what the XML body is
    answers           status to text, or to {is, json, html, text, xml, png, any}: what it may hold
    errors            what an error holds, for the operation or the whole chapter
    key               which credential is shown; `login` is the browser's session

and `json` names a schema of a chapter, or a file in `schemas/`: those are what the tests hold the
front doors' answers to.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parent.parent

Json = dict[str, Any]
#: A parameter as a chapter writes it: a text, or a text and a schema.
Written = str | list[Any]


@dataclass(frozen=True)
class Parameter:
    """One parameter, or one field of a body."""

    name: str
    text: str
    schema: Json
    is_required: bool


@dataclass(frozen=True)
class Answer:
    """What is answered with one status."""

    text: str
    #: Media types by our short names, and the schema's name for JSON.
    holds: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Operation:
    """One endpoint, as its chapter describes it."""

    chapter: str
    summary: str
    text: str
    parameters: Mapping[str, list[Parameter]]
    bodies: Mapping[str, list[Parameter]]
    xml: str | None
    answers: Mapping[str, Answer]
    errors: Mapping[str, Any]
    key: str | None
    needs_login: bool


@dataclass(frozen=True)
class Chapter:
    """One system."""

    title: str
    text: str
    operations: Mapping[str, Operation]
    schemas: Mapping[str, Json]


@cache
def read_chapters() -> tuple[Chapter, ...]:
    """Return every chapter, in the order of their files."""
    files = sorted((PACKAGE / "openapi").glob("*.json"))
    return tuple(_read(json.loads(file.read_text(encoding="utf-8"))) for file in files)


@cache
def read_schemas() -> Mapping[str, Json]:
    """Return the schemas of `schemas/` by their path without its ending."""
    folder = PACKAGE / "schemas"
    return {
        file.relative_to(folder).with_suffix("").as_posix(): json.loads(
            file.read_text(encoding="utf-8")
        )
        for file in sorted(folder.rglob("*.json"))
    }


def _read(written: Json) -> Chapter:
    return Chapter(
        title=written["title"],
        text=written["text"],
        operations={
            endpoint: _read_operation(written, operation)
            for endpoint, operation in written["operations"].items()
        },
        schemas=written.get("schemas", {}),
    )


def _read_operation(chapter: Json, written: Json) -> Operation:
    form, fields = written.get("form"), written.get("json")
    if either := written.get("form_or_json"):
        form = fields = either
    bodies = {"form": form, "json": fields}
    return Operation(
        chapter=chapter["title"],
        summary=written["summary"],
        text=written.get("text", ""),
        parameters={
            "query": _read_parameters(written.get("query", {})),
            "header": _read_parameters(written.get("headers", {})),
        },
        bodies={kind: _read_parameters(body) for kind, body in bodies.items() if body},
        xml=written.get("xml"),
        answers={status: _read_answer(answer) for status, answer in written["answers"].items()},
        errors=written.get("errors") or chapter["errors"],
        key=written.get("key"),
        needs_login=written.get("login", False),
    )


def _read_parameters(written: Mapping[str, Written]) -> list[Parameter]:
    read = []
    for name, value in written.items():
        text, schema = (value, {"type": "string"}) if isinstance(value, str) else value
        read.append(Parameter(name.removesuffix("*"), text, schema, name.endswith("*")))
    return read


def _read_answer(written: str | Json) -> Answer:
    if isinstance(written, str):
        return Answer(written)
    holds = {kind: value for kind, value in written.items() if kind != "is"}
    return Answer(written["is"], holds)
