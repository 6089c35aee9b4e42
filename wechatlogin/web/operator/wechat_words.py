"""What WeChat answers to a set-up, in words: what is wrong, and where in its console to mend it."""

from flask_babel import gettext

from wechatlogin.services.setup import WHITE_LIST_ERRCODES
from wechatlogin.wechat import errors
from wechatlogin.wechat.errors import OperatorNeeded, PlatformError

#: What says that appid or secret themselves are wrong, and which of them.
_WRONG_FIELDS = {40001: "secret", 40125: "secret", 40013: "appid", 41002: "appid", 41004: "secret"}


def wrong_field(err: PlatformError) -> str | None:
    """Return the field that WeChat calls wrong, or None where it says something else."""
    return _WRONG_FIELDS.get(err.errcode or 0) if isinstance(err, OperatorNeeded) else None


def explain(err: PlatformError) -> str:
    """Return what WeChat refused and what to do."""
    if isinstance(err, OperatorNeeded) and err.errcode in WHITE_LIST_ERRCODES and err.ip:
        return gettext(
            "微信拒绝了本服务器的地址 %(ip)s（%(errcode)s）。请在微信公众平台"
            "「设置与开发 → 基本配置 → IP 白名单」里加上它，再检查一次。",
            ip=err.ip,
            errcode=err.errcode,
        )
    entry = errors.describe(err)
    if entry is None:
        return gettext(err.message)
    return gettext(
        "%(meaning)s（%(errcode)s）。%(advice)s",
        meaning=gettext(entry.meaning),
        errcode=err.errcode,
        advice=gettext(entry.advice),
    )
