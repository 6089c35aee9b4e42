"""Device authorization (RFC 8628): for programs on a television or in a terminal.

POST /oidc/device/auth    a code to show, and a code to ask the token endpoint by

What the person sees is `/device` (`web/device.py`).
"""

from authlib.oauth2.rfc6749 import OAuth2Error
from flask import Blueprint, Response

from wechatlogin.errors import LoginError
from wechatlogin.extensions import csrf, limiter
from wechatlogin.oidc import errors
from wechatlogin.oidc.device_grant import DeviceEndpoint
from wechatlogin.oidc.provider import server
from wechatlogin.oidc.token import client_key
from wechatlogin.web.login import start_limit

bp = Blueprint("device_authorization", __name__, url_prefix="/oidc")
csrf.exempt(bp)


@bp.post("/device/auth")
@limiter.limit(start_limit, key_func=client_key)
def start() -> Response:
    try:
        answer: Response = server.create_endpoint_response(DeviceEndpoint.ENDPOINT_NAME)
    except OAuth2Error as err:
        # One that was raised before there was a request to answer.
        return errors.answer(err)
    return answer


def render_error(err: LoginError) -> Response:
    """Answer an error of ours in OAuth's shape."""
    return errors.render(err)
