"""What a person does with the phone: scan, follow, unfollow, write, tap a menu.

A scan decides by the text. A parametric code sends SCAN for a follower, and follows first (which
sends subscribe, with the scene) if that is wished; anything with http opens as a page, and a
website's QR code as the simulator's own page, whatever host it names.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wechatlogin.simulator import pushes, qrcodes, website_logins, windows
from wechatlogin.simulator.apps import Account, Right
from wechatlogin.simulator.chats import ChatMessage, MessageKind
from wechatlogin.simulator.errors import ControlError
from wechatlogin.simulator.holder import CONFIRM
from wechatlogin.simulator.people import Follow, Person
from wechatlogin.simulator.qrcodes import QRCode
from wechatlogin.simulator.state import Simulation

REVOCATIONS = {
    "revoke": "user_authorization_revoke",
    "modify": "user_info_modified",
    "cancel": "user_authorization_cancellation",
}
PUSH_SERVICE = "owAqB1v0ahK_Xlc7GshIDdf2yf7E"


@dataclass(frozen=True)
class Outcome:
    """What a scan did: `event`, `page`, `expired`, `unknown` or `text`."""

    kind: str
    event: str | None = None
    url: str | None = None
    appid: str | None = None
    replies: Sequence[ChatMessage] = ()

    def facts(self) -> dict[str, object]:
        """Return the outcome as the control side tells it."""
        if self.kind == "page":
            return {"kind": "page", "url": self.url}
        if self.kind != "event":
            return {"kind": self.kind}
        return {
            "kind": "event",
            "event": self.event,
            "appid": self.appid,
            "replies": [one.facts() for one in self.replies],
        }


def scan(simulation: Simulation, name: str, content: str, *, follow: bool, base: str) -> Outcome:
    """Do what WeChat does with the text of a QR code."""
    with simulation.lock:
        person = simulation.person(name)
        qr_id = qrcodes.id_in(content, base, simulation.settings.qr_base)
        code = simulation.qrcodes.by_id(qr_id) if qr_id else None
        if code is not None and not code.alive(simulation.clock.now()):
            return Outcome("expired")
    if code is not None:
        return _scan_code(simulation, person, code, follow=follow)
    if qr_id is not None:
        return Outcome("unknown")
    uuid = website_logins.uuid_in(content)
    if uuid is not None and simulation.website_logins.get(uuid) is not None:
        return Outcome("page", url=f"{base}{CONFIRM}?uuid={uuid}")
    if content.startswith(("http://", "https://")):
        return Outcome("page", url=content)
    return Outcome("text")


def follow(
    simulation: Simulation, name: str, appid: str, *, code: QRCode | None = None
) -> list[ChatMessage]:
    """Follow an account; who follows already does nothing by it.

    :raise ControlError: if it is none that can be followed.
    """
    with simulation.lock:
        person, account = simulation.person(name), simulation.chosen_account(appid)
        if not account.may(Right.CHAT):
            raise ControlError("no_chat", "网站应用没有聊天，不能关注", status=409)
        if appid in person.follows:
            return []
        person.follows[appid] = _new_follow(simulation, code)
        _trigger(simulation, person, account, "subscribe")
    fields: dict[str, str | int] = {"MsgType": "event", "Event": "subscribe"}
    if code is not None:
        fields |= {"EventKey": f"qrscene_{code.scene}", "Ticket": code.ticket}
    elif simulation.switches.empty_event_key == "present":
        fields["EventKey"] = ""
    return pushes.send(simulation, account, person, fields=fields)


def unfollow(simulation: Simulation, name: str, appid: str) -> list[ChatMessage]:
    """Stop following; the account hears of it and cannot answer."""
    with simulation.lock:
        person, account = simulation.person(name), simulation.chosen_account(appid)
        if person.follows.pop(appid, None) is None:
            return []
        person.windows.pop(appid, None)
    fields: dict[str, str | int] = {"MsgType": "event", "Event": "unsubscribe"}
    if simulation.switches.empty_event_key == "present":
        fields["EventKey"] = ""
    return pushes.send(simulation, account, person, fields=fields)


def send(simulation: Simulation, name: str, appid: str, *, text: str) -> list[ChatMessage]:
    """Write to an account.

    :raise ControlError: if the person does not follow it, or the text is empty.
    """
    if not text:
        raise ControlError("empty_text", "消息是空的")
    with simulation.lock:
        person, account = _follower(simulation, name, appid)
        _trigger(simulation, person, account, "message")
        simulation.say(person, appid, sender="person", kind=MessageKind.SENT, text=text)
        fields: dict[str, str | int] = {
            "MsgType": "text",
            "Content": text,
            "MsgId": simulation.next_number(),
        }
    return pushes.send(simulation, account, person, fields=fields)


def click(simulation: Simulation, name: str, appid: str, *, key: str) -> list[ChatMessage]:
    """Tap a menu entry.

    :raise ControlError: if the person does not follow the account.
    """
    with simulation.lock:
        person, account = _follower(simulation, name, appid)
        _trigger(simulation, person, account, "CLICK")
    fields: dict[str, str | int] = {"MsgType": "event", "Event": "CLICK", "EventKey": key}
    return pushes.send(simulation, account, person, fields=fields)


def change_authorization(
    simulation: Simulation, name: str, appid: str, *, what: str, info: str
) -> list[ChatMessage]:
    """Take a consent back, or have WeChat clean the profile or close the account (5.7).

    :raise ControlError: if `what` is none of revoke, modify, cancel.
    """
    if what not in REVOCATIONS:
        raise ControlError("unknown_change", f"只能是 {'、'.join(REVOCATIONS)}")
    with simulation.lock:
        person, account = simulation.person(name), simulation.chosen_account(appid)
        if what != "modify":
            simulation.grants.revoke(person, appid)
        fields = _authorization_fields(simulation, person, account, what=what, info=info)
    return pushes.send(simulation, account, person, fields=fields, sender=PUSH_SERVICE)


def _scan_code(simulation: Simulation, person: Person, code: QRCode, *, follow: bool) -> Outcome:
    with simulation.lock:
        account = simulation.chosen_account(code.appid)
        already = code.appid in person.follows
        if already:
            _trigger(simulation, person, account, "SCAN")
    if already:
        fields: dict[str, str | int] = {
            "MsgType": "event",
            "Event": "SCAN",
            "EventKey": code.scene,
            "Ticket": code.ticket,
        }
        said = pushes.send(simulation, account, person, fields=fields)
        return Outcome("event", event="SCAN", appid=code.appid, replies=said)
    if not follow:
        return Outcome("event", appid=code.appid)
    said = follow_by_code(simulation, person, code)
    return Outcome("event", event="subscribe", appid=code.appid, replies=said)


def follow_by_code(simulation: Simulation, person: Person, code: QRCode) -> list[ChatMessage]:
    """Follow the account of a parametric code."""
    return follow(simulation, person.name, code.appid, code=code)


def _new_follow(simulation: Simulation, code: QRCode | None) -> Follow:
    now = simulation.clock.now()
    if code is None:
        return Follow(now, "ADD_SCENE_SEARCH")
    text = "" if code.number else code.scene
    return Follow(now, "ADD_SCENE_QR_CODE", code.number, text)


def _follower(simulation: Simulation, name: str, appid: str) -> tuple[Person, Account]:
    person, account = simulation.person(name), simulation.chosen_account(appid)
    if appid not in person.follows:
        raise ControlError("not_following", "没有关注这个公众号，不能给它发消息", status=409)
    return person, account


def _trigger(simulation: Simulation, person: Person, account: Account, trigger: str) -> None:
    """Let the account know the person, and open the window that the trigger opens."""
    person.known.add(account.appid)
    opened = windows.opened_by(
        trigger,
        now=simulation.clock.now(),
        after_text=simulation.switches.customer_messages_after_text,
    )
    if opened:
        person.windows.setdefault(account.appid, {})[trigger] = opened


def _authorization_fields(
    simulation: Simulation, person: Person, account: Account, *, what: str, info: str
) -> Mapping[str, str | int]:
    names = ("OpenID", "AppID", "RevokeInfo")
    if simulation.switches.authorization_event_keys == "lower":
        names = ("openid", "appid", "RevokeInfo")
    if (
        simulation.switches.authorization_event_keys == "leading_space"
        and account.data_format == "json"
    ):
        names = (" OpenID", "AppID", "RevokeInfo")
    values = (person.openid(account.appid), account.appid, info)
    event: dict[str, str | int] = {"MsgType": "event", "Event": REVOCATIONS[what]}
    unionid = person.unionid_for(account)
    return {
        **event,
        **dict(zip(names, values, strict=True)),
        **({"UnionID": unionid} if unionid else {}),
    }
