"""The waiting page in a real browser, with a server that says what the test wants it to say."""

import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Locator, Page, Request, Route

from tests import sample_pages, source_tree

SITE = "http://login.example"
STATUS_PATH = sample_pages.SCAN["status_url"]
POLICY = (
    f"default-src 'none'; script-src 'nonce-{sample_pages.NONCE}'; connect-src 'self'; "
    f"style-src 'nonce-{sample_pages.NONCE}'; img-src 'self' data:"
)
KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

Answer = Callable[[Route], None]


def standing(status: str, **fields: Any) -> Answer:
    """Return the answer that the attempt stands so."""
    body = {"status": status, "expires_in": 90, "number": None, "nickname": None}
    text = json.dumps({**body, "avatar_url": None, **fields})
    return lambda route: route.fulfill(body=text, content_type="application/json")


def refusal(status: int, **headers: str) -> Answer:
    """Return an answer without a body of ours."""
    return lambda route: route.fulfill(status=status, body="no", headers=headers)


def cut(route: Route) -> None:
    """Answer nothing: the connection breaks."""
    route.abort("connectionreset")


@dataclass
class WaitingPage:
    """The page, what it has asked, and what it is told next; unasked questions stay open."""

    page: Page
    lang: str = "zh-CN"
    asked: list[Request] = field(default_factory=list)
    claims: list[Request] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    claim_answers: deque[Answer] = field(default_factory=deque)
    _open: deque[Route] = field(default_factory=deque)

    def open(self) -> "WaitingPage":
        """Open the page; its clock runs only when a test says so."""
        self.page.on("console", self._listen)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.route("**/*", self._serve)
        self.page.clock.install(time=0)
        self.page.clock.pause_at(1000)
        self.page.goto(f"{SITE}/login")
        self.wait_for_question(1)
        return self

    def tell(self, answer: Answer) -> None:
        """Answer the question that is open."""
        answer(self._open.popleft())

    def wait_for_question(self, count: int) -> dict[str, str]:
        """Wait until so many questions have been asked; return what the last one says."""
        self._wait_until(lambda: len(self.asked) >= count)
        return {
            key: value[0] for key, value in parse_qs(urlsplit(self.asked[-1].url).query).items()
        }

    def wait_for_claim(self, count: int) -> Request:
        """Wait until so many claims have come in; return the last one."""
        self._wait_until(lambda: len(self.claims) >= count)
        return self.claims[-1]

    def pass_seconds(self, seconds: float) -> None:
        """Let the page's clock run."""
        self.page.clock.run_for(round(seconds * 1000))

    def seconds_until_question(self, count: int, *, at_most: int) -> int:
        """Let the page's clock run until so many questions have been asked; return how long."""
        for seconds in range(1, at_most + 1):
            self.pass_seconds(1)
            self.page.wait_for_timeout(10)
            if len(self.asked) >= count:
                return seconds
        raise AssertionError("the page did not ask")

    def set_hidden(self, hidden: bool) -> None:
        """Put the page in the background, or in front again."""
        self.page.evaluate(
            """hidden => {
              Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
              document.dispatchEvent(new Event("visibilitychange"));
            }""",
            hidden,
        )

    def status(self) -> str:
        """Return the words of the status line."""
        return " ".join(self.page.locator(".pill").inner_text().split())

    def seen(self, text: str) -> Locator:
        """Return what shows this text."""
        return self.page.get_by_text(text, exact=True).filter(visible=True)

    def close(self) -> None:
        """Let go of the questions that are still open."""
        for route in self._open:
            route.abort()
        self.page.unroute_all()

    def _wait_until(self, condition: Callable[[], bool]) -> None:
        for _ in range(500):
            if condition():
                return
            # The browser's requests reach this process while it waits.
            self.page.wait_for_timeout(10)
        raise AssertionError("the page did not ask")

    def _listen(self, message: Any) -> None:
        # The browser itself reports answers that are no success and connections that broke.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    def _serve(self, route: Route) -> None:
        path = urlsplit(route.request.url).path
        if path == STATUS_PATH:
            self.asked.append(route.request)
            self._open.append(route)
        elif path == sample_pages.SCAN["claim_url"]:
            self.claims.append(route.request)
            self.claim_answers.popleft()(route)
        elif path == "/login":
            self._serve_page(route)
        elif path.startswith("/static/"):
            file = source_tree.ROOT / path.removeprefix("/")
            route.fulfill(body=file.read_text(encoding="utf-8"), content_type=KINDS[file.suffix])
        else:
            route.fulfill(body="<!doctype html><title>in</title>", content_type="text/html")

    def _serve_page(self, route: Route) -> None:
        sample = next(sample_pages.samples())
        route.fulfill(
            body=sample_pages.render(sample, self.lang),
            headers={
                "Content-Type": "text/html; charset=utf-8",
                "Content-Security-Policy": POLICY,
            },
        )
