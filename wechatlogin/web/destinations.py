"""Where a browser goes on to once its person is known."""

from datetime import datetime

from flask import url_for

from wechatlogin.extensions import db
from wechatlogin.models import Attempt, Display, Purpose, User
from wechatlogin.services import follow_suggestions
from wechatlogin.services.errand import Errand, get_application
from wechatlogin.services.logins import Login


def get_follow_url(attempt: Attempt) -> str | None:
    """Return the page that waits until the person follows, where the attempt waits for that."""
    if not attempt.awaits_follow:
        return None
    return url_for("following.wait", attempt_id=attempt.id)


def after(login: Login, *, now: datetime) -> str:
    """Return where the browser of a claimed login goes, past a suggestion where one is due."""
    attempt = login.attempt
    if login.outcome is not None:
        return url_for("account.show", linked=login.outcome)
    if Errand.of(attempt).is_for_program:
        # An attempt is claimed but once, there or here; the program is told there.
        return url_for("authing.finish", state=attempt.scene, code="claimed")
    target = attempt.next_path or url_for("account.show")
    if attempt.display == Display.POPUP:
        # The page that WeChat came back to tells the opener; an attempt is claimed there but once.
        return url_for("website.finish", state=attempt.scene, code="claimed")
    application = get_application(attempt) if attempt.purpose == Purpose.LOGIN else None
    user = db.session.get(User, attempt.user_id) if application and attempt.user_id else None
    if application is None or user is None:
        return target
    if follow_suggestions.get_suggestion(application, user, now=now) is None:
        return target
    return url_for("following.suggest", client_id=application.client_id, next=target)
