"""Our cookies: what they are called, what they allow.

    browser     a secret of the browser; attempts keep its hash and so belong to this browser
    session     the random value of a person's session
    operator    the same for an operator
    known       shows that an operator has logged in in this browser before
    language    the language the person chose

Under https their names begin with `__Host-`: then a neighbouring subdomain cannot set them.
"""

import secrets
from datetime import timedelta

from flask import current_app, request
from werkzeug.wrappers import Response

BROWSER = "wechatlogin-browser"
SESSION = "wechatlogin-session"
OPERATOR = "wechatlogin-operator"
KNOWN = "wechatlogin-known"
LANGUAGE = "wechatlogin-language"
FORMS = "wechatlogin-forms"

BROWSER_LIFETIME = timedelta(days=180)
KNOWN_LIFETIME = timedelta(days=180)
LONGEST_VALUE = 128


def full_name(name: str) -> str:
    """Return the name as it is on the wire."""
    return name_on_the_wire(name, is_https=current_app.config["SESSION_COOKIE_SECURE"])


def name_on_the_wire(name: str, *, is_https: bool) -> str:
    """Return the name of a cookie of an installation that people reach in this way."""
    return f"__Host-{name}" if is_https else name


def new_browser_secret() -> str:
    """Return a secret of 256 random bits for a browser that has none."""
    return secrets.token_urlsafe(32)


def read(name: str) -> str | None:
    """Return a cookie's value; None when there is none, or none that we could have set."""
    value = request.cookies.get(full_name(name))
    return value if value and len(value) <= LONGEST_VALUE and value.isascii() else None


def write(response: Response, name: str, value: str, lifetime: timedelta | None = None) -> None:
    """Set a cookie; without a lifetime it ends with the browser."""
    response.set_cookie(
        full_name(name),
        value,
        max_age=lifetime,
        path="/",
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
    )


def remove(response: Response, name: str) -> None:
    """Take a cookie away."""
    write(response, name, "", timedelta(0))
