"""Addresses of the built-in browser: where a page lies while the phone shows it.

    http://shop.example/a?b  shown on lin's iPhone  is  /phone/web/lin~ios/http/shop.example/a?b

The path keeps its shape, so a relative link needs no change.
"""

import re
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

PREFIX = "/phone/web/"
_SHOWN = re.compile(
    r"/phone/web/(?P<person>[a-z0-9_-]+)~(?P<device>[a-z]+)/(?P<scheme>https?)/(?P<netloc>[^/?#]+)"
    r"(?P<rest>[^#]*)"
)
_ELSEWHERE = re.compile(r"(?:https?:)?//", re.IGNORECASE)


@dataclass(frozen=True)
class Place:
    """A page on somebody's phone."""

    person: str
    device: str
    url: str

    @property
    def origin(self) -> str:
        """Return scheme and host of the page."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    def shown(self, link: str) -> str:
        """Return where a link of this page leads on the phone.

        Relative links, fragments and other schemes stay as they are.
        """
        if not _ELSEWHERE.match(link) and not link.startswith("/"):
            return link
        return shown(self.person, self.device, urljoin(self.url, link))


def shown(person: str, device: str, url: str) -> str:
    """Return where an absolute http address lies on the phone."""
    parts = urlsplit(url)
    query = f"?{parts.query}" if parts.query else ""
    fragment = f"#{parts.fragment}" if parts.fragment else ""
    path = parts.path or "/"
    return f"{PREFIX}{person}~{device}/{parts.scheme}/{parts.netloc}{path}{query}{fragment}"


def place(address: str) -> Place | None:
    """Return the page that an address on the phone stands for, or None."""
    parts = urlsplit(address)
    found = _SHOWN.fullmatch(parts.path + (f"?{parts.query}" if parts.query else ""))
    if found is None:
        return None
    url = f"{found['scheme']}://{found['netloc']}{found['rest'] or '/'}"
    return Place(found["person"], found["device"], url)
