"""What is noted of every request: its id, one line in the log, and numbers.

The id stands in each line that is written meanwhile, in the answer's `X-Request-ID` and on the
page of an error. The line names the rule of an address, never the address: those hold secrets.
"""

import logging
import re
import secrets
import time
from dataclasses import dataclass
from functools import cache

from flask import Flask, Response, g, request
from prometheus_client import Counter, Histogram

from wechatlogin import logs, metrics
from wechatlogin.config import Settings

log = logging.getLogger("wechatlogin.access")

HEADER = "X-Request-ID"
#: Asked all day by machines, and by every page that waits.
QUIET_ENDPOINTS = frozenset(
    {"static", "health.healthz", "health.readyz", "metrics.show", "waiting.show"}
)

_SANE_ID = re.compile(r"[A-Za-z0-9-]{8,64}")


@dataclass(frozen=True)
class RequestLog:
    """The hooks of one application."""

    settings: Settings

    def begin(self) -> None:
        """Give the request its id: the proxy's, where there is one to believe."""
        logs.request_id.set(choose_id(request.headers.get(HEADER), self.settings))
        g.request_started = time.perf_counter()

    def end(self, response: Response) -> Response:
        """Count the request and write its line."""
        endpoint, took = request.endpoint or "none", time.perf_counter() - g.request_started
        method = request.method if request.method in metrics.METHODS else "other"
        status = response.status_code
        count(endpoint, method, status, took)
        if check_written(endpoint, self.settings):
            _write_line(endpoint, method, status, took)
        response.headers[HEADER] = logs.request_id.get()
        return response

    def forget(self, _err: BaseException | None) -> None:
        """Let the thread's next work be nobody's."""
        logs.request_id.set("")


def init_app(app: Flask, settings: Settings) -> None:
    """Note every request of an app; call it before anything else looks at requests."""
    hooks = RequestLog(settings)
    app.before_request(hooks.begin)
    # What is registered first ends last, when the status is certain.
    app.after_request(hooks.end)
    app.teardown_request(hooks.forget)


def choose_id(given: str | None, settings: Settings) -> str:
    """Return the id of a request: the one that a proxy gave, where there is one to believe."""
    is_believed = given is not None and settings.trusted_proxies and _SANE_ID.fullmatch(given)
    return given if given is not None and is_believed else secrets.token_hex(8)


def count(endpoint: str, method: str, status: int, took: float) -> None:
    """Count a request that took so many seconds."""
    _counter_of(endpoint, method, status // 100).inc()
    _seconds_of(endpoint).observe(took)


def check_written(endpoint: str, settings: Settings) -> bool:
    """Tell whether a line is written for each request to an endpoint."""
    return settings.access_log and log.isEnabledFor(_level(endpoint))


# What the library looks up by labels takes longer than counting; there are few of them.
@cache
def _counter_of(endpoint: str, method: str, hundreds: int) -> Counter:
    return metrics.HTTP_REQUESTS.labels(endpoint, method, f"{hundreds}xx")


@cache
def _seconds_of(endpoint: str) -> Histogram:
    return metrics.HTTP_SECONDS.labels(endpoint)


def _level(endpoint: str) -> int:
    return logging.DEBUG if endpoint in QUIET_ENDPOINTS else logging.INFO


def _write_line(endpoint: str, method: str, status: int, took: float) -> None:
    rule = request.url_rule.rule if request.url_rule else "-"
    fields = {
        "method": method,
        "endpoint": endpoint,
        "rule": rule,
        "status": status,
        "ms": round(took * 1000, 1),
    }
    log.log(_level(endpoint), "%s %s %d", method, rule, status, extra={"fields": fields})
