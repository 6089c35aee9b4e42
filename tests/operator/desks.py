"""Operators at their desks: a browser without a screen that has logged in, or one of Chromium's.

Desk(installation)                              the admin "operator", logged in
make_operator(installation, "mei", Role.VIEWER) another one, written down and logged in
open_desk(context, installation, "/operator/…") the same for a context of Chromium
"""

from urllib.parse import urljoin

import requests
from playwright.sync_api import BrowserContext, Page
from pydantic import SecretStr

from tests.conftest import OPERATOR_PASSWORD, Installation
from tests.flows.phones import DESKTOP, Browser
from tests.page_lint import Element, read
from wechatlogin import clock
from wechatlogin.extensions import db
from wechatlogin.models import Role
from wechatlogin.services import operators

COOKIE = "wechatlogin-operator"
#: What `make_operator` gives whoever it makes.
THEIR_PASSWORD = "canary-of-another-operator"


class Desk(Browser):
    """An operator's browser, logged in."""

    def __init__(
        self,
        installation: Installation,
        name: str = "operator",
        password: str = OPERATOR_PASSWORD,
        *,
        user_agent: str = DESKTOP,
    ) -> None:
        super().__init__(user_agent)
        self.url = installation.url
        page = self.open("/operator/login")
        page = self.submit(page, name=name, password=password)
        assert page.status_code == 200, page.text

    def open(self, url: str) -> requests.Response:
        """Open a path of the service, or an address, and follow all redirects."""
        return super().open(urljoin(self.url, url))

    def submit(
        self, page: requests.Response, to: str = "", **fields: str | list[str]
    ) -> requests.Response:
        """Send the first form on the page's board whose action contains `to`, and follow.

        It sends what a browser would, with these fields instead of what stands in them.
        """
        form = _find_form(page.text, to)
        action = urljoin(page.url, form.attributes.get("action", ""))
        values = {**_values(form), **fields}
        if form.attributes.get("method", "get").lower() == "get":
            return self.get(action, params=values, timeout=20)
        return self.post(action, data=values, timeout=20)


def make_operator(installation: Installation, name: str, role: Role) -> Desk:
    """Write an operator down, and return them at their desk."""
    with installation.app.app_context():
        operators.save(name, SecretStr(THEIR_PASSWORD), role=role, now=clock.now())
        db.session.remove()
    return Desk(installation, name, THEIR_PASSWORD)


def open_desk(
    context: BrowserContext, installation: Installation, path: str, desk: Desk | None = None
) -> Page:
    """Open a page of the operators' in Chromium, as the admin or as whose desk it is."""
    cookie = (desk or Desk(installation)).cookies[COOKIE]
    context.add_cookies([{"name": COOKIE, "value": cookie, "url": installation.url}])
    page = context.new_page()
    page.goto(f"{installation.url}{path}")
    return page


def _find_form(html: str, to: str) -> Element:
    page = read(html)
    # The first form of a desk's page is the log-out in the bar.
    boards = [element for element in page if element.tag == "main"]
    for board in boards or page[:1]:
        for element in board.walk():
            if element.tag == "form" and to in element.attributes.get("action", ""):
                return element
    raise AssertionError(f"no form to {to or 'anywhere'}: {html}")


def _values(form: Element) -> dict[str, str | list[str]]:
    values: dict[str, str | list[str]] = {}
    for element in form.walk():
        name, value = element.attributes.get("name"), _value(element)
        if name is None or value is None or "disabled" in element.attributes:
            continue
        # Boxes of one name are sent one after another.
        before = values.get(name)
        former = before if isinstance(before, list) else [before]
        values[name] = value if before is None else [*(one for one in former if one), value]
    return values


def _value(element: Element) -> str | None:
    if element.tag == "textarea":
        return "".join(element.texts)
    if element.tag == "select":
        options = [one for one in element.walk() if one.tag == "option"]
        chosen = [one for one in options if "selected" in one.attributes] or options[:1]
        return chosen[0].attributes.get("value", chosen[0].text()) if chosen else None
    kind = element.attributes.get("type", "text")
    if element.tag != "input" or kind in {"submit", "button", "file"}:
        return None
    if kind in {"checkbox", "radio"} and "checked" not in element.attributes:
        return None
    return element.attributes.get("value", "on" if kind in {"checkbox", "radio"} else "")
