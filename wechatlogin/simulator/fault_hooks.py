"""Where faults strike API calls, and where the calls are written down."""

import socket
import time

from flask import Blueprint, Response, g, request

from wechatlogin.simulator import calls, holder, qrconnect, state, wire
from wechatlogin.simulator.calls import Call
from wechatlogin.simulator.errors import PlatformError
from wechatlogin.simulator.faults import CALL_MODES, Fault, Mode

blueprint = Blueprint("fault_hooks", __name__)

PLATFORM = ("/sns/", "/cgi-bin/", "/connect/")
# There an errcode is part of the page or script, which says it in a way of its own.
SAYING_IT_THEMSELVES = frozenset({holder.AUTHORIZE, qrconnect.PAGE, qrconnect.POLL})
BUSY_PAGE = "<!doctype html><html><head><title>系统繁忙</title></head><body>系统繁忙</body></html>"


@blueprint.before_app_request
def strike() -> Response | None:
    """Let a fault have its way before the call is looked at."""
    if not request.path.startswith(PLATFORM):
        return None
    simulation = state.current()
    itself = request.path in SAYING_IT_THEMSELVES
    modes = CALL_MODES - {Mode.ERRCODE} if itself else CALL_MODES
    with simulation.lock:
        fault = simulation.faults.take(request.path, *modes)
    if fault is None:
        return None
    g.simulator_fault = fault
    return _struck(fault)


@blueprint.after_app_request
def write_down(response: Response) -> Response:
    """Keep the call, then damage the answer where that is wished."""
    if not request.path.startswith(PLATFORM):
        return response
    response.direct_passthrough = False
    fault = g.get("simulator_fault")
    if not (isinstance(fault, Fault) and fault.mode is Mode.RESET):
        _keep(response)
    if isinstance(fault, Fault) and fault.mode is Mode.TRUNCATE:
        whole = response.get_data()
        response.set_data(whole[: len(whole) // 2])
        response.headers["Content-Length"] = str(len(whole))
        response.headers["Connection"] = "close"
    return response


def _struck(fault: Fault) -> Response | None:
    # Read to its end first: whoever is hung up on may still be sending what is to be written down.
    request.get_data()
    if fault.mode is Mode.SLOW:
        time.sleep(fault.delay)
    if fault.mode is Mode.KILL_TOKEN:
        _kill_token()
    if fault.mode is Mode.RESET:
        response = Response(b"", status=502)
        # Before the caller can notice, so that whoever looks then finds the call.
        _keep(response)
        _hang_up()
        return response
    if fault.mode is Mode.ERRCODE:
        now = state.current().clock.now()
        plain = request.path.startswith("/sns/")
        return wire.answer(PlatformError(fault.errcode).answer(now=now), plain_type=plain)
    if fault.mode is Mode.HTTP_500:
        return Response(BUSY_PAGE, status=500, content_type="text/html")
    if fault.mode is Mode.HTML:
        return Response(BUSY_PAGE, content_type="text/html")
    if fault.mode is Mode.GARBAGE:
        return Response(bytes(range(128, 256)) * 4, content_type="application/json")
    return None


def _keep(response: Response) -> None:
    simulation = state.current()
    with simulation.lock:
        simulation.calls.add(_call(response))


def _kill_token() -> None:
    simulation = state.current()
    now = simulation.clock.now()
    with simulation.lock:
        try:
            appid = simulation.tokens.owner(request.args.get("access_token", ""), now=now)
        except PlatformError:
            return
        simulation.tokens.kill(appid, now=now)


def _hang_up() -> None:
    """Close the connection without an answer; servers that hide the socket answer 502."""
    for name in ("werkzeug.socket", "gunicorn.socket"):
        connection = request.environ.get(name)
        if isinstance(connection, socket.socket):
            connection.shutdown(socket.SHUT_RDWR)


def _call(response: Response) -> Call:
    simulation = state.current()
    body = calls.masked_body(request.get_data())
    named = body.get("appid") if isinstance(body, dict) else None
    return Call(
        path=request.path,
        method=request.method,
        appid=g.get("simulator_appid") or request.args.get("appid") or named,
        at=simulation.clock.now(),
        query=calls.masked_query(request.args),
        body=body,
        answer=calls.masked_body(response.get_data()),
    )
