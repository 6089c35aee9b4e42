"""Errors of the endpoints that programs ask, in OAuth's shape (RFC 6749, 5.2)."""

from http import HTTPStatus

from authlib.oauth2.rfc6749 import InvalidClientError, OAuth2Error
from flask import Response, jsonify, make_response

from wechatlogin.errors import LoginError, RateLimited


def render(err: LoginError) -> Response:
    """Answer an error of ours to a program: by its code and an English phrase."""
    if err.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        is_busy = err.status == HTTPStatus.SERVICE_UNAVAILABLE
        return _answer("temporarily_unavailable" if is_busy else "server_error", err.status)
    if isinstance(err, RateLimited):
        return _answer("slow_down", err.status)
    return _answer("invalid_request", err.status)


def invalid_client() -> Response:
    """Answer a client that has not proven what it is."""
    return answer(InvalidClientError("The client is unknown.", status_code=401))


def answer(err: OAuth2Error) -> Response:
    """Answer an error of Authlib's to a program."""
    # Nobody is sent on from here, wherever the request was to lead (RFC 9126, 2.3).
    err.redirect_uri = None
    status, body, headers = err()
    response = make_response(jsonify(body), status)
    response.headers.extend(dict(headers))
    return response


def _answer(code: str, status: int) -> Response:
    return make_response(jsonify(error=code), status)
