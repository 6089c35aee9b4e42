"""An extractor for Babel: every Chinese string of a Python file is a msgid.

Errors and tables keep their sentences as plain strings and a rendering translates them, so there
is no call around them that an ordinary extractor could see.
"""

import ast
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from babel.messages.extract import extract_python

CHINESE = re.compile(r"[\u3400-\u9fff]")
# What WeChat's own pages say, quoted: whoever looks for it there has to find it.
_QUOTED = re.compile("「[^」]*」")

# Line, function, msgid (or singular and plural), comments: what Babel wants of an extractor. Its
# own annotations have another order, so the elements are left open.
Row = tuple[Any, ...]


def extract_chinese(
    fileobj: BinaryIO,
    keywords: Mapping[str, Any],
    comment_tags: Sequence[str],
    options: Any,
) -> Iterator[Row]:
    """Yield what is marked as elsewhere, then each Chinese string, as Babel's extractors do."""
    source = fileobj.read()
    yield from extract_python(io.BytesIO(source), keywords, comment_tags, options)
    for line, text in chinese_strings(source.decode()):
        yield line, None, text, []


def chinese_strings(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and text of each Chinese string that is neither a docstring nor in an f-string."""
    tree = ast.parse(source)
    apart = {id(node) for node in (*_docstrings(tree), *_f_string_parts(tree))}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in apart and _is_chinese(node.value):
            yield node.lineno, str(node.value)


def chinese_f_strings(source: str) -> Iterator[int]:
    """Yield the line of each f-string with Chinese in it: half a sentence cannot be translated."""
    for part in _f_string_parts(ast.parse(source)):
        if _is_chinese(part.value):
            yield part.lineno


def check_chinese(text: str) -> bool:
    """Tell whether a text is Chinese beyond what it quotes in 「」."""
    return CHINESE.search(_QUOTED.sub("", text)) is not None


def _is_chinese(value: object) -> bool:
    return isinstance(value, str) and CHINESE.search(value) is not None


def _docstrings(tree: ast.AST) -> Iterator[ast.Constant]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value


def _f_string_parts(tree: ast.AST) -> Iterator[ast.Constant]:
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield from (value for value in node.values if isinstance(value, ast.Constant))
