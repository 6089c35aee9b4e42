"""How a login attempt stands: `GET /login/attempts/<id>?known=pending&wait=25`.

A page that knows that only the following is missing says so by `follow=1`.

Answers at once when the state is not the one that the page knows, and else as late as it may, or
somewhat earlier: those who came all at once, say after a restart, do not go on doing so.
Nothing else is touched: no user is loaded, no session read or written, no cookie set. What pages
ask all day is answered by `web/asking.py`; this view answers every question, and refuses.
"""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Response, current_app, request

from wechatlogin import clock, vault
from wechatlogin.errors import AttemptNotFound, InvalidRequest
from wechatlogin.models import Status
from wechatlogin.services import attempt_status
from wechatlogin.services.attempt_status import AttemptStatus
from wechatlogin.web import cookies
from wechatlogin.web.context import current_site
from wechatlogin.web.own_limit import OwnLimit
from wechatlogin.web.parameters import get_single
from wechatlogin.web.parking import PARKING_KEY, ParkingMiddleware

bp = Blueprint("waiting", __name__)

#: Added to the seconds left, so that at the end the row is surely read as expired.
EXPIRY_MARGIN = 0.05

#: A wait that brings nothing new ends earlier by at most this part of it.
SPREAD = 0.2

#: Where an application keeps its `OwnLimit` of these questions.
LIMIT = "wechatlogin-poll-limit"

#: In the environ of a question that is counted already.
COUNTED_KEY = "wechatlogin.counted"

#: The same for everybody, so that those who wait share one text; no nonce is needed here.
HEADERS = (
    ("Content-Type", "application/json"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
)
_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
_SECONDS = re.compile(r"[0-9]{1,2}")


@dataclass(frozen=True)
class Question:
    """What the page asks."""

    #: The state it knows; None where it knows none and takes any answer.
    known: Status | None
    wait: int
    #: It knows that only the following is missing.
    follow: bool = False

    def is_answered_by(self, status: AttemptStatus) -> bool:
        """Whether there is nothing to wait for."""
        is_known = status.status is self.known and status.follow is self.follow
        return not self.wait or status.is_terminal or not is_known

    def seconds_for(self, status: AttemptStatus) -> float:
        """Return for how long the asker is kept waiting if nothing happens."""
        patience = self.wait * (1 - SPREAD * random.random())  # noqa: S311 - no secret
        return min(patience, status.expires_in + EXPIRY_MARGIN)


def poll_limit() -> str:
    """Return how many questions one address may ask."""
    return current_site().settings.limit_poll


@bp.get("/login/attempts/<attempt_id>")
def show(attempt_id: str) -> Response:
    """Tell the browser that started an attempt how it stands, now or when that changes."""
    limit: OwnLimit = current_app.extensions[LIMIT]
    if COUNTED_KEY not in request.environ:
        limit.count(request.remote_addr or "")
    return answer(attempt_id, _get_own_status)


def answer(attempt_id: str, get_own_status: Callable[[str], AttemptStatus]) -> Response:
    """Answer the question in the address, now or when the attempt's state changes.

    `get_own_status` reads it for the asker, and raises where it is not theirs; it is called after
    the asker has entered the waiting room, so that nothing is missed in between.

    :raise InvalidRequest: if the question is none.
    """
    parking: ParkingMiddleware = request.environ[PARKING_KEY]
    question = _read_question(parking.max_wait_seconds)
    guest = None
    if question.wait and request.method == "GET":
        guest = parking.enter(request.environ, attempt_id, request.remote_addr or "")
    status = get_own_status(attempt_id)
    if guest is not None and not question.is_answered_by(status):
        guest.stay(status, question.seconds_for(status))
    return Response(status.as_json(), headers=HEADERS)


def _read_question(longest: int) -> Question:
    known, wait = get_single("known"), get_single("wait") or "0"
    follow = get_single("follow")
    if known is not None and known not in set(Status):
        raise InvalidRequest
    if not _SECONDS.fullmatch(wait) or int(wait) > longest or follow not in {None, "1"}:
        raise InvalidRequest
    return Question(None if known is None else Status(known), int(wait), follow is not None)


def _get_own_status(attempt_id: str) -> AttemptStatus:
    secret = cookies.read(cookies.BROWSER)
    if secret is None or not _ID.fullmatch(attempt_id):
        raise AttemptNotFound
    parking: ParkingMiddleware = request.environ[PARKING_KEY]
    status = attempt_status.get_status(parking.engine, attempt_id, now=clock.now())
    if status is None or not vault.equal(status.binding_hash, vault.sha256_hex(secret)):
        raise AttemptNotFound
    return status
