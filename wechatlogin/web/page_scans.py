"""Scans on the pages of other sites: what `static/js/wechatlogin.js` asks, and their servers.

    POST /api/scan              client_id                {id, qr, expires_in, max_wait, words}
    GET  /api/scan/<id>         known=pending&wait=25    as `/login/attempts/<id>` answers
    POST /api/scan/<id>/claim                            {ticket, expires_in, nickname, avatar_url}
    POST /api/scan/ticket       ticket, and an API key   {id, nickname, avatar_url}

The first three are asked by a page whose origin the application has registered; that origin alone
may read the answers, and there are no cookies (`Access-Control-Allow-Origin` without credentials).
Bodies are forms, so that a browser asks at once, without a preflight. The last is for the site's
own server.
"""

from flask import Blueprint, Response, g, jsonify, request
from flask_babel import gettext

from wechatlogin import clock
from wechatlogin.errors import InvalidRequest, ParameterMissing
from wechatlogin.extensions import csrf, db, limiter
from wechatlogin.services import page_scans, scan_tickets
from wechatlogin.services.attempt_status import AttemptStatus
from wechatlogin.services.page_scans import OwnScan
from wechatlogin.services.qr_image import draw_svg
from wechatlogin.services.site import Browser
from wechatlogin.web import callers, waiting
from wechatlogin.web.context import browser_name, current_site
from wechatlogin.web.login import start_limit
from wechatlogin.web.parameters import get_single
from wechatlogin.web.waiting import poll_limit

bp = Blueprint("page_scans", __name__, url_prefix="/api/scan")


@bp.post("")
@csrf.exempt
@limiter.limit(start_limit)
def begin() -> Response:
    site, origin = current_site(), _origin()
    application = page_scans.verify_application(_required("client_id"), origin)
    g.reading_origin = origin
    begun = page_scans.begin(
        site, application, origin, browser=_browser_of_the_page(), now=clock.now()
    )
    return jsonify(
        id=begun.scan_id,
        qr=draw_svg(begun.qr_content),
        expires_in=int(begun.lifetime.total_seconds()),
        max_wait=site.settings.max_wait_seconds,
        words=_words(),
    )


@bp.get("/<scan_id>")
@limiter.limit(poll_limit)
def show(scan_id: str) -> Response:
    return waiting.answer(scan_id[: scan_tickets.ID_LENGTH], lambda _: _own_status(scan_id))


@bp.post("/<scan_id>/claim")
@csrf.exempt
@limiter.limit(poll_limit)
def claim(scan_id: str) -> Response:
    claimed = page_scans.claim(current_site(), _verify_own(scan_id), now=clock.now())
    return jsonify(
        ticket=claimed.ticket.get_secret_value(),
        expires_in=int(claimed.lifetime.total_seconds()),
        nickname=claimed.nickname,
        avatar_url=claimed.avatar_url,
    )


@bp.post("/ticket")
@csrf.exempt
@limiter.limit(start_limit, key_func=callers.caller_key)
def exchange() -> Response:
    application = callers.verify_application()
    visitor = page_scans.exchange(current_site(), application, _required("ticket"), now=clock.now())
    return jsonify(id=visitor.user_id, nickname=visitor.nickname, avatar_url=visitor.avatar_url)


@bp.after_request
def share(response: Response) -> Response:
    """Let the page read the answer, once it has shown that it may ask."""
    origin = g.get("reading_origin")
    if origin is not None:
        response.headers["Access-Control-Allow-Origin"] = origin
        # A script may read this one, and needs it when it has asked too often.
        response.headers["Access-Control-Expose-Headers"] = "Retry-After"
    response.vary.add("Origin")
    return response


def _verify_own(scan_id: str) -> OwnScan:
    origin = _origin()
    scan = page_scans.verify_own(current_site(), db.engine, scan_id, origin, now=clock.now())
    g.reading_origin = origin
    return scan


def _own_status(scan_id: str) -> AttemptStatus:
    return _verify_own(scan_id).status


def _origin() -> str:
    """Return whose page asks; a page of our own origin sends no `Origin` with a GET."""
    given = request.headers.get("Origin")
    return current_site().settings.public_url if given is None else given


def _browser_of_the_page() -> Browser:
    # It is told by the scan's secret, never by a cookie.
    return Browser(binding="", is_bound=True, name=browser_name(), ip=request.remote_addr)


def _required(name: str) -> str:
    try:
        value = get_single(name, source=request.form)
    except InvalidRequest as err:
        raise ParameterMissing(name) from err
    if value is None:
        raise ParameterMissing(name)
    return value


def _words() -> dict[str, str]:
    """Return what the script says, by the state that it says it in."""
    return {
        "label": gettext("登录二维码，请用微信扫一扫"),
        "pending": gettext("请用微信扫一扫"),
        "scanned": gettext("已扫码，请在手机上确认"),
        "numbered": gettext("已扫码，请在手机上点这个数字"),
        "follow": gettext("请在手机上关注公众号"),
        "claimed": gettext("已确认"),
        "declined": gettext("这次登录已被拒绝"),
        "expired": gettext("二维码已过期"),
        "failed": gettext("登录没有完成"),
        "offline": gettext("网络不通，重新连接中…"),
        "refresh": gettext("刷新二维码"),
    }
