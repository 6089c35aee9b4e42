"""The control side `/simulator/*`: JSON for tests, scripts and the phone page.

It answers to loopback alone, and never to a page of another site.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, jsonify, request

from wechatlogin.simulator import loopback, registration, state
from wechatlogin.simulator.errors import ControlError

blueprint = Blueprint("control", __name__, url_prefix="/simulator")
blueprint.before_request(loopback.verify)

LONGEST_PATIENCE = 60.0


@blueprint.app_errorhandler(ControlError)
def refused(error: ControlError) -> tuple[Response, int]:
    """Render what the control side cannot do."""
    return jsonify(error=error.code, message=error.message), error.status


@blueprint.get("/apps")
def list_apps() -> Response:
    """List the accounts, without their secrets."""
    simulation = state.current()
    with simulation.lock:
        return jsonify([one.public_facts() for one in simulation.accounts.values()])


@blueprint.post("/apps")
def add_app() -> tuple[Response, int]:
    """Add an account, or set an existing one up anew."""
    account = registration.register(state.current(), body())
    return jsonify(account.public_facts()), 201


@blueprint.delete("/apps/<appid>")
def remove_app(appid: str) -> tuple[str, int]:
    """Remove an account."""
    simulation = state.current()
    with simulation.lock:
        simulation.chosen_account(appid)
        del simulation.accounts[appid]
    return "", 204


@blueprint.get("/faults")
def list_faults() -> Response:
    """List the faults in force."""
    simulation = state.current()
    with simulation.lock:
        return jsonify(simulation.faults.list())


@blueprint.post("/faults")
def add_fault() -> tuple[Response, int]:
    """Put a fault in force."""
    simulation = state.current()
    with simulation.lock:
        fault = simulation.faults.add(body())
    return jsonify(fault.model_dump(mode="json")), 201


@blueprint.delete("/faults")
def clear_faults() -> tuple[str, int]:
    """Let everything go right again."""
    simulation = state.current()
    with simulation.lock:
        simulation.faults.clear()
    return "", 204


@blueprint.get("/calls")
def list_calls() -> Response:
    """List the API calls received, oldest first."""
    simulation = state.current()
    with simulation.lock:
        return jsonify(simulation.calls.list(request.args.get("path")))


@blueprint.delete("/calls")
def clear_calls() -> tuple[str, int]:
    """Forget the calls."""
    simulation = state.current()
    with simulation.lock:
        simulation.calls.clear()
    return "", 204


@blueprint.post("/clock")
def advance_clock() -> Response:
    """Move the simulator's clock on."""
    seconds = body().get("advance")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds < 0:
        raise ControlError("wrong_value", "advance 是不小于 0 的秒数")
    simulation = state.current()
    with simulation.lock:
        simulation.clock.advance(timedelta(seconds=seconds))
        simulation.changed.notify_all()
        return jsonify(now=simulation.clock.now().isoformat())


@blueprint.get("/switches")
def list_switches() -> Response:
    """List the behaviours in force where sources disagree."""
    simulation = state.current()
    with simulation.lock:
        return jsonify(vars(simulation.switches))


@blueprint.post("/switches")
def change_switches() -> Response:
    """Choose the other behaviour."""
    simulation = state.current()
    with simulation.lock:
        simulation.switches = simulation.switches.changed(body())
        return jsonify(vars(simulation.switches))


@blueprint.post("/settle")
def settle() -> Response:
    """Wait until every push that is under way has arrived."""
    wanted = body(required=False).get("timeout", 10)
    patience = float(wanted) if isinstance(wanted, int | float) else 10.0
    return jsonify(settled=state.current().outbox.settle(min(patience, LONGEST_PATIENCE)))


@blueprint.post("/reset")
def reset() -> tuple[str, int]:
    """Go back to the start; `{"apps": true}` removes the accounts too."""
    state.current().reset(apps=body(required=False).get("apps") is True)
    return "", 204


def body(*, required: bool = True) -> Mapping[str, Any]:
    """Return the JSON object of the request.

    :raise ControlError: if there is none.
    """
    found = request.get_json(silent=True)
    if found is None and not required and not request.get_data():
        return {}
    if not isinstance(found, dict):
        raise ControlError("bad_json", "请求的内容应当是一个 JSON 对象")
    return found


def text(name: str) -> str:
    """Return a text from the request's JSON.

    :raise ControlError: if it is missing.
    """
    value = body().get(name)
    if not isinstance(value, str):
        raise ControlError("missing", f"缺少 {name}")
    return value
