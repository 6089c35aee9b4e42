"""The words of the status page for ways, reasons and errors."""

from collections.abc import Iterable

from flask_babel import gettext

from wechatlogin.errors import FollowUnknowable
from wechatlogin.models import Way
from wechatlogin.services.platform_errors import Trouble
from wechatlogin.web import words
from wechatlogin.wechat import errcodes, errors

DATABASES = {
    "sqlite": "SQLite",
    "postgresql": "PostgreSQL",
    "mysql": "MariaDB",
    "mariadb": "MariaDB",
}


def name_way(way: str) -> str:
    """Return what a way is called where the two kinds of scans are told apart."""
    if way == Way.PAGE:
        return gettext("扫网页二维码")
    if way == Way.SCAN:
        return gettext("扫公众号二维码")
    return words.way(way)


def name_ways(ways: Iterable[str]) -> list[str]:
    """Return what several ways are called."""
    return [name_way(way) for way in ways]


def name_failure(reason: str) -> str:
    """Return why an attempt failed."""
    reasons = {
        "code_refused": gettext("微信不认授权码"),
        "wechat": gettext("微信没有给出结果"),
        FollowUnknowable.code: gettext("查不到是否关注"),
    }
    return reasons.get(reason, gettext("失败"))


def explain(trouble: Trouble) -> tuple[str, str]:
    """Return what an error means and what to do about it."""
    if trouble.code == errors.SnapshotSuspected.code:
        return (
            gettext("对方打开的是快照页，拿不到昵称头像"),
            gettext("页面已经请对方点「使用完整服务」，不需要处理。"),
        )
    known = errcodes.ERRCODES.get(trouble.errcode)
    if known is not None:
        return gettext(known.meaning), gettext(known.advice)
    wait = gettext("稍等片刻会自动恢复；如果一直这样，请检查到 api.weixin.qq.com 的网络。")
    without_number = {
        errors.WeChatUnreachable.code: (gettext("连不上微信，或微信没有及时回答"), wait),
        errors.WeChatGarbled.code: (
            gettext("收到的不是微信的回答"),
            gettext("请检查到 api.weixin.qq.com 的路上有没有代理或网关改动了内容。"),
        ),
        errors.WeChatDown.code: (gettext("微信的服务器出错了"), wait),
        errors.WeChatBusy.code: (
            gettext("同时等待微信回答的请求太多，这一次没有发出"),
            wait,
        ),
    }
    unknown = (
        gettext("微信给出的错误代码没有说明"),
        gettext("请把错误代码和 rid 拿到微信开放社区查询。"),
    )
    return without_number.get(trouble.code, unknown)
