"""Whether WeChat's pushes reach us: the address and its token, WeChat's own check, what arrives."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import func, select

from wechatlogin.extensions import db
from wechatlogin.i18n import msgid
from wechatlogin.models import AccountHealth, ReceivedMessage
from wechatlogin.services import push_refusals
from wechatlogin.services.doctor.examination import Examination
from wechatlogin.services.doctor.finding import Finding, Step
from wechatlogin.wechat import crypto
from wechatlogin.wechat.app import AppKind, MessageMode, Right
from wechatlogin.wechat.errors import PlatformError
from wechatlogin.wechat.visiting import NotSeen, Seen

#: WeChat's own echoes are numbers.
_ECHO_PREFIX = "doctor-"
CALLBACK_PATH = "/api/wechat/"
_OK = 200
_FORBIDDEN = 403
#: Why a push is refused whose remedy names a value of the account's.
_MODE_REASONS = frozenset({"encrypted in plain mode", "plain in safe mode"})
_TOKEN_REASONS = frozenset({"wrong signature", "wrong msg_signature", "no token is set"})
_KEY_REASONS = frozenset({"does not decrypt", "no EncodingAESKey is set"})
#: Whoever set the address up long ago and has had no message since is no worry.
_RECENTLY = timedelta(days=30)

_CONSOLE = msgid(
    "在微信公众平台「设置与开发 → 基本配置 → 服务器配置」里填写：服务器地址(URL) %(url)s，"
    "令牌(Token) 与这里保存的相同，然后点「提交」。"
)
_COPY_KEY = msgid(
    "从微信公众平台「设置与开发 → 基本配置 → 服务器配置」复制 EncodingAESKey(43 位)，填写到这里。"
)
_PRESS = msgid(
    "在微信公众平台「设置与开发 → 基本配置 → 服务器配置」里点「提交」，"
    "或者用自己的微信给这个帐号发一条消息，然后看这里。"
)


def examine_callback(exam: Examination) -> Finding | None:
    """Examine whether our callback URL answers a signed check, as WeChat's is."""
    if not _is_pushed_to(exam):
        return None
    if exam.app.token is None:
        return exam.wrong(
            Step.CALLBACK,
            msgid("这个帐号还没有令牌(Token)，不能接收微信的推送。"),
            msgid(
                "先在这里为帐号填写令牌(3 到 32 个字母或数字)，"
                "再到微信公众平台填写同一个令牌和服务器地址 %(url)s。"
            ),
            url=_url(exam),
        )
    echo = _ECHO_PREFIX + secrets.token_hex(8)
    stamp = str(int(exam.present.timestamp()))
    nonce = secrets.token_hex(5)
    signature = crypto.sign(exam.app.token.get_secret_value(), stamp, nonce)
    query = {"signature": signature, "timestamp": stamp, "nonce": nonce, "echostr": echo}
    try:
        seen = exam.visitor.look(_url(exam), query)
    except NotSeen as err:
        return exam.wrong(
            Step.CALLBACK,
            msgid("从公开地址打不开回调地址 %(url)s（%(why)s）。"),
            msgid("先让「公开地址」这一步通过：域名解析、防火墙、反向代理。"),
            url=_url(exam),
            why=err.reason,
        )
    return _judge_echo(exam, seen, echo)


def examine_wechat_check(exam: Examination) -> Finding | None:
    """Ask WeChat how our callback URL looks from its network (`/cgi-bin/callback/check`)."""
    if not (_is_pushed_to(exam) and exam.row.has(Right.ACCESS_TOKEN)):
        return None
    try:
        check = exam.client.check_callback()
    except PlatformError as err:
        return exam.refused(Step.WECHAT_CHECK, err)
    if not check.addresses:
        return exam.wrong(
            Step.WECHAT_CHECK,
            msgid("微信解析不到回调地址的域名。"),
            msgid("检查域名的 DNS 解析，境内外都要能解析到；改动后等几分钟再检查。"),
        )
    if check.is_lossy:
        return exam.wrong(
            Step.WECHAT_CHECK,
            msgid("微信的网络连不上回调地址（%(addresses)s），丢包率 %(loss)s%%。"),
            msgid("检查防火墙和安全组：让 80 和 443 端口对所有地址开放，或对微信的回调 IP 开放。"),
            addresses=", ".join(check.addresses),
            loss=check.loss_percent,
        )
    return exam.ok(
        Step.WECHAT_CHECK,
        msgid("微信能解析并连上回调地址（%(addresses)s）。"),
        addresses=", ".join(check.addresses),
    )


def examine_push(exam: Examination, *, since: datetime | None = None) -> Finding | None:
    """Examine whether a real push, or check, of WeChat's has come, since a moment or lately."""
    if not _is_pushed_to(exam) or exam.row.sealed_token is None:
        return None
    earliest = since or exam.now - _RECENTLY
    health = _get_health(exam)
    pushed_at, refused_at = _get_last_push(exam), health.refused_at if health else None
    reason = (health.refused_reason if health else None) or ""
    good = max((at for at in (pushed_at, health and health.verified_at) if at), default=None)
    is_latest = refused_at and refused_at >= earliest and (good is None or refused_at > good)
    if is_latest and push_refusals.check_telling(reason):
        return _explain_refusal(exam, Step.PUSH, reason)
    if good is None or good < earliest:
        words = (
            msgid("还在等：到现在为止没有收到微信的推送。")
            if since
            else msgid("最近 30 天没有收到微信的推送。")
        )
        return exam.unknown(Step.PUSH, words, _PRESS)
    if pushed_at == good:
        return exam.ok(Step.PUSH, msgid("收到了微信的推送。"))
    return exam.ok(
        Step.PUSH,
        msgid("微信检查了服务器地址，结果正确；还没有消息推送过来。"),
        msgid("再用自己的微信给这个帐号发一条消息，确认推送也能收到。"),
    )


def examine_mode(exam: Examination) -> Finding | None:
    """Examine whether what arrives is encrypted as the account's mode says."""
    if not _is_pushed_to(exam) or exam.row.sealed_token is None:
        return None
    if exam.row.kind == AppKind.TEST and exam.row.mode != MessageMode.PLAIN:
        return exam.wrong(
            Step.MODE,
            msgid("测试号只有明文模式，这里却设成了别的。"),
            msgid("把这里的消息加解密方式改为明文模式。"),
        )
    if exam.row.mode != MessageMode.PLAIN and exam.app.aes_key is None:
        return exam.wrong(
            Step.MODE,
            msgid("这里选了加密，却没有填写消息加解密密钥(EncodingAESKey)。"),
            _COPY_KEY,
        )
    health, pushed_at = _get_health(exam), _get_last_push(exam)
    reason = health.refused_reason if health else None
    is_latest = health and health.refused_at and (not pushed_at or health.refused_at > pushed_at)
    if is_latest and reason in _MODE_REASONS | _KEY_REASONS:
        return _explain_refusal(exam, Step.MODE, reason or "")
    if pushed_at is None:
        return exam.unknown(
            Step.MODE, msgid("还没有收到推送，不知道微信那边选的是哪种方式。"), _PRESS
        )
    return exam.ok(Step.MODE, msgid("收到的推送与设置的加解密方式一致。"))


def check_own(echo: str) -> bool:
    """Tell whether a check of the callback URL is one of ours, and no sign of WeChat's."""
    return echo.startswith(_ECHO_PREFIX)


def _is_pushed_to(exam: Examination) -> bool:
    """Tell whether the account is one that people write to; others need no pushes."""
    return exam.row.has(Right.CHAT)


def _url(exam: Examination) -> str:
    return exam.site.url(CALLBACK_PATH + exam.row.appid)


def _judge_echo(exam: Examination, seen: Seen, echo: str) -> Finding:
    url = _url(exam)
    if seen.status == _OK and seen.body == echo.encode():
        return exam.ok(Step.CALLBACK, msgid("回调地址可以打开，令牌校验正确：%(url)s"), url=url)
    if seen.status == _FORBIDDEN:
        return exam.wrong(
            Step.CALLBACK,
            msgid("回调地址拒绝了用这个令牌签的请求：那里的服务存着另一个令牌。"),
            msgid(
                "公开地址可能指向了另一个服务，或另一个数据库。确认它指向这个服务后，"
                "在微信公众平台「设置与开发 → 基本配置 → 服务器配置」里重新填写令牌并提交。"
            ),
        )
    if seen.sent_to is not None:
        return exam.wrong(
            Step.CALLBACK,
            msgid("回调地址 %(url)s 被转到了 %(to)s，微信不会跟着转。"),
            msgid("在反向代理里去掉这个跳转(例如登录墙、http 转 https、www)，让它直接到达服务。"),
            url=url,
            to=seen.sent_to,
        )
    return exam.wrong(
        Step.CALLBACK,
        msgid("回调地址 %(url)s 没有原样返回微信的 echostr（HTTP %(status)s）。"),
        _CONSOLE,
        url=url,
        status=seen.status,
    )


def _explain_refusal(exam: Examination, step: Step, reason: str) -> Finding:
    say = exam.site.translate
    return exam.wrong(
        step,
        msgid("微信推来的消息被拒绝了：%(why)s（%(phrase)s）。"),
        _get_remedy(reason),
        why=say(push_refusals.explain(reason)),
        phrase=reason,
        url=_url(exam),
        mode=say(_MODES[MessageMode(exam.row.mode)]),
    )


def _get_remedy(reason: str) -> str:
    if reason in _MODE_REASONS:
        return msgid(
            "让两边相同：在微信公众平台「设置与开发 → 基本配置 → 服务器配置 → 消息加解密方式」"
            "选择%(mode)s，或者改这里的设置。"
        )
    if reason in _KEY_REASONS:
        return _COPY_KEY
    return _CONSOLE if reason in _TOKEN_REASONS else push_refusals.advise(reason)


_MODES = {
    MessageMode.PLAIN: msgid("明文模式"),
    MessageMode.COMPATIBLE: msgid("兼容模式"),
    MessageMode.SAFE: msgid("安全模式"),
}


def _get_health(exam: Examination) -> AccountHealth | None:
    return db.session.get(AccountHealth, exam.row.appid, populate_existing=True)


def _get_last_push(exam: Examination) -> datetime | None:
    last = func.max(ReceivedMessage.received_at)
    return db.session.scalar(select(last).where(ReceivedMessage.appid == exam.row.appid))
