"""Turns a page's own HTML into what the phone's frame can show.

Links, forms and scripts are led through the phone; policies and integrity values that were made
for the page's real address are taken out; a small script stands in for WeChat's bridge.
"""

import html
import re
from html.parser import HTMLParser

from wechatlogin.simulator.addresses import Place

ADDRESS_ATTRIBUTES = frozenset({"href", "src", "action", "formaction", "poster", "data"})
DROPPED_ATTRIBUTES = frozenset({"integrity", "target", "crossorigin"})
BRIDGE = "/phone/static/bridge.js"
_REFRESH = re.compile(r"^(\s*[\d.]+\s*[;,]\s*url\s*=\s*)['\"]?(.+?)['\"]?\s*$", re.IGNORECASE)


class _Rewriter(HTMLParser):
    def __init__(self, place: Place, *, snapshot: bool) -> None:
        super().__init__(convert_charrefs=False)
        self._place = place
        self._bridge = f'<script src="{BRIDGE}" data-snapshot="{str(snapshot).lower()}"></script>'
        self.out: list[str] = []
        self._bridged = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._write_tag(tag, attrs, end=">")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._write_tag(tag, attrs, end="/>")

    def handle_endtag(self, tag: str) -> None:
        self.out.append(f"</{tag}>")

    def _copy(self, data: str) -> None:
        self.out.append(data)

    # The parser calls it by this name for whatever stands between tags.
    handle_data = _copy

    def handle_entityref(self, name: str) -> None:
        self.out.append(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.out.append(f"&#{name};")

    def handle_comment(self, data: str) -> None:
        self.out.append(f"<!--{data}-->")

    def handle_decl(self, decl: str) -> None:
        self.out.append(f"<!{decl}>")

    def handle_pi(self, data: str) -> None:
        self.out.append(f"<?{data}>")

    def unknown_decl(self, data: str) -> None:
        self.out.append(f"<![{data}]>")

    def finished(self) -> str:
        """Return the page; one without a head gets the bridge in front."""
        self.close()
        return "".join(self.out if self._bridged else [self._bridge, *self.out])

    def _write_tag(self, tag: str, attrs: list[tuple[str, str | None]], *, end: str) -> None:
        if tag == "base" or (tag == "meta" and _is_policy(attrs)):
            return
        kept = [(name, value) for name, value in attrs if name not in DROPPED_ATTRIBUTES]
        written = "".join(self._attribute(tag, name, value) for name, value in kept)
        self.out.append(f"<{tag}{written}{end}")
        if tag == "head":
            self._bridged = True
            self.out.append(self._bridge)

    def _attribute(self, tag: str, name: str, value: str | None) -> str:
        if value is None:
            return f" {name}"
        if name in ADDRESS_ATTRIBUTES:
            value = self._place.shown(value.strip())
        elif name == "srcset":
            value = self._shown_set(value)
        elif tag == "meta" and name == "content" and (found := _REFRESH.match(value)):
            value = found.group(1) + self._place.shown(found.group(2))
        return f' {name}="{html.escape(value)}"'

    def _shown_set(self, value: str) -> str:
        candidates = [one.strip().partition(" ") for one in value.split(",")]
        return ", ".join(f"{self._place.shown(url)}{gap}{size}" for url, gap, size in candidates)


def rewritten(page: str, place: Place, *, snapshot: bool) -> str:
    """Return the page for the phone's frame."""
    rewriter = _Rewriter(place, snapshot=snapshot)
    rewriter.feed(page)
    return rewriter.finished()


def _is_policy(attrs: list[tuple[str, str | None]]) -> bool:
    named = {name: (value or "").lower() for name, value in attrs}
    return named.get("http-equiv") == "content-security-policy" or named.get("name") == "referrer"
