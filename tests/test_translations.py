"""Every sentence is Chinese in the source and has its English in the catalogue."""

import io
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from babel.messages import mofile, pofile
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from jinja2 import Environment

from tests import source_tree
from tools import chinese_texts

CATALOGUE = source_tree.ROOT / "wechatlogin/translations/en/LC_MESSAGES/messages.po"
KEYWORDS = {
    **dict.fromkeys(("_", "gettext", "lazy_gettext", "_l"), None),
    **dict.fromkeys(("ngettext", "lazy_ngettext"), (1, 2)),
    "pgettext": ((1, "c"), 2),
}
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|\{\w*\}")
MEND = "run `make fix`, then write the English"


@cache
def _extracted() -> Catalog:
    mapping = (source_tree.ROOT / "babel.cfg").read_text(encoding="utf-8")
    methods, options = parse_mapping_cfg(io.StringIO(mapping))
    found = Catalog()
    rows = extract_from_dir(str(source_tree.ROOT), methods, options, keywords=KEYWORDS)
    for file, line, text, comments, context in rows:
        found.add(text, None, [(file, line)], auto_comments=comments, context=context)
    return found


@cache
def _english() -> Catalog:
    with CATALOGUE.open("rb") as file:
        return pofile.read_po(file, locale="en")


def _sentences(catalogue: Catalog) -> Iterator[Message]:
    yield from (message for message in catalogue if message.id)


def _forms(message: Message) -> tuple[str, ...]:
    return message.string if isinstance(message.string, tuple | list) else (message.string,)


def test_every_sentence_has_its_english() -> None:
    english = _english()

    missing = [
        f"{message.id!r} at {message.locations}"
        for message in _sentences(_extracted())
        if (found := english.get(message.id, message.context)) is None or not all(_forms(found))
    ]

    assert not missing, f"{MEND}: {missing}"


def test_nothing_is_translated_that_nobody_says() -> None:
    said = _extracted()

    unused = [
        message.id
        for message in _sentences(_english())
        if said.get(message.id, message.context) is None
    ]

    assert not unused, f"{MEND}: {unused}"


def test_no_translation_is_a_guess() -> None:
    fuzzy = [message.id for message in _sentences(_english()) if message.fuzzy]

    assert not fuzzy, f"read each one, then remove its mark: {fuzzy}"


def test_every_translation_has_the_placeholders_of_its_sentence() -> None:
    different = [
        message.id
        for message in _sentences(_english())
        for form in _forms(message)
        if set(PLACEHOLDER.findall(form)) - set(PLACEHOLDER.findall(_singular(message)))
        or (not message.pluralizable and _count(form) != _count(_singular(message)))
    ]

    assert not different, different


def _singular(message: Message) -> str:
    return message.id[0] if isinstance(message.id, tuple | list) else message.id


def _count(text: str) -> list[str]:
    return sorted(PLACEHOLDER.findall(text))


def test_the_compiled_catalogue_is_the_written_one() -> None:
    with CATALOGUE.with_suffix(".mo").open("rb") as file:
        compiled = {message.id: message.string for message in _sentences(mofile.read_mo(file))}

    written = {message.id: message.string for message in _sentences(_english())}

    assert compiled == written, MEND


def test_no_english_sentence_is_chinese() -> None:
    """Only what WeChat's console shows is quoted as it stands there, for it has no English."""
    chinese = [
        message.id
        for message in _sentences(_english())
        if any(chinese_texts.check_chinese(form) for form in _forms(message))
    ]

    assert not chinese, chinese


def test_no_sentence_is_glued_together() -> None:
    """An f-string cannot be looked up: write `_("…%(name)s…", name=name)`."""
    glued = [
        file.at(line)
        for file in source_tree.package_files()
        if not file.name.startswith(("wechatlogin/simulator/", "wechatlogin/demo.py"))
        for line in chinese_texts.chinese_f_strings(file.text)
    ]

    assert not glued, glued


def test_no_template_says_anything_past_the_catalogue() -> None:
    said = _extracted()

    past = [
        f"{path.relative_to(source_tree.ROOT)}:{line} {text!r}"
        for path in sorted((source_tree.ROOT / "templates").rglob("*.html"))
        for line, text in _chinese_in_template(path)
        if text not in said
    ]

    assert not past, f"write {{{{ _('…') }}}}: {past}"


def _chinese_in_template(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and text of each Chinese piece of markup, and of each Chinese string literal."""
    in_translation = False
    for line, kind, text in Environment(autoescape=True).lex(path.read_text(encoding="utf-8")):
        if kind == "name" and text in {"trans", "endtrans"}:
            in_translation = text == "trans"
        is_said = kind == "string" or (kind == "data" and not in_translation)
        if is_said and chinese_texts.CHINESE.search(text):
            yield line, text.strip("'\"") if kind == "string" else text.strip()
