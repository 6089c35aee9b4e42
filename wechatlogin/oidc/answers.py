"""What the authorization endpoint answers the client, through the person's browser.

Every answer, an error too, names us (RFC 9207), so that a client which knows several providers
cannot take one's answer for another's.
"""

from wsgiref.types import WSGIEnvironment

from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc6749 import OAuth2Error
from flask import Response, render_template
from pydantic import SecretStr
from werkzeug.datastructures import Headers
from werkzeug.utils import redirect
from werkzeug.wrappers import Response as AnyResponse

from wechatlogin.oidc.authorization_request import ResponseMode, Target
from wechatlogin.web import security
from wechatlogin.web.context import current_site, is_in_wechat
from wechatlogin.web.security import Openers, Openness


class _Unmarked(Response):
    """A redirect to an address with an empty fragment, which Werkzeug would leave out.

    A browser hands `#wechat_redirect` of WeChat's address down through all redirects, and a page
    that routes by its fragment would be led astray; an empty one takes its place.
    """

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        headers = super().get_wsgi_headers(environ)
        headers["Location"] += "#"
        return headers


def send_code(target: Target, code: SecretStr) -> AnyResponse | str:
    """Send the browser back to the client with a code."""
    return _send(target, {"code": code.get_secret_value()})


def send_error(target: Target, error: OAuth2Error) -> AnyResponse | str:
    """Send the browser back to the client with an error (RFC 6749, 4.1.2.1)."""
    told = {"error": str(error.error)}
    if description := error.get_error_description():
        told["error_description"] = description
    return _send(target, told)


def _send(target: Target, answer: dict[str, str]) -> AnyResponse | str:
    parameters = {**answer, "iss": current_site().issuer}
    if target.state is not None:
        parameters["state"] = target.state
    if target.mode is ResponseMode.FORM_POST:
        return _post(target.redirect_uri, parameters)
    url = add_params_to_uri(target.redirect_uri, list(parameters.items()))
    # 303, so that nothing that was posted to us is posted on.
    return redirect(url, 303, Response=_Unmarked if is_in_wechat() else Response)


def _post(redirect_uri: str, parameters: dict[str, str]) -> str:
    targets = security.form_targets_of(redirect_uri)
    security.open_up(Openness(Openers.OPENER, form_targets=targets))
    return render_template("form_post.html", action=redirect_uri, parameters=parameters)
