"""The tables, one noun a file; importing this package registers them all."""

from wechatlogin.models.account_health import AccountHealth
from wechatlogin.models.api_key import ApiKey
from wechatlogin.models.application import Application, ApplicationUser, Logo, SubjectType
from wechatlogin.models.attempt import NO_LOGINS, Attempt, Display, Purpose, Status, Way
from wechatlogin.models.audit import AuditEntry, AuditTag
from wechatlogin.models.client_secret import ClientSecret
from wechatlogin.models.code import Code
from wechatlogin.models.grant import (
    AuthorizationCode,
    AuthorizationRequest,
    Consent,
    DeviceCode,
)
from wechatlogin.models.logout_notice import LogoutNotice
from wechatlogin.models.merge import Merge, MergeReason, MergeState
from wechatlogin.models.message import Channel, Forwarded, ReceivedMessage, SendState, SentMessage
from wechatlogin.models.operator import Operator, Role
from wechatlogin.models.platform_error import PlatformErrorCount
from wechatlogin.models.privacy_notice import PrivacyNotice
from wechatlogin.models.refresh_token import RefreshToken
from wechatlogin.models.reply import Occasion, Reply
from wechatlogin.models.session import Session
from wechatlogin.models.signing_key import Algorithm, SigningKey
from wechatlogin.models.timer import Timer
from wechatlogin.models.token import PlatformToken
from wechatlogin.models.user import Identity, User
from wechatlogin.models.verification_file import VerificationFile
from wechatlogin.models.webhook import WebhookDelivery, WebhookEvent
from wechatlogin.models.wechat_app import WeChatAppRow

__all__ = [
    "NO_LOGINS",
    "AccountHealth",
    "Algorithm",
    "ApiKey",
    "Application",
    "ApplicationUser",
    "Attempt",
    "AuditEntry",
    "AuditTag",
    "AuthorizationCode",
    "AuthorizationRequest",
    "Channel",
    "ClientSecret",
    "Code",
    "Consent",
    "DeviceCode",
    "Display",
    "Forwarded",
    "Identity",
    "Logo",
    "LogoutNotice",
    "Merge",
    "MergeReason",
    "MergeState",
    "Occasion",
    "Operator",
    "PlatformErrorCount",
    "PlatformToken",
    "PrivacyNotice",
    "Purpose",
    "ReceivedMessage",
    "RefreshToken",
    "Reply",
    "Role",
    "SendState",
    "SentMessage",
    "Session",
    "SigningKey",
    "Status",
    "SubjectType",
    "Timer",
    "User",
    "VerificationFile",
    "Way",
    "WeChatAppRow",
    "WebhookDelivery",
    "WebhookEvent",
]
