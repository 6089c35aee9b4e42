"""What a device asks (RFC 8628), for Authlib's server: for its codes, and then for its tokens."""

from authlib.consts import default_json_headers
from authlib.oauth2.rfc6749 import (
    AccessDeniedError,
    InvalidGrantError,
    InvalidRequestError,
    InvalidScopeError,
    OAuth2Request,
)
from authlib.oauth2.rfc8628 import (
    AuthorizationPendingError,
    DeviceAuthorizationEndpoint,
    DeviceCodeGrant,
    ExpiredTokenError,
    SlowDownError,
)
from flask import request, url_for

from wechatlogin import clock
from wechatlogin.errors import (
    AttemptDeclined,
    AttemptError,
    AttemptExpired,
    AttemptNotReady,
    PolledTooSoon,
)
from wechatlogin.oidc.grants import TokenResponse, as_invalid_grant, respond
from wechatlogin.oidc.server import AUTH_METHODS
from wechatlogin.services import device_login, oidc_tokens
from wechatlogin.web.context import browser_name, current_site

#: What an attempt's error is called in the device's ears (RFC 8628, 3.5).
_ERRORS = {
    AttemptNotReady: AuthorizationPendingError,
    PolledTooSoon: SlowDownError,
    AttemptDeclined: AccessDeniedError,
    AttemptExpired: ExpiredTokenError,
}


class DeviceEndpoint(DeviceAuthorizationEndpoint):
    """RFC 8628, 3.1 and 3.2."""

    CLIENT_AUTH_METHODS = AUTH_METHODS

    def create_endpoint_response(self, request_: OAuth2Request) -> TokenResponse:
        """Answer a device that wants to log in.

        :raise InvalidClientError: if the client has not proven what it is.
        :raise InvalidScopeError: if it may be granted nothing of what it asks for.
        """
        client = self.authenticate_client(request_)
        scope = client.get_allowed_scope(request_.payload.scope)
        if scope is None:
            raise InvalidScopeError
        started = device_login.start(
            client.application, scope, name=browser_name(), ip=request.remote_addr, now=clock.now()
        )
        site, page = current_site(), "device.show"
        body: dict[str, object] = {
            "device_code": started.device_code.get_secret_value(),
            "user_code": started.user_code,
            "verification_uri": site.url(url_for(page)),
            "verification_uri_complete": site.url(url_for(page, user_code=started.user_code)),
            "expires_in": int(started.lifetime.total_seconds()),
            "interval": started.interval_seconds,
        }
        return 200, body, default_json_headers


class DeviceGrant(DeviceCodeGrant):
    """RFC 8628, 3.4 and 3.5."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

    def validate_token_request(self) -> None:
        """Read the request; how the login stands is looked at where it may be claimed.

        :raise InvalidRequestError: if there is no device code.
        """
        self.request.client = self.authenticate_token_endpoint_client()
        if not self.request.form.get("device_code"):
            raise InvalidRequestError("Missing 'device_code' in request.")

    def create_token_response(self) -> TokenResponse:
        """Answer with the tokens, once the person has confirmed.

        :raise OAuth2Error: `authorization_pending` and the other ends of RFC 8628, 3.5.
        """
        application, now = self.client.application, clock.now()
        try:
            with as_invalid_grant():
                granted = device_login.poll(self.request.form["device_code"], application, now=now)
                tokens = oidc_tokens.issue(
                    current_site(), application, granted.session, scope=granted.scope, now=now
                )
        except AttemptError as err:
            told = _ERRORS.get(type(err), InvalidGrantError)
            raise told() from err
        return respond(tokens, self.GRANT_TYPE)
