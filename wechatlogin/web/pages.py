"""Pages that need nobody to be logged in.

GET /           on to the account, or to the login
GET /help       what to do when something does not work
"""

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response as AnyResponse

bp = Blueprint("pages", __name__)


@bp.get("/")
def home() -> AnyResponse:
    return redirect(url_for("account.show"), 302)


@bp.get("/help", endpoint="help")
def show_help() -> str:
    return render_template("help.html")
