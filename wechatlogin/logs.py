"""Logging: one line a record, without addresses that carry secrets.

A line that is written during a request carries the request's id. What an `extra` holds under
`fields` becomes fields of the line.
"""

import json
import logging
import re
import sys
import traceback
from contextvars import ContextVar
from types import TracebackType

from wechatlogin import log_stream

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]

QUIET = ("urllib3", "requests", "werkzeug")

_QUERY = re.compile(r"\?\S+")

#: The id of the request that is worked on; empty outside of requests.
request_id: ContextVar[str] = ContextVar("request_id", default="")


class _WithoutWords(logging.Formatter):
    """Says of an error where it came from, and nothing of what it says."""

    def formatException(self, ei: ExcInfo) -> str:  # noqa: N802 - the base class calls it so
        """Return where an error and its causes came from, without their words.

        The words of a database's error hold what was to be stored.
        """
        parts: list[str] = []
        err = ei[1]
        while err is not None:
            parts.extend(traceback.format_tb(err.__traceback__))
            parts.append(f"{type(err).__module__}.{type(err).__qualname__}\n")
            err = err.__cause__ or (None if err.__suppress_context__ else err.__context__)
        return "".join(parts)


class OneLine(_WithoutWords):
    """A record as one line of JSON, so that nothing in it can pass for a second record."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request := request_id.get():
            line["request_id"] = request
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


class WithoutQueries(logging.Filter):
    """Cuts the query off every address in what another program logs: secrets travel in it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let the record pass, without queries."""
        record.msg, record.args = _QUERY.sub("?…", record.getMessage()), None
        return True


class Readable(_WithoutWords):
    """A record for whoever runs a command and reads along."""

    def __init__(self) -> None:
        super().__init__("%(levelname)s: %(message)s")


def set_up(level: str, *, is_command: bool = False) -> None:
    """Send to stderr everything that our code logs, and the warnings of the libraries."""
    logging.getLogger("wechatlogin").setLevel(level.upper())
    root = logging.getLogger()
    if not any(isinstance(handler.formatter, _WithoutWords) for handler in root.handlers):
        # Whoever runs a command reads along; a service must not wait for its reader.
        handler = logging.StreamHandler(sys.stderr if is_command else log_stream.get_stream())
        handler.setFormatter(Readable() if is_command else OneLine())
        root.addHandler(handler)
    for name in QUIET:
        # urllib3 writes whole addresses, secrets included, when it is asked for details.
        logging.getLogger(name).setLevel(logging.WARNING)
