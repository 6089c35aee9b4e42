"""`/phone`: a page made to look like a phone, for a person at the keyboard.

GET /phone          the page; `?lang=` en or zh
GET /phone/state    everything on the phone's screen; the page asks again and again
"""

from functools import partial

from flask import Blueprint, Response, jsonify, render_template, request

from wechatlogin.simulator import loopback, phone_words, state
from wechatlogin.simulator.apps import Account, Right
from wechatlogin.simulator.people import Person
from wechatlogin.simulator.web_profiles import USER_AGENTS

blueprint = Blueprint("phone_page", __name__, url_prefix="/phone")
blueprint.before_request(loopback.verify)


@blueprint.get("")
def page() -> str:
    """Show the phone, in the language that is asked for or else the browser's."""
    wanted = request.args.get("lang") or request.accept_languages.best_match(["zh", "en"], "zh")
    english = wanted == "en"
    return render_template(
        "simulator/phone.html",
        devices=list(USER_AGENTS),
        english=english,
        w=partial(phone_words.word, english=english),
        words=phone_words.ENGLISH if english else {},
    )


@blueprint.get("/state")
def screen() -> Response:
    """Return the people, and the accounts and chats of whoever holds the phone."""
    simulation = state.current()
    with simulation.lock:
        people = list(simulation.people.values())
        holder = simulation.people.get(request.args.get("person", ""), people[0])
        shown = [one for one in simulation.accounts.values() if one.may(Right.CHAT)]
        return jsonify(
            holder=holder.name,
            people=[{"name": one.name, "nickname": one.nickname} for one in people],
            accounts=[_row(account, holder) for account in shown],
        )


def _row(account: Account, holder: Person) -> dict[str, object]:
    return {
        "appid": account.appid,
        "name": account.name,
        "kind": account.kind.value,
        "follows": account.appid in holder.follows,
        "messages": [one.facts() for one in holder.chats.get(account.appid, [])],
    }
