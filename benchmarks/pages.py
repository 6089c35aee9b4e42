"""Target 12: the login page with all that it brings, as its HTML and its style sheets name it."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from benchmarks.clients import Request, Visitor, is_ok, verify
from benchmarks.measuring import Effort
from benchmarks.results import Line
from benchmarks.services import SERVICE, answering_at_once, installed, serving
from tests.flows.phones import DESKTOP

MOST_BYTES = 40_000
MOST_BLOCKING = 1
DESKTOP_HEADERS = {"User-Agent": DESKTOP, "Accept": "text/html"}
_STYLE_URL = re.compile(r"url\(\s*['\"]?(?!data:)([^'\")]+)|@import\s+['\"]([^'\"]+)")
_MODULE_IMPORT = re.compile(r"^\s*import\s[^'\"]*['\"]([^'\"]+)['\"]", re.MULTILINE)


@dataclass
class Brought(HTMLParser):
    """What a page names that a browser fetches by itself."""

    page_url: str
    urls: list[str] = field(default_factory=list)
    #: What the browser waits for before it draws.
    blocking: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what an element fetches."""
        given = dict(attrs)
        kinds = set((given.get("rel") or "").split())
        source = given.get("src") if tag != "link" else None
        if tag == "link" and kinds & {"stylesheet", "icon", "preload", "modulepreload", "manifest"}:
            source = given.get("href")
        if not source or source.startswith("data:"):
            return
        url = urljoin(self.page_url, source)
        self.urls.append(url)
        is_deferred = given.get("type") == "module" or bool({"defer", "async"} & given.keys())
        if "stylesheet" in kinds or (tag == "script" and not is_deferred):
            self.blocking.append(url)


@dataclass(frozen=True)
class Weight:
    """What a page costs a browser that has seen nothing of it before."""

    parts: dict[str, int]
    blocking: int
    #: Hosts besides the page's own.
    others: frozenset[str]

    @property
    def total(self) -> int:
        """Bytes of all bodies, uncompressed."""
        return sum(self.parts.values())


def measure(effort: Effort) -> list[Line]:
    """Measure and return the line of the table; one round says all, whatever the effort."""
    with (
        answering_at_once() as platform,
        installed(platform=platform.url) as served,
        serving(SERVICE, served.settings) as program,
    ):
        weight = weigh(program.url, "/login")
    others = ", ".join(sorted(weight.others)) or "no other host"
    is_met = weight.total < MOST_BYTES and weight.blocking <= MOST_BLOCKING and not weight.others
    parts = ", ".join(f"{name} {size:,}" for name, size in weight.parts.items())
    return [
        Line(
            target=12,
            what="the login page with style, script and QR: bytes without compression",
            baseline="",
            measured=f"{weight.total:,} ({parts}); {others}; {weight.blocking} render-blocking",
            aim="under 40 KB; no other host; nothing render-blocking beyond one style sheet",
            is_met=is_met,
            ours=(weight.total,),
        )
    ]


def weigh(url: str, path: str) -> Weight:
    """Fetch a page and what it brings, and return what that weighs."""
    visitor = Visitor(url)
    page = verify(visitor.send(Request(path, headers=DESKTOP_HEADERS)), is_ok)
    brought = Brought(url + path)
    brought.feed(page.text)
    parts, others = {"page": len(page.body)}, set()
    waiting = list(brought.urls)
    for one in waiting:
        if urlsplit(one).netloc != urlsplit(url).netloc:
            others.add(urlsplit(one).netloc)
            continue
        answer = verify(visitor.send(Request(urlsplit(one).path)), is_ok)
        parts[one.rpartition("/")[2]] = len(answer.body)
        waiting.extend(new for new in _named_in(one, answer.text) if new not in waiting)
    visitor.close()
    return Weight(parts, len(brought.blocking), frozenset(others))


def _named_in(url: str, text: str) -> list[str]:
    """Return what a style sheet or a script fetches in its turn."""
    pattern = {"css": _STYLE_URL, "js": _MODULE_IMPORT}.get(url.rpartition(".")[2])
    found = pattern.findall(text) if pattern else []
    return [urljoin(url, "".join(one)) for one in found]
