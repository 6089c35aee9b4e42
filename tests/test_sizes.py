"""How large things may get before they are two things."""

import ast

from tests import source_tree
from tests.source_tree import Function, PythonFile

FILE_LINES = 400
FUNCTION_LINES = 60
VIEW_LINES = 20
POSITIONAL_PARAMETERS = 4

# A library calls these by position, so their parameters are its choice.
CALLED_BY_A_LIBRARY = {
    # Authlib's way to authenticate a client.
    "_as_appid_and_secret",
}

VIEW_FOLDERS = ("wechatlogin/web/", "wechatlogin/compat/", "wechatlogin/oidc/")


def test_no_file_is_longer_than_400_lines() -> None:
    shipped = source_tree.files_with_suffix(".html", ".css", ".js")
    paths = {file.path for file in source_tree.python_files()} | set(shipped)

    counts = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in sorted(paths)}

    long = [
        f"{path.relative_to(source_tree.ROOT)}: {count} lines"
        for path, count in counts.items()
        if count > FILE_LINES
    ]
    assert not long, long


def test_no_function_is_longer_than_60_lines() -> None:
    long = [
        f"{file.at(function)} {function.name}: {source_tree.lines_of(function)} lines"
        for file in source_tree.python_files()
        for function in file.functions()
        if source_tree.lines_of(function) > FUNCTION_LINES
    ]

    assert not long, f"without its docstring: {long}"


def test_no_view_is_longer_than_20_lines() -> None:
    """A view reads the request, calls one service and answers."""
    long = [
        f"{file.at(function)} {function.name}: {source_tree.lines_of(function)} lines"
        for file in source_tree.package_files()
        if file.name.startswith(VIEW_FOLDERS)
        for function in file.functions()
        if source_tree.is_view(function) and source_tree.lines_of(function) > VIEW_LINES
    ]

    assert not long, f"without its docstring: {long}"


def test_nobody_must_count_more_than_4_positional_parameters() -> None:
    """Tests are left out: pytest passes fixtures by name."""
    many = [
        f"{file.at(function)} {function.name}: {len(names)} ({', '.join(names)})"
        for file in source_tree.python_files()
        if not file.name.startswith("tests/")
        for function in file.functions()
        if function.name not in CALLED_BY_A_LIBRARY
        if len(names := _positional(file, function)) > POSITIONAL_PARAMETERS
    ]

    assert not many, f"put the rest after `*`: {many}"


def _positional(file: PythonFile, function: Function) -> list[str]:
    names = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
    methods = {
        id(node)
        for owner in ast.walk(file.tree)
        if isinstance(owner, ast.ClassDef)
        for node in owner.body
    }
    is_static = any(
        isinstance(node, ast.Name) and node.id == "staticmethod" for node in function.decorator_list
    )
    return names[1:] if id(function) in methods and not is_static else names
