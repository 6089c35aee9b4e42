"""An operator's own page: who they are here, how they get in, and where they are logged in.

GET      /operator/me
POST     /operator/me/password              a new password, for the old one
GET|POST /operator/me/wechat                link the WeChat that has just logged in here
GET|POST /operator/me/wechat/remove         let it in no longer: the GET asks, the POST does it
POST     /operator/me/sessions/<id>/end     end one of one's own sessions
"""

from datetime import datetime

from flask import redirect, render_template, request, url_for
from flask_babel import gettext
from pydantic import SecretStr
from werkzeug.wrappers import Response

from wechatlogin import clock
from wechatlogin.errors import LoginError, OperatorCredentialsWrong, OperatorPasswordRefused
from wechatlogin.extensions import db
from wechatlogin.models import Operator, Role, Session, User
from wechatlogin.services import operator_links, operator_logins, operators
from wechatlogin.vault import sha256_hex
from wechatlogin.web import cookies, words
from wechatlogin.web.operator import access, desk, operator_words, wechat
from wechatlogin.web.parameters import get_single

bp = desk.blueprint("me", __name__, "/me", role=Role.VIEWER)


@bp.get("")
def show() -> str:
    return _page(desk.current_operator())


@bp.post("/password")
@access.limit_passwords()
@access.limit_session()
def change_password() -> Response | tuple[str, int]:
    operator, by, now = desk.current_operator(), desk.current_actor(), clock.now()
    new = SecretStr(get_single("new", source=request.form) or "")
    try:
        operator_logins.verify_password(operator, _typed("current"), by=by, now=now)
        kept = cookies.read(cookies.OPERATOR)
        operators.change_password(operator.id, new, by=by, kept_token=kept, now=now)
    except OperatorCredentialsWrong as err:
        return _page(operator, {"current": gettext("当前密码不正确。")}), err.status
    except OperatorPasswordRefused as err:
        return _page(operator, {"new": gettext(err.message)}), err.status
    return _done("password")


@bp.get("/wechat")
def ask_to_link() -> Response | str:
    person = wechat.get_fresh_person()
    return wechat.log_in_anew(url_for(".ask_to_link")) if person is None else _link_page(person)


@bp.post("/wechat")
@access.limit_passwords()
@access.limit_session()
def link() -> Response | tuple[str, int]:
    operator, by, now = desk.current_operator(), desk.current_actor(), clock.now()
    person = wechat.get_fresh_person()
    if person is None:
        return wechat.log_in_anew(url_for(".ask_to_link"))
    try:
        operator_logins.verify_password(operator, _typed("current"), by=by, now=now)
        operator_links.link(operator.id, person.id, by=by, now=now)
    except OperatorCredentialsWrong as err:
        return _link_page(person, {"current": gettext("当前密码不正确。")}), err.status
    except LoginError as err:
        return _link_page(person, {"": gettext(err.message)}), err.status
    return _done("linked")


@bp.get("/wechat/remove")
def ask_to_unlink() -> str:
    return render_template(
        "question.html",
        title=gettext("取消关联微信？"),
        text=gettext("之后只能用密码登录。用微信登录的浏览器会退出。"),
        action=url_for(".unlink"),
        label=gettext("取消关联"),
        back_url=url_for(".show"),
    )


@bp.post("/wechat/remove")
def unlink() -> Response:
    operator_links.unlink(desk.current_operator().id, by=desk.current_actor(), now=clock.now())
    return _done("unlinked")


@bp.post("/sessions/<public_id>/end")
def end_session(public_id: str) -> Response:
    operator, by = desk.current_operator(), desk.current_actor()
    operator_logins.end_session(operator, public_id, by=by, now=clock.now())
    return _done("ended")


def _typed(name: str) -> SecretStr:
    return SecretStr(get_single(name, source=request.form) or "")


def _done(what: str) -> Response:
    return redirect(url_for(".show", done=what), 303)


def _page(operator: Operator, errors: dict[str, str] | None = None) -> str:
    now = clock.now()
    person = db.session.get(User, operator.user_id) if operator.user_id else None
    return render_template(
        "operator/me.html",
        notice=_notice(get_single("done")),
        operator={
            "name": operator.name,
            "role_text": operator_words.role(operator.role),
            "since_text": words.day(operator.created_at),
        },
        person=person and wechat.describe(person),
        errors=errors or {},
        password_action=url_for(".change_password"),
        link_url=url_for(".ask_to_link"),
        unlink_url=url_for(".ask_to_unlink"),
        sessions=[_session(row, now) for row in operator_logins.get_sessions(operator, now=now)],
    )


def _link_page(person: User, errors: dict[str, str] | None = None) -> str:
    return render_template(
        "operator/link.html",
        person=wechat.describe(person),
        errors=errors or {},
        action=url_for(".link"),
        other_url=wechat.get_login_url(url_for(".ask_to_link")),
        back_url=url_for(".show"),
    )


def _notice(done: str | None) -> str | None:
    notices: dict[str | None, str] = {
        "password": gettext("密码已更改，你在其他浏览器的登录已结束。"),
        "linked": gettext("已关联微信，下次可以扫码登录。"),
        "unlinked": gettext("已取消关联微信。"),
        "ended": gettext("那个浏览器已退出。"),
    }
    return notices.get(done)


def _session(session: Session, now: datetime) -> dict[str, object]:
    token = cookies.read(cookies.OPERATOR)
    return {
        "public_id": session.public_id,
        "browser": words.browser(session.browser),
        "ip": session.ip or "",
        "way_text": operator_words.way(session.way),
        "last_seen_text": words.moment(session.last_seen_at, now=now),
        "is_current": token is not None and session.key_hash == sha256_hex(token),
        "end_url": url_for(".end_session", public_id=session.public_id),
    }
