"""What a token is worth at this moment (RFC 7662), for the application that it was given to.

POST /oidc/token/introspection     {active, …}; our tokens, and those of Authing's clients
POST /oauth/token/introspection    the same

A client proves what it is as at the token endpoint. Authing's clients may also show their
`client_id` alone, and then learn of Authing's tokens only.
"""

import hashlib

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Error
from flask import Blueprint, Response, jsonify, request

from wechatlogin import clock
from wechatlogin.errors import LoginError, SignatureWrong
from wechatlogin.extensions import csrf, limiter
from wechatlogin.models import Application
from wechatlogin.oidc import errors, requests
from wechatlogin.oidc.token import verify_client
from wechatlogin.services import authing_tokens, oidc_tokens
from wechatlogin.services.authing_tokens import Verified
from wechatlogin.services.oidc_tokens import Introspected
from wechatlogin.web.context import current_site
from wechatlogin.web.waiting import poll_limit

bp = Blueprint("introspection", __name__)
csrf.exempt(bp)

INACTIVE = {"active": False}


def question_key() -> str:
    """Return the same for each token that is asked about, since one server asks for everybody."""
    asked = "".join(request.form.getlist("token"))
    return f"{request.remote_addr} {hashlib.sha256(asked.encode('utf-8', 'replace')).hexdigest()}"


@bp.post("/oauth/token/introspection")
@bp.post("/oidc/token/introspection")
@limiter.limit(poll_limit, key_func=question_key)
def introspect() -> Response:
    try:
        parameters = requests.read(request.form)
        application = _verify_client(parameters)
        if "token" not in parameters:
            raise InvalidRequestError("Missing 'token' in request.")
    except OAuth2Error as err:
        return errors.answer(err)
    return jsonify(_introspect(application, parameters))


def _verify_client(parameters: requests.Parameters) -> Application | None:
    """Return the application that asks; None where it has shown no more than its id.

    :raise OAuth2Error: if it shows a wrong secret, or does not say what it is.
    """
    has_secret = "client_secret" in parameters or request.authorization is not None
    if has_secret or "client_id" not in parameters:
        return verify_client()
    try:
        return verify_client()
    except OAuth2Error:
        return None


def _introspect(application: Application | None, parameters: requests.Parameters) -> object:
    site, token, now = current_site(), parameters["token"], clock.now()
    if application is not None:
        found = oidc_tokens.introspect(site, application, token, now=now)
        if found is not None:
            return _told(found)
    client_id = application.client_id if application else parameters["client_id"]
    verified = authing_tokens.get_claims_for(site, token, client_id, now=now)
    return _told_of_authing(verified) if verified else INACTIVE


def _told(found: Introspected) -> dict[str, object]:
    """Return what RFC 7662, 2.2 names."""
    return {
        "active": True,
        "iss": current_site().issuer,
        "sub": found.subject,
        "client_id": found.client_id,
        "aud": found.client_id,
        "scope": found.scope,
        "sid": found.session_id,
        "iat": int(found.issued_at.timestamp()),
        "exp": int(found.expires_at.timestamp()),
        "token_type": "Bearer",
    }


def _told_of_authing(verified: Verified) -> dict[str, object]:
    return {
        "active": True,
        "sub": verified.user_id,
        "client_id": verified.application.client_id,
        "exp": verified.claims["exp"],
        "iat": verified.claims["iat"],
        "iss": current_site().issuer,
        "jti": verified.session_id,
        "scope": authing_tokens.SCOPE,
        "token_type": "Bearer",
    }


def render_error(err: LoginError) -> Response:
    """Answer an error of ours in OAuth's shape."""
    if isinstance(err, SignatureWrong):
        return errors.invalid_client()
    return errors.render(err)
