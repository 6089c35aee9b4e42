"""What no text file of the project mentions: where it was written, and whose registry it used."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests import source_tree

# CI's own script may know the machine it runs on; the rest is written by tools or by git.
LEFT_ALONE = {".git", ".ci", ".venv", "instance", "htmlcov", "__pycache__", "node_modules"}
TEXT = {
    *(".py", ".md", ".txt", ".toml", ".cfg", ".html", ".css", ".js", ".po", ".yml", ".yaml"),
    *(".ini", ".mako", ".service", ".conf", ".json", ".svg", ""),
}
MACHINE = re.compile(r"(^|[^A-Za-z0-9_.])/(work|root)/")
REGISTRY = re.compile(r"https?://[a-z0-9.-]*(pypi|npm|debian)")


def _text_files() -> Iterator[Path]:
    for path in sorted(source_tree.ROOT.rglob("*")):
        parts = path.relative_to(source_tree.ROOT).parts
        if path.suffix in TEXT and path.is_file() and not _is_left_alone(parts):
            yield path


def _is_left_alone(parts: tuple[str, ...]) -> bool:
    is_cache = any(part.endswith("_cache") for part in parts)
    return is_cache or bool(LEFT_ALONE & set(parts)) or parts[0] in {".hypothesis", ".coverage"}


def _lines_with(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path.relative_to(source_tree.ROOT)}:{number}"
        for path in _text_files()
        for number, line in enumerate(_read(path).splitlines(), start=1)
        if pattern.search(line)
    ]


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def test_no_file_names_a_path_of_the_machine_it_was_written_on() -> None:
    found = _lines_with(MACHINE)

    assert not found, found


def test_no_file_names_the_host_of_a_registry() -> None:
    found = _lines_with(REGISTRY)

    assert not found, found


def test_every_text_file_is_utf_8_with_plain_line_ends() -> None:
    odd = [
        str(path.relative_to(source_tree.ROOT))
        for path in _text_files()
        if not _is_plain(path.read_bytes())
    ]

    assert not odd, odd


def _is_plain(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\r\n" not in content and not content.startswith(b"\xef\xbb\xbf")
