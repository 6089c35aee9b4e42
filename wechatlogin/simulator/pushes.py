"""What WeChat sends to the service: five seconds, three tries, and what the person then sees.

Never called with the simulation's lock held: the service may call the simulator meanwhile.
"""

import logging
import time
from collections.abc import Mapping

import requests

from wechatlogin.simulator import chats, envelopes, replies
from wechatlogin.simulator.apps import Account, Right
from wechatlogin.simulator.chats import ChatMessage, MessageKind
from wechatlogin.simulator.errors import ControlError
from wechatlogin.simulator.faults import Mode
from wechatlogin.simulator.people import Person
from wechatlogin.simulator.state import Simulation

logger = logging.getLogger(__name__)

OUT_OF_ORDER = "该公众号提供的服务出现故障，请稍后再试"
LARGEST_ANSWER = 64 * 1024
REPLIED_EVENTS = frozenset({"subscribe", "SCAN", "CLICK"})
_CHUNK = 4096


class NoAnswer(Exception):
    """One try brought no answer in time, or not with status 200."""


def verify_url(simulation: Simulation, account: Account) -> None:
    """Call the callback address as WeChat does when the operator presses submit.

    :raise ControlError: if it does not answer the echo exactly, within five seconds.
    """
    echo = str(simulation.next_number())
    url = envelopes.url_check(account, now=simulation.clock.wall(), echo=echo)
    try:
        body = _called(simulation, "GET", url)
    except NoAnswer as err:
        raise ControlError("url_check_failed", f"请求 URL 超时或失败：{err}") from err
    if body != echo.encode():
        raise ControlError("url_check_failed", "token 验证失败：回答的不是 echostr")


def send(
    simulation: Simulation,
    account: Account,
    person: Person,
    *,
    fields: Mapping[str, str | int],
    sender: str | None = None,
) -> list[ChatMessage]:
    """Push a message or event of a person; return the bubbles that it brings into the chat.

    `sender` replaces the person's openid where WeChat's own service speaks.
    """
    if account.callback_url is None or not account.may(Right.PUSHES):
        return []
    openid = person.openid(account.appid)
    whole: dict[str, str | int] = {
        "ToUserName": account.gh_id,
        "FromUserName": sender or openid,
        "CreateTime": int(simulation.clock.wall().timestamp()),
        **fields,
    }
    name = str(fields.get("Event", fields["MsgType"]))
    with simulation.lock:
        late = simulation.faults.take(name, Mode.PUSH_LATE)
        twice = simulation.faults.take(name, Mode.PUSH_TWICE)
    if late:
        simulation.outbox.later(
            lambda: _delivered(simulation, account, person, whole), delay=late.delay
        )
        return []
    said = _delivered(simulation, account, person, whole)
    if twice:
        _tried(simulation, account, whole, openid=openid)
    return said


def _delivered(
    simulation: Simulation, account: Account, person: Person, whole: Mapping[str, str | int]
) -> list[ChatMessage]:
    openid = person.openid(account.appid)
    body = _tried(simulation, account, whole, openid=openid)
    may_be_replied = whole["MsgType"] != "event" or whole.get("Event") in REPLIED_EVENTS
    if not may_be_replied:
        return []
    try:
        if body is None:
            raise replies.InvalidReply("三次都没有在 5 秒内得到回答")
        reply = replies.read(account, openid, body)
    except replies.InvalidReply as err:
        logger.warning("no valid reply from the service: %s", err)
        return [_said(simulation, account, person, kind=MessageKind.NOTICE, text=OUT_OF_ORDER)]
    if reply is None:
        return []
    return [_said(simulation, account, person, kind=MessageKind.PASSIVE, text=reply.text)]


def _said(
    simulation: Simulation, account: Account, person: Person, *, kind: MessageKind, text: str
) -> ChatMessage:
    sender = "wechat" if kind is MessageKind.NOTICE else "account"
    return simulation.say(
        person,
        account.appid,
        sender=sender,
        kind=kind,
        text=text,
        url=chats.first_link(text),
    )


def _tried(
    simulation: Simulation, account: Account, whole: Mapping[str, str | int], *, openid: str
) -> bytes | None:
    """Return what the service answered in the first try that brought an answer, or None."""
    envelope = None
    for _ in range(simulation.settings.push_tries):
        if envelope is None or simulation.switches.retried_push_signature == "fresh":
            envelope = envelopes.write(account, whole, openid=openid, now=simulation.clock.wall())
        try:
            return _called(
                simulation,
                "POST",
                envelope.url,
                body=envelope.body,
                content_type=envelope.content_type,
            )
        except NoAnswer as err:
            logger.info("a push was not answered: %s", err)
    return None


def _called(
    simulation: Simulation,
    method: str,
    url: str,
    *,
    body: bytes | None = None,
    content_type: str | None = None,
) -> bytes:
    patience = simulation.settings.push_timeout.total_seconds()
    deadline = time.monotonic() + patience
    headers = {"User-Agent": "Mozilla/4.0", "Accept": "*/*", "Pragma": "no-cache"}
    if content_type:
        headers["Content-Type"] = content_type
    with requests.Session() as session:
        session.trust_env = False
        try:
            with session.request(
                method,
                url,
                data=body,
                headers=headers,
                timeout=patience,
                allow_redirects=False,
                stream=True,
            ) as response:
                return _read(response, deadline)
        except requests.RequestException as err:
            # The cause would show the address with its signature.
            raise NoAnswer(type(err).__name__) from None


def _read(response: requests.Response, deadline: float) -> bytes:
    if response.status_code != 200:
        raise NoAnswer(f"HTTP {response.status_code}")
    body = b""
    for chunk in response.iter_content(_CHUNK):
        body += chunk
        if time.monotonic() > deadline or len(body) > LARGEST_ANSWER:
            raise NoAnswer("回答太慢或太长")
    return body
