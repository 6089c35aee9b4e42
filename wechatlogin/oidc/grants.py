"""What the token endpoint takes: an authorization code or a refresh token.

Authlib checks the request; the tokens come from `services/oidc_tokens.py`. The third grant, a
device's, is in `oidc/device.py`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from authlib.consts import default_json_headers
from authlib.oauth2.rfc6749 import (
    AuthorizationCodeMixin,
    InvalidGrantError,
    InvalidRequestError,
    InvalidScopeError,
    OAuth2Request,
    UnauthorizedClientError,
)
from authlib.oauth2.rfc6749.grants import (
    AuthorizationCodeGrant,
    BaseGrant,
    TokenEndpointMixin,
)
from authlib.oauth2.rfc7636 import CodeChallenge

from wechatlogin import clock, metrics
from wechatlogin.errors import CodeReused, TokenInvalid, UserBanned
from wechatlogin.models import AuthorizationCode
from wechatlogin.oidc.client import Client
from wechatlogin.oidc.server import AUTH_METHODS
from wechatlogin.services import authorization_codes, oidc_tokens
from wechatlogin.services.oidc_tokens import Tokens
from wechatlogin.web.context import current_site

TokenResponse = tuple[int, dict[str, object], list[tuple[str, str]]]

S256 = "S256"


@contextmanager
def as_invalid_grant() -> Iterator[None]:
    """Say in OAuth's way that what a client shows is worth nothing."""
    try:
        yield
    except (CodeReused, TokenInvalid, UserBanned) as err:
        raise InvalidGrantError("It is unknown, used up, expired or ended.") from err


def respond(tokens: Tokens, grant: str) -> TokenResponse:
    """Return a successful answer to a request of this grant (RFC 6749, 5.1)."""
    metrics.OIDC_TOKENS.labels(grant.rpartition(":")[2]).inc()
    body: dict[str, object] = {
        "access_token": tokens.access_token.get_secret_value(),
        "token_type": "Bearer",
        "expires_in": tokens.expires_in,
        "scope": tokens.scope,
    }
    if tokens.id_token is not None:
        body["id_token"] = tokens.id_token.get_secret_value()
    if tokens.refresh_token is not None:
        body["refresh_token"] = tokens.refresh_token.get_secret_value()
    return 200, body, default_json_headers


@dataclass(frozen=True)
class Code(AuthorizationCodeMixin):
    """An authorization code, asked by Authlib's names."""

    row: AuthorizationCode

    def get_redirect_uri(self) -> str:
        return self.row.redirect_uri

    def get_scope(self) -> str:
        return self.row.scope

    @property
    def code_challenge(self) -> str | None:
        """What the verifier has to match."""
        return self.row.code_challenge


class CodeGrant(AuthorizationCodeGrant):
    """RFC 6749, 4.1."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        """Return what the code was given for.

        :raise InvalidGrantError: if it was exchanged before.
        """
        with as_invalid_grant():
            row = authorization_codes.get(client.application, code, now=clock.now())
        return Code(row) if row is not None else None

    def create_token_response(self) -> TokenResponse:
        code: Code = self.request.authorization_code
        application = self.client.application
        with as_invalid_grant():
            tokens = oidc_tokens.exchange(current_site(), code.row, application, now=clock.now())
        return respond(tokens, self.GRANT_TYPE)


class RefreshGrant(BaseGrant, TokenEndpointMixin):
    """RFC 6749, 6; each token is good for one rotation (RFC 9700, 4.14)."""

    GRANT_TYPE = "refresh_token"
    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

    def validate_token_request(self) -> None:
        self.request.client = self.authenticate_token_endpoint_client()
        if not self.client.check_grant_type(self.GRANT_TYPE):
            raise UnauthorizedClientError
        if not self.request.form.get("refresh_token"):
            raise InvalidRequestError("Missing 'refresh_token' in request.")

    def create_token_response(self) -> TokenResponse:
        token, scope = self.request.form["refresh_token"], self.request.form.get("scope")
        application = self.client.application
        with as_invalid_grant():
            granted = oidc_tokens.verify_refreshable(application, token, now=clock.now())
            if scope and not set(scope.split()) <= set(granted.split()):
                raise InvalidScopeError
            tokens = oidc_tokens.refresh(
                current_site(), application, token, scope=scope, now=clock.now()
            )
        return respond(tokens, self.GRANT_TYPE)


class S256Challenge(CodeChallenge):
    """RFC 7636 without the method `plain`, for every client that does not say otherwise."""

    DEFAULT_CODE_CHALLENGE_METHOD = S256
    SUPPORTED_CODE_CHALLENGE_METHOD = (S256,)

    def validate_code_challenge(self, grant: CodeGrant, redirect_uri: str) -> None:
        """Refuse a request without a challenge of the right kind.

        :raise InvalidRequestError: if it has none and has to, or one of another kind.
        """
        request: OAuth2Request = grant.request
        given = request.payload.data
        if "code_challenge" not in given and grant.client.application.requires_pkce:
            raise InvalidRequestError("Missing 'code_challenge' (PKCE, RFC 7636).")
        if "code_challenge" in given and given.get("code_challenge_method") != S256:
            # One without a method would be `plain`.
            raise InvalidRequestError("'code_challenge_method' has to be S256.")
        super().validate_code_challenge(grant, redirect_uri)

    def validate_code_verifier(self, grant: CodeGrant, result: object) -> None:
        """Refuse a verifier that is missing, malformed, wrong or of no use, all in one way.

        :raise InvalidGrantError: if it is not the one that belongs to the code.
        """
        try:
            super().validate_code_verifier(grant, result)
        except InvalidRequestError as err:
            raise InvalidGrantError("'code_verifier' does not belong to the code.") from err

    def get_authorization_code_challenge_method(self, authorization_code: object) -> str:
        return S256
