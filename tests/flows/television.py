"""A television: its page shows a QR and a code, its server asks until it knows (RFC 8628)."""

import threading
import time
from typing import Any

from flask import Flask
from werkzeug.serving import BaseWSGIServer, make_server

from tests.oidc.programs import Program
from wechatlogin.services.qr_image import draw_svg

SCOPE = "openid profile offline_access"
PAGE = """<!doctype html>
<meta charset="utf-8">
<title>Television</title>
<h1>{user_code}</h1>
<div style="width: 300px; background: #fff">{qr_svg}</div>
<p>{verification_uri}</p>
<p role="status"></p>
<script>
setInterval(async () => {{
  document.querySelector("[role=status]").textContent = await (await fetch("/news")).text();
}}, 200);
</script>
"""


class Television:
    """It has asked for its codes, and asks for its tokens whenever its page wants news."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.given: dict[str, Any] = program.post("device/auth", scope=SCOPE).json()
        self.tokens: dict[str, Any] = {}
        self._news = ""
        self._asked_at = time.monotonic()
        self._asking = threading.Lock()
        app = Flask("television")
        app.add_url_rule("/", "page", self._page)
        app.add_url_rule("/news", "news", self._tell)
        self._server: BaseWSGIServer = make_server("127.0.0.1", 0, app, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def _page(self) -> str:
        svg = draw_svg(self.given["verification_uri_complete"])
        return PAGE.format(qr_svg=svg, **self.given)

    def _tell(self) -> str:
        with self._asking:
            is_due = time.monotonic() - self._asked_at >= self.given["interval"]
            if is_due and self._news in {"", "authorization_pending"}:
                self._asked_at = time.monotonic()
                self._news = self._ask()
        return self._news

    def _ask(self) -> str:
        answer = self.program.post(
            "token",
            grant_type="urn:ietf:params:oauth:grant-type:device_code",
            device_code=self.given["device_code"],
        )
        if not answer.ok:
            return str(answer.json()["error"])
        self.tokens = answer.json()
        told = self.program.userinfo(self.tokens["access_token"]).json()
        return f"你好，{told.get('name', '')}"
