"""The operators' way in and out; `web/operator/wechat.py` is the other way in.

GET|POST /operator/login     name and password; `next` is the page that was asked for
POST     /operator/logout

Wrong passwords are limited by address, and by name from everywhere together: a thousand machines
get no more tries than one. So that they cannot keep the operator out, a browser in which the
operator has logged in before is counted apart from all others.
"""

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_limiter import RouteLimit
from pydantic import SecretStr
from werkzeug.wrappers import Response

from wechatlogin import clock
from wechatlogin.errors import OperatorCredentialsWrong
from wechatlogin.extensions import limiter
from wechatlogin.services import operator_logins
from wechatlogin.services.site import Browser
from wechatlogin.vault import equal
from wechatlogin.web import cookies
from wechatlogin.web.context import browser_name, current_site
from wechatlogin.web.operator import desk
from wechatlogin.web.own_paths import get_own_path
from wechatlogin.web.parameters import get_single

bp = Blueprint("operator", __name__, url_prefix=desk.PREFIX)


def login_limit() -> str:
    """Return how many wrong passwords one address may try."""
    return current_site().settings.limit_operator


def name_limit() -> str:
    """Return how many wrong passwords may be tried for one name."""
    return current_site().settings.limit_operator_name


def was_wrong(response: Response) -> bool:
    """Tell whether a password was wrong; only those count against the limits."""
    return response.status_code == OperatorCredentialsWrong.status


def limit_passwords() -> RouteLimit:
    """Limit the wrong passwords of one address, at whatever door it tries them."""
    return limiter.shared_limit(login_limit, "operator passwords", deduct_when=was_wrong)


def name_bucket() -> str:
    """Return with whom a wrong password for a name is counted: with all strangers, or alone."""
    name, known = _read_name(), cookies.read(cookies.KNOWN)
    is_known = known is not None and equal(known, _sign_of(name))
    whose = "a browser of theirs" if is_known else "strangers"
    return current_site().vault.keyed_hash("operator tries", name, whose)


@bp.get("/login")
def ask() -> str:
    return _page(get_single("next"))


@bp.post("/login")
@limit_passwords()
@limiter.limit(name_limit, key_func=name_bucket, deduct_when=was_wrong)
def log_in() -> Response | tuple[str, int]:
    name = _read_name()
    password = SecretStr(get_single("password", source=request.form) or "")
    next_path = get_single("next", source=request.form)
    try:
        token = operator_logins.log_in(name, password, browser=browser(), now=clock.now())
    except OperatorCredentialsWrong as err:
        return _page(next_path, name=name, error=gettext(err.message)), err.status
    return let_in(name, token, next_path)


@bp.post("/logout")
def log_out() -> Response:
    token = cookies.read(cookies.OPERATOR)
    if token is not None:
        operator_logins.log_out(token, ip=request.remote_addr, now=clock.now())
    response = redirect(url_for("operator.ask"), 303)
    cookies.remove(response, cookies.OPERATOR)
    return response


def let_in(name: str, token: SecretStr, next_path: str | None) -> Response:
    """Give the browser an operator's new session and lead it on."""
    response = redirect(get_own_page(next_path) or url_for(desk.HOME), 303)
    cookies.write(response, cookies.OPERATOR, token.get_secret_value())
    cookies.write(response, cookies.KNOWN, _sign_of(name), cookies.KNOWN_LIFETIME)
    return response


def limit_session() -> RouteLimit:
    """Limit the wrong passwords that are typed in one session, from wherever."""
    return limiter.shared_limit(
        name_limit, "operator's own password", key_func=session_bucket, deduct_when=was_wrong
    )


def session_bucket() -> str:
    """Return with which session a wrong password is counted."""
    token = cookies.read(cookies.OPERATOR) or ""
    return current_site().vault.keyed_hash("operator tries", token)


def browser() -> Browser:
    """Return the browser in front of us as far as operators' sessions need it."""
    return Browser(
        binding="",
        is_bound=False,
        name=browser_name(),
        ip=request.remote_addr,
        session_token=cookies.read(cookies.OPERATOR),
    )


def get_own_page(path: str | None) -> str | None:
    """Return the path if it is one of the operators' pages."""
    own = get_own_path(path)
    return own if own and own.startswith(desk.PREFIX + "/") else None


def _page(next_path: str | None, *, name: str = "", error: str | None = None) -> str:
    own = get_own_page(next_path)
    return render_template(
        "operator/login.html",
        action=url_for("operator.log_in"),
        wechat_url=url_for("operator_wechat.ask", next=own),
        next=own,
        name=name,
        error=error,
    )


def _read_name() -> str:
    # PostgreSQL keeps no NUL, so nobody is called so.
    name = (get_single("name", source=request.form) or "").replace("\0", "")[:64]
    # To MariaDB a name with spaces behind it is the same, so it is counted as the same.
    return name.strip()


def _sign_of(name: str) -> str:
    return current_site().vault.derive_token("operator's browser", name)
