"""The privacy notice, as operators write it."""

from collections.abc import Iterator
from typing import Any

TEXT = [
    [{"text": "We keep your name and picture."}],
    [{"text": "More at "}, {"text": "https://example.com/", "url": "https://example.com/"}],
]
VERSION = {
    "title": "Version 2",
    "url": "/operator/privacy/2",
    "actor": "operator",
    "since_text": "2026-11-21 14:32",
    "asks_text": "Everybody",
    "is_empty": False,
}
PAGE = {
    "current": VERSION,
    "typed": {"text_zh": "We keep your name.", "text_en": "", "asks_anew": False},
    "errors": {},
    "preview": None,
    "longest": 8000,
    "versions": [VERSION, {**VERSION, "title": "Version 1", "is_empty": True}],
    "action": "/operator/privacy",
    "withdraw_url": "/operator/privacy/withdraw",
    "public_url": "https://login.example.com/privacy",
    "kept": [{"label": "Audit", "setting": "AUDIT_DAYS", "days_text": "365 days"}],
    "purged_text": "2026-11-21 14:00",
}
ONE = {
    "version": VERSION,
    "paragraphs_zh": TEXT,
    "paragraphs_en": [],
    "back_url": "/operator/privacy",
}


def samples() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the page before the first version, with one, shown and refused; and one version."""
    typed = {"text_zh": "", "text_en": "", "asks_anew": True}
    errors = {"text_zh": "Write the text.", "text_en": "At most 8000 characters."}
    yield "operator/privacy.html", PAGE
    yield "operator/privacy.html", {**PAGE, "current": None, "versions": [], "typed": typed}
    yield "operator/privacy.html", {**PAGE, "preview": {"zh": TEXT, "en": TEXT}}
    yield "operator/privacy.html", {**PAGE, "errors": errors, "typed": typed}
    yield "operator/privacy_version.html", ONE
    yield "operator/privacy_version.html", {**ONE, "paragraphs_en": TEXT}
