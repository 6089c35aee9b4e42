"""The UserInfo endpoint (OpenID Connect Core, 5.3): who an access token is about.

GET, POST /oidc/me    the token as Bearer, or in a form (RFC 6750, 2.1 and 2.2)
"""

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Error
from authlib.oauth2.rfc6750 import InsufficientScopeError, InvalidTokenError
from flask import Blueprint, Response, jsonify, request

from wechatlogin import clock
from wechatlogin.errors import LoginError, TokenInvalid
from wechatlogin.extensions import csrf, limiter
from wechatlogin.oidc import errors, requests, sharing
from wechatlogin.services import access_tokens, claims, oidc_tokens
from wechatlogin.services.access_tokens import AccessToken
from wechatlogin.web import callers
from wechatlogin.web.context import current_site
from wechatlogin.web.waiting import poll_limit

bp = Blueprint("userinfo", __name__, url_prefix="/oidc")
csrf.exempt(bp)
bp.after_request(sharing.share_with_registered_pages)


@bp.route("/me", methods=["GET", "POST"])
@limiter.limit(poll_limit)
def show() -> Response:
    try:
        token = _verify_token()
    except OAuth2Error as err:
        return errors.answer(err)
    user_id = token.session.user_id or ""
    return jsonify(dict(claims.get_claims(token.application, user_id, token.scope)))


def _verify_token() -> AccessToken:
    """Return the access token of the request.

    :raise OAuth2Error: if there is none, it is worth nothing, or it is not about a person.
    """
    bearer, posted = callers.get_bearer(), requests.read(request.form).get("access_token", "")
    if bearer and posted:
        raise InvalidRequestError("The token is given in two places.")
    try:
        token = access_tokens.verify(current_site(), bearer or posted, now=clock.now())
    except TokenInvalid as err:
        raise InvalidTokenError from err
    if oidc_tokens.OPENID not in token.scope.split():
        raise InsufficientScopeError
    return token


def render_error(err: LoginError) -> Response:
    """Answer an error of ours in OAuth's shape."""
    return errors.render(err)
