"""Who holds the phone that opens a page, and whether it is WeChat that opens it.

    POST /connect/oauth2/person   choose who holds the phone, in a cookie

A header names the person, else the cookie; with neither the page asks.
"""

import re

from flask import Blueprint, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from wechatlogin.simulator import state
from wechatlogin.simulator.errors import AuthorizeRefused, ControlError
from wechatlogin.simulator.people import Person
from wechatlogin.simulator.state import Simulation

blueprint = Blueprint("holder", __name__)

PERSON = "X-Simulator-Person"
PERSON_COOKIE = "simulator_person"
MESSENGER = re.compile("micromessenger", re.IGNORECASE)
AUTHORIZE = "/connect/oauth2/authorize"
CONFIRM = "/connect/confirm"


@blueprint.post("/connect/oauth2/person")
def choose() -> BaseResponse:
    """Remember who holds the phone, and go back to where the question came up."""
    simulation = state.current()
    name = request.form.get("person", "")
    with simulation.lock:
        simulation.person(name)
    page = CONFIRM if request.form.get("page") == CONFIRM else AUTHORIZE
    response = redirect(f"{page}?{request.form.get('query', '')}#wechat_redirect")
    response.set_cookie(PERSON_COOKIE, name, httponly=True, samesite="Lax")
    return response


def verify_browser(simulation: Simulation) -> None:
    """:raise AuthorizeRefused: in any browser but WeChat's."""
    if not simulation.switches.wechat_browser_required:
        return
    agent = request.headers.get("User-Agent", "")
    if not MESSENGER.search(agent) or "wxwork" in agent.lower():
        raise AuthorizeRefused(text="请在微信客户端打开链接")


def person(simulation: Simulation) -> Person | None:
    """Return who holds the phone, or None if that is not known.

    :raise AuthorizeRefused: if the header names nobody there is.
    """
    name = request.headers.get(PERSON) or request.cookies.get(PERSON_COOKIE)
    if name is None:
        return None
    try:
        return simulation.person(name)
    except ControlError as err:
        if request.headers.get(PERSON):
            raise AuthorizeRefused(text=err.message) from err
        return None


def chooser(simulation: Simulation) -> BaseResponse:
    """Return the page that asks, and then leads back to the page that was opened."""
    page = render_template(
        "simulator/chooser.html",
        people=list(simulation.people.values()),
        page=request.path,
        query=request.query_string.decode("latin-1"),
    )
    return make_response(page)
