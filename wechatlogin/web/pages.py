"""Pages that need nobody to be logged in, and the health of the process.

GET /           on to the account, or to the login
GET /help       what to do when something does not work
GET /healthz    the process answers
GET /readyz     so does its database
"""

from flask import Blueprint, Response, redirect, render_template, url_for
from werkzeug.wrappers import Response as AnyResponse

from wechatlogin.services import health

bp = Blueprint("pages", __name__)


@bp.get("/")
def home() -> AnyResponse:
    return redirect(url_for("account.show"), 302)


@bp.get("/help", endpoint="help")
def show_help() -> str:
    return render_template("help.html")


@bp.get("/healthz")
def healthz() -> Response:
    return Response("ok", mimetype="text/plain")


@bp.get("/readyz")
def readyz() -> Response:
    health.check_database()
    return Response("ok", mimetype="text/plain")
