"""A program written with social-auth-core and Flask."""

from typing import Any
from urllib.parse import urlencode

from flask import redirect, request, session
from social_core.actions import do_auth, do_complete
from social_core.backends.open_id_connect import OpenIdConnectAuth
from social_core.strategy import BaseStrategy
from werkzeug.wrappers import Response

from tests.relying_parties.parties import Registration, create_flask
from tests.relying_parties.social_auth_tables import Customer, Link, Storage

BACKEND = "social_core.backends.open_id_connect.OpenIdConnectAuth"


class Strategy(BaseStrategy[Response]):
    """How the library reaches Flask's request, its session and the settings."""

    def __init__(self, settings: dict[str, Any]) -> None:
        super().__init__(Storage)
        self.settings = settings

    def get_setting(self, name: str) -> Any:
        return self.settings[name]

    def redirect(self, url: str) -> Response:
        return redirect(url)

    def get_request_data(self, merge: bool = True) -> dict[str, Any]:
        return request.values.to_dict()

    def request_host(self) -> str:
        return request.host

    def build_absolute_uri(self, path: str | None = None) -> str:
        return request.host_url.rstrip("/") + (path or "")

    def session_get(self, name: str, default: Any = None) -> Any:
        return session.get(name, default)

    def session_set(self, name: str, value: Any) -> None:
        session[name] = value

    def session_pop(self, name: str) -> Any:
        return session.pop(name, None)


class Program:
    """The program in Flask, which knows no more of us than its settings."""

    def __init__(self, registration: Registration) -> None:
        self.registration = registration
        self.settings = {
            "SOCIAL_AUTH_AUTHENTICATION_BACKENDS": [BACKEND],
            "SOCIAL_AUTH_OIDC_OIDC_ENDPOINT": registration.issuer,
            "SOCIAL_AUTH_OIDC_KEY": registration.client_id,
            "SOCIAL_AUTH_OIDC_SECRET": registration.client_secret,
            "SOCIAL_AUTH_OIDC_USE_PKCE": True,
            "SOCIAL_AUTH_OIDC_SCOPE": ["offline_access"],
            "SOCIAL_AUTH_LOGIN_REDIRECT_URL": "/",
        }
        pages = (self.home, self.login, self.back, self.later, self.logout, self.bye)
        self.app = create_flask("social-auth", *pages)

    def home(self) -> dict[str, Any]:
        """Say who is logged in."""
        link = self._link()
        if link is None:
            return {"visit": None}
        customer = {
            "username": link.user.username,
            "email": link.user.email,
            "fullname": link.user.fullname,
        }
        return {"visit": {"uid": link.uid, "customer": customer, "extra": link.extra_data}}

    def login(self) -> Response:
        """Send the browser to us."""
        return do_auth(self._backend())

    def back(self) -> Response:
        """Take the browser back from us."""
        return do_complete(self._backend(), _log_in)

    def later(self) -> dict[str, Any]:
        """Ask for an access token when the one that is kept has expired."""
        link = self._link()
        assert link is not None
        link.extra_data["expires_on"] = 1
        return {"access_token": link.get_access_token(Strategy(self.settings))}

    def logout(self) -> Response:
        """Log out here and, which the library leaves to the program, at the provider."""
        link = self._link()
        assert link is not None
        session.clear()
        query = {
            "id_token_hint": link.extra_data["id_token"],
            "post_logout_redirect_uri": self.registration.logged_out_uri,
        }
        endpoint = self._backend().oidc_config()["end_session_endpoint"]
        return redirect(f"{endpoint}?{urlencode(query)}")

    def bye(self) -> dict[str, Any]:
        """Say what the browser has come back with."""
        return {"bye": request.args}

    def _backend(self) -> OpenIdConnectAuth[Response]:
        return OpenIdConnectAuth(Strategy(self.settings), redirect_uri="/back")

    def _link(self) -> Link | None:
        return Link.get_social_auth("oidc", session.get("uid", ""))


def _log_in(backend: OpenIdConnectAuth[Response], customer: Customer, link: Link) -> None:
    session["uid"] = link.uid
