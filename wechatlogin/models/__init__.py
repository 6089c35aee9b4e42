"""The tables, one noun a file; importing this package registers them all."""

from wechatlogin.models.application import Application
from wechatlogin.models.attempt import Attempt, Purpose, Status, Way
from wechatlogin.models.audit import AuditEntry, AuditTag
from wechatlogin.models.code import Code
from wechatlogin.models.message import Channel, ReceivedMessage, SendState, SentMessage
from wechatlogin.models.operator import Operator
from wechatlogin.models.session import Session
from wechatlogin.models.token import PlatformToken
from wechatlogin.models.user import Identity, User
from wechatlogin.models.wechat_app import WeChatAppRow

__all__ = [
    "Application",
    "Attempt",
    "AuditEntry",
    "AuditTag",
    "Channel",
    "Code",
    "Identity",
    "Operator",
    "PlatformToken",
    "Purpose",
    "ReceivedMessage",
    "SendState",
    "SentMessage",
    "Session",
    "Status",
    "User",
    "Way",
    "WeChatAppRow",
]
