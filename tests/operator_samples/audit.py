"""The audit."""

from collections.abc import Iterator
from typing import Any

ENTRY = {
    "at_text": "2026-11-21 14:32",
    "text": "Application saved",
    "actor": "li",
    "actor_url": "/operator/audit?actor=li",
    "ip": "203.0.113.7",
    "user_id": None,
    "user_url": "/operator/audit",
    "detail": "client-1",
    "changes": [
        {"name": "name", "before": "Shop", "after": "Bookshop"},
        {"name": "origins", "before": None, "after": '["https://shop.example.com"]'},
        {"name": "logo", "before": "empty", "after": None},
    ],
}
LOGIN = {
    **ENTRY,
    "text": "Login",
    "actor": None,
    "ip": None,
    "detail": None,
    "user_id": "0123456789abcdef0123456789abcdef",
    "changes": [],
}
AUDIT: dict[str, Any] = {
    "asked": dict.fromkeys(("tag", "actor", "user", "detail", "from", "to"), ""),
    "errors": {},
    "tags": [("", "All"), ("user:login", "Login")],
    "entries": [ENTRY, LOGIN],
    "search_action": "/operator/audit",
    "clear_url": None,
    "export_action": "/operator/audit/export",
    "first_url": None,
    "next_url": "/operator/audit?after=2026-11-21T06:32:00+00:00~1",
}


def samples() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the list, a search without an answer, and one that cannot be."""
    yield "operator/audit.html", AUDIT
    yield (
        "operator/audit.html",
        {
            **AUDIT,
            "asked": {**AUDIT["asked"], "actor": "mei"},
            "entries": [],
            "clear_url": "/operator/audit",
            "first_url": "/operator/audit",
            "next_url": None,
        },
    )
    yield "operator/audit.html", {**AUDIT, "errors": {"from": "No day.", "to": "No day."}}
