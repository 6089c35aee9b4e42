"""Where WeChat fetches the files by which it checks a domain.

GET /<name>.txt    the file's content and nothing else; a name that is none is no page of ours
"""

from flask import Blueprint, Response, abort

from wechatlogin.services import verification_files

bp = Blueprint("verification", __name__)


@bp.get("/<name>.txt")
def show(name: str) -> Response:
    file = verification_files.get(f"{name}.txt")
    if file is None:
        abort(404)
    return Response(file.content, mimetype="text/plain")
