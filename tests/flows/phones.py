"""A WeChat browser without a screen: a cookie jar, WeChat's User-Agent, and who holds the phone."""

import re
from html import unescape
from urllib.parse import urljoin

import requests

WECHAT_IOS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_3_1 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.56(0x1800383b) NetType/WIFI "
    "Language/zh_CN"
)
DESKTOP = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0"
)
MOST_HOPS = 15
HIDDEN_FIELD = r'<input[^>]*type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"'


class Browser(requests.Session):
    """A browser that follows redirects one by one, so that a test can step in between."""

    def __init__(self, user_agent: str = DESKTOP, person: str | None = None) -> None:
        super().__init__()
        self.headers["User-Agent"] = user_agent
        self.headers["Accept"] = "text/html"
        self.trust_env = False
        self.person = person

    def step(self, url: str, **more: object) -> requests.Response:
        """Make one request and follow nothing."""
        headers = {"X-Simulator-Person": self.person} if self.person else {}
        return self.get(url, headers=headers, allow_redirects=False, timeout=20, **more)  # type: ignore[arg-type]

    def open(self, url: str) -> requests.Response:
        """Open an address and follow all redirects, as far as a person would."""
        for _ in range(MOST_HOPS):
            answer = self.step(url)
            if not answer.is_redirect:
                return answer
            url = urljoin(url, answer.headers["Location"])
        raise AssertionError(f"an endless redirect, last to {url}")

    def until(self, url: str, part: str) -> str:
        """Follow redirects until an address contains `part`, and return that address unopened."""
        for _ in range(MOST_HOPS):
            if part in url:
                return url
            answer = self.step(url)
            assert answer.is_redirect, f"{url} answered {answer.status_code}"
            url = urljoin(url, answer.headers["Location"])
        raise AssertionError(f"never came to {part}")

    def submit(self, page: requests.Response, **fields: str) -> requests.Response:
        """Send the page's form with its hidden fields and these."""
        action = re.search(r'<form[^>]*action="([^"]+)"', page.text)
        assert action, page.text
        hidden = dict(
            re.findall(
                r'<input[^>]*type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"', page.text
            )
        )
        url = urljoin(page.url, unescape(action[1]))
        return self.post(url, data={**hidden, **fields}, allow_redirects=True, timeout=20)


class Phone(Browser):
    """A person's WeChat on an iPhone."""

    def __init__(self, person: str) -> None:
        super().__init__(WECHAT_IOS, person)
