"""The account page: who one is here, and in which browsers.

GET      /account                             identities, sessions, and who knows one
                                              (`web/permissions.py`)
GET|POST /account/identities/add              add another WeChat: the POST starts a login of it
GET|POST /account/identities/<id>/remove      take one away: the GET asks, the POST does it
POST     /account/sessions/<id>/end           end one of one's own sessions
POST     /logout                              end this one

Taking one's data along and deleting the account are in `web/account_data.py`.
"""

from datetime import datetime

from flask import Blueprint, redirect, render_template, url_for
from flask_babel import gettext
from flask_login import current_user, login_required
from werkzeug.wrappers import Response

from wechatlogin import clock
from wechatlogin.extensions import limiter
from wechatlogin.models import AuditTag, Identity, Purpose, Session
from wechatlogin.models.transaction import repeatable, write
from wechatlogin.services import audit, consents, linking, sessions, wechat_apps
from wechatlogin.services.consents import Known
from wechatlogin.services.errand import Errand
from wechatlogin.services.linking import Outcome, Removal
from wechatlogin.web import cookies, offers, people, permissions, words
from wechatlogin.web.context import current_site
from wechatlogin.web.login import start_limit
from wechatlogin.web.parameters import get_single

bp = Blueprint("account", __name__)


@bp.get("/account")
@login_required
def show() -> str:
    now, user = clock.now(), current_user.user
    first, applications = people.get_shown_identity(user), consents.get_all(user.id)
    return render_template(
        "account.html",
        user={
            "nickname": (first and first.nickname) or gettext("微信用户"),
            "avatar_url": first and first.avatar_url,
            "created_text": gettext("%(date)s 加入", date=words.day(user.created_at)),
        },
        identities=_identities(user.identities),
        applications=[permissions.describe(known) for known in applications],
        notice=_notice(get_single("linked")),
        add_url=url_for("account.add_identity"),
        sessions=_sessions(applications, now),
        export_url=url_for("account_data.export"),
        delete_url=url_for("account_data.ask_to_delete"),
        logout_url=url_for("account.log_out"),
    )


@bp.get("/account/identities/add")
@login_required
def add_identity() -> str:
    return render_template(
        "question.html",
        title=gettext("添加另一个微信"),
        text=gettext("用要添加的微信扫码并确认。之后用哪个微信登录，都会进入这个账号。"),
        action=url_for("account.start_adding"),
        label=gettext("继续"),
        back_url=url_for("account.show"),
    )


@bp.post("/account/identities/add")
@login_required
@limiter.limit(start_limit)
def start_adding() -> Response | str:
    errand = Errand(
        purpose=Purpose.LINK,
        link_user_id=current_user.user.id,
        next_path=url_for("account.show"),
    )
    return offers.show(errand)


@bp.get("/account/identities/<int:identity_id>/remove")
@login_required
def ask_to_remove(identity_id: int) -> str:
    identity = linking.verify_removable(current_user.user.id, identity_id)
    return render_template(
        "question.html",
        title=gettext("移除这个微信身份？"),
        text=gettext(
            "%(name)s（%(app)s）。移除后，用它登录会进入一个新账号，用它登录的浏览器会退出。",
            name=words.isolate(identity.nickname or gettext("微信用户")),
            app=words.isolate(_app_names().get(identity.appid, identity.appid)),
        ),
        action=url_for("account.remove_identity", identity_id=identity_id),
        label=gettext("移除"),
        back_url=url_for("account.show"),
    )


@bp.post("/account/identities/<int:identity_id>/remove")
@login_required
def remove_identity(identity_id: int) -> Response:
    removal = Removal(current_user.user.id, identity_id, cookies.read(cookies.SESSION))
    linking.remove(removal, now=clock.now())
    return redirect(url_for("account.show", linked="removed"), 303)


@bp.post("/account/sessions/<public_id>/end")
@login_required
@repeatable
def end_session(public_id: str) -> Response:
    with write():
        if sessions.end_one(current_user.user.id, public_id, now=clock.now()):
            audit.record(AuditTag.SESSION_ENDED, user_id=current_user.user.id, now=clock.now())
    return redirect(url_for("account.show"), 303)


@bp.post("/logout")
def log_out() -> Response:
    return people.log_out(redirect(url_for("login.start"), 303), now=clock.now())


def _identities(identities: list[Identity]) -> list[dict[str, object]]:
    names, is_last = _app_names(), len(identities) == 1
    return [
        {
            "id": identity.id,
            "app_name": names.get(identity.appid, identity.appid),
            "nickname": identity.nickname or gettext("微信用户"),
            "avatar_url": identity.avatar_url,
            "follows_text": words.follows(identity.follows),
            "remove_url": None
            if is_last
            else url_for("account.ask_to_remove", identity_id=identity.id),
        }
        for identity in identities
    ]


def _app_names() -> dict[str, str]:
    return {row.appid: row.name for row in wechat_apps.get_all()}


def _notice(done: str | None) -> str | None:
    """Return what has just become of an identity, in words."""
    notices: dict[str | None, str] = {
        Outcome.ADDED: gettext("已添加这个微信。"),
        Outcome.ALREADY: gettext("这个微信已经在你的账号里。"),
        Outcome.JOINED: gettext("两个账号已合并成一个。"),
        Outcome.WAITING: gettext("这个微信已有另一个账号，要由网站管理员决定是否合并。"),
        Outcome.APART: gettext("网站管理员已决定不合并这两个账号，所以没有添加。"),
        "removed": gettext("已移除这个微信身份。"),
        "revoked": gettext("已收回许可。"),
    }
    return notices.get(done)


def _sessions(applications: list[Known], now: datetime) -> list[dict[str, object]]:
    """Return where the person is logged in, without what is listed as an application already.

    What a program began from a browser ends with that.
    """
    settings = current_site().settings
    listed = {known.application.id for known in applications}
    rows = sessions.get_all(current_user.user.id, settings, now=now)
    return [
        _session(row, now)
        for row in rows
        if row.parent_key is None and row.application_id not in listed
    ]


def _session(session: Session, now: datetime) -> dict[str, object]:
    return {
        "public_id": session.public_id,
        "browser": words.browser(session.browser),
        "ip": words.shorten_address(session.ip) if session.ip else "",
        "way_text": words.way(session.way),
        "last_seen_text": words.moment(session.last_seen_at, now=now),
        "is_current": session.key_hash == current_user.get_id(),
        "end_url": url_for("account.end_session", public_id=session.public_id),
    }
