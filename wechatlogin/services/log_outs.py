"""Logging out because an application asks for it (OpenID Connect RP-Initiated Logout 1.0).

An ID token that the application was given says whom it means. It is believed at once where it is
about the login in front of us; otherwise the person is asked first.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, select

from wechatlogin.extensions import db
from wechatlogin.models import Session
from wechatlogin.services import application_users
from wechatlogin.services.id_tokens import Hint
from wechatlogin.services.session_ends import end_matching


def check_meant(hint: Hint, session: Session) -> bool:
    """Tell whether an application means this browser's session: its own begun from it, or whom."""
    begun = select(Session.key_hash).where(*_named(hint), Session.parent_key == session.key_hash)
    if db.session.scalar(begun) is not None:
        return True
    known = application_users.get(hint.application.id, session.user_id or "")
    return known is not None and known.subject == hint.subject


def end_hinted(hint: Hint, *, now: datetime) -> None:
    """End the application's own session that it means, wherever that began."""
    end_matching(*_named(hint), now=now)


def _named(hint: Hint) -> tuple[ColumnElement[bool], ...]:
    return (
        Session.application_id == hint.application.id,
        Session.public_id == hint.session_id,
    )
