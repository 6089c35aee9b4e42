"""A site of the owner's on a port of its own: it does its own login and takes us for WeChat."""

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode, urlsplit

import requests
from flask import Flask, make_response, redirect, request
from pydantic import SecretStr
from werkzeug.serving import BaseWSGIServer, make_server
from werkzeug.wrappers import Response

from tests.conftest import Installation
from tests.servers import Account
from wechatlogin import clock
from wechatlogin.extensions import db
from wechatlogin.services import applications, wechat_apps
from wechatlogin.services.applications import NewApplication
from wechatlogin.services.wechat_apps import NewWeChatApp
from wechatlogin.wechat.app import AppKind

COOKIE = "shop-state"
AUTHORIZE = "/connect/oauth2/authorize"


class Shop:
    """The site in a thread; what has come back from WeChat is in `arrivals`."""

    def __init__(self, api_url: str, path: str = "/back?from=menu") -> None:
        self.api_url = api_url
        #: The query of each arrival, byte for byte.
        self.arrivals: list[str] = []
        self.app = Flask("shop")
        self._server: BaseWSGIServer = make_server("127.0.0.1", 0, self.app, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.redirect_uri = self.url + path
        self.app.add_url_rule("/login", view_func=self._login)
        self.app.add_url_rule("/back", view_func=self._back)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def serves(self, account: Account, page: str, *, scope: str) -> None:
        """Say as which app it logs people in, and where it finds WeChat's page."""
        self.account, self.page, self.scope = account, page, scope

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def _login(self) -> Response:
        state = secrets.token_hex(8)
        query = urlencode(
            {
                "appid": self.account.appid,
                "redirect_uri": self.redirect_uri,
                "response_type": "code",
                "scope": self.scope,
                "state": state,
            }
        )
        answer = redirect(f"{self.page}?{query}#wechat_redirect")
        answer.set_cookie(COOKIE, state, path="/", httponly=True)
        return answer

    def _back(self) -> Response:
        self.arrivals.append(request.query_string.decode("ascii"))
        if request.args["state"] != request.cookies.get(COOKIE):
            return make_response("a state that is not this browser's", 403)
        if "code" not in request.args:
            return make_response("cancelled")
        return make_response(self._exchanged(request.args["code"]))

    def _exchanged(self, code: str) -> str:
        asked = {
            "appid": self.account.appid,
            "secret": self.account.secret,
            "code": code,
            "grant_type": "authorization_code",
        }
        granted = requests.get(
            f"{self.api_url}/sns/oauth2/access_token", params=asked, timeout=20
        ).json()
        if granted.get("is_snapshotuser"):
            return "snapshot"
        return f"hello {granted['openid']}" if "openid" in granted else f"error {granted}"


@contextmanager
def open_shop(installation: Installation) -> Iterator[Shop]:
    """Open a site that is registered, and that is in WeChat with the installation's account."""
    site = Shop(installation.simulator.url)
    site.serves(installation.account, installation.url + AUTHORIZE, scope="snsapi_userinfo")
    new = NewApplication("书店", redirect_uris=(site.redirect_uri,))
    with installation.app.app_context():
        applications.create(installation.site.vault, new, now=clock.now())
        db.session.remove()
    yield site
    site.stop()


def asked(installation: Installation, shop: Shop, **changed: str) -> str:
    """Return our page as a site would ask for it."""
    query = {
        "appid": installation.account.appid,
        "redirect_uri": shop.redirect_uri,
        "response_type": "code",
        "scope": "snsapi_base",
        "state": "theirs",
        **changed,
    }
    return f"{installation.url}{AUTHORIZE}?{urlencode(query)}"


def add_website_app(installation: Installation) -> Account:
    """Add a website app to an installation, and to WeChat."""
    account = Account()
    host = urlsplit(installation.url).netloc
    installation.simulator.add_app(
        account, host=host, callback_url=None, kind="website", mode="plain"
    )
    with installation.app.app_context():
        new = NewWeChatApp(account.appid, SecretStr(account.secret), AppKind.WEBSITE, "书店网站")
        wechat_apps.save(installation.site.vault, new, now=clock.now())
        db.session.remove()
    return account
