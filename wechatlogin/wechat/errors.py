"""What a failed call to WeChat means, as exceptions that say what to do next.

    PlatformError           every failure of a call; carries errcode, rid, errmsg, path
    ├── WeChatUnreachable   no usable answer; `sent` says whether WeChat may have acted
    │   └── WeChatGarbled   an answer came, but not one of WeChat's
    │       └── WeChatDown  an HTTP status of 5xx
    ├── WeChatBusy          ask again after `retry_after`
    ├── AccessTokenRejected renew the account's token, try once more
    ├── OperatorNeeded      only the account's owner can mend this; `ip` for the white list,
    │                       and `retry_after`
    ├── QuotaExhausted      nothing before midnight in Beijing
    ├── LoginMustRestart    the code or the person's grant is used up
    ├── SnapshotSuspected   no profile after consent: WeChat showed a snapshot page
    ├── RecipientUnreachable this person cannot be reached; `not_following` says why
    │   └── AccountRestricted the person's own WeChat account is limited
    ├── RequestRejected     our request is wrong
    │   ├── MessageTooLong  known before the call
    │   └── ValueRefused    the same for a field of a message template; `misfit` says why
    └── UnknownErrcode      a number nobody has described

`error_for` picks the class. It looks at the path too, since 40001 means a wrong secret where a
token is fetched, a dead account token at most calls, and a dead user token at `/sns/userinfo`.
"""

import ipaddress
import re
from datetime import timedelta
from enum import StrEnum
from typing import Self

from wechatlogin.errors import SnapshotUser, WeChatError
from wechatlogin.i18n import msgid
from wechatlogin.wechat import errcodes

ERRMSG_LIMIT = 200
MINUTE_QUOTA_PAUSE = timedelta(seconds=60)
BUSY_PAUSE = timedelta(seconds=1)
REFUSAL_PAUSE = timedelta(seconds=60)
# The account's administrator refused our address, once or twice; WeChat will not ask again sooner.
_ADDRESS_PAUSES = {89507: timedelta(hours=1), 89506: timedelta(hours=24)}

_RID = re.compile(r"\brid: ?([0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8})\b")
_RID_TAIL = re.compile(r"[,\s]*\brid: ?[0-9a-f-]+\s*$")
# An openid has 28 characters, a code 32; nothing WeChat says in words is as long as that.
_CREDENTIAL = re.compile(r"[A-Za-z0-9_-]{28,}")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_ADDRESS = re.compile(r"[0-9a-fA-F:.]{3,45}")

_TOKEN_PATHS = frozenset(
    {
        "/cgi-bin/token",
        "/cgi-bin/stable_token",
        "/sns/oauth2/access_token",
        "/sns/jscode2session",
    }
)
_USER_PATHS = frozenset({"/sns/userinfo", "/sns/auth", "/sns/oauth2/refresh_token"})


class PlatformError(WeChatError):
    """A call to WeChat failed; `path` never has a query, `errmsg` never a credential."""

    def __init__(self, *, path: str = "", errcode: int | None = None, errmsg: str = "") -> None:
        self.path = path
        self.errcode = errcode
        self.rid = _rid_in(errmsg)
        self.errmsg = _clean(errmsg)
        super().__init__()

    @property
    def detail(self) -> str:
        """What a log line should hold."""
        parts = [self.code, self.path]
        if self.errcode is not None:
            parts.append(f"errcode={self.errcode}")
        if self.errmsg:
            parts.append(f"errmsg={self.errmsg}")
        if self.rid:
            parts.append(f"rid={self.rid}")
        return " ".join(part for part in parts if part)

    def __str__(self) -> str:
        return f"{self.message} [{self.detail}]"

    def anew(self) -> Self:
        """Return the same error to be raised again: one that is raised twice keeps both stacks."""
        made = type(self).__new__(type(self), *self.args)
        made.__dict__.update(self.__dict__)
        return made


class WeChatUnreachable(PlatformError):
    """No usable answer; `sent` is false only if the request certainly never left."""

    code = "wechat_unreachable"
    status = 503
    message = msgid("暂时连不上微信，请稍后再试。")

    def __init__(self, *, path: str, reason: str, sent: bool) -> None:
        self.reason = reason
        self.sent = sent
        super().__init__(path=path, errmsg=reason)


class WeChatGarbled(WeChatUnreachable):
    """Something answered, but what it said is not an answer of WeChat's."""

    code = "wechat_garbled"

    def __init__(self, *, path: str, reason: str) -> None:
        super().__init__(path=path, reason=reason, sent=True)


class WeChatDown(WeChatGarbled):
    """WeChat's server says itself that it is in trouble."""

    code = "wechat_down"


class WeChatBusy(PlatformError):
    code = "wechat_busy"
    status = 503
    message = msgid("微信现在很忙，请稍后再试。")

    @property
    def retry_after(self) -> timedelta:
        """How long to wait before the next try."""
        return MINUTE_QUOTA_PAUSE if self.errcode == 45011 else BUSY_PAUSE


class NoSlot(WeChatBusy):
    """Too many threads wait for WeChat already, which says nothing of this call."""

    code = "wechat_no_slot"


class AccessTokenRejected(PlatformError):
    code = "access_token_rejected"
    status = 503


class OperatorNeeded(PlatformError):
    code = "operator_needed"
    status = 503
    message = msgid("微信登录的设置有问题，请联系网站管理员。")

    def __init__(self, *, path: str = "", errcode: int | None = None, errmsg: str = "") -> None:
        self.ip = _ip_in(errmsg)
        super().__init__(path=path, errcode=errcode, errmsg=errmsg)

    @property
    def retry_after(self) -> timedelta:
        """How soon the next try can bring something else."""
        return _ADDRESS_PAUSES.get(self.errcode or 0, REFUSAL_PAUSE)


class QuotaExhausted(PlatformError):
    code = "quota_exhausted"
    status = 503
    message = msgid("今天的微信接口次数已用完，请改用其他方式登录。")


class LoginMustRestart(PlatformError):
    code = "login_must_restart"
    status = 400
    message = msgid("这次微信授权已失效，请重新登录。")


class SnapshotSuspected(PlatformError):
    code = SnapshotUser.code
    status = SnapshotUser.status
    message = SnapshotUser.message


class RecipientUnreachable(PlatformError):
    code = "recipient_unreachable"
    status = 409
    message = msgid("没有办法给这位用户发送微信消息。")

    @property
    def not_following(self) -> bool:
        """Whether following the account would help."""
        return self.errcode in {43004, 50005}


class AccountRestricted(RecipientUnreachable):
    code = "account_restricted"
    status = 403
    message = msgid("你的微信帐号目前受限，无法完成登录。")


class RequestRejected(PlatformError):
    code = "request_rejected"


class MessageTooLong(RequestRejected):
    code = "message_too_long"
    message = msgid("消息太长，微信不接受。")


class Misfit(StrEnum):
    """Why a field of a message template cannot hold a value."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    CHARACTERS = "characters"


class ValueRefused(RequestRejected):
    code = "value_refused"
    message = msgid("模板消息的某个字段不符合要求。")

    def __init__(self, *, field: str = "", misfit: Misfit = Misfit.CHARACTERS) -> None:
        self.field = field
        self.misfit = misfit
        super().__init__(errmsg=f"{field}: {misfit}")


class UnknownErrcode(PlatformError):
    code = "unknown_errcode"


KINDS: dict[errcodes.Kind, type[PlatformError]] = {
    errcodes.Kind.BUSY: WeChatBusy,
    errcodes.Kind.TOKEN: AccessTokenRejected,
    errcodes.Kind.OPERATOR: OperatorNeeded,
    errcodes.Kind.QUOTA: QuotaExhausted,
    errcodes.Kind.RESTART: LoginMustRestart,
    errcodes.Kind.RECIPIENT: RecipientUnreachable,
    errcodes.Kind.RESTRICTED: AccountRestricted,
    errcodes.Kind.REQUEST: RequestRejected,
}


def error_for(errcode: int, errmsg: str, *, path: str) -> PlatformError:
    """Return the exception this errcode stands for at this path."""
    entry = errcodes.ERRCODES.get(errcode)
    if entry is None:
        kind: type[PlatformError] = UnknownErrcode
    elif entry.kind is errcodes.Kind.TOKEN and path in _TOKEN_PATHS:
        kind = OperatorNeeded
    elif entry.kind is errcodes.Kind.TOKEN and path in _USER_PATHS:
        kind = LoginMustRestart
    else:
        kind = KINDS[entry.kind]
    return kind(path=path, errcode=errcode, errmsg=errmsg)


def describe(err: PlatformError) -> errcodes.Errcode | None:
    """Return what the table says of an error: 40001 is a wrong secret where a token is fetched."""
    is_secret = err.errcode == 40001 and err.path in _TOKEN_PATHS
    return errcodes.ERRCODES.get(40125 if is_secret else err.errcode or 0)


def _rid_in(errmsg: str) -> str | None:
    found = _RID.search(errmsg)
    return found.group(1) if found else None


def _ip_in(errmsg: str) -> str | None:
    for candidate in _ADDRESS.findall(errmsg):
        try:
            return str(ipaddress.ip_address(candidate.rstrip(".:")))
        except ValueError:
            continue
    return None


def _clean(errmsg: str) -> str:
    printable = _UNPRINTABLE.sub(" ", _RID_TAIL.sub("", errmsg))
    return _CREDENTIAL.sub("***", printable)[:ERRMSG_LIMIT].strip()
