"""A browser comes back from WeChat and its person is known: what it is answered, by purpose."""

from datetime import datetime

from flask import redirect
from werkzeug.wrappers import Response

from wechatlogin.models import Attempt, Purpose
from wechatlogin.services import logins, qr_scans
from wechatlogin.web import destinations, people, results
from wechatlogin.web.context import current_browser, current_site


def arrive(attempt: Attempt, *, now: datetime) -> Response | str:
    """Answer the browser of a confirmed attempt.

    :raise AttemptError: if the attempt cannot be claimed by this browser.
    """
    if attempt.purpose == Purpose.CONFIRM:
        scanned = qr_scans.scanned_by_page(current_site(), attempt, now=now)
        return redirect(scanned.confirm_url, 302) if scanned.confirm_url else results.scanned()
    if follow_url := destinations.get_follow_url(attempt):
        return redirect(follow_url, 302)
    login = logins.claim(current_site(), attempt.id, current_browser(), now=now)
    return people.log_in(redirect(destinations.after(login, now=now), 302), login)
