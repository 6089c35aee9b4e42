"""The pinned packages: exact, complete, installed, and agreed on by all tools."""

import re
import sys
import tomllib
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests import source_tree
from tests.source_tree import PACKAGE, PythonFile

RUNTIME = "requirements.txt"
TOOLS = "requirements-dev.txt"


def _requirements(name: str) -> list[Requirement]:
    lines = (source_tree.ROOT / name).read_text(encoding="utf-8").splitlines()
    wanted = (line.split(" #")[0].strip() for line in lines)
    return [Requirement(line) for line in wanted if line and not line.startswith(("#", "-"))]


def _pinned(*names: str) -> dict[str, Requirement]:
    found = [requirement for name in names for requirement in _requirements(name)]
    return {canonicalize_name(requirement.name): requirement for requirement in found}


def _applies(requirement: Requirement, *, extra: str = "") -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


@pytest.mark.parametrize("name", [RUNTIME, TOOLS])
def test_every_package_is_pinned_to_one_version_and_once(name: str) -> None:
    found = _requirements(name)

    loose = [str(one) for one in found if not re.fullmatch(r"==[^*,]+", str(one.specifier))]
    names = [canonicalize_name(one.name) for one in found]

    assert found
    assert not loose, loose
    assert len(names) == len(set(names)), sorted(names)


def test_the_tools_come_on_top_of_what_the_service_needs() -> None:
    text = (source_tree.ROOT / TOOLS).read_text(encoding="utf-8")

    assert f"-r {RUNTIME}\n" in text
    assert not set(_pinned(RUNTIME)) & set(_pinned(TOOLS))


def test_what_is_installed_is_what_is_pinned() -> None:
    """Otherwise the tests speak of other packages than the ones that are shipped."""
    different = [
        f"{requirement}: {metadata.version(name)} is installed"
        for name, requirement in _pinned(RUNTIME, TOOLS).items()
        if _applies(requirement)
        if not requirement.specifier.contains(metadata.version(name), prereleases=True)
    ]

    assert not different, different


@pytest.mark.parametrize("names", [(RUNTIME,), (RUNTIME, TOOLS)], ids=["runtime", "tools"])
def test_what_the_packages_themselves_require_is_pinned_too(names: tuple[str, ...]) -> None:
    pinned = _pinned(*names)

    missing = [
        f"{needed} (for {name})"
        for name, requirement in pinned.items()
        if _applies(requirement)
        for needed in _needs(requirement)
        if canonicalize_name(needed.name) not in pinned
    ]

    assert not missing, missing


def _needs(requirement: Requirement) -> list[Requirement]:
    needs = map(Requirement, metadata.requires(requirement.name) or [])
    return [
        needed
        for needed in needs
        if any(_applies(needed, extra=extra) for extra in ("", *requirement.extras))
    ]


def test_what_the_code_imports_is_pinned_for_running() -> None:
    """Also what comes along with another package today, and might not tomorrow."""
    pinned = _pinned(RUNTIME)
    providers = metadata.packages_distributions()
    own = {PACKAGE, "tests", "tools", "wsgi", *sys.stdlib_module_names}

    missing = {
        f"{file.at(imported.line)} imports {name}"
        for file in _files_that_run()
        for imported in file.imports()
        if (name := imported.module.split(".")[0]) not in own
        if not any(canonicalize_name(one) in pinned for one in providers.get(name, ()))
    }

    assert not missing, sorted(missing)


def _files_that_run() -> list[PythonFile]:
    apart = ("tests/", "benchmarks/")
    return [file for file in source_tree.python_files() if not file.name.startswith(apart)]


def test_all_tools_speak_of_the_same_oldest_python() -> None:
    settings = tomllib.loads((source_tree.ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    finder = (source_tree.ROOT / "tools" / "find-python").read_text(encoding="utf-8")

    assert settings["tool"]["mypy"]["python_version"] == "3.11"
    assert settings["tool"]["ruff"]["target-version"] == "py311"
    assert "sys.version_info < (3, 11)" in finder
