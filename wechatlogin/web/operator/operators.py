"""The operators, as an admin manages them.

GET|POST /operator/operators                 the list; the POST adds one
GET      /operator/operators/<id>
POST     /operator/operators/<id>/role
GET|POST /operator/operators/<id>/password   a new random one: the GET asks, the POST shows it
GET|POST /operator/operators/<id>/unlink     let their WeChat in no longer
GET|POST /operator/operators/<id>/remove

A random password is shown once, with the answer that made it.
"""

from typing import Any

from flask import redirect, render_template, request, url_for
from flask_babel import gettext
from pydantic import SecretStr
from werkzeug.wrappers import Response

from wechatlogin import clock
from wechatlogin.errors import InvalidRequest, LastAdmin, OperatorExists, OperatorNameRefused
from wechatlogin.extensions import db
from wechatlogin.models import Operator, Role, User
from wechatlogin.services import operator_links, operators, passwords
from wechatlogin.web import words
from wechatlogin.web.context import current_site
from wechatlogin.web.operator import desk, operator_words, wechat
from wechatlogin.web.parameters import get_single

bp = desk.blueprint("operators", __name__, "/operators")


@bp.get("")
def show_all() -> str:
    return _list({"role": Role.VIEWER}, {})


@bp.post("")
def add() -> str | tuple[str, int]:
    name, role = get_single("name", source=request.form) or "", _read_role()
    password = passwords.make_random()
    try:
        made = operators.create(name, password, role=role, by=desk.current_actor(), now=clock.now())
    except (OperatorNameRefused, OperatorExists) as err:
        typed = {"name": name, "role": role}
        return _list(typed, {"name": gettext(err.message)}), err.status
    return _password(made, password)


@bp.get("/<int:operator_id>")
def show(operator_id: int) -> str:
    return _page(operators.verify(operator_id), {})


@bp.post("/<int:operator_id>/role")
def set_role(operator_id: int) -> Response | tuple[str, int]:
    try:
        operators.set_role(operator_id, _read_role(), by=desk.current_actor(), now=clock.now())
    except LastAdmin as err:
        return _page(operators.verify(operator_id), {"role": gettext(err.message)}), err.status
    return redirect(url_for(".show", operator_id=operator_id, done="role"), 303)


@bp.get("/<int:operator_id>/password")
def ask_for_password(operator_id: int) -> str:
    operator = operators.verify(operator_id)
    return _ask(
        operator,
        "renew_password",
        title=gettext("给 %(name)s 一个新密码？", name=words.isolate(operator.name)),
        text=gettext("原来的密码立即失效，这个操作员在所有浏览器退出。"),
        label=gettext("生成新密码"),
    )


@bp.post("/<int:operator_id>/password")
def renew_password(operator_id: int) -> str:
    password = passwords.make_random()
    changed = operators.change_password(
        operator_id, password, by=desk.current_actor(), now=clock.now()
    )
    return _password(changed, password)


@bp.get("/<int:operator_id>/unlink")
def ask_to_unlink(operator_id: int) -> str:
    operator = operators.verify(operator_id)
    return _ask(
        operator,
        "unlink",
        title=gettext("取消 %(name)s 关联的微信？", name=words.isolate(operator.name)),
        text=gettext("之后这个操作员只能用密码登录，用微信登录的浏览器会退出。"),
        label=gettext("取消关联"),
    )


@bp.post("/<int:operator_id>/unlink")
def unlink(operator_id: int) -> Response:
    operator_links.unlink(operator_id, by=desk.current_actor(), now=clock.now())
    return redirect(url_for(".show", operator_id=operator_id, done="unlinked"), 303)


@bp.get("/<int:operator_id>/remove")
def ask_to_remove(operator_id: int) -> str:
    operator = operators.verify(operator_id)
    return _ask(
        operator,
        "remove",
        title=gettext("移除操作员 %(name)s？", name=words.isolate(operator.name)),
        text=gettext("这个操作员立即退出，不能再登录。审计记录会保留。"),
        label=gettext("移除"),
    )


@bp.post("/<int:operator_id>/remove")
def remove(operator_id: int) -> Response:
    operators.remove(operator_id, by=desk.current_actor(), now=clock.now())
    return redirect(url_for(".show_all", done="removed"), 303)


def _read_role() -> Role:
    try:
        return Role(get_single("role", source=request.form) or "")
    except ValueError as err:
        raise InvalidRequest from err


def _ask(operator: Operator, view: str, **text: str) -> str:
    return render_template(
        "question.html",
        action=url_for(f".{view}", operator_id=operator.id),
        back_url=url_for(".show", operator_id=operator.id),
        **text,
    )


def _list(typed: dict[str, str], errors: dict[str, str]) -> str:
    return render_template(
        "operator/operators.html",
        notice=gettext("已移除这个操作员。") if get_single("done") == "removed" else None,
        operators=[_describe(one) for one in operators.get_all()],
        typed=typed,
        errors=errors,
        roles=operator_words.roles(),
        role_help=operator_words.role_help(),
        action=url_for(".add"),
    )


def _page(operator: Operator, errors: dict[str, str]) -> str:
    notices = {"role": gettext("角色已更改。"), "unlinked": gettext("已取消关联微信。")}
    person = db.session.get(User, operator.user_id) if operator.user_id else None
    target: dict[str, Any] = {"operator_id": operator.id}
    return render_template(
        "operator/operator.html",
        notice=notices.get(get_single("done") or ""),
        operator=_describe(operator),
        person=person and wechat.describe(person),
        errors=errors,
        roles=operator_words.roles(),
        role_help=operator_words.role_help(),
        role_action=url_for(".set_role", **target),
        password_url=url_for(".ask_for_password", **target),
        unlink_url=url_for(".ask_to_unlink", **target),
        remove_url=url_for(".ask_to_remove", **target),
        audit_url=url_for("operator_audit.show", actor=operator.name),
        back_url=url_for(".show_all"),
    )


def _password(operator: Operator, password: SecretStr) -> str:
    return render_template(
        "operator/password.html",
        operator=_describe(operator),
        password=password.get_secret_value(),
        login_url=current_site().url(url_for("operator.ask")),
        back_url=url_for(".show_all"),
    )


def _describe(operator: Operator) -> dict[str, object]:
    return {
        "name": operator.name,
        "role": str(operator.role),
        "role_text": operator_words.role(operator.role),
        "since_text": words.day(operator.created_at),
        "is_linked": operator.user_id is not None,
        "is_me": operator.id == desk.current_operator().id,
        "url": url_for(".show", operator_id=operator.id),
    }
