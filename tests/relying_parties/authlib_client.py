"""A program written with Authlib's client for Flask."""

import secrets
from typing import Any

from authlib.integrations.flask_client import OAuth
from flask import redirect, session
from werkzeug.wrappers import Response

from tests.relying_parties.parties import Registration, create_flask

SCOPE = "openid profile email offline_access"


class Program:
    """The program in Flask, which finds all of us by discovery."""

    def __init__(self, registration: Registration) -> None:
        self.registration = registration
        self.visits: dict[str, dict[str, Any]] = {}
        pages = (self.home, self.login, self.back, self.later, self.logout, self.bye)
        self.app = create_flask("authlib-client", *pages)
        self.provider = OAuth(self.app).register(
            "wechat",
            client_id=registration.client_id,
            client_secret=registration.client_secret,
            server_metadata_url=f"{registration.issuer}/.well-known/openid-configuration",
            client_kwargs={"scope": SCOPE, "code_challenge_method": "S256"},
            update_token=self._keep_renewed,
        )

    def home(self) -> dict[str, Any]:
        """Say who is logged in."""
        return {"visit": self.visits.get(session.get("visit", ""))}

    def login(self) -> Response:
        """Send the browser to us."""
        return self.provider.authorize_redirect(self.registration.redirect_uri)

    def back(self) -> Response:
        """Take the browser back from us."""
        token = self.provider.authorize_access_token()
        session["visit"] = secrets.token_hex(8)
        self.visits[session["visit"]] = {
            "token": token,
            "claims": token["userinfo"],
            "userinfo": self.provider.userinfo(token=token),
        }
        return redirect("/")

    def later(self) -> dict[str, Any]:
        """Ask for the person again when the access token has expired."""
        token = {**self.visits[session["visit"]]["token"], "expires_at": 1}
        return dict(self.provider.userinfo(token=token))

    def logout(self) -> Response:
        """Log out here and at the provider."""
        token = self.visits.pop(session.pop("visit"))["token"]
        return self.provider.logout_redirect(
            post_logout_redirect_uri=self.registration.logged_out_uri,
            id_token_hint=token["id_token"],
        )

    def bye(self) -> dict[str, Any]:
        """Say what the browser has come back with, once its state is found to be right."""
        return {"bye": self.provider.validate_logout_response()}

    def _keep_renewed(self, token: dict[str, Any], **old: str) -> None:
        """Keep what the library has renewed by itself."""
        self.visits[session["visit"]]["renewed"] = token
