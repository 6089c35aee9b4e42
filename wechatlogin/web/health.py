"""Whether the process answers, and whether it can work.

GET /healthz    the process answers
GET /readyz     so does its database, and its tables are those that this code expects

Whoever may see the metrics is told more as JSON.
"""

from dataclasses import asdict

from flask import Blueprint, Response, jsonify

from wechatlogin.services import readiness
from wechatlogin.web import metrics
from wechatlogin.web.context import current_site, wants_json

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def healthz() -> Response:
    return Response("ok", mimetype="text/plain")


@bp.get("/readyz")
def readyz() -> Response:
    if wants_json() and metrics.check_permitted():
        return jsonify(asdict(readiness.verify(current_site())))
    readiness.verify_schema()
    return Response("ok", mimetype="text/plain")
