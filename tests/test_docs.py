"""The documents say what the code does."""

import re
from pathlib import Path

import pytest

from tests.servers import ROOT, settings_for_tests
from wechatlogin import create_app
from wechatlogin.simulator import create_simulator, faults

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def test_the_endpoints_are_exactly_those_of_the_application() -> None:
    app = create_app(settings_for_tests(database_url="sqlite://"))
    written = (ROOT / "docs" / "endpoints.md").read_text(encoding="utf-8")
    listed = {
        path: set(methods.split(", "))
        for path, methods in re.findall(r"^\| `([^`]+)` \| ([A-Z, ]+) \|", written, re.MULTILINE)
    }

    answered: dict[str, set[str]] = {}
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"<\1>", rule.rule)
        answered.setdefault(path, set()).update((rule.methods or set()) - {"HEAD", "OPTIONS"})

    assert listed == answered


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_to_a_file_leads_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    targets = re.findall(r"\]\((?!https?://)([^)#]+)", text)

    dead = [target for target in targets if not (document.parent / target).exists()]

    assert dead == []


def test_the_first_screen_of_the_readme_has_the_two_commands_and_a_picture() -> None:
    first_screen = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()[:25]

    text = "\n".join(first_screen)
    assert "make demo" in text
    assert "make test" in text
    assert "Python 3.11" in text
    assert "docs/images/login.png" in text


def test_every_make_target_has_its_line_of_help() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = set(re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE))

    told = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))

    assert phony == told


def test_the_simulators_document_lists_its_control_calls_and_faults() -> None:
    written = (ROOT / "docs" / "simulator.md").read_text(encoding="utf-8")
    paths = {
        re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"<\1>", rule.rule)
        for rule in create_simulator().url_map.iter_rules()
        if rule.rule.startswith("/simulator/")
    }

    unlisted = [path for path in paths if path.rsplit("/", 1)[1] not in written]

    assert sorted(unlisted) == []
    assert [mode.value for mode in faults.Mode if f"`{mode.value}`" not in written] == []
