"""The control side of the people: `/simulator/people/*`."""

from flask import Blueprint, Response, jsonify, request

from wechatlogin.simulator import control, loopback, mini_programs, people, phone, state
from wechatlogin.simulator.chats import ChatMessage
from wechatlogin.simulator.errors import ControlError
from wechatlogin.simulator.people import Person, derived_id

blueprint = Blueprint("people_control", __name__, url_prefix="/simulator")
blueprint.before_request(loopback.verify)


@blueprint.get("/people")
def list_people() -> Response:
    """List the people, and what each account calls them."""
    simulation = state.current()
    with simulation.lock:
        appids = list(simulation.accounts)
        return jsonify([person.facts(appids) for person in simulation.people.values()])


@blueprint.post("/people")
def add_person() -> tuple[Response, int]:
    """Add a person; `unionid` is null for somebody without one, `frozen` closes the account."""
    values = control.body()
    name = control.text("name")
    if not people.NAME.fullmatch(name):
        raise ControlError("bad_name", "名字只能用小写字母、数字、- 和 _")
    nickname = values.get("nickname")
    unionid = values.get("unionid", derived_id("unionid", name))
    added = Person(
        name,
        nickname if isinstance(nickname, str) else name,
        unionid=unionid if isinstance(unionid, str) else None,
        frozen=values.get("frozen") is True,
    )
    simulation = state.current()
    with simulation.lock:
        if name in simulation.people:
            raise ControlError("name_taken", f"已经有人叫 {name}", status=409)
        simulation.people[name] = added
        return jsonify(added.facts(list(simulation.accounts))), 201


@blueprint.post("/people/<name>/scan")
def scan(name: str) -> Response:
    """Scan a text."""
    done = phone.scan(
        state.current(),
        name,
        control.text("content").strip(),
        follow=control.body().get("follow") is True,
        base=request.host_url.rstrip("/"),
    )
    return jsonify(done.facts())


@blueprint.post("/people/<name>/follow")
def follow(name: str) -> Response:
    """Follow an account."""
    return _told(phone.follow(state.current(), name, control.text("appid")))


@blueprint.post("/people/<name>/unfollow")
def unfollow(name: str) -> Response:
    """Stop following an account."""
    return _told(phone.unfollow(state.current(), name, control.text("appid")))


@blueprint.post("/people/<name>/send")
def send(name: str) -> Response:
    """Write to an account."""
    appid, text = control.text("appid"), control.text("text")
    return _told(phone.send(state.current(), name, appid, text=text))


@blueprint.post("/people/<name>/click")
def click(name: str) -> Response:
    """Tap a menu entry."""
    appid, key = control.text("appid"), control.text("key")
    return _told(phone.click(state.current(), name, appid, key=key))


@blueprint.post("/people/<name>/js-code")
def js_code(name: str) -> Response:
    """Open a mini program that calls `wx.login`."""
    return jsonify(code=mini_programs.log_in(state.current(), name, control.text("appid")))


@blueprint.post("/people/<name>/authorization")
def change_authorization(name: str) -> Response:
    """Take a consent back: `{appid, change: revoke|modify|cancel, info?}`."""
    info = control.body().get("info", "205")
    said = phone.change_authorization(
        state.current(), name, control.text("appid"), what=control.text("change"), info=str(info)
    )
    return _told(said)


@blueprint.post("/people/<name>/mute")
def mute(name: str) -> tuple[str, int]:
    """Refuse an account's messages, or accept them again with `{muted: false}`."""
    appid = control.text("appid")
    simulation = state.current()
    with simulation.lock:
        simulation.chosen_account(appid)
        person = simulation.person(name)
        person.muted.discard(appid)
        if control.body().get("muted") is not False:
            person.muted.add(appid)
    return "", 204


@blueprint.get("/people/<name>/chat")
def chat(name: str) -> Response:
    """Return every message of a chat so far."""
    simulation = state.current()
    with simulation.lock:
        person = simulation.person(name)
        return jsonify([one.facts() for one in person.chats.get(request.args.get("appid", ""), [])])


def _told(messages: list[ChatMessage]) -> Response:
    return jsonify(replies=[one.facts() for one in messages])
