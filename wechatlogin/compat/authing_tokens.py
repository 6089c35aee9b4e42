"""Verifying a token that Authing's SDKs were handed: what a backend asks.

GET  /api/v2/oidc/validate_token         `access_token` or `id_token`: its claims
GET  /authing/token?access_token=        {status, message, code, token}, as of 2019

Both know whether the session still lives. Who fails to verify is told so by 400 in the first and by
`status` in the second. The introspection and the published keys are those of OpenID Connect
(`oidc/introspection.py`, `oidc/metadata.py`).
"""

import hashlib
from http import HTTPStatus

from flask import Blueprint, jsonify, make_response, request
from werkzeug.wrappers import Response

from wechatlogin import clock
from wechatlogin.compat import authing_envelope
from wechatlogin.errors import (
    InvalidRequest,
    LoginError,
    ParameterMissing,
    TokenInvalid,
)
from wechatlogin.extensions import csrf, limiter
from wechatlogin.services import authing_tokens
from wechatlogin.web.context import current_site
from wechatlogin.web.waiting import poll_limit

bp = Blueprint("authing_tokens", __name__)
# Servers ask here: whoever asks shows a token.
csrf.exempt(bp)

LONGEST_TOKEN = 8192
#: What is said of a token that is none, by the parameter that it came in.
NOT_VALID = {"access_token": "access_token 不合法", "id_token": "id_token 不合法"}
#: What the old answer says, in every language.
LOGGED_IN = "已登录"
NOT_LOGGED_IN = "未登录"


def question_key() -> str:
    """Return the same for each token that is asked about, since one server asks for everybody."""
    asked = "".join(request.args.getlist("access_token") + request.args.getlist("id_token"))
    asked += "".join(request.form.getlist("token"))
    return f"{request.remote_addr} {hashlib.sha256(asked.encode('utf-8', 'replace')).hexdigest()}"


@bp.get("/api/v2/oidc/validate_token")
@limiter.limit(poll_limit, key_func=question_key)
def validate() -> Response:
    for name, refusal in NOT_VALID.items():
        token = _get_token(name)
        if token is None:
            continue
        try:
            found = authing_tokens.verify(current_site(), token, now=clock.now())
        except TokenInvalid:
            return _refused(refusal)
        return jsonify(dict(found.claims))
    return _refused(NOT_VALID["access_token"])


@bp.get("/authing/token")
@limiter.limit(poll_limit, key_func=question_key)
def validate_old() -> Response:
    token = _get_token("access_token")
    if token is None:
        raise ParameterMissing("access_token")
    claims = authing_tokens.verify(current_site(), token, now=clock.now()).claims
    told = {name: claims[name] for name in ("data", "iat", "exp")}
    return jsonify(status=True, message=LOGGED_IN, code=authing_envelope.OK, token=told)


def render_error(err: LoginError) -> Response:
    """Answer an error in the shape of the endpoint that was asked."""
    match request.endpoint:
        case "authing_tokens.validate_old" if err.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return jsonify(status=False, message=NOT_LOGGED_IN, code=err.status)
        case _:
            return authing_envelope.render_error(err)


def _get_token(name: str, *, from_form: bool = False) -> str | None:
    # It is longer than any other parameter may be.
    values = (request.form if from_form else request.args).getlist(name)
    if len(values) > 1 or any(len(value) > LONGEST_TOKEN for value in values):
        raise InvalidRequest
    return values[0] or None if values else None


def _refused(message: str) -> Response:
    return make_response(jsonify(code=400, message=message), HTTPStatus.BAD_REQUEST)
