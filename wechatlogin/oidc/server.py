"""The authorization server: Authlib's, with our clients, grants and errors.

Authlib reads requests, authenticates clients, checks code challenges and shapes errors; what is
issued, kept and ended is our services'.
"""

import json
from collections.abc import Sequence
from typing import Any

from authlib.oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import InvalidClientError, OAuth2Error, OAuth2Request
from flask import Response

from wechatlogin.oidc import client as clients
from wechatlogin.oidc import requests
from wechatlogin.oidc.client import Client

AUTH_METHODS = [*clients.WITH_SECRET, clients.WITHOUT_SECRET]


class Server(AuthorizationServer):
    """One for the process; it keeps nothing between requests."""

    def query_client(self, client_id: str) -> Client | None:
        return clients.get(client_id)

    def authenticate_client(
        self, request: OAuth2Request, methods: Sequence[str], endpoint: str = "token"
    ) -> Client:
        """Return the client that has proven what it is (RFC 6749, 2.3).

        :raise InvalidClientError: if it has not, whatever the reason; the status is 401.
        """
        try:
            return super().authenticate_client(request, methods, endpoint)
        except (OAuth2Error, ValueError) as err:
            raise InvalidClientError(
                "The client is unknown, or has not proven what it is.", status_code=401
            ) from err

    def create_oauth2_request(self, request: object) -> OAuth2Request:
        return request if isinstance(request, OAuth2Request) else requests.from_form()

    def create_token_response(self, request: object = None) -> Response:
        """Answer the token endpoint."""
        try:
            return super().create_token_response(request)
        except OAuth2Error as err:
            # One that was raised before there was a request to answer.
            return self.handle_error_response(request, err)

    def handle_response(
        self, status: int, body: Any, headers: Sequence[tuple[str, str]]
    ) -> Response:
        text = json.dumps(dict(body)) if isinstance(body, dict | list) else body
        return Response(text, status, headers=list(headers))

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Tell nobody; the audit is written where things happen."""
