"""The status page."""

from collections.abc import Iterator
from typing import Any

ROWS = [
    {"label": "push", "value": "38 s", "state_text": "ok", "state_kind": "success"},
    {"label": "quota", "value": "none", "state_text": "gone", "state_kind": "error"},
    {"label": "token", "value": "11 min", "state_text": "soon", "state_kind": "warning"},
    {"label": "taken", "value": "by a:1", "state_text": "", "state_kind": "info"},
]
HEADLINE = {
    "kind": "warning",
    "title": "203.0.113.24 is refused",
    "text": "Put it on the list.",
    "ways_texts": ["Works: inside WeChat."],
    "errcode": 40164,
    "at_text": "14:31:07",
}
FUNNEL = {
    "name": "QR",
    "steps": [
        {"label": "Shown", "count_text": "1,284", "share_text": None, "width": 100},
        {"label": "Scanned", "count_text": "1,003", "share_text": "78%", "width": 78},
    ],
    "lost_text": "Lost: 281",
}
ERROR = {
    "code": 40164,
    "meaning": "The address is not listed.",
    "advice": "List it.",
    "where": "Shop · /cgi-bin/stable_token",
    "said": "invalid ip",
    "rid": "66d9be16-212ff30f-0e99c2f0",
    "count_text": "12",
    "first_text": "12:02",
    "last_text": "14:31",
}
APP = {
    "name": "Shop",
    "kind_text": "service",
    "appid_short": "wx3f…9c1a",
    "rights_text": "May only receive and answer messages; people log in by a number.",
    "missing_text": "More needs that.",
    "rows": ROWS,
}
STATUS = {
    "board_url": "/operator/status/board?period=day",
    "reload_url": "/operator/status?period=day",
    "doctor_url": "/operator/doctor",
    "periods": [
        {"label": "An hour", "url": "/operator/status?period=hour", "is_current": False},
        {"label": "A day", "url": "/operator/status?period=day", "is_current": True},
    ],
    "period_text": "day",
    "headline": HEADLINE,
    "funnels": [FUNNEL],
    "times_text": "Half within 3 s.",
    "apps": [APP],
    "errors": [ERROR],
    "service_rows": ROWS,
}


def samples() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the page of an installation with everything, with nothing, and with a question."""
    yield "operator/status.html", STATUS
    nothing: dict[str, Any] = {"apps": [], "funnels": [], "errors": [], "times_text": None}
    quiet = {**HEADLINE, "kind": "info", "ways_texts": [], "errcode": None}
    yield "operator/status.html", {**STATUS, **nothing, "headline": quiet}
    yield "operator/status.html", {**STATUS, "merges_text": "Two may be one.", "merges_url": "/a"}
    yield "operator/status.html", {**STATUS, "notice": "Saved."}
