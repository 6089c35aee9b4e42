"""A relying party: what an operator registers for it, and what it has to be set to."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from flask import Flask
from werkzeug.serving import make_server

from tests.conftest import Installation
from tests.servers import free_port
from wechatlogin import clock
from wechatlogin.extensions import db
from wechatlogin.services import applications
from wechatlogin.services.applications import NewApplication


@dataclass(frozen=True)
class Registration:
    """What a program is told about us, and where it lives itself."""

    issuer: str
    client_id: str
    client_secret: str
    #: `localhost`, while we are 127.0.0.1: another site to the browser.
    url: str
    redirect_uri: str
    #: Where a person who has logged out is sent.
    logged_out_uri: str

    @property
    def port(self) -> int:
        """Where the program listens."""
        return int(self.url.rsplit(":", 1)[1])


def register(
    installation: Installation,
    *,
    back: str = "/back",
    logged_out: str = "/bye",
    backchannel: str | None = None,
    **more: Any,
) -> Registration:
    """Register a program that will live on a free port of this machine.

    It is the owner's own, whom nobody is asked about, unless `more` says otherwise.
    """
    url = f"http://localhost:{free_port()}"
    new = NewApplication(
        "林记茶铺",
        redirect_uris=(url + back,),
        post_logout_redirect_uris=(url + logged_out,),
        backchannel_logout_uri=url + backchannel if backchannel else None,
        **{"is_first_party": True, **more},
    )
    with installation.app.app_context():
        made = applications.create(installation.site.vault, new, now=clock.now())
        db.session.remove()
    assert made.client_secret is not None
    return Registration(
        issuer=f"{installation.url}/oidc",
        client_id=made.client_id,
        client_secret=made.client_secret,
        url=url,
        redirect_uri=url + back,
        logged_out_uri=url + logged_out,
    )


def create_flask(name: str, *pages: Callable[[], Any]) -> Flask:
    """Return a program that serves each page under its own name, and the one `home` at `/`."""
    app = Flask(name)
    app.secret_key = "a secret of the tea shop"
    # A browser sends cookies to all ports of a host.
    app.config["SESSION_COOKIE_NAME"] = name
    for page in pages:
        path = "" if page.__name__ == "home" else page.__name__
        app.add_url_rule(f"/{path}", page.__name__, page)
    return app


@contextmanager
def serving(app: Flask, registration: Registration) -> Iterator[None]:
    """Serve a program that is written with Flask, in a thread."""
    server = make_server("127.0.0.1", registration.port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield
    server.shutdown()
    server.server_close()
    thread.join()
