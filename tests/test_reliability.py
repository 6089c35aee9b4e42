"""docs/reliability.md is what a run of the tests that are marked with a fault has written."""

import ast
import re
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
    return next(line for line in lines if line.startswith(f"| [{number}]"))


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

    document = tmp_path / "reliability.md"
    assert row_of("C-01", document).endswith("| 2 failed, 1 not run, 1 passed |")
    assert "### C-01\n\n* [it holds](../tests/test_a.py)\n" in document.read_text(encoding="utf-8")


def test_a_row_whose_tests_did_not_run_says_so(tmp_path: Path) -> None:
    FaultResults(tmp_path / "reliability.md").pytest_sessionfinish()

    for case in CASES:
        row = row_of(case.number, tmp_path / "reliability.md")
        assert case.fault in row
        assert case.behaviour in row
        assert row.rpartition(" | ")[2].endswith("not run |")


def test_a_run_of_one_fault_leaves_the_other_rows_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marked = {number: [MarkedTest(f"tests/{number}.py", "test_it")] for number in ("C-01", "C-02")}
    monkeypatch.setattr(fault_results, "marked_tests", lambda: marked)
    document = tmp_path / "reliability.md"
    for numbers, outcome in ((("C-01", "C-02"), "passed"), (("C-02",), "failed")):
        results = FaultResults(document)
        for number in numbers:
            results.pytest_runtest_logreport(report(f"tests/{number}.py::test_it", "call", outcome))
        results.pytest_sessionfinish()

    assert row_of("C-01", document).endswith("| 1 passed |")
    assert row_of("C-02", document).endswith("| 1 failed |")


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


def test_every_fault_has_a_test_that_shows_it() -> None:
    assert {case.number for case in CASES} <= set(fault_results.marked_tests())


def test_the_document_is_the_one_that_these_tests_make() -> None:
    """What a run found out is taken from it; `make reliability` writes it anew."""
    written = fault_results.DOCUMENT.read_text(encoding="utf-8")
    results = fault_results.read_results(written)

    assert written == fault_results.compose(fault_results.marked_tests(), results)


def test_no_fault_is_told_that_was_not_withstood() -> None:
    results = fault_results.read_results(fault_results.DOCUMENT.read_text(encoding="utf-8"))

    assert list(results) == [case.number for case in CASES]
    assert [result for result in results.values() if not re.fullmatch(r"\d+ passed", result)] == []
