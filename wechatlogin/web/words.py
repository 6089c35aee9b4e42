"""Moments, places and ways in the words that people read."""

import ipaddress
from datetime import datetime, timedelta

from flask_babel import format_datetime, gettext

from wechatlogin.models import Way
from wechatlogin.wechat.app import AppKind

JUST_NOW = timedelta(minutes=1)


def moment(at: datetime, *, now: datetime) -> str:
    """Return a moment as people say it: "just now, 14:32", else date and time."""
    if now - at < JUST_NOW:
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


def way(name: str) -> str:
    """Return how somebody logged in."""
    names = {
        Way.IN_WECHAT: gettext("微信内登录"),
        Way.SCAN: gettext("扫码登录"),
        Way.PAGE: gettext("扫码登录"),
        Way.CODE: gettext("验证码登录"),
        Way.NUMBER: gettext("号码登录"),
    }
    return names.get(Way(name), name)


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


def follows(state: bool | None) -> str:
    """Return whether somebody follows the account."""
    if state is None:
        return gettext("关注状态未知")
    return gettext("已关注公众号") if state else gettext("未关注公众号")
