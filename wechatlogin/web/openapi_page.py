"""The OpenAPI document as `docs.html` shows it: chapters, operations, tables of their fields."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
#: A name, what it is, and whether it has to be there.
Field = tuple[str, str, bool]


@dataclass(frozen=True)
class Entry:
    """One operation."""

    method: str
    path: str
    summary: str
    text: str
    credential: str
    parameters: list[Field]
    body: list[Field]
    answers: list[Field]


@dataclass(frozen=True)
class Section:
    """One chapter."""

    title: str
    text: str
    entries: list[Entry]


def read(document: Json) -> list[Section]:
    """Return the document's tags, each with its operations in the order of their paths."""
    entries = [
        (operation["tags"], _entry(document, method.upper(), path, operation))
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    return [
        Section(
            title=tag["name"],
            text=tag["description"],
            entries=[entry for tags, entry in entries if tag["name"] in tags],
        )
        for tag in document["tags"]
    ]


def _entry(document: Json, method: str, path: str, operation: Json) -> Entry:
    schemes = document["components"]["securitySchemes"]
    keys = [name for need in operation.get("security", []) for name in need]
    return Entry(
        method=method,
        path=path,
        summary=operation["summary"],
        text=operation.get("description", ""),
        credential=" ".join(schemes[name]["description"] for name in keys),
        parameters=[(one["name"], _words(one), one["required"]) for one in operation["parameters"]],
        body=list(_body(operation)),
        answers=[
            (status, _answer(response), False)
            for status, response in operation["responses"].items()
        ],
    )


def _body(operation: Json) -> Iterator[Field]:
    seen = set()
    for content in operation.get("requestBody", {}).get("content", {}).values():
        schema = content["schema"]
        for name, field in schema.get("properties", {}).items():
            if name not in seen:
                seen.add(name)
                yield name, _words(field), name in schema.get("required", [])
        if "properties" not in schema:
            yield "XML", _words(schema), True


def _words(described: Json) -> str:
    """Return what is said of a parameter or field, and the values that it may have."""
    schema = described.get("schema", described)
    values = schema.get("enum") or [schema[name] for name in ("const",) if name in schema]
    listed = ", ".join(f"`{value}`" for value in values)
    return " ".join(part for part in (described.get("description", ""), listed) if part)


def _answer(response: Json) -> str:
    schemas = [
        content.get("schema", {}).get("$ref", "").rpartition("/")[2]
        for content in response.get("content", {}).values()
    ]
    named = ", ".join(name for name in schemas if name)
    return f"{response['description']} {named}".strip()
