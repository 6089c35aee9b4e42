"""The site of a program: its page, which may open a window, and where browsers come back to."""

import threading

from flask import Flask, request
from werkzeug.serving import BaseWSGIServer, make_server

PAGE = """<!doctype html>
<title>Program</title>
<output role="status"></output>
<script>
addEventListener("message", ({ data }) => {
  document.querySelector("output").textContent = data;
});
</script>
"""
BACK = """<!doctype html>
<title>Welcome back</title>
<script>if (window.opener) opener.postMessage(location.href, location.origin);</script>
"""


class ProgramSite:
    """The site in a thread, on another site to the browser than the service is."""

    def __init__(self) -> None:
        self.app = Flask("program")
        #: What was posted back, the last one at the end.
        self.posted: list[dict[str, str]] = []
        self.app.add_url_rule("/", "page", lambda: PAGE)
        self.app.add_url_rule("/callback", "back", self._back, methods=["GET", "POST"])
        self._server: BaseWSGIServer = make_server("127.0.0.1", 0, self.app, threaded=True)
        self.url = f"http://localhost:{self._server.server_port}"
        self.redirect_uri = f"{self.url}/callback"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def _back(self) -> str:
        if request.method == "POST":
            self.posted.append(request.form.to_dict())
        return BACK
