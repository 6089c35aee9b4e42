"""Which way a login takes, and with which WeChat app: what the owner has, best first.

    in WeChat    its authorize page where an account may use it, else the number
    on a phone   the address opened in WeChat where it works there, else the number
    on a desktop the ways of `DESKTOP_WAYS` that an app is entitled to: the account's QR (or ours,
                 where WeChat makes none), a website app, the number sent to an account's chat

An application that names its WeChat apps uses those alone, in its own order; the first that can
serve a browser does. So inside WeChat and on a desktop different apps may stand behind one button.
One that names ways is offered those alone, in its order; `code` among them is the code that is
typed in, which is no offer of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from wechatlogin.errors import RightMissing
from wechatlogin.i18n import msgid
from wechatlogin.models import Application, Way, WeChatAppRow
from wechatlogin.wechat.app import Right

NOT_PERMITTED = msgid("这个网站不用这种方式登录，请回到登录页。")


class Device(StrEnum):
    """In which kind of browser the login page is open."""

    IN_WECHAT = "in_wechat"
    PHONE = "phone"
    DESKTOP = "desktop"


@dataclass(frozen=True)
class Offer:
    """One way with the app that serves it."""

    way: Way
    row: WeChatAppRow


#: What each way needs; a number needs a chat that people can write to.
_NEEDS = {
    Way.IN_WECHAT: Right.WEB_AUTHORIZATION,
    Way.SCAN: Right.PARAMETRIC_QR,
    Way.WEBSITE: Right.WEBSITE_LOGIN,
    Way.NUMBER: Right.CHAT,
}
#: What an application can name.
NAMED = (*_NEEDS, Way.CODE)


def get_offers(
    device: Device,
    application: Application | None,
    rows: Sequence[WeChatAppRow],
    *,
    desktop_ways: Sequence[str],
) -> list[Offer]:
    """Return what can be offered, the best first; each way once.

    `rows` are the apps that log people in to the application, the preferred one first.
    """
    there = [Way.IN_WECHAT, Way.NUMBER]
    if device is Device.DESKTOP:
        there = [Way(name) for name in desktop_ways]
    if application is not None and application.ways:
        return _first_of_each_way(_by_way(rows, _in_order_of(application, there)))
    has_own_order = application is not None and application.appids and device is Device.DESKTOP
    return _first_of_each_way(_by_app(rows, there) if has_own_order else _by_way(rows, there))


def check_permitted(application: Application | None, way: Way) -> bool:
    """Tell whether an application's login page may offer a way."""
    return application is None or not application.ways or way in application.ways


def verify_permitted(application: Application | None, way: Way) -> None:
    """Let a way pass that an application's login page may offer.

    :raise RightMissing: if the application names others alone.
    """
    if not check_permitted(application, way):
        raise RightMissing(NOT_PERMITTED)


def check_entitled(row: WeChatAppRow, way: Way) -> bool:
    """Tell whether an app of this kind may serve a way."""
    right = _NEEDS.get(way)
    return right is not None and row.has(right)


def _in_order_of(application: Application, there: Sequence[Way]) -> list[Way]:
    return [Way(name) for name in application.ways if name in there]


def _by_way(rows: Sequence[WeChatAppRow], wanted: Sequence[Way]) -> list[Offer]:
    return [Offer(way, row) for way in wanted for row in rows if check_entitled(row, way)]


def _by_app(rows: Sequence[WeChatAppRow], wanted: Sequence[Way]) -> list[Offer]:
    return [Offer(way, row) for row in rows for way in wanted if check_entitled(row, way)]


def _first_of_each_way(offers: list[Offer]) -> list[Offer]:
    first: dict[Way, Offer] = {}
    for offer in offers:
        first.setdefault(offer.way, offer)
    return list(first.values())
