"""The confirm page on the phone.

    GET  /confirm/<token>    who logs in where, and the numbers to choose from
    POST /confirm/<token>    the chosen number, or a refusal

The token in the address is the proof: only the chat, or the phone, of the person who scanned has
it. So the page works in a browser that drops cookies, and opening it changes nothing.
"""

from datetime import datetime

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wechatlogin import clock
from wechatlogin.config import ConfirmPolicy
from wechatlogin.errors import AttemptDeclined, NoticeDue
from wechatlogin.extensions import csrf, limiter
from wechatlogin.models import Attempt, Purpose, Status, Way
from wechatlogin.services import attempts, confirmations, linking
from wechatlogin.services.errand import Errand
from wechatlogin.web import agreeing, following, offers, words
from wechatlogin.web.context import current_site
from wechatlogin.web.login import start_limit
from wechatlogin.web.parameters import get_single

bp = Blueprint("confirm", __name__)


@bp.get("/confirm/<token>")
@limiter.limit(start_limit)
def show(token: str) -> str:
    now = clock.now()
    attempt = confirmations.verify_confirmable(token)
    status = attempts.status_at(attempt, now)
    if following.check_awaiting(attempt, now):
        return following.ask_on_phone(attempt, url_for("confirm.choose", token=token), now=now)
    if status == Status.SCANNED:
        return _ask(attempt, token, now)
    return _tell(status, is_by_number=attempt.way == Way.NUMBER)


@bp.post("/confirm/<token>")
@csrf.exempt
@limiter.limit(start_limit)
def choose(token: str) -> Response:
    number = get_single("number", source=request.form) or ""
    decision = get_single("decision", source=request.form)
    if decision == "decline":
        confirmations.decline(current_site(), token, now=clock.now())
    else:
        _confirm(token, int(number) if number.isascii() and number.isdigit() else None)
    return redirect(url_for("confirm.show", token=token), 303)


def _confirm(token: str, number: int | None) -> None:
    try:
        confirmations.choose(
            current_site(),
            token,
            number,
            now=clock.now(),
            agreement=agreeing.read_agreement(),
        )
    except (AttemptDeclined, NoticeDue):
        # The page that follows says so, or asks once more.
        return


def _ask(attempt: Attempt, token: str, now: datetime) -> str:
    identity = confirmations.get_person(attempt)
    needs_number = attempt.confirm == ConfirmPolicy.NUMBER
    notice = confirmations.get_notice(attempt)
    return render_template(
        "confirm.html",
        nickname=identity.nickname if identity else None,
        browser=words.browser(attempt.browser),
        place=words.place(attempt.ip, request.remote_addr),
        time_text=words.moment(attempt.created_at, now=now),
        policy="number" if needs_number else "tap",
        choices=attempt.choices,
        action=url_for("confirm.choose", token=token),
        site_name=offers.site_name(Errand.of(attempt)),
        link_to=_name_of_account(attempt),
        notice_version=notice.version if notice else None,
    )


def _name_of_account(attempt: Attempt) -> str | None:
    """Return whose account the identity would be added to; None where it is a plain login."""
    if attempt.purpose != Purpose.LINK:
        return None
    names = linking.get_names(attempt.link_user_id or "")
    return words.isolate(next(iter(names), gettext("微信用户")))


def _tell(status: Status, *, is_by_number: bool) -> str:
    match status:
        case Status.CONFIRMED | Status.CLAIMED:
            kind, title = "success", gettext("已确认")
            text = gettext("请回到电脑，页面会自动进入。")
        case Status.DECLINED:
            kind, title = "info", gettext("已拒绝这次登录")
            text = gettext("电脑上没有登录。如果是你本人，请刷新二维码后再扫。")
            if is_by_number:
                text = gettext("登录没有进行。如果是你本人，请刷新登录页，再发送新的号码。")
        case _:
            kind, title = "warning", gettext("这次登录已过期")
            text = gettext("请在电脑上刷新二维码后再扫。")
            if is_by_number:
                text = gettext("请刷新登录页，再发送新的号码。")
    return render_template("message.html", kind=kind, title=title, text=text)
