"""Which program asks: a server that shows an API key of its application as Bearer."""

from typing import cast

from flask import g, request

from wechatlogin import clock
from wechatlogin.errors import ApiKeyWrong
from wechatlogin.models import Application
from wechatlogin.services import api_keys


def get_bearer() -> str:
    """Return what stands after `Bearer` (RFC 6750, 2.1), or nothing."""
    given = request.authorization
    return (given.token or "") if given is not None and given.type == "bearer" else ""


def get_application() -> Application | None:
    """Return the application whose API key the request shows; looked up once."""
    if "calling_application" not in g:
        key = get_bearer()
        found = api_keys.get_application(key, now=clock.now()) if key else None
        g.calling_application = found
    return cast("Application | None", g.calling_application)


def verify_application() -> Application:
    """Return the application whose API key the request shows.

    :raise ApiKeyWrong: if it shows none, or none that may be used.
    """
    application = get_application()
    if application is None:
        raise ApiKeyWrong
    return application


def caller_key() -> str:
    """Return whose requests are counted together: an application's, or a stranger's address."""
    application = get_application()
    return f"application {application.id}" if application else request.remote_addr or ""
