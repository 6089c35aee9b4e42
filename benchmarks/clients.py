"""A client that costs little, so that what is measured is the other side.

Visitor       one connection that is kept, with its cookies
at_once       the same from several visitors, each in a thread
"""

import http.client
import json
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

TIMEOUT = 30


class Unexpected(Exception):
    """An answer was not the one that is measured; a number for it would mean nothing."""


@dataclass(frozen=True)
class Request:
    """What a visitor sends."""

    path: str
    method: str = "GET"
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    body: bytes
    location: str = ""

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Sender(Protocol):
    """Whoever brings a request to the service."""

    def send(self, request: Request) -> Answer: ...


class Visitor:
    """One connection and its cookies."""

    def __init__(self, url: str, cookies: Mapping[str, str] | None = None) -> None:
        parts = urlsplit(url)
        self.cookies = dict(cookies or {})
        self._connection = http.client.HTTPConnection(
            parts.hostname or "", parts.port, timeout=TIMEOUT
        )

    def send(self, request: Request) -> Answer:
        """Send a request and return its answer; redirects are not followed."""
        headers = dict(request.headers)
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={one}" for name, one in self.cookies.items())
        self._connection.request(request.method, request.path, request.body, headers)
        answer = self._connection.getresponse()
        for line in answer.headers.get_all("Set-Cookie") or ():
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        return Answer(answer.status, answer.read(), answer.headers.get("Location", ""))

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


def at_once(
    visitors: Sequence[Visitor],
    requests: Sequence[Request],
    *,
    expected: Callable[[Answer], bool],
) -> int:
    """Share requests among visitors, send them, and return how many there were.

    :raise Unexpected: if an answer is not as expected.
    """

    def send_all(place: int) -> None:
        for request in requests[place :: len(visitors)]:
            verify(visitors[place].send(request), expected)

    with ThreadPoolExecutor(len(visitors)) as threads:
        list(threads.map(send_all, range(len(visitors))))
    return len(requests)


def verify(answer: Answer, expected: Callable[[Answer], bool]) -> Answer:
    """Return an answer that is as expected.

    :raise Unexpected: if it is not.
    """
    if not expected(answer):
        raise Unexpected(f"{answer.status} {answer.body[:300]!r}")
    return answer


def is_ok(answer: Answer) -> bool:
    """Tell whether an answer is the usual one."""
    return answer.status == 200


def is_redirect(answer: Answer) -> bool:
    """Tell whether an answer sends the browser on."""
    return answer.status in {302, 303}


def find(pattern: str, answer: Answer) -> str:
    """Return the group of a pattern in an answer.

    :raise Unexpected: if it is not there.
    """
    found = re.search(pattern, answer.text)
    if found is None:
        raise Unexpected(f"{answer.status}, no {pattern} in {answer.body[:300]!r}")
    return found[1]


def form(**fields: str) -> tuple[bytes, dict[str, str]]:
    """Return a form's body and its header."""
    return urlencode(fields).encode(), {"Content-Type": "application/x-www-form-urlencoded"}
