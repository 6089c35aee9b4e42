"""How a login attempt stands, asked plainly: the pages that wait ask this way all day.

    a plain question whose asker may know    answered here, without a context of Flask
    everything else                          goes on to the application (`web/waiting.py`)

Plain is what our own pages send: an id, `known`, `wait` and `follow` at most once each, one cookie
of ours, one of our hosts. Both ways give the same answer with the same headers; refusals, other
hosts, limits and faults are the application's alone. A line of the log costs more than the answer,
so where these lines are written, the application answers too.
"""

import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from sqlalchemy.exc import SQLAlchemyError
from werkzeug.sansio.utils import host_is_trusted

from wechatlogin import clock, vault
from wechatlogin.config import Settings
from wechatlogin.errors import RateLimited
from wechatlogin.models import Status
from wechatlogin.services import attempt_status
from wechatlogin.services.attempt_status import AttemptStatus
from wechatlogin.web import cookies, request_log, security, waiting
from wechatlogin.web.own_limit import OwnLimit
from wechatlogin.web.parking import PARKING_KEY, ParkingMiddleware
from wechatlogin.web.waiting import Question

ENDPOINT = "waiting.show"

_ADDRESS = re.compile(r"/login/attempts/([A-Za-z0-9_-]{1,32})")
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,128}")
_VALUES = {
    "known": re.compile("|".join(Status)),
    "wait": re.compile("[0-9]{1,2}"),
    "follow": re.compile("1"),
}


@dataclass(frozen=True, slots=True)
class PlainQuestion:
    """Who asks what."""

    attempt_id: str
    secret: str
    question: Question
    address: str


class Asking:
    """Answers plain questions, and leads the others on to an application."""

    def __init__(self, application: WSGIApplication, settings: Settings, limit: OwnLimit) -> None:
        self._application = application
        self._settings = settings
        self._limit = limit
        host = urlsplit(settings.public_url).netloc
        self._host = host if host_is_trusted(host, settings.hosts) else None
        name = re.escape(cookies.name_on_the_wire(cookies.BROWSER, is_https=settings.is_https))
        self._cookie = re.compile(rf"(?:^|;) *{name}=([^;]*)")
        self._headers = (*waiting.HEADERS, *security.headers_of_data(settings.is_https))

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        began = time.perf_counter()
        plain = self._read(environ)
        status = self._get_own_status(environ, plain) if plain else None
        if status is None:
            return self._application(environ, start_response)
        body = status.as_json()
        request_log.count(ENDPOINT, "GET", 200, time.perf_counter() - began)
        request_id = request_log.choose_id(environ.get("HTTP_X_REQUEST_ID"), self._settings)
        own = (("Content-Length", str(len(body))), (request_log.HEADER, request_id))
        start_response("200 OK", [*self._headers, *own])
        return [body]

    def _read(self, environ: WSGIEnvironment) -> PlainQuestion | None:
        """Return the question, if it is a plain one."""
        address = _ADDRESS.fullmatch(environ["PATH_INFO"])
        cookie = self._cookie.search(environ.get("HTTP_COOKIE", ""))
        is_ours = environ["REQUEST_METHOD"] == "GET" and environ.get("HTTP_HOST") == self._host
        if address is None or cookie is None or not is_ours:
            return None
        values, secret = _read_values(environ.get("QUERY_STRING", "")), cookie[1]
        if values is None or not _SECRET.fullmatch(secret):
            return None
        if request_log.check_written(ENDPOINT, self._settings):
            return None
        question = _question_of(values)
        if question.wait > self._settings.max_wait_seconds:
            return None
        return PlainQuestion(address[1], secret, question, environ.get("REMOTE_ADDR", ""))

    def _get_own_status(
        self, environ: WSGIEnvironment, plain: PlainQuestion
    ) -> AttemptStatus | None:
        """Return how the asker's own attempt stands, and keep the asker here if it may wait.

        None is for whoever is to be refused.
        """
        parking: ParkingMiddleware = environ[PARKING_KEY]
        question, guest = plain.question, None
        try:
            self._limit.count(plain.address)
            environ[waiting.COUNTED_KEY] = True
            if question.wait:
                guest = parking.enter(environ, plain.attempt_id, plain.address)
            now = clock.now()
            status = attempt_status.get_status(parking.engine, plain.attempt_id, now=now)
        except (RateLimited, SQLAlchemyError):
            status = None
        if status is None or not vault.equal(status.binding_hash, vault.sha256_hex(plain.secret)):
            parking.let_go(environ)
            return None
        if guest is not None and not question.is_answered_by(status):
            guest.stay(status, question.seconds_for(status))
        return status


def _read_values(query: str) -> Mapping[str, str] | None:
    """Return what a query says; None where it says anything twice, or anything unusual."""
    values: dict[str, str] = {}
    for pair in query.split("&") if query else ():
        name, _, value = pair.partition("=")
        usual = _VALUES.get(name)
        if usual is None or name in values or not usual.fullmatch(value):
            return None
        values[name] = value
    return values


def _question_of(values: Mapping[str, str]) -> Question:
    known = values.get("known")
    return Question(
        known=Status(known) if known else None,
        wait=int(values.get("wait", "0")),
        follow="follow" in values,
    )
