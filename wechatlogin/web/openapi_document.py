"""The OpenAPI document: paths and methods from the URL map, words from the chapters."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from werkzeug.routing import Map, Rule

from wechatlogin.web.openapi_chapters import (
    Answer,
    Json,
    Operation,
    Parameter,
    read_chapters,
    read_schemas,
)

VERSION = "3.1.0"
MEDIA = {
    "html": "text/html",
    "text": "text/plain",
    "xml": "application/xml",
    "png": "image/png",
    "any": "*/*",
}
BODIES = {"form": "application/x-www-form-urlencoded", "json": "application/json"}
#: What a chapter's `key` stands for.
KEYS: Mapping[str, Json] = {
    "api_key": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key of the application.",
    },
    "token": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "`Bearer` and a token that a login has given.",
    },
    "wechat_server": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "An API key of the application, bare or after `Bearer `.",
    },
    "anqicms": {
        "type": "apiKey",
        "in": "header",
        "name": "token",
        "description": "The token of a login; a browser shows it as a cookie.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "wechatlogin-session",
        "description": "The browser is logged in; under https the name begins with `__Host-`.",
    },
}
#: What is answered before any door is reached, such as 405; its own errors are each door's.
PLAIN = {"html": True, "json": "Error"}


def make_document(url_map: Map, server: str) -> Json:
    """Return the OpenAPI document of an application's addresses."""
    described = {
        endpoint: operation
        for chapter in read_chapters()
        for endpoint, operation in chapter.operations.items()
    }
    paths: dict[str, Json] = {}
    used: set[str] = set()
    for rule in sorted(url_map.iter_rules(), key=lambda one: one.rule):
        operation = described.get(rule.endpoint)
        if operation is None:
            continue
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            name = rule.endpoint if rule.endpoint not in used else f"{rule.endpoint}_again"
            used.add(name)
            path = paths.setdefault(_path(rule), {})
            path[method.lower()] = _operation(rule, operation, name)
    return {
        "openapi": VERSION,
        "info": {
            "title": "wechatlogin",
            "version": "1",
            "description": "Login with WeChat: its own pages, and the interfaces of other systems.",
        },
        "servers": [{"url": server}],
        "tags": [{"name": one.title, "description": one.text} for one in read_chapters()],
        "paths": paths,
        "components": {"schemas": _schemas(), "securitySchemes": dict(KEYS)},
    }


def _path(rule: Rule) -> str:
    return re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule)


def _operation(rule: Rule, operation: Operation, name: str) -> Json:
    made: Json = {
        "operationId": name,
        "tags": [operation.chapter],
        "summary": operation.summary,
        "parameters": [*_path_parameters(rule), *_parameters(operation)],
        "responses": _responses(operation),
    }
    if operation.text:
        made["description"] = operation.text
    if operation.key or operation.needs_login:
        made["security"] = [{operation.key or "session": []}]
    if body := _body(operation):
        made["requestBody"] = body
    return made


def _path_parameters(rule: Rule) -> Iterator[Json]:
    for name in sorted(rule.arguments):
        is_number = f"<int:{name}>" in rule.rule
        schema: Json = {"type": "integer", "minimum": 0} if is_number else {"type": "string"}
        if found := re.search(rf"<string\(length=(\d+)\):{name}>", rule.rule):
            schema |= {"minLength": int(found[1]), "maxLength": int(found[1])}
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _parameters(operation: Operation) -> Iterator[Json]:
    for place, parameters in operation.parameters.items():
        for one in parameters:
            yield {
                "name": one.name,
                "in": place,
                "required": one.is_required,
                "schema": one.schema,
                **_words(one),
            }


def _body(operation: Operation) -> Json | None:
    content: Json = {
        BODIES[kind]: {
            "schema": {
                "type": "object",
                "properties": {one.name: {**one.schema, **_words(one)} for one in fields},
                "required": [one.name for one in fields if one.is_required],
            }
        }
        for kind, fields in operation.bodies.items()
    }
    if operation.xml is not None:
        schema = {"type": "string", "description": operation.xml}
        content["text/xml"] = {"schema": schema}
    is_needed = any(one.is_required for fields in operation.bodies.values() for one in fields)
    return {"content": content, "required": is_needed} if content else None


def _words(parameter: Parameter) -> Json:
    return {"description": parameter.text} if parameter.text else {}


def _responses(operation: Operation) -> Json:
    answers = dict(operation.answers)
    if operation.needs_login:
        answers.setdefault("302", Answer("Not logged in: to the login."))
    made = {status: _response(answer) for status, answer in answers.items()}
    failure = Answer("The request is refused; 429 has `Retry-After`.", operation.errors)
    trouble = Answer("Something of ours, or of WeChat's, does not work now.", operation.errors)
    return {**made, "4XX": _failure(failure), "5XX": _failure(trouble)}


def _response(answer: Answer) -> Json:
    # A redirect has a few words for whoever does not follow it.
    holds = answer.holds or {"html": True}
    return {"description": answer.text, "content": dict(_content(holds))}


def _failure(answer: Answer) -> Json:
    made = _response(answer)
    for media, content in _content(PLAIN):
        known = made["content"].setdefault(media, content)
        if known != content:
            made["content"][media] = {"schema": {"anyOf": [known["schema"], content["schema"]]}}
    return made


def _content(holds: Mapping[str, Any]) -> Iterator[tuple[str, Json]]:
    for kind, value in holds.items():
        if kind == "json":
            reference = {"$ref": f"#/components/schemas/{_component(value)}"}
            yield "application/json", {"schema": reference}
        else:
            yield MEDIA[kind], {"schema": {"type": "string"}} if kind != "any" else {}


def _component(name: str) -> str:
    """Return what a schema is called in the document; `file#part` is a part of a file."""
    return re.sub(r"[^A-Za-z0-9_-]+", ".", name)


def _schemas() -> Json:
    own = {name: schema for one in read_chapters() for name, schema in one.schemas.items()}
    made = dict(own)
    for name, written in read_schemas().items():
        component = _component(name)
        schema = {key: value for key, value in written.items() if key not in {"$schema", "$defs"}}
        made[component] = _point_into(schema, component)
        for part, defined in written.get("$defs", {}).items():
            made[f"{component}.{part}"] = _point_into(defined, component)
    return made


def _point_into(schema: Any, component: str) -> Any:
    """Let references within a file point to where its parts stand in the document."""
    match schema:
        case dict():
            return {
                key: value.replace("#/$defs/", f"#/components/schemas/{component}.")
                if key == "$ref"
                else _point_into(value, component)
                for key, value in schema.items()
            }
        case list():
            return [_point_into(one, component) for one in schema]
        case _:
            return schema
