"""The control side of what is on the other screen: the QR codes there, and what they do.

GET  /simulator/qrcodes/newest              the code that was made last
POST /simulator/pictures                    what the code in a picture holds
POST /simulator/people/<name>/qrconnect     scan, confirm or cancel the login of a website
"""

from flask import Blueprint, Response, jsonify, request

from wechatlogin.simulator import (
    control,
    loopback,
    qr_calls,
    qrconnect,
    state,
    website_logins,
    website_scan,
)
from wechatlogin.simulator.errors import AuthorizeRefused, ControlError
from wechatlogin.simulator.state import Simulation
from wechatlogin.simulator.website_logins import Stage, WebsiteLogin

blueprint = Blueprint("screen_control", __name__, url_prefix="/simulator")
blueprint.before_request(loopback.verify)

DECISIONS = ("scan", "confirm", "cancel")


@blueprint.get("/qrcodes/newest")
def newest_code() -> Response:
    """Return the code that was made last: what the other screen most likely shows."""
    simulation = state.current()
    with simulation.lock:
        now = simulation.clock.now()
        made, login = simulation.qrcodes.newest(), simulation.website_logins.newest()
        if login is not None and (made is None or login.created > made.created):
            text, appid = qrconnect.content(simulation, login.uuid), login.appid
            alive = login.stage is not Stage.CONFIRMED and now < login.expires
        elif made is not None:
            text, appid, alive = made.url, made.appid, made.alive(now)
        else:
            raise ControlError("no_code", "还没有创建过二维码", status=404)
    return jsonify(content=text, appid=appid, alive=alive)


@blueprint.post("/pictures")
def read_picture() -> Response:
    """Read the QR code in a picture that is the request's body."""
    content = qr_calls.read(request.get_data())
    if content is None:
        raise ControlError("no_code_in_picture", "图片里没有找到二维码", status=422)
    return jsonify(content=content)


@blueprint.post("/people/<name>/qrconnect")
def decide(name: str) -> Response:
    """Do to a website's code, `{uuid | content}`, what `decision` says; who decides scans first."""
    decision, uuid = control.text("decision"), _uuid()
    if decision not in DECISIONS:
        raise ControlError("unknown_decision", f"只能是 {'、'.join(DECISIONS)}")
    simulation = state.current()
    with simulation.lock:
        simulation.person(name)
        try:
            return jsonify(_decided(simulation, uuid, name, decision=decision).facts())
        except AuthorizeRefused as err:
            raise ControlError("login_refused", err.text, status=409) from err


def _uuid() -> str:
    if "uuid" in control.body():
        return control.text("uuid")
    uuid = website_logins.uuid_in(control.text("content"))
    if uuid is None:
        raise ControlError("no_login", "这不是网站登录的二维码")
    return uuid


def _decided(simulation: Simulation, uuid: str, name: str, *, decision: str) -> WebsiteLogin:
    login = website_scan.scan(simulation, uuid, name)
    if decision == "confirm":
        return website_scan.confirm(simulation, uuid, name)
    if decision == "cancel":
        return website_scan.cancel(simulation, uuid, name)
    return login
