"""`/login`: the one button, whatever browser it is opened in.

GET  /login                         inside WeChat: on to its authorize page
                                    on a phone elsewhere: how to open it in WeChat
                                    on a desktop: the QR code, and the page waits
                                    where an account has its chat alone: in every browser the
                                    number to send to it, and the page waits
GET  /login/attempts/<id>           how the attempt stands (`web/waiting.py`)
GET  /login/attempts/<id>/check     the same as a page, for browsers without JavaScript
POST /login/attempts/<id>/claim     the confirmed attempt becomes this browser's session
GET  /q/<scene>                     what the QR of the way `page` holds
"""

from flask import Blueprint, jsonify, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from wechatlogin import clock
from wechatlogin.errors import AttemptExpired, AttemptNotFound
from wechatlogin.extensions import csrf, limiter
from wechatlogin.models import Attempt, Purpose, Status, Way, WeChatAppRow
from wechatlogin.services import attempts, logins, number_login, qr_login, web_login, wechat_apps
from wechatlogin.services.qr_image import draw_svg
from wechatlogin.web import own_paths, people
from wechatlogin.web.context import current_browser, current_site, is_in_wechat
from wechatlogin.web.parameters import get_single
from wechatlogin.wechat import user_agent

bp = Blueprint("login", __name__)


def start_limit() -> str:
    """Return how many logins one address may start."""
    return current_site().settings.limit_login


@bp.get("/login")
@limiter.limit(start_limit)
def start() -> Response | str:
    next_path = own_paths.get_own_path(get_single("next"))
    if current_user.is_authenticated:
        return redirect(next_path or url_for("account.show"), 302)
    chat_only = wechat_apps.get_chat_only()
    if chat_only is not None:
        return _show_number(chat_only, next_path)
    if is_in_wechat():
        return _to_wechat(
            web_login.Request(
                purpose=Purpose.LOGIN,
                scope=web_login.scope_for(current_site(), Purpose.LOGIN),
                next_path=next_path,
            )
        )
    if user_agent.is_mobile(request.user_agent.string):
        return open_in_wechat(request.full_path.rstrip("?"))
    now = clock.now()
    attempt = qr_login.start(current_site(), current_browser(), next_path=next_path, now=now)
    return _show_qr(attempt)


@bp.get("/q/<scene>")
@limiter.limit(start_limit)
def scan_page(scene: str) -> Response | str:
    attempt = attempts.get_by_scene(scene)
    if attempt is None or attempt.way != Way.PAGE:
        raise AttemptNotFound
    if attempts.status_at(attempt, clock.now()) == Status.EXPIRED:
        raise AttemptExpired
    if not is_in_wechat():
        return open_in_wechat(request.path)
    return _to_wechat(
        web_login.Request(
            purpose=Purpose.CONFIRM,
            scope=web_login.scope_for(current_site(), Purpose.CONFIRM),
            parent_id=attempt.id,
        )
    )


@bp.get("/login/attempts/<attempt_id>/check")
@limiter.limit(start_limit)
def check(attempt_id: str) -> str:
    attempt = attempts.get(attempt_id)
    if attempt is None or attempt.binding_hash != current_browser().binding_hash:
        raise AttemptNotFound
    status = attempts.status_at(attempt, clock.now())
    return render_template(
        "login_check.html",
        status=status,
        is_by_number=attempt.way == Way.NUMBER,
        number=attempt.number if status == Status.SCANNED and attempt.way != Way.NUMBER else None,
        check_url=url_for("login.check", attempt_id=attempt_id),
        claim_url=url_for("login.claim", attempt_id=attempt_id),
        restart_url=_restart_url(attempt),
    )


@bp.post("/login/attempts/<attempt_id>/claim")
@csrf.exempt
def claim(attempt_id: str) -> Response:
    is_script = request.headers.get("X-Requested-With") == "wechatlogin"
    if not is_script:
        # No other site can add the header; a form has to bring its own proof.
        csrf.protect()
    login = logins.claim(current_site(), attempt_id, current_browser(), now=clock.now())
    target = login.attempt.next_path or url_for("account.show")
    answer = jsonify(redirect=target) if is_script else redirect(target, 303)
    return people.log_in(answer, login)


def open_in_wechat(path: str) -> str:
    """Show how to open one of our pages in WeChat, by QR or by copying its address."""
    url = current_site().url(path)
    return render_template("open_in_wechat.html", url=url, qr_svg=draw_svg(url))


def _to_wechat(wanted: web_login.Request) -> Response:
    browser = current_browser()
    url = web_login.begin(current_site(), browser, wanted, now=clock.now())
    return redirect(url, 302)


def _show_qr(attempt: Attempt) -> str:
    login = {**_waiting(attempt), "qr_svg": draw_svg(attempt.qr_content or "")}
    code_url = url_for("code.ask", next=attempt.next_path)
    return render_template("login_scan.html", login=login, code_url=code_url)


def _show_number(row: WeChatAppRow, next_path: str | None) -> str:
    started = number_login.start(
        current_site(), row, current_browser(), next_path=next_path, now=clock.now()
    )
    digits = started.digits.get_secret_value()
    qr_svg = draw_svg(row.follow_url) if row.follow_url else None
    return render_template(
        "login_number.html",
        login={**_waiting(started.attempt), "qr_svg": qr_svg},
        digits=f"{digits[:3]} {digits[3:]}",
        account_name=row.name,
        is_on_phone=is_in_wechat() or user_agent.is_mobile(request.user_agent.string),
        code_url=url_for("code.ask", next=next_path),
    )


def _waiting(attempt: Attempt) -> dict[str, object]:
    lifetime = attempt.expires_at - attempt.created_at
    return {
        "id": attempt.id,
        "expires_in": int(lifetime.total_seconds()),
        "status_url": url_for("waiting.show", attempt_id=attempt.id),
        "check_url": url_for("login.check", attempt_id=attempt.id),
        "claim_url": url_for("login.claim", attempt_id=attempt.id),
        "restart_url": _restart_url(attempt),
        "confirm": attempt.confirm,
        "max_wait": current_site().settings.max_wait_seconds,
    }


def _restart_url(attempt: Attempt) -> str:
    return url_for("login.start", next=attempt.next_path)
