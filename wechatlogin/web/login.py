"""`/login`: the one button, whatever browser it is opened in.

GET  /login                         inside WeChat: on to its authorize page
                                    on a phone elsewhere: how to open it in WeChat
                                    on a desktop: the QR code, and the page waits; or WeChat's
                                    page in a frame of ours (`web/website.py`)
                                    where an account has its chat alone: in every browser the
                                    number to send to it, and the page waits
                                    `client_id` names the application it is for, `way` one of
                                    the ways that are offered; `prompt=login` logs in anew,
                                    `profile` says whether to ask for name and picture
GET  /login/attempts/<id>           how the attempt stands (`web/waiting.py`)
GET  /login/attempts/<id>/check     the same as a page, for browsers without JavaScript
POST /login/attempts/<id>/claim     the confirmed attempt becomes this browser's session
GET  /q/<scene>                     what the QR of the way `page` holds
"""

from flask import Blueprint, jsonify, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from wechatlogin import clock
from wechatlogin.errors import AttemptExpired, AttemptNotFound, UserBanned
from wechatlogin.extensions import csrf, limiter
from wechatlogin.models import Attempt, Purpose, Status, Way
from wechatlogin.services import applications, attempts, logins, users, wechat_apps
from wechatlogin.services.errand import Errand
from wechatlogin.services.ways import Offer
from wechatlogin.web import destinations, login_urls, offers, own_paths, people
from wechatlogin.web.context import current_browser, current_site, is_in_wechat
from wechatlogin.web.parameters import get_single

bp = Blueprint("login", __name__)

#: What `profile` in the address says; without it the installation's setting counts.
WANTS_PROFILE = {"0": False, "1": True}


def start_limit() -> str:
    """Return how many logins one address may start."""
    return current_site().settings.limit_login


def read_errand() -> Errand:
    """Return what the page's address says that the login is for.

    :raise ApplicationUnknown: if its `client_id` is nobody's.
    """
    client_id = get_single("client_id")
    return Errand(
        application=applications.verify(client_id) if client_id else None,
        next_path=own_paths.get_own_path(get_single("next")),
        wants_profile=WANTS_PROFILE.get(get_single("profile") or ""),
    )


@bp.get("/login")
@limiter.limit(start_limit)
def start() -> Response | str:
    errand = read_errand()
    if current_user.is_authenticated and get_single("prompt") != login_urls.ANEW:
        return redirect(errand.next_path or url_for("account.show"), 302)
    offers.open_up_for(errand)
    return offers.show(errand, get_single("way"))


@bp.get("/q/<scene>")
@limiter.limit(start_limit)
def scan_page(scene: str) -> Response | str:
    attempt = attempts.get_by_scene(scene)
    if attempt is None or attempt.way != Way.PAGE:
        raise AttemptNotFound
    if attempts.status_at(attempt, clock.now()) == Status.EXPIRED:
        raise AttemptExpired
    if not is_in_wechat():
        return offers.open_in_wechat(request.path)
    offer = Offer(Way.IN_WECHAT, wechat_apps.verify(attempt.appid or ""))
    return offers.to_wechat(offer, Errand(purpose=Purpose.CONFIRM), parent_id=attempt.id)


@bp.get("/login/attempts/<attempt_id>/check")
@limiter.limit(start_limit)
def check(attempt_id: str) -> Response | str:
    attempt = attempts.get(attempt_id)
    if attempt is None or attempt.binding_hash != current_browser().binding_hash:
        raise AttemptNotFound
    status = attempts.status_at(attempt, clock.now())
    follow_url = destinations.get_follow_url(attempt)
    if follow_url and status == Status.SCANNED:
        return redirect(follow_url, 302)
    if status == Status.CONFIRMED:
        users.verify_admitted(attempt.user_id)
    return _show_check(attempt, status)


@bp.post("/login/attempts/<attempt_id>/claim")
@csrf.exempt
def claim(attempt_id: str) -> Response:
    is_script = request.headers.get("X-Requested-With") == "wechatlogin"
    if not is_script:
        # No other site can add the header; a form has to bring its own proof.
        csrf.protect()
    try:
        login = logins.claim(current_site(), attempt_id, current_browser(), now=clock.now())
    except UserBanned:
        if not is_script:
            raise
        # The page that waits has no words for this; there they are told.
        return jsonify(redirect=url_for("login.check", attempt_id=attempt_id))
    target = destinations.after(login, now=clock.now())
    answer = jsonify(redirect=target) if is_script else redirect(target, 303)
    return people.log_in(answer, login)


def _show_check(attempt: Attempt, status: Status) -> str:
    errand, by_number = Errand.of(attempt), attempt.way == Way.NUMBER
    offers.open_up_for(errand)
    return render_template(
        "login_check.html",
        status=status,
        is_by_number=by_number,
        number=attempt.number if status == Status.SCANNED and not by_number else None,
        check_url=url_for("login.check", attempt_id=attempt.id),
        claim_url=url_for("login.claim", attempt_id=attempt.id),
        restart_url=login_urls.restart_url(errand),
        site_name=offers.site_name(errand),
    )
