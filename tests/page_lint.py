"""What every page that people see keeps to; `lint` names what a page does not."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

from tools import chinese_texts

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}
# SVG is XML within HTML: its elements may close themselves.
UNLABELLED_INPUTS = {"hidden", "submit", "button"}
CSRF_FIELD = "csrf_token"


@dataclass
class Element:
    """One element, as far as the rules look at it."""

    tag: str
    attributes: dict[str, str]
    parent: "Element | None" = None
    children: list["Element"] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    @property
    def is_hidden(self) -> bool:
        """Tell whether nobody is shown this."""
        return "hidden" in self.attributes or (self.parent is not None and self.parent.is_hidden)

    def walk(self) -> Iterator["Element"]:
        """Yield this element and everything in it."""
        yield self
        for child in self.children:
            yield from child.walk()

    def text(self) -> str:
        """Return the words that are shown in it."""
        shown = (element for element in self.walk() if not element.is_hidden)
        return " ".join(" ".join("".join(element.texts) for element in shown).split())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = Element("#document", {})
        self.complaints: list[str] = []
        self._open = self.root

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._add(tag, attrs)
        if tag not in VOID:
            self._open = self._open.children[-1]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._add(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if self._open.tag != tag or self._open.parent is None:
            self.complaints.append(f"</{tag}> closes <{self._open.tag}>")
            return
        self._open = self._open.parent

    def _read_text(self, text: str) -> None:
        self._open.texts.append(text)

    # The name that the parser calls it by says too little here.
    handle_data = _read_text

    def finish(self) -> None:
        self.close()
        if self._open is not self.root:
            self.complaints.append(f"<{self._open.tag}> is never closed")

    def _add(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        if len(names) != len(set(names)):
            self.complaints.append(f"<{tag}> has an attribute twice")
        values = {name: value or "" for name, value in attrs}
        self._open.children.append(Element(tag, values, parent=self._open))


def lint(html: str, *, nonce: str, lang: str, forms_without_csrf: bool = False) -> list[str]:
    """Return what is wrong with a page; nothing is the good answer."""
    reader = _read(html)
    page = list(reader.root.walk())
    return [
        *reader.complaints,
        *_head(page, lang),
        *_ids(page),
        *_labels(page),
        *_code(page, nonce),
        *([] if forms_without_csrf else _csrf(page)),
        *(_english(page) if lang == "en" else []),
    ]


def read(html: str) -> list[Element]:
    """Return every element of a page, the page itself first."""
    return list(_read(html).root.walk())


def _read(html: str) -> _Reader:
    reader = _Reader()
    reader.feed(html)
    reader.finish()
    return reader


def _all(page: list[Element], tag: str) -> list[Element]:
    return [element for element in page if element.tag == tag]


def _head(page: list[Element], lang: str) -> Iterator[str]:
    headings, titles, roots = _all(page, "h1"), _all(page, "title"), _all(page, "html")
    if [root.attributes.get("lang") for root in roots] != [lang]:
        yield f"the page is not in {lang}"
    if len(headings) != 1 or len(titles) != 1:
        yield f"{len(headings)} h1 and {len(titles)} titles"
    elif not headings[0].text() or headings[0].text() not in titles[0].text():
        yield f"the title {titles[0].text()!r} lacks the heading {headings[0].text()!r}"
    if len(_all(page, "main")) != 1:
        yield "not one main part"


def _ids(page: list[Element]) -> Iterator[str]:
    ids = Counter(element.attributes["id"] for element in page if "id" in element.attributes)
    yield from (f"id {name!r} is there {count} times" for name, count in ids.items() if count > 1)
    for element in page:
        for name in ("for", "aria-labelledby", "aria-describedby", "data-copy", "data-status"):
            for target in element.attributes.get(name, "").split():
                if target not in ids:
                    yield f"{name}={target!r} points nowhere"


def _labels(page: list[Element]) -> Iterator[str]:
    labelled = {label.attributes.get("for") for label in _all(page, "label")}
    for entry in _all(page, "input"):
        is_shown = entry.attributes.get("type") not in UNLABELLED_INPUTS
        if is_shown and entry.attributes.get("id") not in labelled:
            yield f"the field {entry.attributes.get('name')!r} has no label"
    for image in _all(page, "img"):
        if "alt" not in image.attributes:
            yield "an image without alt"
    for link in (*_all(page, "a"), *_all(page, "button")):
        if not (link.text() or link.is_hidden):
            yield f"<{link.tag}> without words"


def _code(page: list[Element], nonce: str) -> Iterator[str]:
    for element in page:
        if any(name.startswith("on") or name == "style" for name in element.attributes):
            yield f"<{element.tag}> has code or style of its own"
        is_sheet = element.attributes.get("rel") == "stylesheet"
        if (element.tag == "script" or is_sheet) and element.attributes.get("nonce") != nonce:
            yield f"<{element.tag}> without the nonce"
        if element.tag == "script" and ("src" not in element.attributes or element.text()):
            yield "an inline script"
        if element.tag == "style":
            yield "an inline style sheet"


def _csrf(page: list[Element]) -> Iterator[str]:
    for form in _all(page, "form"):
        names = [entry.attributes.get("name") for entry in _all(list(form.walk()), "input")]
        action = str(form.attributes.get("action"))
        # Another site is not told what proves that a form is ours.
        wanted = 1 if action.startswith("/") else 0
        if form.attributes.get("method") == "post" and names.count(CSRF_FIELD) != wanted:
            yield f"the form to {action} has {names.count(CSRF_FIELD)} CSRF fields"


def _english(page: list[Element]) -> Iterator[str]:
    for element in page:
        said = ["".join(element.texts), *element.attributes.values()]
        for words in said:
            if chinese_texts.check_chinese(words) and element.attributes.get("lang") != "zh-CN":
                yield f"not in English: {words.strip()!r}"
