"""Parameters of an API that takes them in the query, as a form or as JSON, as each client likes.

One that stands in two places is doubled, and so is a name that a JSON object has twice.
"""

import json

from flask import request
from werkzeug.datastructures import MultiDict

from wechatlogin.errors import InvalidRequest, ParameterMissing
from wechatlogin.web.parameters import LONGEST, get_single

Value = str | int | float | bool | list[object] | None


class _Pairs(list[tuple[str, Value]]):
    """A JSON object with its doubled names."""


def get_given(name: str) -> str | None:
    """Return a parameter, or None when it is missing or empty; a JSON integer as its digits.

    :raise InvalidRequest: if it is given twice, is absurdly long, or the body is not JSON as it
        says, or is JSON of another shape.
    """
    values = [get_single(name, source=source) for source in (request.args, request.form, _body())]
    found = [value for value in values if value is not None]
    if len(found) > 1:
        raise InvalidRequest
    return found[0] if found else None


def require(name: str) -> str:
    """Return a parameter that cannot be done without.

    :raise ParameterMissing: if it is missing or empty.
    :raise InvalidRequest: as `get_given` does.
    """
    value = get_given(name)
    if value is None:
        raise ParameterMissing(name)
    return value


def get_json_text(name: str) -> str | None:
    """Return a text of a JSON object whose other fields may be anything; None where it is empty.

    :raise InvalidRequest: if the body is no such object, or has the field twice, absurdly long or
        as something else.
    """
    found = [value for key, value in _read_pairs() if key == name and value is not None]
    if len(found) > 1 or not all(isinstance(value, str) for value in found):
        raise InvalidRequest
    text = str(found[0]) if found else ""
    try:
        # Half of a surrogate pair is no character.
        size = len(text.encode())
    except UnicodeEncodeError as err:
        raise InvalidRequest from err
    if size > LONGEST:
        raise InvalidRequest
    return text or None


def _read_pairs() -> _Pairs:
    try:
        pairs = json.loads(request.get_data(), object_pairs_hook=_Pairs)
    except (ValueError, RecursionError) as err:
        raise InvalidRequest from err
    if not isinstance(pairs, _Pairs):
        raise InvalidRequest
    return pairs


def _body() -> MultiDict[str, str]:
    """Return the fields of a JSON body; clients announce JSON for an empty body too."""
    raw = request.get_data()
    if not request.is_json or not raw.strip():
        return MultiDict()
    try:
        pairs = json.loads(raw, object_pairs_hook=_Pairs)
        if not isinstance(pairs, _Pairs):
            raise InvalidRequest
        return MultiDict([(name, _text(value)) for name, value in pairs if value is not None])
    except (ValueError, RecursionError) as err:
        raise InvalidRequest from err


def _text(value: Value) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise InvalidRequest
    text = str(value)
    # Half of a surrogate pair is no character: it cannot be hashed, sent or looked up.
    text.encode()
    return text
