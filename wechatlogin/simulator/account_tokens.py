"""`/cgi-bin/token` and `/cgi-bin/stable_token` (reference 3.1 and 3.2)."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint

from wechatlogin.simulator import gate
from wechatlogin.simulator.apps import Account, Kind, Right
from wechatlogin.simulator.errors import PlatformError
from wechatlogin.simulator.gate import OpenCall
from wechatlogin.simulator.tokens import LIFETIME

blueprint = Blueprint("account_tokens", __name__)


@gate.open_call(blueprint, "/cgi-bin/token")
def classic(call: OpenCall) -> dict[str, object]:
    """Mint a new token; the one before has five minutes left."""
    account = _checked(call, call.query)
    gate.spend(call.simulation, account, "/cgi-bin/token")
    token = call.simulation.tokens.issue_classic(account.appid, now=call.simulation.clock.now())
    return {"access_token": token, "expires_in": int(LIFETIME.total_seconds())}


@gate.open_call(blueprint, "/cgi-bin/stable_token", method="POST")
def stable(call: OpenCall) -> dict[str, object]:
    """Return the token in force with what it has left, or a new one."""
    account = _checked(call, call.body)
    gate.spend(call.simulation, account, "/cgi-bin/stable_token")
    token, left = call.simulation.tokens.issue_stable(
        account.appid,
        force=call.body.get("force_refresh") is True,
        now=call.simulation.clock.now(),
    )
    return {"access_token": token, "expires_in": left}


def _checked(call: OpenCall, names: Mapping[str, Any]) -> Account:
    # WeChat answers an empty call with the missing appid, not with the missing grant_type.
    if not gate.text(names, "appid"):
        raise PlatformError(41002)
    if gate.text(names, "grant_type") != "client_credential":
        raise PlatformError(40002)
    account = call.credentials(names)
    _check_address(call, account)
    call.simulation.require(account, Right.ACCOUNT_TOKEN)
    return account


def _check_address(call: OpenCall, account: Account) -> None:
    allowed = account.ip_whitelist
    if allowed is None or account.kind is Kind.TEST or call.address in allowed:
        return
    code = call.simulation.switches.foreign_ip
    if code == 61004:
        raise PlatformError(61004)
    raise PlatformError(
        code, f"invalid ip {call.address} ipv6 ::ffff:{call.address}, not in whitelist"
    )
