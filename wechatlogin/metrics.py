"""What is counted, for Prometheus: `docs/metrics.md` explains every number.

Labels are names of ours (an endpoint, a way, a reason) and never say who. With several processes
each counts into a file of its own, and whoever is asked adds them up: gunicorn.conf.py names the
folder before this module is imported.
"""

import os

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
    multiprocess,
)

#: How Prometheus's text format is announced.
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
#: Where the processes of one service keep their files; prometheus_client reads it, too.
FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"

METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"})

# When each number was first counted would be a second series for each of them.
disable_created_metrics()  # type: ignore[no-untyped-call] # the library has left it so
REGISTRY = CollectorRegistry()

HTTP_REQUESTS = Counter(
    "wechatlogin_http_requests",
    "Requests answered, by endpoint, method and class of the status.",
    ("endpoint", "method", "status"),
    registry=REGISTRY,
)
HTTP_SECONDS = Histogram(
    "wechatlogin_http_request_seconds",
    "Seconds of work on a request; the time that a browser waits for news is not in it.",
    ("endpoint",),
    buckets=(0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=REGISTRY,
)
RATE_LIMITED = Counter(
    "wechatlogin_rate_limited",
    "Requests refused because they came too often, by endpoint.",
    ("endpoint",),
    registry=REGISTRY,
)
WAITING = Gauge(
    "wechatlogin_waiting_browsers",
    "Browsers that wait for news of their login.",
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
WAITS = Counter(
    "wechatlogin_waits",
    "Waits that ended: there was news, or their time was up.",
    ("outcome",),
    registry=REGISTRY,
)
WAKE_UPS = Counter(
    "wechatlogin_wake_ups",
    "Times that a process heard of logins that had moved.",
    registry=REGISTRY,
)
ATTEMPTS = Counter(
    "wechatlogin_attempts",
    "Logins that moved, by way and by what became of them.",
    ("way", "outcome"),
    registry=REGISTRY,
)
ATTEMPT_ENDS = Counter(
    "wechatlogin_attempt_ends",
    "Logins that were declined or failed, by reason.",
    ("outcome", "reason"),
    registry=REGISTRY,
)
LOGIN_SECONDS = Histogram(
    "wechatlogin_login_seconds",
    "Seconds from the scan to the login, by way.",
    ("way",),
    buckets=(1, 2, 3, 5, 8, 13, 21, 34, 55, 90, 150, 300),
    registry=REGISTRY,
)
WECHAT_CALLS = Counter(
    "wechatlogin_wechat_calls",
    "Calls to WeChat, by path and outcome: `ok`, an errcode, or why there was no usable answer.",
    ("path", "outcome"),
    registry=REGISTRY,
)
WECHAT_SECONDS = Histogram(
    "wechatlogin_wechat_call_seconds",
    "Seconds that calls to WeChat took, by path.",
    ("path",),
    buckets=(0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8),
    registry=REGISTRY,
)
PUSHES = Counter(
    "wechatlogin_pushes",
    "Pushes from WeChat that were accepted, by kind; a retry counts as `repeated`.",
    ("kind", "outcome"),
    registry=REGISTRY,
)
PUSHES_REFUSED = Counter(
    "wechatlogin_pushes_refused",
    "Pushes that WeChat cannot have sent, by reason.",
    ("reason",),
    registry=REGISTRY,
)
MESSAGES = Counter(
    "wechatlogin_messages",
    "Messages of an account, by channel and the state that they came to.",
    ("channel", "state"),
    registry=REGISTRY,
)
TOKEN_REFRESHES = Counter(
    "wechatlogin_account_token_refreshes",
    "Access tokens of accounts that WeChat gave us; `forced` replaces one that it refused.",
    ("forced",),
    registry=REGISTRY,
)
OIDC_TOKENS = Counter(
    "wechatlogin_oidc_tokens",
    "Answers of the token endpoint with tokens, by grant.",
    ("grant",),
    registry=REGISTRY,
)
NOTICES = Counter(
    "wechatlogin_notices",
    "Tries to tell an application's server something, by kind and outcome.",
    ("kind", "outcome"),
    registry=REGISTRY,
)
CONNECTIONS = Gauge(
    "wechatlogin_database_connections_in_use",
    "Connections to the database that work is being done on.",
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
BUILD = Gauge(
    "wechatlogin_build_info",
    "Always 1; the labels say which Python runs and which schema the code expects.",
    ("python", "schema"),
    multiprocess_mode="livemax",
    registry=REGISTRY,
)


def render() -> bytes:
    """Return all numbers of this service in Prometheus's text format."""
    if FOLDER_VARIABLE not in os.environ:
        return generate_latest(REGISTRY)
    added_up = CollectorRegistry()
    multiprocess.MultiProcessCollector(added_up)  # type: ignore[no-untyped-call] # the same
    return generate_latest(added_up)
