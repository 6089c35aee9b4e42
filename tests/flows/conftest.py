"""A fresh browser context for each person and desktop that a story needs."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.conftest import Installation, Installer
from tests.flows.phones import WECHAT_IOS
from tests.servers import Simulator
from wechatlogin.wechat.app import AppKind

DESKTOP_SIZE = {"width": 1180, "height": 820}
PHONE_SIZE = {"width": 390, "height": 760}

#: Where nothing else is asked for. What moves on a page is drawn by the processor here.
USUAL = {"locale": "zh-CN", "reduced_motion": "reduce"}

NewContext = Callable[..., BrowserContext]


@pytest.fixture
def new_context(browser: Browser) -> Iterator[NewContext]:
    contexts: list[BrowserContext] = []

    def make(**options: object) -> BrowserContext:
        context = browser.new_context(**{**USUAL, **options})  # type: ignore[arg-type]
        context.set_default_timeout(10_000)
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def desktop(new_context: NewContext) -> BrowserContext:
    """A browser on a desktop."""
    return new_context(viewport=DESKTOP_SIZE)


@pytest.fixture
def new_phone(new_context: NewContext) -> Callable[[str, str], BrowserContext]:
    """Make the WeChat browser of a person, who holds the phone at the simulator too."""

    def make(person: str, simulator_url: str) -> BrowserContext:
        context = new_context(viewport=PHONE_SIZE, user_agent=WECHAT_IOS, is_mobile=True)
        # What the simulator's own page "who holds the phone?" would set.
        context.add_cookies([{"name": "simulator_person", "value": person, "url": simulator_url}])
        return context

    return make


@pytest.fixture(scope="session")
def elsewhere(simulator: Simulator) -> str:
    """WeChat's address, on another site than the service's."""
    return simulator.url.replace("127.0.0.1", "localhost")


@pytest.fixture(scope="session")
def website(install_for_all: Installer, elsewhere: str) -> Installation:
    return install_for_all(kind=AppKind.WEBSITE, wechat_open_url=elsewhere)


@pytest.fixture
def leaves_on_cancel(simulator: Simulator) -> Iterator[None]:
    """WeChat as its older text describes it: a refusal leads back, without a code."""
    simulator.call("POST", "/simulator/switches", {"qrconnect_denial": "redirect_with_state"})
    yield
    simulator.call("POST", "/simulator/switches", {"qrconnect_denial": "no_redirect"})
