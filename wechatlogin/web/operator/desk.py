"""What the operators' pages share: who may open them, their bar, and how they say what is wrong."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Flask, g, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wechatlogin import clock
from wechatlogin.errors import InvalidRequest, LoginError, OperatorNotPermitted
from wechatlogin.i18n import msgid
from wechatlogin.models import Operator, Role
from wechatlogin.services import operator_logins
from wechatlogin.services.audit import Actor
from wechatlogin.web import cookies
from wechatlogin.web import errors as error_pages
from wechatlogin.web.context import wants_json
from wechatlogin.web.own_paths import get_own_path

PREFIX = "/operator"
HOME = "operator_status.show"


@dataclass(frozen=True)
class Entry:
    """One entry of the bar."""

    label: str
    #: Where it leads; every page below it shows it as the current one.
    endpoint: str
    role: Role = Role.ADMIN


#: A page asks these by itself, whether anybody is there or not.
ASKED_BY_PAGES = frozenset({"operator_status.show_board", "operator_doctor.look_for_push"})

BAR = (
    Entry(msgid("状态"), HOME, Role.VIEWER),
    Entry(msgid("检查"), "operator_doctor.show", Role.VIEWER),
    Entry(msgid("微信账号"), "operator_wechat_apps.show_all"),
    Entry(msgid("应用"), "operator_applications.show_all"),
    Entry(msgid("用户"), "operator_people.show_all"),
    Entry(msgid("操作员"), "operator_operators.show_all"),
    Entry(msgid("须知"), "operator_privacy.show"),
    Entry(msgid("记录"), "operator_audit.show"),
)


def blueprint(name: str, import_name: str, path: str, *, role: Role = Role.ADMIN) -> Blueprint:
    """Return a blueprint of pages below `/operator` that a role may open."""
    made = Blueprint(f"operator_{name}", import_name, url_prefix=PREFIX + path)
    made.before_request(_guard(role))
    return made


def init_app(app: Flask) -> None:
    """Give the operators' pages their bar."""
    app.context_processor(_for_templates)


def current_operator() -> Operator:
    """Return the operator in front of us; only where the guard has let them in."""
    operator = g.operator
    if not isinstance(operator, Operator):
        raise TypeError("the guard puts the operator here")
    return operator


def current_actor() -> Actor:
    """Return who changes something and from where, for the audit."""
    return Actor(current_operator().name, request.remote_addr)


def render_error(err: LoginError) -> Response:
    """Answer an error so that the way back leads to the operators' pages."""
    if wants_json():
        return error_pages.render(err)
    page = render_template(
        "message.html",
        kind="warning" if err.status < 500 else "error",
        title=gettext("没有完成"),
        text=gettext(err.message),
        action={"label": gettext("回到状态页"), "url": url_for(HOME)},
        error_code=err.code,
        request_id=None,
        retry=None,
    )
    return make_response(page, err.status)


def _guard(role: Role) -> Callable[[], Response | None]:
    def require() -> Response | None:
        operator = _get_logged_in()
        if operator is None:
            asked = request.full_path.rstrip("?") if request.method == "GET" else None
            return redirect(url_for("operator.ask", next=get_own_path(asked)), 303)
        if not operator.may(role):
            raise OperatorNotPermitted
        typed = (value for _, value in request.values.items(multi=True))
        if any("\0" in text for text in (request.path, *typed)):
            # PostgreSQL keeps no NUL, so nothing is called so.
            raise InvalidRequest
        g.operator = operator
        return None

    return require


def _get_logged_in() -> Operator | None:
    token = cookies.read(cookies.OPERATOR)
    if token is None:
        return None
    is_visit = request.endpoint not in ASKED_BY_PAGES
    return operator_logins.get_logged_in(token, now=clock.now(), is_visit=is_visit)


def _for_templates() -> dict[str, object]:
    operator = g.get("operator")
    # Of a database that is away nobody can be read any more, so that page goes without the bar.
    if not isinstance(operator, Operator) or g.get("is_database_away"):
        return {}
    return {
        "bar_entries": [
            {
                "label": gettext(entry.label),
                "url": url_for(entry.endpoint),
                "is_current": f"{request.path}/".startswith(f"{url_for(entry.endpoint)}/"),
            }
            for entry in BAR
            if operator.may(entry.role)
        ],
        "operator_name": operator.name,
        "operator_url": url_for("operator_me.show"),
        "logout_url": url_for("operator.log_out"),
    }
