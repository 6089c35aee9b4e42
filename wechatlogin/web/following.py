"""Pages that ask a person to follow the account.

GET  /login/attempts/<id>/follow    the login waits for it, and the page goes on by itself
POST /login/attempts/<id>/follow    "I follow": WeChat is asked; a form goes on if it is so
GET  /account/follow                a suggestion after a login, shown once in a while; `client_id`
                                    names the application that makes it, `next` where it leads

The confirm page on a phone asks in the same way (`ask_on_phone`).
"""

from datetime import datetime

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_login import current_user, login_required
from werkzeug.wrappers import Response

from wechatlogin import clock
from wechatlogin.errors import AttemptNotFound
from wechatlogin.extensions import csrf, limiter
from wechatlogin.models import Attempt, Status, WeChatAppRow
from wechatlogin.services import (
    applications,
    attempts,
    delivery,
    follow_suggestions,
    followers_only,
    following,
    logins,
)
from wechatlogin.services.errand import Errand
from wechatlogin.services.qr_image import draw_svg
from wechatlogin.services.ways import Device
from wechatlogin.web import brands, destinations, offers, own_paths, people
from wechatlogin.web.context import current_browser, current_site, device
from wechatlogin.web.login import start_limit
from wechatlogin.web.parameters import get_single
from wechatlogin.wechat.app import Right

bp = Blueprint("following", __name__)


@bp.get("/login/attempts/<attempt_id>/follow")
@limiter.limit(start_limit)
def wait(attempt_id: str) -> Response | str:
    now = clock.now()
    attempt = _verify_own(attempt_id)
    attempt = followers_only.look_again(current_site(), attempt, now=now, max_age=following.FRESH)
    account = followers_only.get_account_of(attempt)
    if account is None or not check_awaiting(attempt, now):
        return redirect(url_for("login.check", attempt_id=attempt_id), 302)
    return _waiting_page(attempt, account, now)


@bp.post("/login/attempts/<attempt_id>/follow")
@csrf.exempt
@limiter.limit(start_limit)
def look_again(attempt_id: str) -> Response | tuple[str, int]:
    site, now = current_site(), clock.now()
    is_script = request.headers.get("X-Requested-With") == "wechatlogin"
    if not is_script:
        # No other site can add the header; a form has to bring its own proof.
        csrf.protect()
    attempt = followers_only.look_again(site, _verify_own(attempt_id), now=now)
    if is_script:
        return "", 204
    if check_awaiting(attempt, now):
        return redirect(url_for("following.wait", attempt_id=attempt_id), 303)
    login = logins.claim(site, attempt.id, current_browser(), now=now)
    return people.log_in(redirect(destinations.after(login, now=now), 303), login)


@bp.get("/account/follow")
@limiter.limit(start_limit)
@login_required
def suggest() -> Response | str:
    site, user, now = current_site(), current_user.user, clock.now()
    application = applications.verify(get_single("client_id") or "")
    target = own_paths.get_own_path(get_single("next")) or url_for("account.show")
    account = follow_suggestions.get_suggestion(application, user, now=now)
    if account is None or following.get_following(site, user, account, now=now).follows:
        return redirect(target, 302)
    follow_suggestions.note_suggested(application, user, now=now)
    return render_template(
        "follow.html",
        title=gettext("关注公众号「%(name)s」", name=account.name),
        text=gettext("关注后，可以在微信里收到消息。"),
        account=_account(account, now),
        site_name=brands.brand_of(application),
        next_url=target,
        action=None,
    )


def check_awaiting(attempt: Attempt, now: datetime) -> bool:
    """Tell whether an attempt still waits for the person to follow."""
    return attempt.awaits_follow and attempts.status_at(attempt, now) == Status.SCANNED


def ask_on_phone(attempt: Attempt, action: str, *, now: datetime) -> str:
    """Show, on the phone that has confirmed, that the login waits for its person to follow.

    :raise AttemptNotFound: if its account is gone.
    """
    account = followers_only.get_account_of(attempt)
    if account is None:
        raise AttemptNotFound
    return render_template(
        "follow.html",
        title=gettext("请关注公众号「%(name)s」", name=account.name),
        text=gettext("还差这一步：关注后，登录页会自动进入。"),
        account=_account(account, now),
        site_name=offers.site_name(Errand.of(attempt)),
        next_url=None,
        action=action,
    )


def _waiting_page(attempt: Attempt, account: WeChatAppRow, now: datetime) -> str:
    errand = Errand.of(attempt)
    left = int((attempt.expires_at - now).total_seconds())
    offers.open_up_for(errand)
    return render_template(
        "login_follow.html",
        login={
            **offers.waiting(attempt, errand),
            "expires_in": left,
            "status_url": url_for("waiting.show", attempt_id=attempt.id, follow="1"),
        },
        account=_account(account, now),
        site_name=offers.site_name(errand),
    )


def _verify_own(attempt_id: str) -> Attempt:
    attempt = attempts.get(attempt_id)
    if attempt is None or attempt.binding_hash != current_browser().binding_hash:
        raise AttemptNotFound
    return attempt


def _account(account: WeChatAppRow, now: datetime) -> dict[str, object]:
    """Return what `components/follow.html` shows of an account."""
    url = delivery.find_or_create_follow_url(current_site(), account, now=now)
    return {
        "name": account.name,
        "qr_svg": draw_svg(url) if url else None,
        "is_on_phone": device() is not Device.DESKTOP,
        # Who follows already and scans another kind of QR is not heard of.
        "is_heard_of_by_scan": account.has(Right.PARAMETRIC_QR),
    }
