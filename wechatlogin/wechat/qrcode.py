"""QR codes with a parameter (WeChat's page 生成带参数的二维码); service and test accounts only.

A scan arrives as a push: `ScanEvent` from a follower, `SubscribeEvent` from somebody who followed
because of it, nothing at all from somebody who did not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib import parse

from wechatlogin.wechat import answer as answers
from wechatlogin.wechat import errors
from wechatlogin.wechat.app import Platform
from wechatlogin.wechat.http import Answer

PATH = "/cgi-bin/qrcode/create"
LONGEST_SCENE = 64
LONGEST_LIFETIME = timedelta(days=30)


@dataclass(frozen=True)
class PermanentQRTicket:
    """A code for ever: `url` is what to draw, `ticket` names WeChat's own picture of it."""

    ticket: str
    url: str


@dataclass(frozen=True)
class QRTicket(PermanentQRTicket):
    """A code that ends."""

    expires_in: timedelta


def temporary_request(scene: str, lifetime: timedelta) -> Mapping[str, object]:
    """Return the body that asks for a code with an end.

    :raise RequestRejected: if WeChat would not take the scene or the lifetime.
    """
    if not timedelta(seconds=1) <= lifetime <= LONGEST_LIFETIME:
        raise errors.RequestRejected(path=PATH, errmsg="lifetime must be 1 s to 30 days")
    return {
        "expire_seconds": int(lifetime.total_seconds()),
        "action_name": "QR_STR_SCENE",
        "action_info": _action_info(scene),
    }


def permanent_request(scene: str) -> Mapping[str, object]:
    """Return the body that asks for a code without end, of which an account has 100 000.

    :raise RequestRejected: if WeChat would not take the scene.
    """
    return {"action_name": "QR_LIMIT_STR_SCENE", "action_info": _action_info(scene)}


def read_ticket(answer: Answer, *, asked: timedelta) -> QRTicket:
    """Return the ticket, with the lifetime WeChat names or else the one that was asked for.

    :raise WeChatGarbled: if there is none.
    """
    seconds = answer.get("expire_seconds")
    named = isinstance(seconds, int) and 0 < seconds <= LONGEST_LIFETIME.total_seconds()
    permanent = read_permanent_ticket(answer)
    return QRTicket(
        ticket=permanent.ticket,
        url=permanent.url,
        expires_in=timedelta(seconds=int(answer["expire_seconds"])) if named else asked,
    )


def read_permanent_ticket(answer: Answer) -> PermanentQRTicket:
    """Return the ticket.

    :raise WeChatGarbled: if there is none.
    """
    return PermanentQRTicket(
        ticket=answers.required_text(answer, "ticket", path=PATH),
        url=answers.required_text(answer, "url", path=PATH),
    )


def picture_url(platform: Platform, ticket: str) -> str:
    """Return where WeChat shows the picture of this code, without any login."""
    # A ticket holds "+", "/" and "=", all of which mean something else in a query.
    return f"{platform.mp_url.rstrip('/')}/cgi-bin/showqrcode?ticket={parse.quote(ticket, safe='')}"


def _action_info(scene: str) -> Mapping[str, object]:
    if not 1 <= len(scene) <= LONGEST_SCENE:
        raise errors.RequestRejected(path=PATH, errmsg="scene must be 1 to 64 characters")
    return {"scene": {"scene_str": scene}}
