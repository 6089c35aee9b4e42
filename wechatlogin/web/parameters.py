"""Reading parameters strictly: a doubled one is an attack or a mistake, never a choice."""

from typing import Any

from flask import request
from werkzeug.datastructures import MultiDict
from werkzeug.routing import IntegerConverter, Map

from wechatlogin.errors import InvalidRequest

LONGEST = 2048


class RowNumber(IntegerConverter):
    """A row's number in an address; one that no database can hold is no page of ours."""

    def __init__(self, url_map: Map, *args: Any, **kwargs: Any) -> None:
        super().__init__(url_map, *args, **{"max": 2**63 - 1, **kwargs})


def get_single(name: str, *, source: MultiDict[str, str] | None = None) -> str | None:
    """Return a parameter's value, or None when it is missing or empty.

    :raise InvalidRequest: if it is given twice or is absurdly long.
    """
    values = (request.args if source is None else source).getlist(name)
    if len(values) > 1 or any(len(value) > LONGEST for value in values):
        raise InvalidRequest
    return values[0] or None if values else None
