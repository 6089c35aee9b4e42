"""An application as Authlib sees it: a client of RFC 6749, 2."""

from authlib.oauth2.rfc6749 import ClientMixin

from wechatlogin import clock
from wechatlogin.models import Application
from wechatlogin.services import applications, client_secrets

CODE = "code"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
GRANT_TYPES = ("authorization_code", "refresh_token", DEVICE_CODE)
#: How a client proves what it is; one without a secret cannot, and is held to PKCE instead.
WITH_SECRET = ("client_secret_basic", "client_secret_post")
WITHOUT_SECRET = "none"  # noqa: S105 - the name of a method


class Client(ClientMixin):
    """One application, asked by Authlib's names."""

    def __init__(self, application: Application) -> None:
        self.application = application

    def get_client_id(self) -> str:
        return self.application.client_id

    def get_default_redirect_uri(self) -> None:
        """Return none: a request always names where it goes."""
        return

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """Return what it may be granted of what it asks for; the rest is left out (Core, 3.1.2.1).

        None where nothing is left of it.
        """
        wanted = (scope or "openid").split()
        allowed = [name for name in dict.fromkeys(wanted) if name in self.application.scopes]
        return " ".join(allowed) or None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri in self.application.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secrets.check(self.application, client_secret, now=clock.now())

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        if self.application.is_public:
            return method == WITHOUT_SECRET
        return method in WITH_SECRET

    def check_response_type(self, response_type: str) -> bool:
        return response_type == CODE

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in GRANT_TYPES


def get(client_id: str) -> Client | None:
    """Return the client with this id, unless its operator has stopped it."""
    application = applications.get(client_id)
    return Client(application) if application and not application.is_disabled else None
