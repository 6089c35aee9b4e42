"""A push's body, XML or JSON, as flat text fields; strict, since anybody may send one.

WeChat's XML is a handful of plain elements: no document type, no attributes, no comments, no
processing instructions. Whatever else is in a body is refused before a parser sees it.
"""

import codecs
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.parsers import expat

import xmltodict

from wechatlogin.errors import PushRefused

LARGEST_BODY = 64 * 1024
DEEPEST = 8
_DECLARATION = re.compile(r"\A\s*<\?xml [^<>]*\?>")
_TAG = re.compile(r"<(/?)[A-Za-z_][\w.-]*\s*(/?)>")
#: How WeChat writes nearly everything: one level of elements, each a CDATA section or plain text.
#: The atomic group keeps the section's end where a parser sees it.
_ELEMENT = re.compile(
    r"\s*<([A-Za-z_][\w.-]*)>(?:<!\[CDATA\[(?>(.*?)\]\]>)|([^<&]*))</\1>", re.DOTALL | re.ASCII
)
_FIRST, _LAST = "<xml>", "</xml>"
#: What a parser turns into something else, or refuses.
_NOT_AS_IT_IS = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]")
_CDATA_START = "<![CDATA["
_CDATA_END = "]]>"


@dataclass(frozen=True)
class Fields:
    """The fields on the first level, but for `unclear` ones, which came twice or are not text."""

    values: Mapping[str, str]
    unclear: frozenset[str] = frozenset()

    def __contains__(self, name: str) -> bool:
        return name in self.values or name in self.unclear

    def get(self, name: str) -> str | None:
        """Return the field's text as it came.

        :raise PushRefused: if there are two of it: each reader might believe another one.
        """
        value = self.values.get(name)
        if value is None and name in self.unclear:
            raise PushRefused(f"unclear {name}")
        return value

    def text(self, name: str) -> str:
        """Return the field without blanks around it; a missing one is empty.

        :raise PushRefused: if there are two of it.
        """
        value = self.values.get(name)
        if value is not None:
            return value.strip()
        if name in self.unclear:
            raise PushRefused(f"unclear {name}")
        return ""

    def texts(self, names: Sequence[str]) -> list[str]:
        """Return several fields, each as `text` does.

        :raise PushRefused: if there are two of one.
        """
        if self.unclear:
            for name in names:
                self.get(name)
        return [self.values.get(name, "").strip() for name in names]


def parse(body: bytes) -> Fields:
    """Return the fields of a body.

    :raise PushRefused: if it is neither WeChat's kind of XML nor a JSON object.
    """
    if len(body) > LARGEST_BODY:
        raise PushRefused("too large")
    try:
        # The codec that knows the mark takes longer than all else about decoding.
        text = body.removeprefix(codecs.BOM_UTF8).decode("utf-8").strip()
    except UnicodeDecodeError:
        # The error would carry the body with it.
        raise PushRefused("not UTF-8") from None
    return _collect(_json_pairs(text) if text.startswith("{") else _xml_pairs(text))


def _xml_pairs(text: str) -> list[tuple[str, Any]]:
    return _flat_pairs(text) or _parsed_pairs(text)


def _flat_pairs(text: str) -> list[tuple[str, Any]] | None:
    """Return the pairs of the usual form, a tenth of a parser's work; None for every other."""
    position, end = len(_FIRST), len(text) - len(_LAST)
    # What can be printed is as it is, and that is found out sooner.
    is_as_it_is = text.isprintable() or not _NOT_AS_IT_IS.search(text)
    if not text.startswith(_FIRST) or text[end:] != _LAST or not is_as_it_is:
        return None
    pairs: list[tuple[str, Any]] = []
    while found := _ELEMENT.match(text, position, end):
        name, section, plain = found.groups()
        if plain and _CDATA_END in plain:
            return None
        pairs.append((name, plain if section is None else section))
        position = found.end()
    return pairs if not text[position:end].strip() else None


def _parsed_pairs(text: str) -> list[tuple[str, Any]]:
    _verify_markup(_without_cdata(_DECLARATION.sub("", text)))
    try:
        document = xmltodict.parse(text, strip_whitespace=False)
    except (expat.ExpatError, ValueError):
        raise PushRefused("not XML") from None
    root = document.get("xml")
    if not isinstance(root, dict):
        raise PushRefused("no xml element")
    return [(name, value) for name, value in root.items() if name != "#text"]


def _without_cdata(text: str) -> str:
    """Return the markup alone: what people write may contain anything."""
    kept: list[str] = []
    position = 0
    while (start := text.find(_CDATA_START, position)) >= 0:
        kept.append(text[position:start])
        end = text.find(_CDATA_END, start)
        if end < 0:
            raise PushRefused("unclosed CDATA")
        position = end + len(_CDATA_END)
    return "".join([*kept, text[position:]])


def _verify_markup(markup: str) -> None:
    if "<" in _TAG.sub("", markup):
        raise PushRefused("markup that WeChat does not send")
    depth = 0
    for tag in _TAG.finditer(markup):
        closes, closed_at_once = tag.groups()
        if closes:
            depth -= 1
        elif not closed_at_once:
            depth += 1
        if depth > DEEPEST:
            raise PushRefused("too deep")


def _json_pairs(text: str) -> list[tuple[str, Any]]:
    try:
        # Every object becomes a list of pairs, so that a name that comes twice is seen.
        document = json.loads(text, strict=False, object_pairs_hook=list)
    except (ValueError, RecursionError):
        raise PushRefused("not JSON") from None
    return [
        (name.strip(), _storable(value) if isinstance(value, str) else value)
        for name, value in document
    ]


def _collect(pairs: list[tuple[str, Any]]) -> Fields:
    values: dict[str, str] = dict(pairs)
    if len(values) == len(pairs) and {str}.issuperset(map(type, values.values())):
        return Fields(values)
    values = {}
    unclear: set[str] = set()
    for name, value in pairs:
        if value is None:
            text = ""
        elif isinstance(value, str):
            text = value
        elif isinstance(value, int):
            text = str(value)
        else:
            unclear.add(name)
            continue
        if name in values:
            unclear.add(name)
        values[name] = text
    for name in unclear:
        values.pop(name, None)
    return Fields(values, frozenset(unclear))


def _storable(text: str) -> str:
    # JSON can spell a NUL and half a surrogate pair; no database takes either.
    if text.isascii() and "\x00" not in text:
        return text
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
