"""A desktop in Chromium: the login page as a person sees it, and the phone that reads its QR."""

import io
import re

import zxingcpp
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect

from tests.conftest import Installation

TWO_DIGITS = re.compile(r"^\d\d$")


def read_qr(page: Page) -> str:
    """Read the QR off a screenshot, as a phone's camera would."""
    picture = Image.open(io.BytesIO(page.screenshot()))
    found = zxingcpp.read_barcode(picture, formats=zxingcpp.BarcodeFormat.QRCode)
    assert found is not None, "no QR code in sight"
    return str(found.text)


def open_login(context: BrowserContext, url: str) -> Page:
    """Open the login page and wait until it waits."""
    page = context.new_page()
    page.goto(f"{url}/login")
    expect_status(page, "等待扫码")
    return page


def expect_status(page: Page, words: str) -> None:
    """Expect words in the status line; those of the other states are there too, but hidden."""
    expect(page.get_by_role("status")).to_contain_text(words, use_inner_text=True)


def read_number(page: Page) -> str:
    """Return the number that the desktop asks to tap, once it has been scanned."""
    number = page.locator(".number")
    expect(number).to_have_text(TWO_DIGITS)
    return number.inner_text()


def confirm_link(scanned: dict[str, object]) -> str:
    """Return the link in the chat's answer to a scan."""
    found = re.search(r'<a href="([^"]+)"', str(scanned["replies"]))
    assert found, scanned
    return found[1]


def expect_account(page: Page, installation: Installation) -> None:
    """Expect that the page has moved on by itself to the account."""
    expect(page).to_have_url(f"{installation.url}/account")
    expect(page.get_by_role("heading", level=1)).to_have_text("我的账号")
