"""The pages of a program that a browser comes back to, on another site than the service is."""

import threading

from flask import Flask, redirect, request
from werkzeug.serving import BaseWSGIServer, make_server
from werkzeug.wrappers import Response


class ProgramPages:
    """They say how the login ended, here or at another address of the program's."""

    def __init__(self) -> None:
        app = Flask("program-pages")
        self._server: BaseWSGIServer = make_server("127.0.0.1", 0, app, threaded=True)
        port = self._server.server_port
        self.url = f"http://localhost:{port}"
        #: Where a login comes back to.
        self.back = f"{self.url}/back"
        #: Where one comes back to that is sent on to `home`.
        self.elsewhere = f"{self.url}/elsewhere"
        #: Where its people live, on another site than its logins.
        self.home = f"http://127.0.0.1:{port}/back"
        methods = ["GET", "POST"]
        app.add_url_rule("/back", view_func=self._show, methods=methods)
        app.add_url_rule("/elsewhere", view_func=self._go_on, methods=methods)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def _show(self) -> str:
        ended = request.values.get("error", "welcome")
        return f"<!doctype html><title>program</title><h1>{ended}</h1>"

    def _go_on(self) -> Response:
        return redirect(self.home, 303)
