"""The supporting APIs: addresses, quotas, the callback check, the JS ticket (reference 3.4, 8)."""

import secrets

from flask import Blueprint, Response

from wechatlogin.simulator import gate, quotas, state, wire
from wechatlogin.simulator.apps import Right
from wechatlogin.simulator.errors import PlatformError
from wechatlogin.simulator.gate import AccountCall
from wechatlogin.simulator.sending import OK

blueprint = Blueprint("support", __name__)

OPERATORS = frozenset({"CHINANET", "UNICOM", "CAP", "DEFAULT"})


@gate.account_call(blueprint, "/cgi-bin/getcallbackip")
def callback_addresses(call: AccountCall) -> dict[str, object]:
    """List where pushes come from: the machine the simulator runs on."""
    return {"ip_list": ["127.0.0.1", "101.226.103.0/25"]}


@gate.account_call(blueprint, "/cgi-bin/get_api_domain_ip")
def api_addresses(call: AccountCall) -> dict[str, object]:
    """List the addresses of the API host."""
    return {"ip_list": ["127.0.0.1"]}


@gate.account_call(blueprint, "/cgi-bin/callback/check", method="POST")
def check_callback(call: AccountCall) -> dict[str, object]:
    """Tell how the callback address looks from WeChat."""
    action = call.body.get("action")
    if action not in {"dns", "ping", "all"}:
        raise PlatformError(40202)
    if call.body.get("check_operator", "DEFAULT") not in OPERATORS:
        raise PlatformError(40203)
    if call.account.callback_url is None:
        raise PlatformError(40201)
    switches = call.simulation.switches
    found = ["127.0.0.1"] if switches.callback_dns == "found" else []
    dns = [{"ip": ip, "real_operator": "UNICOM"} for ip in found]
    ping = [
        {
            "ip": ip,
            "from_operator": "UNICOM",
            "package_loss": switches.callback_loss,
            "time": "23.079ms",
        }
        for ip in found
    ]
    return {
        **({"dns": dns} if action in {"dns", "all"} else {}),
        **({"ping": ping} if action in {"ping", "all"} else {}),
    }


@gate.account_call(blueprint, "/cgi-bin/openapi/quota/get", method="POST")
def quota(call: AccountCall) -> dict[str, object]:
    """Tell what is left of a path's day."""
    path = gate.text(call.body, "cgi_path")
    if path.startswith("/sns/"):
        raise PlatformError(76022)
    simulation = call.simulation
    limit = quotas.daily_limit(call.account, path, user_info=simulation.switches.user_info_quota)
    if limit is None:
        raise PlatformError(76021)
    used = simulation.quotas.used(call.account.appid, path, now=simulation.clock.now())
    left = max(limit - used, 0)
    return {**OK, "quota": {"daily_limit": limit, "used": used, "remain": left}}


@gate.account_call(blueprint, "/cgi-bin/clear_quota", method="POST")
def clear(call: AccountCall) -> dict[str, object]:
    """Give the account its day back, ten times a month."""
    if gate.text(call.body, "appid") != call.account.appid:
        raise PlatformError(40013)
    call.simulation.quotas.clear(call.account.appid, now=call.simulation.clock.now())
    return dict(OK)


@gate.account_call(blueprint, "/cgi-bin/ticket/getticket", right=Right.JSAPI)
def js_ticket(call: AccountCall) -> dict[str, object]:
    """Give the ticket that signs a page for the JS-SDK."""
    if gate.text(call.query, "type") not in {"jsapi", "wx_card"}:
        raise PlatformError(40097)
    ticket = f"kgt8ON7yVITDhtdwci0qe{secrets.token_urlsafe(48)}"
    return {**OK, "ticket": ticket, "expires_in": 7200}


@blueprint.route("/cgi-bin/<path:unknown>", methods=gate.ANY_METHOD)
@blueprint.route("/sns/<path:unknown>", methods=gate.ANY_METHOD)
def unknown_path(unknown: str) -> Response:
    """Answer a path that WeChat does not have as WeChat does."""
    now = state.current().clock.now()
    return wire.answer(PlatformError(40066).answer(now=now))
