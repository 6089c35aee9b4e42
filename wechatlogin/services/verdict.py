"""The one sentence on top of the status page: does WeChat login work, and if not, why.

`RULES` are asked in turn, the worst first; the first that has something to say is the verdict. Each
looks at signs that hold now: an error counts until something that needs the same has worked again.
That login works is said only where somebody has just done it; else it is not proven.
"""

import contextlib
import ipaddress
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from wechatlogin.i18n import msgid
from wechatlogin.models import Way
from wechatlogin.services import account_states, push_refusals
from wechatlogin.services.account_states import AccountState
from wechatlogin.services.funnel import Funnel
from wechatlogin.services.platform_errors import Trouble
from wechatlogin.services.readiness import Condition
from wechatlogin.wechat import errors, oauth, qrcode
from wechatlogin.wechat.access_token import CLASSIC_PATH, STABLE_PATH
from wechatlogin.wechat.app import Right

#: How recent a login has to be to prove that login works.
PROOF = timedelta(hours=24)
#: Trouble on the way to WeChat, and a token that dies, show again soon if they last.
PASSING = timedelta(minutes=10)
AN_HOUR = timedelta(hours=1)
#: So many deaths of a token in an hour are no accident.
TOKEN_DEATHS = 3
#: So many people have to try before a way counts as one that fails.
FEW = 3

ADDRESS_REFUSED = frozenset({40164, 61004, 45035, 89501, 89503, 89506, 89507})
SECRET_WRONG = frozenset({40001, 40013, 40125, 40243, 41002, 41004})
RIGHT_MISSING = frozenset({48001, 48004, 10003, 10005})
UNREACHABLE = frozenset(
    kind.code for kind in (errors.WeChatUnreachable, errors.WeChatGarbled, errors.WeChatDown)
)
_TOKEN_PATHS = frozenset({STABLE_PATH, CLASSIC_PATH})
#: Ways that need no more than a code that WeChat's own page gives.
_BY_CODE = (Way.IN_WECHAT, Way.PAGE, Way.WEBSITE)
_ADDRESS = re.compile(r"[0-9a-fA-F:.]{3,45}")


class Kind(StrEnum):
    """How bad it is; the values are the names of the icons."""

    SUCCESS = "success"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Verdict:
    """One sentence and what to do, in Chinese; `ip`, `name` and `count` fill their places."""

    kind: Kind
    title: str
    text: str
    appid: str | None = None
    errcode: int | None = None
    ip: str | None = None
    #: Of the app that it is about.
    name: str = ""
    count: int = 0
    #: By which ways people get in all the same, and by which they cannot.
    working: tuple[str, ...] = ()
    failing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Evidence:
    """Everything that is known; troubles and funnels are those of the last day."""

    accounts: tuple[AccountState, ...]
    troubles: tuple[Trouble, ...]
    funnels: tuple[Funnel, ...]
    redis: Condition
    now: datetime


def judge(evidence: Evidence) -> Verdict:
    """Return the verdict."""
    if not evidence.accounts:
        return Verdict(
            Kind.ERROR,
            msgid("还没有配置微信帐号"),
            msgid("添加一个公众号或网站应用，然后登录一次。"),
        )
    for rule in RULES:
        for account in evidence.accounts:
            found = rule(account, evidence)
            if found is not None:
                return replace(found, appid=account.row.appid, name=account.row.name)
    return _judge_logins(evidence)


def _address_refused(account: AccountState, evidence: Evidence) -> Verdict | None:
    trouble = _get_standing(account, evidence, ADDRESS_REFUSED)
    if trouble is None:
        return None
    ip = _get_ip(trouble.errmsg or "")
    add = msgid(
        "请把 %(ip)s 加入微信后台的「IP 白名单」。"
        "在那之前，帐号自己的二维码、消息和关注状态都用不了。"
    )
    look = msgid(
        "请在微信后台的「IP 白名单」里加上服务器的 IP，或由管理员确认。"
        "在那之前，帐号自己的二维码、消息和关注状态都用不了。"
    )
    title = msgid("微信拒绝了这台服务器的 IP")
    return replace(_about(trouble, account, title=title, text=add if ip else look), ip=ip)


def _secret_wrong(account: AccountState, evidence: Evidence) -> Verdict | None:
    trouble = _get_standing(account, evidence, SECRET_WRONG)
    if trouble is None or trouble.path not in _TOKEN_PATHS | {oauth.TOKEN_PATH}:
        return None
    return _about(
        trouble,
        account,
        title=msgid("「%(name)s」的 AppID 或 AppSecret 不正确"),
        text=msgid("请核对 AppID 和 AppSecret；如果在微信后台重置过，请填写新的。"),
    )


def _quota_used_up(account: AccountState, evidence: Evidence) -> Verdict | None:
    midnight = account_states.get_midnight(evidence.now)
    for trouble in _troubles_of(account, evidence):
        is_today = trouble.code == errors.QuotaExhausted.code and trouble.last_at >= midnight
        if is_today and _check_standing(trouble, account):
            return _about(
                trouble,
                account,
                title=msgid("「%(name)s」今天的微信接口次数用完了"),
                text=msgid(
                    "北京时间零点恢复，也可以在微信后台清零（每月 10 次）。"
                    "在那之前会自动改用其他方式。"
                ),
            )
    return None


def _unreachable(account: AccountState, evidence: Evidence) -> Verdict | None:
    for trouble in _troubles_of(account, evidence):
        is_fresh = trouble.code in UNREACHABLE and trouble.last_at > evidence.now - PASSING
        if is_fresh and _check_standing(trouble, account):
            return _about(
                trouble,
                account,
                title=msgid("连不上微信的服务器"),
                text=msgid("请检查这台服务器能否访问 api.weixin.qq.com：网络、DNS 和防火墙。"),
            )
    return None


def _right_missing(account: AccountState, evidence: Evidence) -> Verdict | None:
    trouble = _get_standing(account, evidence, RIGHT_MISSING)
    if trouble is None:
        return None
    return _about(
        trouble,
        account,
        title=msgid("「%(name)s」缺少一项微信接口权限"),
        text=msgid("请在微信后台的「接口权限」页确认帐号已认证、没有被限制，并核对网页授权域名。"),
    )


def _token_dies_early(account: AccountState, evidence: Evidence) -> Verdict | None:
    for trouble in _troubles_of(account, evidence):
        is_death = trouble.code == errors.AccessTokenRejected.code
        if is_death and trouble.count >= TOKEN_DEATHS and trouble.last_at > evidence.now - AN_HOUR:
            found = _about(
                trouble,
                account,
                title=msgid("「%(name)s」的 access_token 反复提前失效"),
                text=msgid(
                    "多半还有别的程序在为同一个帐号刷新 token（一天内失效 %(count)s 次）。"
                    "请让它改为从这里取。"
                ),
            )
            return replace(found, kind=Kind.WARNING)
    return None


def _never_pushed(account: AccountState, evidence: Evidence) -> Verdict | None:
    expects_pushes = account.has(Right.CHAT) and account.row.sealed_token is not None
    if not expects_pushes or account.last_push_at or account.verified_at or account.refused_at:
        return None
    return Verdict(
        Kind.WARNING,
        msgid("还没有收到「%(name)s」的微信消息"),
        msgid("请在微信后台提交服务器地址，再给公众号发一条消息。"),
        working=_get_working(account, since=evidence.now - PROOF),
    )


def _pushes_refused(account: AccountState, evidence: Evidence) -> Verdict | None:
    refused_at, good = account.refused_at, (account.last_push_at, account.verified_at)
    last_good = max((at for at in good if at), default=None)
    if refused_at is None or refused_at < evidence.now - PROOF:
        return None
    # Anybody can send something wrong, which says nothing while the right ones arrive.
    if last_good is not None and (last_good > evidence.now - PROOF or last_good > refused_at):
        return None
    return Verdict(
        Kind.WARNING,
        msgid("「%(name)s」的微信消息被拒绝了"),
        push_refusals.advise(account.refused_reason or ""),
        working=_get_working(account, since=evidence.now - PROOF),
    )


Rule = Callable[[AccountState, Evidence], Verdict | None]
#: The worst first.
RULES: tuple[Rule, ...] = (
    _secret_wrong,
    _address_refused,
    _unreachable,
    _right_missing,
    _quota_used_up,
    _never_pushed,
    _pushes_refused,
    _token_dies_early,
)


def _judge_logins(evidence: Evidence) -> Verdict:
    working = tuple(funnel.way for funnel in evidence.funnels if funnel.claimed)
    failing = tuple(funnel.way for funnel in evidence.funnels if _check_failing(funnel))
    if failing:
        return Verdict(
            Kind.WARNING if working else Kind.ERROR,
            msgid("有一种登录方式用不了"),
            msgid("最近一天用它的人都没有登录成功。请看下面的失败原因。"),
            working=working,
            failing=failing,
        )
    if evidence.redis == Condition.DOWN:
        return Verdict(
            Kind.WARNING,
            msgid("连不上 Redis"),
            msgid("登录仍然可用，但会慢一点，限流只在各个进程里计数。请检查 Redis。"),
            working=working,
        )
    if not any(_check_proven(account, evidence.now) for account in evidence.accounts):
        return Verdict(
            Kind.INFO,
            msgid("还不能确定微信登录是否可用"),
            msgid("最近一天没有人登录，也没有发现错误。请自己登录一次。"),
        )
    return Verdict(
        Kind.SUCCESS,
        msgid("微信登录可用"),
        msgid("最近一天有人登录成功，或收到了微信的消息，没有发现正在影响登录的错误。"),
        working=working,
    )


def _check_failing(funnel: Funnel) -> bool:
    failed = sum(funnel.failed.values())
    return funnel.claimed == 0 and failed > 0 and funnel.started >= FEW


def _check_proven(account: AccountState, now: datetime) -> bool:
    last_login, last_push = account.last_login_at, account.last_push_at
    if last_login is not None and last_login > now - PROOF:
        return True
    has_token = account.token is not None and account.token.expires_at > now
    return has_token and last_push is not None and last_push > now - PROOF


def _about(trouble: Trouble, account: AccountState, *, title: str, text: str) -> Verdict:
    working = _get_working(account, since=trouble.first_at)
    return Verdict(
        Kind.WARNING if working else Kind.ERROR,
        title,
        text,
        errcode=trouble.errcode or None,
        count=trouble.count,
        working=working,
    )


def _get_working(account: AccountState, *, since: datetime) -> tuple[str, ...]:
    return tuple(sorted(way for way, at in account.logins.items() if at > since))


def _troubles_of(account: AccountState, evidence: Evidence) -> Iterator[Trouble]:
    return (one for one in evidence.troubles if one.appid == account.row.appid)


def _get_standing(
    account: AccountState, evidence: Evidence, errcodes: frozenset[int]
) -> Trouble | None:
    for trouble in _troubles_of(account, evidence):
        is_meant = trouble.errcode in errcodes and trouble.code == errors.OperatorNeeded.code
        if is_meant and _check_standing(trouble, account):
            return trouble
    return None


def _check_standing(trouble: Trouble, account: AccountState) -> bool:
    """Tell whether nothing has worked since that needs what failed."""
    token, last_at = account.token, trouble.last_at
    if trouble.path in _TOKEN_PATHS:
        return token is None or token.refreshed_at < last_at
    ways = (Way.SCAN,) if trouble.path == qrcode.PATH else _BY_CODE
    return all(account.logins.get(way, last_at) <= last_at for way in ways)


def _get_ip(errmsg: str) -> str | None:
    for candidate in _ADDRESS.findall(errmsg):
        with contextlib.suppress(ValueError):
            return str(ipaddress.ip_address(candidate.rstrip(".:")))
    return None
