"""The samples of all pages, shown in a browser without a server.

Scripts are left out, and a page that leads on by itself stays where it is.
"""

from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Page, Route

from tests import sample_pages, source_tree
from tests.sample_pages import Sample

SITE = "http://gallery.test/"


class Gallery:
    """Shows one sample after another in a browser context."""

    def __init__(self, context: BrowserContext) -> None:
        self._html: str | None = None
        context.route("**/*", self._answer)
        self.page: Page = context.new_page()

    def show(self, sample: Sample, lang: str) -> Page:
        """Show one sample and return the page."""
        self._html = sample_pages.render(sample, lang)
        self.page.goto(SITE, wait_until="load")
        return self.page

    def _answer(self, route: Route) -> None:
        html = self._html if route.request.is_navigation_request() else None
        if html is not None:
            self._html = None
        route.fulfill(**answer(route.request.url, html))


def answer(url: str, html: str | None) -> dict[str, Any]:
    """Return what a browser is answered: the page that is expected, a file of ours, or nothing."""
    if html is not None:
        return {"body": html, "content_type": "text/html; charset=utf-8"}
    path = urlsplit(url).path
    file = source_tree.ROOT / path.removeprefix("/")
    if path.startswith("/static/") and file.suffix != ".js" and file.is_file():
        return {"path": file}
    return {"status": 204}
