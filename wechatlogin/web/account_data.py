"""A person's own data: taking a copy along, and deleting their account.

POST     /account/export      all that is stored about them, as JSON
GET|POST /account/delete      the GET says what it means, the POST does it; both want a login of
                              the last ten minutes, so that a browser left open is not enough
GET      /account/deleted     that it is done
"""

from datetime import timedelta

from flask import Blueprint, redirect, render_template, url_for
from flask import Response as FlaskResponse
from flask_babel import gettext
from flask_login import current_user, login_required
from werkzeug.wrappers import Response

from wechatlogin import clock
from wechatlogin.extensions import limiter
from wechatlogin.services import deletion, exports
from wechatlogin.web import cookies, login_urls
from wechatlogin.web.login import start_limit

bp = Blueprint("account_data", __name__)

FRESH = timedelta(minutes=10)


@bp.post("/account/export")
@login_required
@limiter.limit(start_limit)
def export() -> Response:
    made = exports.export(current_user.user.id, by=None, now=clock.now())
    return FlaskResponse(
        made.to_json(),
        mimetype="application/json",
        headers={"Content-Disposition": 'attachment; filename="wechatlogin-data.json"'},
    )


@bp.get("/account/delete")
@login_required
def ask_to_delete() -> str:
    if not _check_fresh():
        return render_template(
            "account_delete.html",
            is_fresh=False,
            action=url_for("login.start"),
            prompt=login_urls.ANEW,
            next=url_for(".ask_to_delete"),
            back_url=url_for("account.show"),
        )
    return render_template(
        "account_delete.html",
        is_fresh=True,
        action=url_for(".delete"),
        back_url=url_for("account.show"),
    )


@bp.post("/account/delete")
@login_required
def delete() -> Response:
    if not _check_fresh():
        return redirect(url_for(".ask_to_delete"), 303)
    deletion.delete_person(current_user.user.id, by=None, now=clock.now())
    response = redirect(url_for(".show_deleted"), 303)
    cookies.remove(response, cookies.SESSION)
    return response


@bp.get("/account/deleted")
def show_deleted() -> str:
    return render_template(
        "message.html",
        kind="success",
        title=gettext("账号已删除"),
        text=gettext("你在各处的登录都已结束。以后再登录，会是一个新的账号。再见。"),
        action=None,
        error_code=None,
        request_id=None,
        retry=None,
    )


def _check_fresh() -> bool:
    """Tell whether the person has shown just now who they are."""
    auth_time = current_user.session.auth_time
    return bool(clock.now() - auth_time <= FRESH)
