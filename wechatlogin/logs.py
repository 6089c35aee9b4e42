"""Logging: one line a record, without addresses that carry secrets."""

import json
import logging
import sys
import traceback
from types import TracebackType

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]

QUIET = ("urllib3", "requests", "werkzeug")


class OneLine(logging.Formatter):
    """A record as one line of JSON, so that nothing in it can pass for a second record."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)

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


def set_up(level: str) -> None:
    """Send everything that our code logs to stderr."""
    logger = logging.getLogger("wechatlogin")
    logger.setLevel(level.upper())
    if not logger.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(OneLine())
        logger.addHandler(handler)
    for name in QUIET:
        # urllib3 writes whole addresses, secrets included, when it is asked for details.
        logging.getLogger(name).setLevel(logging.WARNING)
