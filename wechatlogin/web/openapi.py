"""The document of every address, and the page that shows it.

GET /openapi.json    OpenAPI 3.1
GET /docs            the same as a page, without a script

    openapi/*.json         the words, one chapter for each system
    openapi_chapters.py    reads them
    openapi_document.py    the document, from the URL map and the words
    openapi_page.py        what the page shows of it

An endpoint without words is left out, which a test finds.
"""

from typing import cast

from flask import Blueprint, Response, current_app, jsonify, render_template, url_for

from wechatlogin.web import openapi_page
from wechatlogin.web.context import current_site
from wechatlogin.web.openapi_chapters import Json
from wechatlogin.web.openapi_document import make_document

bp = Blueprint("openapi", __name__)

MADE = "wechatlogin-openapi"


@bp.get("/openapi.json")
def show_document() -> Response:
    return jsonify(_document())


@bp.get("/docs")
def show_page() -> str:
    return render_template(
        "docs.html",
        sections=openapi_page.read(_document()),
        document_url=url_for("openapi.show_document"),
    )


def _document() -> Json:
    """Return the document, made at the first question: by then every address is known."""
    if MADE not in current_app.extensions:
        server = current_site().settings.public_url
        current_app.extensions[MADE] = make_document(current_app.url_map, server)
    return cast(Json, current_app.extensions[MADE])
