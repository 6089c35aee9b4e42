"""docs/reliability.md: what the service does under each fault, which tests show it, how they ended.

`pytest -m fault --write-reliability`, or `make reliability`, runs the tests that are marked with a
fault and writes the document. Which tests there are is read from their files, how they ended from
the run: a test that did not run is said to be not run.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import pytest

from tests import source_tree
from tests.fault_cases import CASES, FaultCase
from tests.source_tree import Function

OPTION = "--write-reliability"
DOCUMENT = source_tree.ROOT / "docs" / "reliability.md"
HEAD = """\
# What happens when something fails

Each line is a fault, what the service does then, and the tests that show it, on real servers and
with the simulator in WeChat's place. `make reliability` runs these tests and writes this page, with
the results of that run.

| | what happens | what the service does | shown by | result |
| --- | --- | --- | --- | --- |
"""


class Outcome(StrEnum):
    """How a test ended, the worst first."""

    FAILED = "failed"
    NOT_RUN = "not run"
    PASSED = "passed"


@dataclass(frozen=True, order=True)
class MarkedTest:
    """A test function that shows a fault."""

    #: From the root, as in the identifier that pytest gives the test.
    path: str
    name: str

    @property
    def sentence(self) -> str:
        """Its name as a person reads it."""
        return self.name.removeprefix("test_").replace("_", " ")


def marked_tests() -> dict[str, list[MarkedTest]]:
    """Return the tests of each fault's number, as their files have them."""
    found: dict[str, list[MarkedTest]] = {}
    for file in source_tree.python_files():
        for function in file.functions():
            for number in faults_of(function):
                found.setdefault(number, []).append(MarkedTest(file.name, function.name))
    return {number: sorted(tests) for number, tests in found.items()}


def faults_of(function: Function) -> Iterator[str]:
    """Yield the numbers of the faults that a function is marked with."""
    for mark in function.decorator_list:
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.fault":
            yield from (ast.literal_eval(number) for number in mark.args)


class FaultResults:
    """Hears how the tests of a run end, and writes the document in its end."""

    def __init__(self, document: Path = DOCUMENT) -> None:
        self._document = document
        self._outcomes: dict[MarkedTest, dict[str, Outcome]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note how a test ended; where several processes run them, all is heard by the first."""
        path, _, rest = report.nodeid.partition("::")
        test = MarkedTest(path, rest.partition("[")[0])
        by_id = self._outcomes.setdefault(test, {})
        if report.failed:
            by_id[report.nodeid] = Outcome.FAILED
        elif report.skipped:
            by_id.setdefault(report.nodeid, Outcome.NOT_RUN)
        elif report.when == "call":
            by_id.setdefault(report.nodeid, Outcome.PASSED)

    def pytest_sessionfinish(self) -> None:
        """Write the document."""
        tests = marked_tests()
        rows = [self._row(case, tests.get(case.number, [])) for case in CASES]
        self._document.write_text(HEAD + "".join(rows), encoding="utf-8")

    def _row(self, case: FaultCase, tests: list[MarkedTest]) -> str:
        shown_by = "<br>".join(f"[{test.sentence}](../{test.path})" for test in tests)
        cells = (case.number, case.fault, case.behaviour, shown_by, self._result(tests))
        return f"| {' | '.join(cells)} |\n"

    def _result(self, tests: list[MarkedTest]) -> str:
        outcomes = [
            outcome
            for test in tests
            for outcome in (self._outcomes.get(test) or {"": Outcome.NOT_RUN}).values()
        ]
        counts = {outcome: outcomes.count(outcome) for outcome in Outcome}
        told = [f"{count} {outcome}" for outcome, count in counts.items() if count]
        return ", ".join(told) or Outcome.NOT_RUN
