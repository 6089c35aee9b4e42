"""A lane of its own for the most frequent question of all: how a login attempt stands.

    GET /login/attempts/<id>    answered by `web/asking.py`, or by a small application with the view
                                of `web/waiting.py`
    everything else             goes on to the whole application

The small one has the settings of the whole, its security headers, its log and its answers to
errors.
It lacks what this question has no use for: a session of the ORM, people's and operators' logins,
forms and their tokens, the choice of a language. Together these cost several times the answer.
"""

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask
from flask.sessions import SessionInterface, SessionMixin
from flask.wrappers import Request, Response

from wechatlogin.extensions import babel
from wechatlogin.services.site import Site
from wechatlogin.web import errors as error_pages
from wechatlogin.web import languages, request_log, security, waiting
from wechatlogin.web.asking import Asking
from wechatlogin.web.own_limit import OwnLimit

PREFIX = "/login/attempts/"
METHODS = frozenset({"GET", "HEAD"})


class Lane:
    """Leads questions how an attempt stands to their own application."""

    def __init__(self, whole: WSGIApplication, small: WSGIApplication) -> None:
        self._whole = whole
        self._small = small

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        app = self._small if _is_question(environ) else self._whole
        return app(environ, start_response)


class NoSessions(SessionInterface):
    """Reads and writes no session: whoever asks is told by a cookie of its own."""

    def open_session(self, app: Flask, request: Request) -> None:
        """Open none."""

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Save none."""


def make_lane(whole: Flask) -> Lane:
    """Return the way into an application that leads past it for how attempts stand."""
    site: Site = whole.extensions["wechatlogin"]
    limit = OwnLimit(site.settings.limit_poll)
    small = _make_small_app(whole, site, limit)
    return Lane(whole.wsgi_app, Asking(small.wsgi_app, site.settings, limit))


def _make_small_app(whole: Flask, site: Site, limit: OwnLimit) -> Flask:
    app = Flask("wechatlogin.waiting", root_path=whole.root_path, static_folder=None)
    app.config.from_mapping(whole.config)
    app.session_interface = NoSessions()
    app.extensions["wechatlogin"] = site
    app.extensions[waiting.LIMIT] = limit
    request_log.init_app(app, site.settings)
    security.init_app(app)
    babel.init_app(app, locale_selector=languages.choose_locale)
    error_pages.init_app(app, {})
    app.register_blueprint(waiting.bp)
    return app


def _is_question(environ: WSGIEnvironment) -> bool:
    path: str = environ["PATH_INFO"]
    if environ["REQUEST_METHOD"] not in METHODS or not path.startswith(PREFIX):
        return False
    attempt_id = path.removeprefix(PREFIX)
    return bool(attempt_id) and "/" not in attempt_id
