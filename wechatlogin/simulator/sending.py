"""Template and customer messages: who may get one, when, and what becomes of it (reference 6)."""

from collections.abc import Callable
from datetime import timedelta

from flask import Blueprint

from wechatlogin.simulator import chats, gate, pushes, template_fields, windows
from wechatlogin.simulator.apps import Account, Kind, Right
from wechatlogin.simulator.chats import MessageKind
from wechatlogin.simulator.errors import PlatformError
from wechatlogin.simulator.gate import AccountCall
from wechatlogin.simulator.people import Person
from wechatlogin.simulator.state import Simulation

blueprint = Blueprint("sending", __name__)

DEDUPE = timedelta(minutes=10)
LONGEST_TEXT = 2048
LONGEST_URL = 1024
LONGEST_TEMPLATE_ID = 64
OK: dict[str, object] = {"errcode": 0, "errmsg": "ok"}


@gate.account_call(
    blueprint, "/cgi-bin/message/template/send", method="POST", right=Right.TEMPLATE_MESSAGE
)
def send_template(call: AccountCall) -> dict[str, object]:
    """Accept a template message; whether it arrived is told by a receipt later."""
    simulation, account, body = call.simulation, call.account, call.body
    person = simulation.person_known_as(account, gate.text(body, "touser"))
    template_id = gate.text(body, "template_id")
    if not 0 < len(template_id) <= LONGEST_TEMPLATE_ID:
        raise PlatformError(40036)
    template = account.template(template_id)
    if template is None:
        raise PlatformError(40037)
    if account.appid not in person.follows:
        raise PlatformError(43004)
    url = gate.text(body, "url") or None
    if url and len(url) > LONGEST_URL:
        raise PlatformError(40039)
    data = body.get("data")
    values = template_fields.checked(
        template, data if isinstance(data, dict) else {}, typed=account.kind is not Kind.TEST
    )
    number, is_new = _numbered(call, person)
    if is_new:
        text = template_fields.rendered(template, values)
        _deliver(simulation, account, person, number=number, text=text, url=url)
    return {**OK, "msgid": number}


@gate.account_call(
    blueprint, "/cgi-bin/message/custom/send", method="POST", right=Right.CUSTOMER_MESSAGE
)
def send_custom(call: AccountCall) -> dict[str, object]:
    """Put a customer message into the chat, if one of the windows is open."""
    simulation, account, body = call.simulation, call.account, call.body
    person = simulation.person_known_as(account, gate.text(body, "touser"))
    if body.get("msgtype") != "text":
        raise PlatformError(40008)
    wrapped = body.get("text")
    content = gate.text(wrapped, "content") if isinstance(wrapped, dict) else ""
    if not content:
        raise PlatformError(44004)
    if len(content.encode()) > LONGEST_TEXT:
        raise PlatformError(45002)
    if account.appid in person.muted:
        raise PlatformError(48002)
    if account.appid not in person.follows:
        raise PlatformError(45015)
    windows.spend(person.windows.get(account.appid, {}), now=simulation.clock.now())
    simulation.say(
        person,
        account.appid,
        sender="account",
        kind=MessageKind.CUSTOM,
        text=content,
        url=chats.first_link(content),
    )
    return dict(OK)


@gate.account_call(
    blueprint, "/cgi-bin/template/get_all_private_template", right=Right.TEMPLATE_MESSAGE
)
def templates(call: AccountCall) -> dict[str, object]:
    """List the account's templates."""
    return {
        "template_list": [
            {
                "template_id": one.template_id,
                "title": one.title,
                "primary_industry": "IT科技",
                "deputy_industry": "互联网|电子商务",
                "content": one.content,
                "example": one.example,
            }
            for one in call.account.templates
        ]
    }


def _numbered(call: AccountCall, person: Person) -> tuple[int, bool]:
    """Return the message's number, and whether it is new: a client_msg_id counts 10 minutes."""
    simulation, now = call.simulation, call.simulation.clock.now()
    client_id = gate.text(call.body, "client_msg_id")
    key = (call.account.appid, person.name, client_id)
    if client_id and key in simulation.sent_templates:
        sent, number = simulation.sent_templates[key]
        if now - sent < DEDUPE:
            return number, False
    number = simulation.next_number()
    if client_id:
        simulation.sent_templates[key] = (now, number)
    return number, True


def _deliver(
    simulation: Simulation,
    account: Account,
    person: Person,
    *,
    number: int,
    text: str,
    url: str | None,
) -> None:
    blocked = account.appid in person.muted
    if not blocked:
        simulation.say(
            person,
            account.appid,
            sender="account",
            kind=MessageKind.TEMPLATE,
            text=text,
            url=url,
        )
    status = "failed:user block" if blocked else "success"
    simulation.outbox.later(_receipt(simulation, account, person, number=number, status=status))


def _receipt(
    simulation: Simulation, account: Account, person: Person, *, number: int, status: str
) -> Callable[[], object]:
    fields: dict[str, str | int] = {
        "MsgType": "event",
        "Event": "TEMPLATESENDJOBFINISH",
        "MsgID": number,
        "Status": status,
    }
    return lambda: pushes.send(simulation, account, person, fields=fields)
