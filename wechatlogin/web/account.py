"""The account page: who one is here, and in which browsers.

GET  /account                       identities and sessions
POST /account/sessions/<id>/end     end one of one's own sessions
POST /logout                        end this one
"""

from datetime import datetime

from flask import Blueprint, redirect, render_template, url_for
from flask_babel import gettext
from flask_login import current_user, login_required
from werkzeug.wrappers import Response

from wechatlogin import clock
from wechatlogin.models import AuditTag, Identity, Session
from wechatlogin.models.transaction import write
from wechatlogin.services import audit, sessions, wechat_apps
from wechatlogin.web import cookies, words
from wechatlogin.web.context import current_site

bp = Blueprint("account", __name__)


@bp.get("/account")
@login_required
def show() -> str:
    now, user = clock.now(), current_user.user
    settings = current_site().settings
    first = user.identities[0] if user.identities else None
    return render_template(
        "account.html",
        user={
            "nickname": (first and first.nickname) or gettext("微信用户"),
            "avatar_url": first and first.avatar_url,
            "created_text": gettext("%(date)s 加入", date=words.day(user.created_at)),
        },
        identities=_identities(user.identities),
        sessions=[_session(row, now) for row in sessions.get_all(user.id, settings, now=now)],
        logout_url=url_for("account.log_out"),
    )


@bp.post("/account/sessions/<public_id>/end")
@login_required
def end_session(public_id: str) -> Response:
    with write():
        if sessions.end_one(current_user.user.id, public_id):
            audit.record(AuditTag.SESSION_ENDED, user_id=current_user.user.id, now=clock.now())
    return redirect(url_for("account.show"), 303)


@bp.post("/logout")
def log_out() -> Response:
    token = cookies.read(cookies.SESSION)
    if token is not None:
        sessions.end(token)
    response = redirect(url_for("login.start"), 303)
    cookies.remove(response, cookies.SESSION)
    return response


def _identities(identities: list[Identity]) -> list[dict[str, object]]:
    names = {row.appid: row.name for row in wechat_apps.get_all()}
    return [
        {
            "app_name": names.get(identity.appid, identity.appid),
            "nickname": identity.nickname or gettext("微信用户"),
            "follows_text": words.follows(identity.follows),
        }
        for identity in identities
    ]


def _session(session: Session, now: datetime) -> dict[str, object]:
    return {
        "public_id": session.public_id,
        "browser": session.browser,
        "ip": words.shorten_address(session.ip) if session.ip else "",
        "way_text": words.way(session.way),
        "last_seen_text": words.moment(session.last_seen_at, now=now),
        "is_current": session.key_hash == current_user.get_id(),
        "end_url": url_for("account.end_session", public_id=session.public_id),
    }
