"""The login of a website: the page with a QR code, and what it asks (reference 2).

GET /connect/qrconnect          the page, in any browser
GET /connect/qrcode/<uuid>      its QR code, which holds <base>/connect/confirm?uuid=<uuid>
GET /connect/l/qrconnect        how far it is; held until something happens
GET /connect/zh_CN/htmledition/js/wxLogin.js   puts the page into a frame of a website
"""

from urllib.parse import quote

from flask import Blueprint, Response, abort, current_app, render_template, request

from wechatlogin.simulator import qr_calls, qrconnect_request, state, website_logins
from wechatlogin.simulator.errors import AuthorizeRefused
from wechatlogin.simulator.faults import Mode
from wechatlogin.simulator.holder import CONFIRM
from wechatlogin.simulator.state import Simulation
from wechatlogin.simulator.website_logins import Stage

blueprint = Blueprint("qrconnect", __name__)

PAGE = "/connect/qrconnect"
POLL = "/connect/l/qrconnect"


@blueprint.get(PAGE)
def page() -> Response:
    """Show a new QR code."""
    simulation = state.current()
    with simulation.lock:
        wish = qrconnect_request.parse(request.args)
        account = simulation.accounts.get(wish.appid)
        qrconnect_request.verify(account, wish)
        fault = simulation.faults.take(PAGE, Mode.ERRCODE)
        if fault:
            raise AuthorizeRefused(fault.errcode)
        login = simulation.website_logins.begin(wish.appid, now=simulation.clock.now())
        leaves_on_cancel = simulation.switches.qrconnect_denial == "redirect_with_state"
    mark = "&" if "?" in wish.redirect_uri else "?"
    shown = render_template(
        "simulator/qrconnect.html",
        account=account,
        wish=wish,
        uuid=login.uuid,
        poll=POLL,
        back=f"{wish.redirect_uri}{mark}",
        state=quote(wish.state, safe=""),
        leaves_on_cancel=leaves_on_cancel,
    )
    return _fresh(Response(shown, content_type="text/html; charset=utf-8"))


@blueprint.get("/connect/qrcode/<uuid>")
def picture(uuid: str) -> Response:
    """Draw the QR code."""
    simulation = state.current()
    with simulation.lock:
        if simulation.website_logins.get(uuid) is None:
            abort(404)
    return Response(qr_calls.drawn(content(simulation, uuid)), content_type="image/jpeg")


@blueprint.get(POLL)
def progress() -> Response:
    """Tell how far a login is, as a script; wait while nothing has happened since `last`."""
    simulation = state.current()
    uuid, last = request.args.get("uuid", ""), request.args.get("last", "")
    with simulation.changed:
        fault = simulation.faults.take(POLL, Mode.ERRCODE)
        if fault:
            return _told(fault.errcode)
        known = {website_logins.WAITING, int(last) if last in {"403", "404"} else 0}
        happened = simulation.changed.wait_for(
            lambda: _number(simulation, uuid) not in known, _patience(simulation, uuid)
        )
        number = _number(simulation, uuid) if happened else website_logins.WAITING
        login = simulation.website_logins.get(uuid)
    # The code comes with the confirmation and never before or after.
    confirmed = login is not None and number == website_logins.NUMBERS[Stage.CONFIRMED]
    return _told(number, login.code if login is not None and confirmed else "")


@blueprint.get("/connect/zh_CN/htmledition/js/wxLogin.js")
def login_script() -> Response:
    """Return the script of websites that show the QR code on a page of their own."""
    return current_app.send_static_file("wx_login.js")


def content(simulation: Simulation, uuid: str) -> str:
    """Return the text that the QR code holds."""
    base = simulation.settings.open_base or request.host_url
    return f"{base.rstrip('/')}{CONFIRM}?uuid={uuid}"


def _number(simulation: Simulation, uuid: str) -> int:
    login = simulation.website_logins.get(uuid)
    if login is None:
        return website_logins.EXPIRED
    return login.number(simulation.clock.now())


def _patience(simulation: Simulation, uuid: str) -> float:
    """Return the seconds to wait: until the hold is over or the code is too old."""
    hold = simulation.settings.login_hold
    login = simulation.website_logins.get(uuid)
    left = login.expires - simulation.clock.now() if login else hold
    return min(hold, left).total_seconds()


def _told(number: int, code: str = "") -> Response:
    body = f"window.wx_errcode={number};window.wx_code='{code}';"
    return _fresh(Response(body, content_type="text/javascript; charset=utf-8"))


def _fresh(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
