"""What every Python file keeps to: names, docstrings, annotations and honest exceptions."""

import ast
import re
from collections.abc import Iterator

from tests import source_tree
from tests.source_tree import Function

# Names that say nothing about what is inside.
EMPTY_NAMES = {"util", "utils", "helper", "helpers", "manager", "managers", "misc", "common"}
EMPTY_FUNCTIONS = {"handle_data", "process", "process_data", "do_it"}

# Spelt so that this line does not find itself.
PROMISE = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b|pragma: no" r" cover")
SUPPRESSION = re.compile(r"#\s*noqa(?P<rest>.*)")
# A code, then words: `noqa: S311 - a colour is no secret`.
REASONED = re.compile(r":\s*[A-Z]+[0-9]+(,\s*[A-Z]+[0-9]+)*\W+\w.{4,}")


def test_no_module_has_an_empty_name() -> None:
    empty = [
        file.name
        for file in source_tree.python_files()
        for part in file.module.split(".")
        if EMPTY_NAMES & set(part.split("_"))
    ]

    assert not empty, f"name what is inside: {empty}"


def test_no_class_or_function_has_an_empty_name() -> None:
    empty = [
        f"{file.at(node)} {node.name}"
        for file in source_tree.python_files()
        for node in ast.walk(file.tree)
        if isinstance(node, ast.ClassDef | Function) and _says_nothing(node)
        if id(node) not in _named_by_a_base(file.tree)
    ]

    assert not empty, f"name what it is or does: {empty}"


def _named_by_a_base(tree: ast.Module) -> set[int]:
    """Return the methods whose name another class may have given, as HTMLParser does."""
    return {
        id(method)
        for owner in ast.walk(tree)
        if isinstance(owner, ast.ClassDef) and owner.bases
        for method in owner.body
    }


def _says_nothing(node: ast.ClassDef | Function) -> bool:
    if isinstance(node, ast.ClassDef):
        return node.name.lower().endswith(tuple(EMPTY_NAMES))
    return node.name.strip("_") in EMPTY_FUNCTIONS


def test_every_module_says_what_lives_in_it() -> None:
    silent = [file.name for file in source_tree.python_files() if not ast.get_docstring(file.tree)]

    assert not silent, f"without a docstring: {silent}"


def test_every_public_function_says_what_it_does_in_one_line() -> None:
    """A view is left out: its route says what it is, and nobody calls it."""
    silent = [
        f"{file.at(node)} {node.name}"
        for file in source_tree.package_files()
        for node in file.tree.body
        if isinstance(node, Function) and not node.name.startswith("_")
        if not source_tree.is_view(node)
        if not _opens_with_a_sentence(ast.get_docstring(node))
    ]

    assert not silent, f"the docstring's first line is one sentence with a full stop: {silent}"


def _opens_with_a_sentence(docstring: str | None) -> bool:
    first = (docstring or "").split("\n")[0]
    return bool(re.fullmatch(r"\S.*[.:。]", first))


def test_every_public_function_is_annotated() -> None:
    bare = [
        f"{file.at(function)} {function.name}: {', '.join(missing)}"
        for file in source_tree.python_files()
        if not file.name.startswith("tests/")
        for function in file.public_functions()
        if (missing := list(_unannotated(function)))
    ]

    assert not bare, bare


def _unannotated(function: Function) -> Iterator[str]:
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    starred = [argument for argument in (arguments.vararg, arguments.kwarg) if argument]
    for argument in (*named, *starred):
        if argument.annotation is None and argument.arg not in {"self", "cls"}:
            yield argument.arg
    if function.returns is None:
        yield "return"


def test_every_suppression_carries_its_code_and_a_reason() -> None:
    unexplained = [
        file.at(number)
        for file in source_tree.python_files()
        for number, line in enumerate(file.text.splitlines(), start=1)
        if (found := SUPPRESSION.search(line)) and "re.compile" not in line
        if not REASONED.fullmatch(found["rest"].strip())
    ]

    assert not unexplained, unexplained


def test_nothing_is_promised_for_later() -> None:
    promises = [
        file.at(number)
        for file in source_tree.python_files()
        for number, line in enumerate(file.text.splitlines(), start=1)
        if PROMISE.search(line)
    ]

    assert not promises, promises


def test_nothing_catches_everything() -> None:
    """Whatever nobody foresaw reaches the one error handler, which logs it with its stack."""
    greedy = [
        file.at(node)
        for file in source_tree.package_files()
        for node in ast.walk(file.tree)
        if isinstance(node, ast.ExceptHandler) and _is_greedy(node)
    ]

    assert not greedy, f"name the errors that are expected: {greedy}"


def _is_greedy(handler: ast.ExceptHandler) -> bool:
    caught = handler.type
    names = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    too_wide = any(
        name is None or (isinstance(name, ast.Name) and name.id in {"Exception", "BaseException"})
        for name in names
    )
    # To tidy up and raise again keeps the error.
    raises_again = isinstance(handler.body[-1], ast.Raise) and handler.body[-1].exc is None
    return too_wide and not raises_again
