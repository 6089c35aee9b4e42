"""A parameter is the same wherever it stands, and whatever else a body holds is refused."""

import json

import pytest
from flask import Flask
from hypothesis import given as examples
from hypothesis import strategies as st

from wechatlogin.errors import InvalidRequest, ParameterMissing
from wechatlogin.web import given

# Half of a surrogate pair cannot be sent; NUL and the rest can.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
APP = Flask(__name__)


def read(**request: object) -> str | None:
    with APP.test_request_context("/", method="POST", **request):  # type: ignore[arg-type]
        return given.get_given("code")


def read_json(body: bytes) -> str | None:
    return read(data=body, content_type="application/json")


@pytest.mark.parametrize("place", ["query_string", "data", "json"])
@examples(text=TEXTS)
def test_a_text_comes_as_it_was_sent(place: str, text: str) -> None:
    assert read(**{place: {"code": text}}) == (text or None)


@examples(number=st.integers(min_value=-(2**63), max_value=2**63))
def test_a_json_integer_comes_as_its_digits(number: int) -> None:
    assert read(json={"code": number}) == str(number)


@examples(body=VALUES)
def test_json_of_any_shape_is_read_or_refused(body: object) -> None:
    sent = json.dumps({"code": body}).encode()
    try:
        found = read_json(sent)
    except InvalidRequest:
        assert not (isinstance(body, str | int) and not isinstance(body, bool) and str(body))
    else:
        assert found == (None if body is None or body == "" else str(body))


@examples(body=st.binary(max_size=40))
def test_no_body_whatever_it_holds_is_more_than_refused(body: bytes) -> None:
    try:
        assert read_json(body) is None
    except InvalidRequest:
        assert body.strip()


def test_a_name_that_stands_twice_is_refused() -> None:
    for request in (
        {"query_string": "code=a&code=a"},
        {"query_string": "code=a", "data": {"code": "a"}},
        {"query_string": "code=a", "json": {"code": "a"}},
    ):
        with pytest.raises(InvalidRequest):
            read(**request)
    with pytest.raises(InvalidRequest):
        read_json(b'{"code": "a", "code": "a"}')


def test_what_is_required_and_missing_is_named() -> None:
    with APP.test_request_context("/?code="), pytest.raises(ParameterMissing) as caught:
        given.require("code")

    assert caught.value.field == "code"
