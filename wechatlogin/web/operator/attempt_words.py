"""A login attempt in words: what it was for, how it ended, and why."""

from flask_babel import format_datetime, gettext

from wechatlogin.errors import FollowUnknowable
from wechatlogin.models import Attempt, AuditTag, Purpose, Status


def purpose(name: str) -> str:
    """Return what an attempt was for."""
    names = {
        Purpose.LOGIN: gettext("登录"),
        Purpose.RESULT: gettext("取验证码"),
        Purpose.CONFIRM: gettext("在手机上确认"),
        Purpose.LINK: gettext("添加微信"),
        Purpose.RELAY: gettext("为另一个网站授权"),
    }
    return names[Purpose(name)]


def state(attempt: Attempt, status: Status) -> str:
    """Return how an attempt stands, or how it ended."""
    names = {
        Status.PENDING: gettext("等待扫码"),
        Status.SCANNED: gettext("已扫码，等待确认"),
        Status.CONFIRMED: gettext("已确认，等待浏览器"),
        Status.CLAIMED: gettext("完成"),
        Status.DECLINED: gettext("已拒绝"),
        Status.EXPIRED: gettext("已过期"),
        Status.FAILED: gettext("失败"),
    }
    if status == Status.EXPIRED and attempt.scanned_at and not attempt.confirmed_at:
        return gettext("扫码后没有确认，已过期")
    return names[status]


def kind(status: Status) -> str | None:
    """Return how the state looks, if it stands out."""
    kinds = {Status.CLAIMED: "success", Status.FAILED: "error", Status.DECLINED: "warning"}
    return kinds.get(status)


def why(attempt: Attempt) -> str | None:
    """Return why an attempt failed or was declined."""
    reasons: dict[str | None, str] = {
        "refused": gettext("本人在微信里没有同意授权。"),
        "code_refused": gettext("微信没有接受授权码：过期了，或用过了。"),
        "wechat": gettext("向微信查询时出错。"),
        FollowUnknowable.code: gettext("要先关注公众号，但没有公众号能确认关注。"),
        AuditTag.ATTEMPT_DECLINED: gettext("本人在手机上点了「不是我」。"),
        AuditTag.ATTEMPT_WRONG_NUMBER: gettext("本人在手机上选错了数字。"),
        AuditTag.NOTICE_REFUSED: gettext("本人不同意隐私说明。"),
    }
    return reasons.get(attempt.failure, attempt.failure)


def times(attempt: Attempt) -> str:
    """Return when its steps were taken."""
    steps = (
        (gettext("扫码"), attempt.scanned_at),
        (gettext("确认"), attempt.confirmed_at),
        (gettext("完成"), attempt.claimed_at),
    )
    return " · ".join(f"{label} {format_datetime(at, 'HH:mm:ss')}" for label, at in steps if at)
