"""Who is logged in: Flask-Login over our sessions."""

from datetime import datetime, timedelta

from flask import Request, g
from flask_login import UserMixin
from werkzeug.wrappers import Response

from wechatlogin import clock
from wechatlogin.errors import LoginRequired
from wechatlogin.extensions import db, login_manager
from wechatlogin.models import Identity, Session, User
from wechatlogin.services import sessions
from wechatlogin.services.logins import Login
from wechatlogin.web import cookies
from wechatlogin.web.context import current_site


class Person(UserMixin):
    """A logged-in person, as `current_user` shows them; known by the session they are in."""

    def __init__(self, session: Session, user: User) -> None:
        self.session = session
        self.user = user

    def get_id(self) -> str:
        """Return the key of the session's row, so that ending the row ends the login."""
        return self.session.key_hash


@login_manager.request_loader
def load_person(_request: Request) -> Person | None:
    """Return the person whose session cookie the request carries."""
    token = cookies.read(cookies.SESSION)
    # Each page asks who is there, the one that says that the database is away, too.
    if token is None or g.get("is_database_away"):
        return None
    idle = timedelta(seconds=current_site().settings.session_idle_seconds)
    session = sessions.get(token, idle=idle, now=clock.now())
    if session is None or session.user_id is None:
        return None
    user = db.session.get(User, session.user_id)
    return Person(session, user) if user else None


@login_manager.unauthorized_handler
def refuse_strangers() -> Response:
    """Refuse a view that needs a login.

    :raise LoginRequired: always; the error handler sends a page's visitor to the login page.
    """
    raise LoginRequired


def log_in(response: Response, login: Login) -> Response:
    """Give the browser the cookie of its new session, unless that is a program's."""
    if login.is_of_program:
        return response
    lifetime = timedelta(seconds=current_site().settings.session_seconds)
    cookies.write(response, cookies.SESSION, login.session_token.get_secret_value(), lifetime)
    return response


def log_out(response: Response, *, now: datetime) -> Response:
    """End the session that the browser is in, if it is in one, and take its cookie away."""
    token = cookies.read(cookies.SESSION)
    if token is not None:
        sessions.end(token, now=now)
        cookies.remove(response, cookies.SESSION)
    return response


def get_shown_identity(user: User) -> Identity | None:
    """Return the identity that the pages show a person by: one with a name rather than without."""
    identities = user.identities
    return next((one for one in identities if one.nickname), next(iter(identities), None))
