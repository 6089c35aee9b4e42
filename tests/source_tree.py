"""The project's own files as the tests of the whole tree see them: parsed, by module name."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = "wechatlogin"
FOLDERS = (PACKAGE, "tests", "tools", "benchmarks")

VIEW_DECORATORS = {"route", "get", "post", "put", "patch", "delete"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Imported:
    """One name that a file imports: the module it comes from, in full, and the line."""

    module: str
    line: int

    def is_in(self, package: str) -> bool:
        """Say whether this is `package` or something within it."""
        return self.module == package or self.module.startswith(f"{package}.")


@dataclass(frozen=True)
class PythonFile:
    """One Python file."""

    path: Path

    @property
    def name(self) -> str:
        """The path as a message gives it, from the root."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def module(self) -> str:
        """The dotted name that the file is imported by."""
        parts = self.path.relative_to(ROOT).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def tree(self) -> ast.Module:
        return _parse(self.path)

    def at(self, node: ast.AST | int) -> str:
        """Return `file:line` for a message."""
        return f"{self.name}:{node if isinstance(node, int) else getattr(node, 'lineno', 1)}"

    def imports(self) -> Iterator[Imported]:
        """Yield every import; `from a import b` counts as `a.b`, since b may be a module."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (Imported(alias.name, node.lineno) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    yield Imported(f"{node.module}.{alias.name}", node.lineno)

    def functions(self) -> Iterator[Function]:
        """Yield every function and method, nested ones too."""
        for node in ast.walk(self.tree):
            if isinstance(node, Function):
                yield node

    def public_functions(self) -> Iterator[Function]:
        """Yield the public functions of the module and the public methods of its classes."""
        yield from _public_functions(self.tree.body)


@cache
def python_files() -> tuple[PythonFile, ...]:
    """Return every Python file that we write; migrations are written by a tool."""
    found = [*ROOT.glob("*.py")]
    for folder in FOLDERS:
        found.extend((ROOT / folder).rglob("*.py"))
    return tuple(PythonFile(path) for path in sorted(found))


def package_files() -> tuple[PythonFile, ...]:
    """Return the files of the service and the simulator, without tests and tools."""
    return tuple(file for file in python_files() if file.name.startswith(f"{PACKAGE}/"))


def files_with_suffix(*suffixes: str) -> Iterator[Path]:
    """Yield our files of these kinds, in the folders that ship something to a browser."""
    for folder in ("templates", "static", PACKAGE):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in suffixes:
                yield path


def lines_of(function: Function) -> int:
    """Return how many lines a function has, its decorators and docstring not counted."""
    total = (function.end_lineno or function.lineno) - function.lineno + 1
    if ast.get_docstring(function) is None:
        return total
    docstring = function.body[0]
    return total - ((docstring.end_lineno or docstring.lineno) - docstring.lineno + 1)


def is_view(function: Function) -> bool:
    """Say whether a route leads to this function."""
    calls = [node for node in function.decorator_list if isinstance(node, ast.Call)]
    return any(
        isinstance(call.func, ast.Attribute) and call.func.attr in VIEW_DECORATORS for call in calls
    )


@cache
def _parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def _public_functions(body: list[ast.stmt]) -> Iterator[Function]:
    for node in body:
        if isinstance(node, Function) and (
            not node.name.startswith("_") or node.name == "__init__"
        ):
            yield node
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from _public_functions(node.body)
