"""The log of API calls received, with every secret masked."""

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

MOST_KEPT = 2_000
MASK = "***"
SECRET_NAMES = frozenset(
    {
        "secret",
        "appsecret",
        "access_token",
        "refresh_token",
        "code",
        "ticket",
        "js_code",
        "session_key",
    }
)


@dataclass(frozen=True)
class Call:
    path: str
    method: str
    appid: str | None
    at: datetime
    query: dict[str, str]
    body: Any
    answer: Any

    def facts(self) -> dict[str, object]:
        """Return the call as the control side tells it."""
        return {
            "path": self.path,
            "method": self.method,
            "appid": self.appid,
            "at": self.at.isoformat(),
            "query": self.query,
            "body": self.body,
            "answer": self.answer,
        }


class CallLog:
    """The last calls, oldest first."""

    def __init__(self) -> None:
        self._calls: deque[Call] = deque(maxlen=MOST_KEPT)

    def add(self, call: Call) -> None:
        """Keep one call."""
        self._calls.append(call)

    def list(self, path: str | None = None) -> list[dict[str, object]]:
        """Return the calls, of one path if it is given."""
        return [call.facts() for call in self._calls if path in (None, call.path)]

    def clear(self) -> None:
        """Forget them."""
        self._calls.clear()


def masked_query(query: Mapping[str, str]) -> dict[str, str]:
    """Return the query with its secrets masked."""
    return {name: MASK if name in SECRET_NAMES else value for name, value in query.items()}


def masked_body(raw: bytes) -> Any:
    """Return a JSON body with its secrets masked, or None if it is no JSON."""
    try:
        return _masked(json.loads(raw.decode("utf-8", "replace"), strict=False))
    except ValueError:
        return None


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: MASK if name in SECRET_NAMES and isinstance(one, str) else _masked(one)
            for name, one in value.items()
        }
    if isinstance(value, list):
        return [_masked(one) for one in value]
    return value
