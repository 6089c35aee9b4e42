"""The operators' way in by WeChat, once an operator has linked theirs (`web/operator/me.py`).

GET  /operator/login/wechat    after a login as a person, just now: as which operator to go on
POST /operator/login/wechat    go on

The person's own login is the ordinary one, so its QR codes, its confirming on the phone and its
binding to this browser are too. It has to be fresh: a browser that somebody left logged in opens no
operators' page. Nothing is started by a GET, which any page of another site can cause.
"""

from datetime import timedelta

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_login import current_user
from werkzeug.wrappers import Response

from wechatlogin import clock
from wechatlogin.errors import OperatorNotLinked
from wechatlogin.models import User
from wechatlogin.services import operator_links, operator_logins
from wechatlogin.web import login_urls, people, words
from wechatlogin.web.operator import access, desk
from wechatlogin.web.parameters import get_single

bp = Blueprint("operator_wechat", __name__, url_prefix=f"{desk.PREFIX}/login/wechat")

#: So long after a login one need not log in again.
FRESH = timedelta(minutes=5)


@bp.get("")
def ask() -> Response | str:
    next_path = access.get_own_page(get_single("next"))
    person = get_fresh_person()
    if person is None:
        return log_in_anew(url_for("operator_wechat.ask", next=next_path))
    operator = operator_links.get_linked(person.id)
    if operator is None:
        raise OperatorNotLinked
    return render_template(
        "operator/login_wechat.html",
        person=describe(person),
        text=gettext("以操作员 %(name)s 的身份进入运营页面。", name=words.isolate(operator.name)),
        action=url_for("operator_wechat.log_in"),
        next=next_path,
        other_url=get_login_url(url_for("operator_wechat.ask", next=next_path)),
        password_url=url_for("operator.ask", next=next_path),
    )


@bp.post("")
def log_in() -> Response:
    next_path = access.get_own_page(get_single("next", source=request.form))
    person = get_fresh_person()
    if person is None:
        return log_in_anew(url_for("operator_wechat.ask", next=next_path))
    operator = operator_links.get_linked(person.id)
    if operator is None:
        raise OperatorNotLinked
    token = operator_logins.log_in_by_wechat(person.id, browser=access.browser(), now=clock.now())
    return access.let_in(operator.name, token, next_path)


def get_fresh_person() -> User | None:
    """Return the person who has logged in in this browser just now."""
    if not current_user.is_authenticated:
        return None
    if clock.now() - current_user.session.auth_time > FRESH:
        return None
    user: User = current_user.user
    return user


def log_in_anew(path: str) -> Response:
    """Lead to the login of people, even who is logged in, and from there to a path of ours."""
    return redirect(get_login_url(path), 303)


def describe(person: User) -> dict[str, object]:
    """Return a person as a page of the operators' shows them."""
    shown = people.get_shown_identity(person)
    return {
        "nickname": (shown and shown.nickname) or gettext("微信用户"),
        "avatar_url": shown and shown.avatar_url,
    }


def get_login_url(path: str) -> str:
    """Return where a person logs in anew and then comes to a path of ours."""
    return url_for("login.start", prompt=login_urls.ANEW, next=path)
