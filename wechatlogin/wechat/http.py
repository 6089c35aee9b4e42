"""The one door to WeChat's servers; nothing else in the project opens a connection to them.

WeChat answers success and failure alike with HTTP 200 and a JSON object, so the check of `errcode`
is here, and only here. `/sns/*` is sent as text/plain in UTF-8 with raw control characters now and
then: bytes are decoded here, whatever the headers say. Addresses hold secrets, hence no address is
ever logged or put into an exception, and errors of requests (which quote it) do not get out.
"""

import contextlib
import copy
import json
import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import utils as email_utils
from http import cookiejar
from typing import Any, Protocol
from urllib import parse

import requests
from urllib3 import exceptions as urllib3_exceptions

from wechatlogin.wechat import deadline, errors
from wechatlogin.wechat.app import Platform
from wechatlogin.wechat.call_metrics import counted
from wechatlogin.wechat.slots import Slots

# What json.loads yields; each caller turns it into a dataclass at once.
Answer = dict[str, Any]

_CHUNK = 16 * 1024
_SECRET_NAMES = frozenset(
    {"secret", "appsecret", "access_token", "refresh_token", "code", "js_code"}
)
_NEVER_SENT = (
    urllib3_exceptions.ConnectTimeoutError,
    urllib3_exceptions.NewConnectionError,
    urllib3_exceptions.NameResolutionError,
)


@dataclass(frozen=True)
class Limits:
    """How long, how much and how many."""

    connect: timedelta = timedelta(seconds=2)
    read: timedelta = timedelta(seconds=5)
    total: timedelta = deadline.PATIENCE
    answer_bytes: int = 256 * 1024
    #: Threads that may be waiting for WeChat.
    in_flight: int = 64


class Watcher(Protocol):
    """Who hears how the calls of an account went."""

    def note_failure(self, err: errors.PlatformError) -> None:
        """Hear of a call that failed."""
        ...

    def note_date(self, date: datetime, took: timedelta) -> None:
        """Hear what WeChat's clock said in an answer, and how long the answer took."""
        ...


class _WithoutQueries(logging.Filter):
    """Cuts the query off every address that urllib3 logs: secrets travel in it."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                arg.partition("?")[0] if isinstance(arg, str) else arg for arg in record.args
            )
        return True


_WITHOUT_QUERIES = _WithoutQueries()
_URLLIB3_LOGGERS = ("urllib3.connectionpool", "urllib3.connection")


class DirectSession(requests.Session):
    """A session that stays where it is sent, and remembers nothing but its connections."""

    def __init__(self, pool_size: int) -> None:
        super().__init__()
        self.trust_env = False
        # Compressed answers could unfold without bound; WeChat's are small.
        self.headers["Accept-Encoding"] = "identity"
        self.cookies.set_policy(cookiejar.DefaultCookiePolicy(allowed_domains=()))
        for scheme in ("https://", "http://"):
            self.mount(scheme, deadline.DeadlineAdapter(pool_maxsize=pool_size))

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        # Even when told not to follow, requests reads a redirect's whole body, however long.
        return None


class WeChatHTTP:
    """Sends requests and returns JSON objects that carry no error."""

    def __init__(self, platform: Platform, *, limits: Limits | None = None) -> None:
        self.platform = platform
        self._limits = limits or Limits()
        self._session = DirectSession(self._limits.in_flight)
        self.slots = Slots(self._limits.in_flight)
        self._watcher: Watcher | None = None
        for name in _URLLIB3_LOGGERS:
            logging.getLogger(name).addFilter(_WITHOUT_QUERIES)

    def watched_by(self, watcher: Watcher) -> "WeChatHTTP":
        """Return this door for calls of which somebody hears; connections and limits are shared."""
        watched = copy.copy(self)
        watched._watcher = watcher
        return watched

    def get(self, path: str, params: Mapping[str, str]) -> Answer:
        """Return the answer to a GET of this path at the API host.

        :raise PlatformError: the subclass says what went wrong and what to do.
        """
        with self._telling(), counted(path):
            raw = self._fetch("GET", path, params, None)
            return _checked(_parsed(raw, path), path, _secrets_in(params))

    def post(self, path: str, params: Mapping[str, str], body: Mapping[str, object]) -> Answer:
        """Return the answer to a POST of this body, sent as raw UTF-8 JSON.

        :raise PlatformError: the subclass says what went wrong and what to do.
        """
        # WeChat shows \\uXXXX escapes to people as they are, or answers 40033.
        encoded = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        with self._telling(), counted(path):
            raw = self._fetch("POST", path, params, encoded)
            return _checked(_parsed(raw, path), path, _secrets_in(params) | _secrets_in(body))

    def close(self) -> None:
        """Close the pooled connections."""
        self._session.close()

    def _fetch(
        self, method: str, path: str, params: Mapping[str, str], body: bytes | None
    ) -> bytes:
        with self.slots.taken(path), deadline.within(self._limits.total):
            started = time.monotonic()
            try:
                with self._send(method, path, params, body) as response:
                    self._tell_date(response, time.monotonic() - started)
                    return self._read(response, path)
            except (OSError, urllib3_exceptions.HTTPError) as err:
                # Every exception of requests is an OSError; reading a body raises urllib3's.
                failure = _unreachable(err, path)
        # Raised out here the exception has no context: requests quotes the whole address in its.
        raise failure

    def _send(
        self, method: str, path: str, params: Mapping[str, str], body: bytes | None
    ) -> requests.Response:
        address = self.platform.api_url.rstrip("/") + path
        if params:
            address += "?" + parse.urlencode(params, quote_via=parse.quote, safe="")
        return self._session.request(
            method,
            address,
            data=body,
            headers={"Content-Type": "application/json; charset=utf-8"} if body else None,
            timeout=(self._limits.connect.total_seconds(), self._limits.read.total_seconds()),
            allow_redirects=False,
            stream=True,
        )

    def _read(self, response: requests.Response, path: str) -> bytes:
        if response.status_code != requests.codes.ok:
            is_down = response.status_code >= requests.codes.server_error
            kind = errors.WeChatDown if is_down else errors.WeChatGarbled
            raise kind(path=path, reason=f"HTTP {response.status_code}")
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise errors.WeChatGarbled(path=path, reason="compressed")
        received = bytearray()
        while chunk := response.raw.read1(_CHUNK, decode_content=False):
            received += chunk
            if len(received) > self._limits.answer_bytes:
                raise errors.WeChatGarbled(path=path, reason="too long")
        return bytes(received)

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except errors.PlatformError as err:
            if self._watcher is not None:
                self._watcher.note_failure(err)
            raise

    def _tell_date(self, response: requests.Response, seconds: float) -> None:
        if self._watcher is None:
            return
        with contextlib.suppress(ValueError):
            date = email_utils.parsedate_to_datetime(response.headers.get("Date", ""))
            if date.tzinfo is not None:
                self._watcher.note_date(date, timedelta(seconds=seconds))


def _unreachable(err: Exception, path: str) -> errors.WeChatUnreachable:
    cause = _innermost(err)
    return errors.WeChatUnreachable(
        path=path, reason=type(cause).__name__, sent=not isinstance(cause, _NEVER_SENT)
    )


def _innermost(err: Exception) -> Exception:
    cause = err.args[0] if err.args and isinstance(err.args[0], Exception) else err
    reason = getattr(cause, "reason", None)
    return reason if isinstance(reason, Exception) else cause


def _parsed(raw: bytes, path: str) -> Answer:
    with contextlib.suppress(ValueError, RecursionError):
        answer = json.loads(raw.decode("utf-8-sig", "replace"), strict=False)
        if isinstance(answer, dict):
            return answer
    # Raised out here it has no context: a JSONDecodeError holds the whole answer.
    raise errors.WeChatGarbled(path=path, reason="not a JSON object")


def _checked(answer: Answer, path: str, secrets: frozenset[str]) -> Answer:
    number = answer.get("errcode")
    with contextlib.suppress(ValueError):
        # Some old calls send the number as a string.
        number = int(str(number if number is not None else 0))
        if number == 0:
            return answer
        raise errors.error_for(number, _masked(answer.get("errmsg"), secrets), path=path)
    raise errors.WeChatGarbled(path=path, reason="errcode is not a number")


def _secrets_in(fields: Mapping[str, object]) -> frozenset[str]:
    return frozenset(
        value for name, value in fields.items() if name in _SECRET_NAMES and isinstance(value, str)
    )


def _masked(errmsg: object, secrets: frozenset[str]) -> str:
    text = str(errmsg or "")
    for secret in sorted(secrets - {""}, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text
