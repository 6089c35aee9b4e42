"""docs/reliability.md: what the service does under each fault, which tests show it, how they ended.

`pytest -m fault --write-reliability`, or `make reliability`, runs the tests that are marked with a
fault and writes the document. Which tests there are is read from their files, how they ended from
the run. A run of some files alone writes the lines anew all of whose tests are in them, and leaves
the others as they are.
"""

import ast
import re
from collections.abc import Iterator, Mapping
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

For whoever runs the service: each line is a fault, what people and programs notice of it, and how
the tests that show it ended. Unless a line says so, nothing is to be done by hand: what failed is
tried again, and all is well as soon as the surroundings are. What you have to mend the
[status page](status-page.md) tells in words; what to watch is in [metrics.md](metrics.md), how many
processes and which database withstand what in [deployment.md](deployment.md).

The tests run the service as it is deployed, over SQLite, PostgreSQL, MariaDB and Redis, with the
[simulator](simulator.md) in WeChat's place. `make reliability` runs them and writes this page, with
the results of the last run of each; a number leads to the tests.

| | what happens | what the service does | tests |
| --- | --- | --- | --- |
"""
TESTS = """
## Which tests show it
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
        results = self._former_results() | {
            number: self._result(found)
            for number, found in tests.items()
            if self._outcomes.keys() >= set(found)
        }
        self._document.write_text(compose(tests, results), encoding="utf-8")

    def _former_results(self) -> dict[str, str]:
        if not self._document.exists():
            return {}
        return read_results(self._document.read_text(encoding="utf-8"))

    def _result(self, tests: list[MarkedTest]) -> str:
        outcomes = [
            outcome
            for test in tests
            for outcome in (self._outcomes.get(test) or {"": Outcome.NOT_RUN}).values()
        ]
        counts = {outcome: outcomes.count(outcome) for outcome in Outcome}
        told = [f"{count} {outcome}" for outcome, count in counts.items() if count]
        return ", ".join(told) or Outcome.NOT_RUN


def compose(tests: Mapping[str, list[MarkedTest]], results: Mapping[str, str]) -> str:
    """Return the document: a line for each fault, with its result, and then the tests of each."""
    lines = [_line(case, results.get(case.number, Outcome.NOT_RUN)) for case in CASES]
    lists = [_list(case.number, tests.get(case.number, [])) for case in CASES]
    return HEAD + "".join(lines) + TESTS + "".join(lists)


def read_results(document: str) -> dict[str, str]:
    """Return the result of each fault's number, as a document has them."""
    return dict(re.findall(r"^\| \[(C-\d+)\].* \| ([^|]+) \|$", document, re.MULTILINE))


def _line(case: FaultCase, result: str) -> str:
    number = f"[{case.number}](#{case.number.lower()})"
    return f"| {number} | {case.fault} | {case.behaviour} | {result} |\n"


def _list(number: str, tests: list[MarkedTest]) -> str:
    shown = "".join(f"* [{test.sentence}](../{test.path})\n" for test in tests)
    return f"\n### {number}\n\n{shown}"
