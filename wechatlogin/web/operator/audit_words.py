"""The audit in words: a sentence for each tag, and what a change has changed."""

import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from flask_babel import gettext

from wechatlogin.i18n import msgid
from wechatlogin.models import AuditEntry, AuditTag

#: What a field holds that nobody has filled in.
EMPTY: tuple[object, ...] = (None, "", [])

SENTENCES: Mapping[str, str] = MappingProxyType(
    {
        AuditTag.USER_CREATED: msgid("新用户"),
        AuditTag.USER_LOGIN: msgid("用户登录"),
        AuditTag.USER_VIEWED: msgid("操作员查看了用户"),
        AuditTag.USER_EXPORTED: msgid("用户数据被导出"),
        AuditTag.USER_ERASED: msgid("用户数据已删除"),
        AuditTag.USER_PROFILE_CLEARED: msgid("昵称和头像已清除"),
        AuditTag.USER_MERGED: msgid("两个账号合并"),
        AuditTag.USER_MERGE_WAITING: msgid("合并等待决定"),
        AuditTag.USER_MERGE_UNDONE: msgid("合并已撤销"),
        AuditTag.USER_KEPT_APART: msgid("决定不合并"),
        AuditTag.USER_BANNED: msgid("用户被封禁"),
        AuditTag.USER_UNBANNED: msgid("用户解除封禁"),
        AuditTag.IDENTITY_LINKED: msgid("添加微信身份"),
        AuditTag.IDENTITY_UNLINKED: msgid("移除微信身份"),
        AuditTag.ATTEMPT_DECLINED: msgid("用户在手机上拒绝登录"),
        AuditTag.ATTEMPT_WRONG_NUMBER: msgid("选错了登录数字"),
        AuditTag.ATTEMPT_UNKNOWN_NUMBER: msgid("发来的号码没有对应的登录"),
        AuditTag.FOLLOW_SUGGESTED: msgid("建议关注公众号"),
        AuditTag.SESSION_ENDED: msgid("会话被结束"),
        AuditTag.CODE_REUSED: msgid("授权码被重复使用"),
        AuditTag.TOKEN_REUSED: msgid("刷新令牌被重复使用"),
        AuditTag.KEY_CREATED: msgid("新的签名密钥"),
        AuditTag.KEY_RETIRED: msgid("签名密钥停用"),
        AuditTag.CODE_ISSUED: msgid("发出验证码"),
        AuditTag.CODE_DEAD: msgid("验证码因多次输错而失效"),
        AuditTag.CONSENT_GRANTED: msgid("用户同意应用获取信息"),
        AuditTag.CONSENT_REVOKED: msgid("用户收回对应用的许可"),
        AuditTag.NOTICE_ACCEPTED: msgid("用户同意隐私说明"),
        AuditTag.NOTICE_REFUSED: msgid("用户不同意隐私说明"),
        AuditTag.PRIVACY_NOTICE_SAVED: msgid("保存隐私说明"),
        AuditTag.OPERATOR_CREATED: msgid("添加操作员"),
        AuditTag.OPERATOR_LOGIN: msgid("操作员登录"),
        AuditTag.OPERATOR_LOGIN_FAILED: msgid("操作员密码错误"),
        AuditTag.OPERATOR_LOGOUT: msgid("操作员退出"),
        AuditTag.OPERATOR_SESSION_ENDED: msgid("操作员的会话被结束"),
        AuditTag.OPERATOR_PASSWORD_CHANGED: msgid("更改操作员密码"),
        AuditTag.OPERATOR_ROLE_CHANGED: msgid("更改操作员角色"),
        AuditTag.OPERATOR_REMOVED: msgid("移除操作员"),
        AuditTag.OPERATOR_LINKED: msgid("操作员关联微信"),
        AuditTag.OPERATOR_UNLINKED: msgid("操作员取消关联微信"),
        AuditTag.AUDIT_EXPORTED: msgid("导出审计记录"),
        AuditTag.WECHAT_APP_SAVED: msgid("保存微信账号"),
        AuditTag.WECHAT_APP_REMOVED: msgid("移除微信账号"),
        AuditTag.REPLY_SAVED: msgid("保存回复文字"),
        AuditTag.VERIFICATION_FILE_SAVED: msgid("保存校验文件"),
        AuditTag.VERIFICATION_FILE_REMOVED: msgid("移除校验文件"),
        AuditTag.APPLICATION_SAVED: msgid("保存应用"),
        AuditTag.APPLICATION_REMOVED: msgid("移除应用"),
        AuditTag.WEBHOOK_SENT: msgid("发送 webhook"),
    }
)


def tag(name: str) -> str:
    """Return what happened, in words."""
    sentence = SENTENCES.get(name)
    return gettext(sentence) if sentence else name


def tags() -> list[tuple[str, str]]:
    """Return every tag with its words, as a form offers them."""
    return [(name, gettext(sentence)) for name, sentence in SENTENCES.items()]


def changes(entry: AuditEntry) -> list[dict[str, str | None]]:
    """Return each field that was changed; a side on which there was nothing is None."""
    before, after = entry.before, entry.after
    names = dict.fromkeys([*_filled(before, after), *_filled(after, before)])
    return [
        {
            "name": name,
            "before": None if before is None else value(before.get(name)),
            "after": None if after is None else value(after.get(name)),
        }
        for name in names
    ]


def _filled(side: Mapping[str, object] | None, other: object) -> Iterator[str]:
    """Yield the fields of a side; of what is new or gone, those alone that hold something."""
    yield from (
        name for name, kept in (side or {}).items() if other is not None or kept not in EMPTY
    )


def value(kept: object) -> str:
    """Return one value as people read it."""
    if kept in EMPTY:
        return gettext("空")
    if isinstance(kept, list) and all(isinstance(each, str) for each in kept):
        return ", ".join(kept)
    return kept if isinstance(kept, str) else json.dumps(kept, ensure_ascii=False)
