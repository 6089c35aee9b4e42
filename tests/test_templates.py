"""What every template keeps to, so that the content security policy needs no exception."""

import re
from pathlib import Path

import pytest

from tests import source_tree

FORBIDDEN = {
    "the safe filter": re.compile(r"\|\s*safe\b"),
    "autoescape off": re.compile(r"autoescape\s+false"),
    "an inline event handler": re.compile(r"<[^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "a style attribute": re.compile(r"<[^>]*\sstyle\s*=", re.IGNORECASE),
    "a javascript: address": re.compile(r"javascript:", re.IGNORECASE),
    "an inline script": re.compile(r"<script(?![^>]*\ssrc\s*=)[^>]*>", re.IGNORECASE),
    "an inline style sheet": re.compile(r"<style\b", re.IGNORECASE),
    "a locked zoom": re.compile(r"user-scalable\s*=\s*no", re.IGNORECASE),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_template_has(what: str) -> None:
    found = [
        f"{path.relative_to(source_tree.ROOT)}:{line}"
        for path in source_tree.files_with_suffix(".html", ".svg")
        for line in _lines_with(FORBIDDEN[what], path)
    ]

    assert not found, f"{what}: {found}"


def _lines_with(pattern: re.Pattern[str], path: Path) -> list[int]:
    text = path.read_text(encoding="utf-8")
    return [text.count("\n", 0, match.start()) + 1 for match in pattern.finditer(text)]
