"""The logos of applications, as our pages show them.

GET /applications/<client_id>/logo    a PNG; under the version that is shown, `v`, it never changes
"""

from datetime import timedelta

from flask import Blueprint, Response, abort

from wechatlogin.services import applications, logos
from wechatlogin.web.parameters import get_single
from wechatlogin.web.security import Openness, open_up

bp = Blueprint("logos", __name__)

KEPT_FOR = timedelta(days=365)


@bp.get("/applications/<client_id>/logo")
def show(client_id: str) -> Response:
    application = applications.get(client_id)
    logo = logos.get(application) if application else None
    if logo is None:
        abort(404)
    if get_single("v") == str(logos.version_of(logo.saved_at)):
        open_up(Openness(kept_for=KEPT_FOR))
    return Response(logo.png, mimetype="image/png")
