"""`static/js/copy.js` and `static/js/avatar.js` in a real browser."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests import sample_pages, source_tree
from tests.static.waiting_pages import KINDS, SITE


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    page.route("**/*", _serve)
    yield page
    page.unroute_all()
    page.close()


def _serve(route: Route) -> None:
    """Serve a sample by its template's name, static files, and nothing else."""
    path = urlsplit(route.request.url).path.removeprefix("/")
    pages = {sample.template: sample for sample in sample_pages.samples()}
    if path in pages:
        html = sample_pages.render(pages[path], "zh-CN")
        route.fulfill(body=html, content_type="text/html; charset=utf-8")
    elif path.startswith("static/"):
        file = source_tree.ROOT / path
        route.fulfill(body=file.read_text(encoding="utf-8"), content_type=KINDS[file.suffix])
    else:
        route.fulfill(status=404, body="")


def test_the_link_is_copied_and_the_page_says_so(page: Page) -> None:
    page.goto(f"{SITE}/open_in_wechat.html")

    page.get_by_role("button", name="复制链接").click()

    expect(page.get_by_role("status")).to_have_text("已复制")
    assert page.evaluate("getSelection().toString()").strip() == "https://a.example/login"


def test_a_link_that_cannot_be_copied_is_selected_and_explained(page: Page) -> None:
    page.add_init_script("document.execCommand = () => false")
    page.goto(f"{SITE}/open_in_wechat.html")

    page.get_by_role("button", name="复制链接").click()

    expect(page.get_by_role("status")).to_have_text("复制不了，请长按上面的链接复制。")
    assert page.evaluate("getSelection().toString()").strip() == "https://a.example/login"


def test_a_picture_that_is_missing_gives_way_to_the_letter(page: Page) -> None:
    page.goto(f"{SITE}/account.html")

    expect(page.locator(".avatar img")).to_have_count(0)
    expect(page.locator(".avatar").first).to_have_text("L")
