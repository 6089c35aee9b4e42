"""A merge in words."""

from flask_babel import gettext

from wechatlogin.models import MergeReason, MergeState
from wechatlogin.services.merge_pairs import Conflict


def state(name: str) -> str:
    """Return how a merge stands."""
    names = {
        MergeState.WAITING: gettext("等待决定"),
        MergeState.MERGED: gettext("已合并"),
        MergeState.KEPT_APART: gettext("保持分开"),
        MergeState.UNDONE: gettext("已分开"),
    }
    return names[MergeState(name)]


def reason(name: str) -> str:
    """Return how it showed that two users are one person."""
    names = {
        MergeReason.UNIONID: gettext("unionid 相同"),
        MergeReason.LINKED: gettext("本人添加了微信"),
        MergeReason.OPERATOR: gettext("操作员决定"),
    }
    return names[MergeReason(name)]


def conflict(found: Conflict) -> str:
    """Return what speaks against it."""
    texts = {
        Conflict.APPLICATION: gettext(
            "有应用认识这两个用户，可能各存了一份资料。合并后它只按保留的那个用户认人。"
        ),
        Conflict.WECHAT_APP: gettext(
            "同一个微信账号里，两个用户的 openid 不同：按微信的规则，这是两个人。"
        ),
    }
    return texts[found]
