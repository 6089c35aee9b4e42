"""The way into every API: method, token, right, quota, body, in WeChat's order.

A handler is given what it needs and returns the answer's fields, or raises a `PlatformError`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import Blueprint, Response, g, request

from wechatlogin.simulator import state, wire
from wechatlogin.simulator.apps import Account, Right
from wechatlogin.simulator.errors import PlatformError
from wechatlogin.simulator.state import Simulation

ANY_METHOD = ["GET", "POST", "PUT", "DELETE", "PATCH"]
Answer = dict[str, object] | Response


@dataclass(frozen=True)
class OpenCall:
    """A call that carries its own credentials."""

    simulation: Simulation
    query: Mapping[str, str]
    body: Mapping[str, Any]
    address: str

    def credentials(self, names: Mapping[str, Any]) -> Account:
        """Return the account whose appid and secret these are.

        :raise PlatformError: 41002, 41004, 40013 or 40125.
        """
        account = self.simulation.account(text(names, "appid"))
        g.simulator_appid = account.appid
        secret = text(names, "secret")
        if not secret:
            raise PlatformError(41004)
        if secret != account.secret.get_secret_value():
            raise PlatformError(40125)
        return account


@dataclass(frozen=True)
class AccountCall:
    """A call with an account's access token."""

    simulation: Simulation
    account: Account
    query: Mapping[str, str]
    body: Mapping[str, Any]


def open_call(
    blueprint: Blueprint, path: str, *, method: str = "GET", plain_type: bool = False
) -> Callable[[Callable[[OpenCall], Answer]], Callable[[OpenCall], Answer]]:
    """Put a handler behind a path that needs no access token."""

    def register(handler: Callable[[OpenCall], Answer]) -> Callable[[OpenCall], Answer]:
        def prepare() -> Answer:
            simulation = state.current()
            call = OpenCall(
                simulation,
                request.args,
                _body(method),
                request.remote_addr or "",
            )
            return handler(call)

        view = partial(_answered, prepare, method, plain_type)
        blueprint.add_url_rule(path, path, view, methods=ANY_METHOD)
        return handler

    return register


def account_call(
    blueprint: Blueprint, path: str, *, method: str = "GET", right: Right = Right.ACCOUNT_TOKEN
) -> Callable[[Callable[[AccountCall], Answer]], Callable[[AccountCall], Answer]]:
    """Put a handler behind a path that needs an access token and a right."""

    def register(handler: Callable[[AccountCall], Answer]) -> Callable[[AccountCall], Answer]:
        def prepare() -> Answer:
            simulation = state.current()
            account = _owner(simulation)
            simulation.require(account, right)
            spend(simulation, account, path)
            return handler(AccountCall(simulation, account, request.args, _body(method)))

        view = partial(_answered, prepare, method, False)
        blueprint.add_url_rule(path, path, view, methods=ANY_METHOD)
        return handler

    return register


def spend(simulation: Simulation, account: Account, path: str) -> None:
    """Count a call against the account's quotas.

    :raise PlatformError: 45009 or 45011.
    """
    simulation.quotas.spend(
        account,
        path,
        now=simulation.clock.now(),
        user_info=simulation.switches.user_info_quota,
    )


def text(values: Mapping[str, Any], name: str) -> str:
    """Return a text parameter, or the empty text where there is none."""
    value = values.get(name)
    return value if isinstance(value, str) else ""


def _owner(simulation: Simulation) -> Account:
    token = request.args.get("access_token", "")
    appid = simulation.tokens.owner(token, now=simulation.clock.now())
    if appid not in simulation.accounts:
        raise PlatformError(40001)
    g.simulator_appid = appid
    return simulation.accounts[appid]


def _body(method: str) -> dict[str, Any]:
    return wire.read_body(request.get_data()) if method == "POST" else {}


def _answered(prepare: Callable[[], Answer], method: str, plain_type: bool) -> Response:
    simulation = state.current()
    with simulation.lock:
        try:
            if request.method != method:
                raise PlatformError(43001 if method == "GET" else 43002)
            answer = prepare()
        except PlatformError as err:
            answer = err.answer(now=simulation.clock.now())
    if isinstance(answer, Response):
        return answer
    return wire.answer(answer, plain_type=plain_type)
