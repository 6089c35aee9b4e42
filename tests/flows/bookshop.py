"""A site of somebody else's that has copied `docs/javascript.md`: its page and its server."""

import re
import threading
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, Page
from werkzeug.serving import BaseWSGIServer, make_server

from tests.conftest import Installation
from tests.servers import ROOT
from wechatlogin import clock
from wechatlogin.config import ConfirmPolicy
from wechatlogin.services import applications
from wechatlogin.services.applications import Credentials, NewApplication

SERVICE = "https://login.example.com"


class Bookshop:
    """The site in a thread, on another site to the browser than the service is."""

    def __init__(self) -> None:
        self.app = Flask("bookshop")
        self.page = ""
        self._server: BaseWSGIServer = make_server("127.0.0.1", 0, self.app, threaded=True)
        self.url = f"http://localhost:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def copy_example(
        self, installation: Installation, made: Credentials, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Run the document's server with its page at `/`."""
        document = (ROOT / "docs" / "javascript.md").read_text(encoding="utf-8")
        [page] = re.findall(r"```html\n(.*?)```", document, re.DOTALL)
        [server] = re.findall(r"```python\n(.*?)```", document, re.DOTALL)
        assert SERVICE in page
        assert SERVICE in server
        self.page = page.replace(SERVICE, installation.url).replace("CLIENT_ID", made.client_id)
        monkeypatch.setenv("API_KEY", made.api_key)
        monkeypatch.setenv("SECRET_KEY", "a secret of the bookshop")
        done: dict[str, Any] = {"__name__": "bookshop"}
        code = server.replace(SERVICE, installation.url)
        exec(compile(code, "example", "exec"), done)  # noqa: S102 - the document's own words
        self.app = done["app"]
        self.app.add_url_rule("/", "home", lambda: self.page)
        self._server.app = self.app

    def open(self, context: BrowserContext) -> Page:
        """Open the page; whatever it complains of fails the test."""
        page = context.new_page()
        page.goto(self.url)
        return page


def register(
    installation: Installation,
    *origins: str,
    confirm: ConfirmPolicy = ConfirmPolicy.NUMBER,
    appids: tuple[str, ...] = (),
) -> Credentials:
    """Register an application for pages of these origins and return its credentials."""
    new = NewApplication("林记书店", origins=origins, confirm=confirm, appids=appids)
    with installation.app.app_context():
        return applications.create(installation.site.vault, new, now=clock.now())
