"""docs/reliability.md is what a run of the tests that are marked with a fault has written."""

import ast
from pathlib import Path

import pytest

from tests import fault_results
from tests.fault_cases import CASES
from tests.fault_results import FaultResults, MarkedTest

A_TEST = '''
import pytest

@pytest.mark.fault("C-02", "C-01")
@pytest.mark.parametrize("mode", ["reset"])
def test_the_person_reads_words(mode: str) -> None:
    """It is marked."""

def test_another_thing() -> None:
    """It is not."""
'''


def report(nodeid: str, when: str, outcome: str) -> pytest.TestReport:
    return pytest.TestReport(nodeid, ("", 0, ""), {}, outcome, None, when)  # type: ignore[arg-type]


def row_of(number: str, document: Path) -> str:
    lines = document.read_text(encoding="utf-8").splitlines()
    return next(line for line in lines if line.startswith(f"| {number} "))


def test_marks_are_read_from_the_files() -> None:
    functions = [node for node in ast.parse(A_TEST).body if isinstance(node, ast.FunctionDef)]

    marks = {function.name: [*fault_results.faults_of(function)] for function in functions}

    assert marks == {
        "test_the_person_reads_words": ["C-02", "C-01"],
        "test_another_thing": [],
    }


def test_a_row_tells_every_outcome_of_its_tests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marked = {"C-01": [MarkedTest("tests/test_a.py", "test_it_holds")]}
    monkeypatch.setattr(fault_results, "marked_tests", lambda: marked)
    results = FaultResults(tmp_path / "reliability.md")
    for nodeid, *outcomes in (
        ("[sqlite]", "passed", "passed", "passed"),
        ("[mariadb]", "skipped"),
        ("[reset]", "passed", "failed", "passed"),
        ("[slow]", "passed", "passed", "failed"),
    ):
        for when, outcome in zip(("setup", "call", "teardown"), outcomes, strict=False):
            results.pytest_runtest_logreport(
                report(f"tests/test_a.py::test_it_holds{nodeid}", when, outcome)
            )

    results.pytest_sessionfinish()

    row = row_of("C-01", tmp_path / "reliability.md")
    assert "[it holds](../tests/test_a.py)" in row
    assert row.endswith("| 2 failed, 1 not run, 1 passed |")


def test_a_row_whose_tests_did_not_run_says_so(tmp_path: Path) -> None:
    FaultResults(tmp_path / "reliability.md").pytest_sessionfinish()

    for case in CASES:
        row = row_of(case.number, tmp_path / "reliability.md")
        assert case.fault in row
        assert case.behaviour in row
        assert row.rpartition(" | ")[2].endswith("not run |")


def test_only_a_test_carries_the_mark() -> None:
    strays = [
        f"{test.path}: {test.name}"
        for tests in fault_results.marked_tests().values()
        for test in tests
        if not test.name.startswith("test_") or not test.path.startswith("tests/")
    ]

    assert strays == []


def test_every_mark_names_a_fault_that_the_document_has() -> None:
    assert set(fault_results.marked_tests()) <= {case.number for case in CASES}
