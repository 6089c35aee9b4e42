"""The doctor: before, after, and while it waits for a push."""

from collections.abc import Iterator
from typing import Any

FINDINGS = [
    {
        "title": "White list",
        "kind": "error",
        "state_text": "wrong",
        "reason": "WeChat refuses 203.0.113.24.",
        "remedy": "Put it on the list.",
        "details": "errcode 40164 · rid 64993d2c-2af40adf-01b005b5",
        "wait_url": None,
    },
    {
        "title": "Pushes",
        "kind": "warning",
        "state_text": "can't tell",
        "reason": "None yet.",
        "remedy": None,
        "details": None,
        "wait_url": "/operator/doctor/push/wx0123456789abcdef",
    },
    {
        "title": "Token",
        "kind": "success",
        "state_text": "ok",
        "reason": "Nobody else renews it.",
        "remedy": None,
        "details": None,
        "wait_url": None,
    },
]
BEFORE = {
    "headline": None,
    "sections": [],
    "action": "/operator/doctor",
    "chosen": "",
    "options": [("", "All"), ("wx0123456789abcdef", "Morning Books")],
}
AFTER = {
    **BEFORE,
    "headline": {"kind": "error", "title": "One thing is wrong", "text": "From the top."},
    "sections": [
        {"title": "This service", "appid": None, "findings": FINDINGS[2:]},
        {"title": "Morning Books", "appid": "wx0123456789abcdef", "findings": FINDINGS},
    ],
}
WAITING = {
    "kind": "info",
    "headline": "Waiting for WeChat",
    "finding": FINDINGS[1],
    "name": "Morning Books",
    "callback_url": "https://login.example.com/api/wechat/wx0123456789abcdef",
    "since_text": "just now, 14:32",
    "seen_url": "/operator/doctor/push/wx0123456789abcdef/seen?since=1",
    "is_waiting": True,
    "again_url": "/operator/doctor/push/wx0123456789abcdef",
    "doctor_url": "/operator/doctor",
}
FINE = {**AFTER, "headline": {"kind": "success", "title": "Everything is fine", "text": ""}}


def samples() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the page before and after an examination, and the one that waits."""
    yield "operator/doctor.html", BEFORE
    yield "operator/doctor.html", AFTER
    yield "operator/doctor.html", FINE
    yield "operator/doctor_push.html", WAITING
    yield (
        "operator/doctor_push.html",
        {**WAITING, "is_waiting": False, "kind": "error", "headline": "It was refused"},
    )
    yield (
        "operator/doctor_push.html",
        {**WAITING, "is_waiting": False, "kind": "success", "finding": FINDINGS[2]},
    )
