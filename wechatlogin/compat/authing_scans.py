"""Authing's scan login: the SDK draws our QR on a page of another site and asks how it stands.

POST /api/v2/qrcode/gene            a QR: {random, url, expiresIn}
GET  /api/v2/qrcode/check?random=   {random, status, ticket, userInfo, …}, asked every 0.8 s
POST /api/v2/qrcode/userinfo        a ticket becomes the person and their token, once
GET  /api/v2/qrcode/<scene>.png     the picture, which a canvas of any page may read

The header `x-authing-app-id` names the application (or `x-authing-userpool-id`, which is the same
number here). A page that asks has to be of one of its origins, and may then read the answer; a
server sends no `Origin`. No cookie is read or set. Answers are in Authing's envelope.
"""

from flask import Blueprint, g, request, url_for
from werkzeug.wrappers import Response

from wechatlogin import clock
from wechatlogin.compat import authing_envelope
from wechatlogin.errors import ParameterMissing, ParameterWrong
from wechatlogin.extensions import csrf, limiter
from wechatlogin.models import Application
from wechatlogin.services import applications, authing_scans
from wechatlogin.services.authing_scans import Look
from wechatlogin.services.qr_image import draw_png
from wechatlogin.services.site import Browser
from wechatlogin.web import given
from wechatlogin.web.context import browser_name, current_site
from wechatlogin.web.login import start_limit
from wechatlogin.web.parameters import get_single
from wechatlogin.web.security import Openness, open_up
from wechatlogin.web.waiting import poll_limit

bp = Blueprint("authing_scans", __name__, url_prefix="/api/v2/qrcode")
# Nothing here goes by cookies: the origin is checked instead.
csrf.exempt(bp)

#: What the SDK calls a scan with an official account.
SCENE = "WECHATMP_AUTH"
HEADERS = (
    "Authorization",
    "Content-Type",
    "x-authing-app-id",
    "x-authing-app-tenant-id",
    "x-authing-lang",
    "x-authing-request-from",
    "x-authing-sdk-version",
    "x-authing-userpool-id",
)
#: How long a browser remembers what it may send.
PREFLIGHT_SECONDS = 600


@bp.before_request
def permit_preflight() -> None:
    """Answer a browser that asks, without saying for which application, what it may send."""
    origin = request.headers.get("Origin")
    if request.method == "OPTIONS" and origin and applications.check_origin(origin):
        g.authing_origin = origin


@bp.post("/gene")
@limiter.limit(start_limit)
def generate() -> Response:
    application = _verify_application()
    scene = given.get_json_text("scene")
    if scene != SCENE:
        raise ParameterWrong("scene")
    begun = authing_scans.begin(
        current_site(),
        application,
        given.get_json_text("extIdpConnId"),
        browser=_browser_of_the_page(),
        now=clock.now(),
    )
    url = current_site().url(url_for("authing_scans.picture", scene=begun.scene))
    seconds = int(begun.lifetime.total_seconds())
    return authing_envelope.answer({"random": begun.random, "url": url, "expiresIn": seconds})


@bp.get("/check")
@limiter.limit(poll_limit)
def check() -> Response:
    random, application = get_single("random") or "", _verify_application()
    known = authing_scans.look(current_site(), application, random, now=clock.now())
    return authing_envelope.answer({"random": random, **_fields(known)})


@bp.post("/userinfo")
@limiter.limit(start_limit)
def exchange() -> Response:
    application, ticket = _verify_application(), given.get_json_text("ticket")
    if ticket is None:
        raise ParameterMissing("ticket")
    user = authing_scans.exchange(
        current_site(), application, ticket, browser=_browser_of_the_page(), now=clock.now()
    )
    return authing_envelope.answer(authing_envelope.user_fields(user))


@bp.get("/<scene>.png")
@limiter.limit(poll_limit)
def picture(scene: str) -> Response:
    content = authing_scans.get_qr_content(scene, now=clock.now())
    if content is None:
        return Response(status=404)
    open_up(Openness(is_for_all_pages=True))
    shown = Response(draw_png(content), mimetype="image/png")
    shown.headers["Access-Control-Allow-Origin"] = "*"
    return shown


@bp.after_request
def share(response: Response) -> Response:
    """Let the page read the answer, once it has shown that it may ask."""
    response.vary.add("Origin")
    origin = g.get("authing_origin")
    if origin is None:
        return response
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Allow-Credentials"] = "true"
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = "GET, POST"
        response.headers["Access-Control-Allow-Headers"] = ", ".join(HEADERS)
        response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
    return response


def _verify_application() -> Application:
    headers = request.headers
    client_id = headers.get("x-authing-app-id") or headers.get("x-authing-userpool-id")
    origin = headers.get("Origin")
    application = authing_scans.verify_application(client_id or "", origin)
    g.authing_origin = origin
    return application


def _browser_of_the_page() -> Browser:
    # It is told by `random`, never by a cookie.
    return Browser(binding="", is_bound=True, name=browser_name(), ip=request.remote_addr)


def _fields(known: Look) -> dict[str, object]:
    person = {"nickname": known.nickname, "photo": known.avatar_url}
    told: dict[str, object] = {
        "status": known.status.value,
        "ticket": known.ticket.get_secret_value() if known.ticket else None,
        "scannedUserId": known.user_id,
        "userInfo": person if any(person.values()) else {},
    }
    return told if known.reason is None else {**told, "scannedResult": {"errmsg": known.reason}}
