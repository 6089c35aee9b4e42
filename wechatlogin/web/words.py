"""Moments, places and ways in the words that people read."""

import ipaddress
from datetime import datetime, timedelta

from flask_babel import format_datetime, gettext

from wechatlogin.models import Way
from wechatlogin.services import sessions
from wechatlogin.wechat import user_agent
from wechatlogin.wechat.app import AppKind

JUST_NOW = timedelta(minutes=1)


def moment(at: datetime, *, now: datetime) -> str:
    """Return a moment as people say it: "just now, 14:32", else date and time."""
    if timedelta(0) <= now - at < JUST_NOW:
        return gettext("刚刚，%(time)s", time=format_datetime(at, "HH:mm"))
    return str(format_datetime(at, "yyyy-MM-dd HH:mm"))


def day(at: datetime) -> str:
    """Return the day of a moment."""
    return str(format_datetime(at, "yyyy-MM-dd"))


def place(desktop_ip: str | None, phone_ip: str | None) -> str:
    """Return where the desktop is as far as its address tells: here, or somewhere else."""
    if desktop_ip is None:
        return gettext("未知网络")
    if desktop_ip == phone_ip:
        return gettext("与这部手机在同一网络")
    return gettext("另一个网络（%(address)s）", address=shorten_address(desktop_ip))


def shorten_address(ip: str) -> str:
    """Return an address without its last part, which would name a single household."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return gettext("未知网络")
    if address.version == 4:
        return ip.rsplit(".", 1)[0] + ".*"
    return str(ipaddress.ip_network((address, 48), strict=False).network_address) + "*"


def browser(name: str) -> str:
    """Return the name under which a browser was kept, in the language of the page."""
    return " · ".join(
        gettext(part) if part in user_agent.CHINESE_NAMES else part for part in name.split(" · ")
    )


def way(name: str) -> str:
    """Return how somebody logged in."""
    names = {
        Way.IN_WECHAT: gettext("微信内登录"),
        Way.SCAN: gettext("扫码登录"),
        Way.PAGE: gettext("扫码登录"),
        Way.WEBSITE: gettext("网站扫码登录"),
        Way.CODE: gettext("验证码登录"),
        Way.NUMBER: gettext("号码登录"),
        sessions.HELD_AS_TOKEN: gettext("验证码登录"),
    }
    return names.get(name, name)


def kind(name: str) -> str:
    """Return what sort of account it is."""
    names = {
        AppKind.SERVICE: gettext("服务号"),
        AppKind.SERVICE_UNCERTIFIED: gettext("未认证的服务号"),
        AppKind.SUBSCRIPTION: gettext("公众号"),
        AppKind.PERSONAL: gettext("个人公众号"),
        AppKind.TEST: gettext("测试号"),
        AppKind.WEBSITE: gettext("网站应用"),
        AppKind.MINI_PROGRAM: gettext("小程序"),
    }
    return names[AppKind(name)]


def rights(name: str) -> str:
    """Return what WeChat lets this sort of account do, and which ways to log in follow."""
    full = gettext(
        "可以网页授权、生成带参数二维码、发模板消息和客服消息。"
        "登录用微信内授权、电脑扫码、号码或验证码。"
    )
    chat_only = gettext("只能收发消息，登录用号码或验证码。")
    texts = {
        AppKind.SERVICE: full,
        AppKind.TEST: full,
        AppKind.SERVICE_UNCERTIFIED: chat_only,
        AppKind.SUBSCRIPTION: gettext("可以收发消息和发客服消息，登录用号码或验证码。"),
        AppKind.PERSONAL: chat_only,
        AppKind.WEBSITE: gettext("可以在电脑上用微信扫码登录，不需要关注公众号。"),
        AppKind.MINI_PROGRAM: gettext("不能用来登录网页。"),
    }
    return texts[AppKind(name)]


def missing_rights(name: str) -> str | None:
    """Return what this sort of account lacks, and who has it; None where it lacks nothing."""
    for_more = gettext("网页授权、带参数二维码需要已认证的服务号。")
    texts = {
        AppKind.TEST: gettext(
            "只有关注了测试号的人能登录，最多 100 人；正式使用需要已认证的服务号。"
        ),
        AppKind.SERVICE_UNCERTIFIED: for_more,
        AppKind.SUBSCRIPTION: for_more,
        AppKind.PERSONAL: for_more,
        AppKind.WEBSITE: gettext("在微信里登录和收发消息需要公众号，网页授权需要已认证的服务号。"),
        AppKind.MINI_PROGRAM: gettext("登录网页需要公众号或网站应用。"),
    }
    return texts.get(AppKind(name))


def isolate(name: str) -> str:
    """Return a name for the middle of a sentence, whose direction it cannot turn around.

    By the isolates of Unicode's bidirectional algorithm (UAX 9, 2.4), which also work in a title.
    """
    return f"\u2068{name}\u2069"


def follows(state: bool | None) -> str:
    """Return whether somebody follows the account."""
    if state is None:
        return gettext("关注状态未知")
    return gettext("已关注公众号") if state else gettext("未关注公众号")
