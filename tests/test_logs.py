"""A log line is one line, whatever people write, and tells no secret."""

import json
import logging
import sys

import pytest

from wechatlogin.logs import OneLine


def formatted(message: str, *args: object, fails: bool = False) -> str:
    record = logging.LogRecord("x", logging.ERROR, "f", 1, message, args, None)
    if fails:
        record.exc_info = an_error()
    return OneLine().format(record)


# Not in the lines that raise, since a stack shows those.
WORDS = "canary"


def an_error() -> tuple[type[BaseException], BaseException, object]:
    try:
        try:
            raise KeyError(WORDS)
        except KeyError as err:
            raise ValueError(WORDS) from err
    except ValueError:
        found = sys.exc_info()
        assert found[0] is not None
        assert found[1] is not None
        return found[0], found[1], found[2]


@pytest.mark.parametrize(
    "words", ["a\nb", "a\r\nb", "\x1b[31mred", "\u2028", '"}, {"level": "INFO']
)
def test_whatever_is_logged_stays_one_record(words: str) -> None:
    line = formatted("said %s", words)

    assert len(line.splitlines()) == 1
    assert line.isprintable()
    assert json.loads(line)["message"] == f"said {words}"


def test_an_error_is_logged_with_its_place_and_causes_and_without_its_words() -> None:
    line = formatted("failed", fails=True)

    told = json.loads(line)["exception"]
    assert WORDS not in line
    assert "test_logs.py" in told
    assert "builtins.ValueError" in told
    assert "builtins.KeyError" in told
