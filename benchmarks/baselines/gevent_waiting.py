"""The same view on gevent's workers: a greenlet for each browser that waits.

It reads the row as ours does, waits for an event, reads again and answers.
"""

import os

from flask import Flask, Response, abort, request
from gevent.event import Event
from sqlalchemy import create_engine

from wechatlogin import clock, vault
from wechatlogin.services import attempt_status
from wechatlogin.services.attempt_status import AttemptStatus
from wechatlogin.web import cookies

app = Flask(__name__)
_engine = create_engine(os.environ["DATABASE_URL"])
_events: dict[str, Event] = {}


@app.get("/waiting")
def count() -> str:
    return str(len(_events))


@app.post("/wake/<attempt_id>")
def wake(attempt_id: str) -> str:
    event = _events.get(attempt_id)
    if event is not None:
        event.set()
    return ""


@app.get("/login/attempts/<attempt_id>")
def show(attempt_id: str) -> Response:
    wait = int(request.args.get("wait", "0"))
    status = _read(attempt_id)
    if not wait or status.status.value != request.args.get("known"):
        return _answer(status)
    event = _events[attempt_id] = Event()
    try:
        event.wait(wait)
    finally:
        _events.pop(attempt_id, None)
    return _answer(_read(attempt_id))


def _read(attempt_id: str) -> AttemptStatus:
    secret = request.cookies.get(cookies.BROWSER, "")
    status = attempt_status.get_status(_engine, attempt_id, now=clock.now())
    if status is None or not vault.equal(status.binding_hash, vault.sha256_hex(secret)):
        abort(404)
    return status


def _answer(status: AttemptStatus) -> Response:
    return Response(status.as_json(), mimetype="application/json")
