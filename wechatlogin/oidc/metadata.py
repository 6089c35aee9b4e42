"""What clients read about us before they ask (OpenID Connect Discovery, RFC 8414).

GET /oidc/.well-known/openid-configuration          the metadata
GET /.well-known/oauth-authorization-server/oidc    the same, where RFC 8414 looks for it
GET /oidc/.well-known/jwks.json                     our public keys (RFC 7517)
"""

from flask import Blueprint, Response, jsonify, url_for

from wechatlogin import clock
from wechatlogin.errors import LoginError
from wechatlogin.extensions import limiter
from wechatlogin.i18n import LANGUAGES
from wechatlogin.models import Algorithm, SubjectType
from wechatlogin.oidc import client, errors, sharing
from wechatlogin.oidc.authorization_request import Prompt, ResponseMode
from wechatlogin.oidc.grants import S256
from wechatlogin.oidc.server import AUTH_METHODS
from wechatlogin.services import claims, keys
from wechatlogin.web import security
from wechatlogin.web.context import current_site
from wechatlogin.web.security import Openness
from wechatlogin.web.waiting import poll_limit

bp = Blueprint("metadata", __name__)
bp.after_request(sharing.share_with_everybody)

#: What every token says, whatever its scope.
OF_EVERY_TOKEN = ("iss", "aud", "exp", "iat", "auth_time", "nonce", "amr", "sid", "at_hash")
ENDPOINTS = {
    "authorization_endpoint": "authorize.start",
    "token_endpoint": "token.issue",
    "userinfo_endpoint": "userinfo.show",
    "jwks_uri": "metadata.show_keys",
    "introspection_endpoint": "introspection.introspect",
    "revocation_endpoint": "token.revoke",
    "pushed_authorization_request_endpoint": "token.push",
    "device_authorization_endpoint": "device_authorization.start",
    "end_session_endpoint": "end_session.start",
}
NOT_SUPPORTED = {
    "claims_parameter_supported": False,
    "request_parameter_supported": False,
    "request_uri_parameter_supported": False,
    "require_pushed_authorization_requests": False,
}


@bp.get("/oidc/.well-known/openid-configuration")
@bp.get("/.well-known/oauth-authorization-server/oidc")
@limiter.limit(poll_limit)
def show() -> Response:
    site = current_site()
    addresses = {name: site.url(url_for(endpoint)) for name, endpoint in ENDPOINTS.items()}
    return jsonify(issuer=site.issuer, **addresses, **_get_supported(), **NOT_SUPPORTED)


@bp.get("/oidc/.well-known/jwks.json")
@limiter.limit(poll_limit)
def show_keys() -> Response:
    security.open_up(Openness(kept_for=keys.KEPT_FOR))
    public_keys = keys.find_or_create_public_keys(current_site(), now=clock.now())
    return jsonify(public_keys.as_dict(private=False))


def render_error(err: LoginError) -> Response:
    """Answer an error of ours in OAuth's shape."""
    return errors.render(err)


def _get_supported() -> dict[str, object]:
    return {
        "scopes_supported": list(claims.CLAIMS_OF),
        "claims_supported": sorted({*OF_EVERY_TOKEN, *sum(claims.CLAIMS_OF.values(), ())}),
        "response_types_supported": [client.CODE],
        "response_modes_supported": [mode.value for mode in ResponseMode],
        "grant_types_supported": list(client.GRANT_TYPES),
        "prompt_values_supported": [prompt.value for prompt in Prompt],
        "subject_types_supported": [kind.value for kind in SubjectType],
        "id_token_signing_alg_values_supported": [algorithm.value for algorithm in Algorithm],
        "code_challenge_methods_supported": [S256],
        "token_endpoint_auth_methods_supported": AUTH_METHODS,
        "introspection_endpoint_auth_methods_supported": AUTH_METHODS,
        "revocation_endpoint_auth_methods_supported": AUTH_METHODS,
        "ui_locales_supported": [name.replace("_", "-") for name in LANGUAGES],
        "authorization_response_iss_parameter_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
    }
