"""The endpoints that a program's server asks with its credentials.

POST /oidc/token                  tokens for a code, a refresh token or a device code
POST /oidc/request                an authorization request sent ahead (RFC 9126)
POST /oidc/token/revocation       a token is worth nothing any more (RFC 7009)

Credentials come by Basic or in the form, never in the query; a public client has none.
"""

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Error
from flask import Blueprint, Response, jsonify, make_response, request

from wechatlogin import clock
from wechatlogin.errors import LoginError
from wechatlogin.extensions import csrf, limiter
from wechatlogin.models import Application
from wechatlogin.oidc import authorization_request, errors, requests, sharing
from wechatlogin.oidc.provider import server
from wechatlogin.oidc.server import AUTH_METHODS
from wechatlogin.services import authorization_requests, oidc_tokens
from wechatlogin.web.context import current_site
from wechatlogin.web.waiting import poll_limit

bp = Blueprint("token", __name__, url_prefix="/oidc")
csrf.exempt(bp)
bp.after_request(sharing.share_with_registered_pages)


def client_key() -> str:
    """Return whose requests are counted together: a program's server asks for everybody."""
    basic = request.authorization
    client_id = basic.username if basic and basic.type == "basic" else request.form.get("client_id")
    return f"{request.remote_addr} {(client_id or '')[:64]}"


def verify_client() -> Application:
    """Return the application that has proven what it is.

    :raise OAuth2Error: if it has not, or the form is not one.
    """
    return server.authenticate_client(requests.from_form(), AUTH_METHODS).application


@bp.post("/token")
@limiter.limit(poll_limit, key_func=client_key)
def issue() -> Response:
    return server.create_token_response()


@bp.post("/request")
@limiter.limit(poll_limit, key_func=client_key)
def push() -> Response:
    try:
        application, parameters = verify_client(), requests.read(request.form)
        parameters.pop("client_secret", None)
        if parameters.setdefault("client_id", application.client_id) != application.client_id:
            raise InvalidRequestError("'client_id' is another client's.")
        if "request_uri" in parameters:
            raise InvalidRequestError("'request_uri' has no place in a pushed request.")
        authorization_request.verify(parameters, authorization_request.verify_target(parameters))
    except OAuth2Error as err:
        return errors.answer(err)
    kept = authorization_requests.push(application, parameters, now=clock.now())
    lifetime = authorization_requests.PUSHED_LIFETIME
    told = jsonify(request_uri=kept.request_uri, expires_in=int(lifetime.total_seconds()))
    return make_response(told, 201)


@bp.post("/token/revocation")
@limiter.limit(poll_limit, key_func=client_key)
def revoke() -> Response:
    try:
        application, parameters = verify_client(), requests.read(request.form)
        if "token" not in parameters:
            raise InvalidRequestError("Missing 'token' in request.")
        oidc_tokens.revoke(current_site(), application, parameters["token"], now=clock.now())
    except OAuth2Error as err:
        return errors.answer(err)
    return jsonify({})


def render_error(err: LoginError) -> Response:
    """Answer an error of ours in OAuth's shape."""
    return errors.render(err)
