"""Logging: one line a record, without addresses that carry secrets."""

import json
import logging
import sys

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
        return json.dumps(line, ensure_ascii=False)


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
