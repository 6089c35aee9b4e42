"""A website app's login on a desktop: our page, WeChat's page in it, and what the person decides.

WeChat is reached as `localhost` here and the service as 127.0.0.1: two sites to the browser, so
that cookies behave as they do on the internet.
"""

from playwright.sync_api import BrowserContext, FrameLocator, Page, expect

from tests.conftest import Installation
from tests.flows.desktops import expect_status
from wechatlogin import clock
from wechatlogin.config import FollowPolicy
from wechatlogin.services import applications
from wechatlogin.services.applications import NewApplication

#: Where WeChat sends the browser back to.
RETURN = "/login/website/return"


def register(
    installation: Installation,
    *origins: str,
    appids: tuple[str, ...] = (),
    follow: FollowPolicy = FollowPolicy.NEVER,
) -> str:
    """Register an application and return its client id."""
    new = NewApplication("林记茶铺", origins=origins, appids=appids, follow=follow)
    with installation.app.app_context():
        return applications.create(installation.site.vault, new, now=clock.now()).client_id


def open_login(context: BrowserContext, installation: Installation, query: str = "") -> Page:
    """Open the login page and wait until it waits, with WeChat's page in it."""
    page = context.new_page()
    page.goto(f"{installation.url}/login{query}")
    expect_status(page, "等待登录")
    expect(wechat(page).locator(".qrcode")).to_be_visible()
    return page


def wechat(page: Page) -> FrameLocator:
    """Return WeChat's page within ours."""
    return page.frame_locator("iframe")


def decide(
    installation: Installation, place: FrameLocator | Page, decision: str, person: str = "lin"
) -> None:
    """Let a person scan what WeChat's page shows, and decide."""
    picture = place.locator(".qrcode").get_attribute("src") or ""
    body = {"uuid": picture.rsplit("/", 1)[1], "decision": decision}
    installation.simulator.call("POST", f"/simulator/people/{person}/qrconnect", body)


def open_window(page: Page, button: str = "在新窗口登录") -> Page:
    """Press the button that opens WeChat's page in a window, and return the window."""
    with page.expect_popup() as opened:
        page.get_by_role("button", name=button).click()
    expect(opened.value.locator(".qrcode")).to_be_visible()
    return opened.value


def is_logged_in(context: BrowserContext, installation: Installation) -> bool:
    """Tell whether the browser is logged in to the service."""
    return context.request.get(f"{installation.url}/account", max_redirects=0).status == 200


def cookie(context: BrowserContext, name: str) -> str:
    """Return the value of a cookie that the browser has."""
    values = {one.get("name"): one.get("value", "") for one in context.cookies()}
    return values[name]
