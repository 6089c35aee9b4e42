"""Whether the installation is reached as people and WeChat reach it, and keeps WeChat's time."""

from datetime import timedelta
from urllib.parse import urlsplit

from wechatlogin.config import Environment
from wechatlogin.i18n import msgid
from wechatlogin.services.doctor.examination import Examination
from wechatlogin.services.doctor.finding import Finding, Step
from wechatlogin.wechat.access_token import CLASSIC_PATH
from wechatlogin.wechat.visiting import CertificateRefused, NotSeen

_HEALTH = "/healthz"
_HEALTHY = b"ok"
_OK, _BAD_REQUEST = 200, 400
_SOON = timedelta(days=14)
#: WeChat's pushes are taken within five minutes; beyond one the clock is not kept at all.
_TOLERATED = timedelta(minutes=1)
#: A date in HTTP has whole seconds: on average the moment was half of one later.
_HALF_SECOND = timedelta(seconds=0.5)


def examine_public_url(exam: Examination) -> Finding:
    """Fetch our own page of health from `PUBLIC_URL`, as anybody else would."""
    url = exam.site.settings.public_url
    try:
        seen = exam.visitor.look(url + _HEALTH)
    except NotSeen as err:
        return exam.wrong(
            Step.PUBLIC_URL,
            msgid("打不开公开地址 %(url)s（%(why)s）。"),
            msgid(
                "检查域名解析是否指向这里、防火墙和安全组是否开放 80 和 443、反向代理是否在运行。"
                "如果别人能打开，只是这台服务器访问不到自己的公网地址，"
                "在 /etc/hosts 里把域名指向反向代理。"
            ),
            url=url,
            why=err.reason,
        )
    if seen.status == _OK and seen.body.strip() == _HEALTHY:
        return exam.ok(Step.PUBLIC_URL, msgid("公开地址 %(url)s 能打开。"), url=url)
    if seen.sent_to is not None:
        return exam.wrong(
            Step.PUBLIC_URL,
            msgid("公开地址 %(url)s 把人转到了 %(to)s。"),
            msgid("把 PUBLIC_URL 改成人们真正打开的地址，或者在反向代理里去掉这个跳转。"),
            url=url,
            to=seen.sent_to,
        )
    if seen.status == _BAD_REQUEST:
        return exam.wrong(
            Step.PUBLIC_URL,
            msgid("服务不接受公开地址的主机名（HTTP 400）。"),
            msgid("把 %(host)s 写进 TRUSTED_HOSTS，并让反向代理原样传递 Host 请求头。"),
            host=urlsplit(url).netloc,
        )
    return exam.wrong(
        Step.PUBLIC_URL,
        msgid("在公开地址 %(url)s 回答的不是这个服务（HTTP %(status)s）。"),
        msgid("让反向代理把整个域名转给 %(bind)s。"),
        url=url,
        status=seen.status,
        bind=exam.site.settings.bind,
    )


def examine_certificate(exam: Examination) -> Finding:
    """Examine whether browsers accept the certificate of `PUBLIC_URL`, and for how long still."""
    settings = exam.site.settings
    if not settings.is_https:
        return _without_https(exam)
    try:
        end = exam.visitor.get_certificate_end(settings.public_url)
    except CertificateRefused as err:
        return exam.wrong(
            Step.CERTIFICATE,
            _misfit(err),
            msgid("换上这个域名的有效证书，连同中间证书。"),
            why=err.reason,
        )
    except NotSeen as err:
        return exam.unknown(
            Step.CERTIFICATE,
            msgid("看不到证书（%(why)s）。"),
            msgid("先让「公开地址」这一步通过。"),
            why=err.reason,
        )
    days = (end - exam.now).days
    if end - exam.now < _SOON:
        return exam.wrong(
            Step.CERTIFICATE,
            msgid("证书再过 %(days)s 天到期。"),
            msgid("更新证书，并检查自动更新为什么没有运行。"),
            days=days,
        )
    return exam.ok(Step.CERTIFICATE, msgid("证书有效，还有 %(days)s 天到期。"), days=days)


def examine_clock(exam: Examination) -> Finding:
    """Compare our clock with the one in WeChat's answers."""
    try:
        # WeChat answers a call without anything in it, and counts it for nobody.
        seen = exam.visitor.look(exam.site.settings.wechat_api_url + CLASSIC_PATH)
    except NotSeen as err:
        return exam.unknown(
            Step.CLOCK,
            msgid("连不上微信的服务器（%(why)s）。"),
            msgid("让这台服务器能访问 %(url)s：检查出网的防火墙、代理和 DNS。"),
            why=err.reason,
            url=exam.site.settings.wechat_api_url,
        )
    if seen.at is None:
        return exam.unknown(Step.CLOCK, msgid("微信的回答里没有时间。"))
    ahead = seen.at + _HALF_SECOND - (exam.present - seen.took / 2)
    seconds = round(abs(ahead).total_seconds())
    if abs(ahead) <= _TOLERATED:
        return exam.ok(
            Step.CLOCK, msgid("时钟与微信相差 %(seconds)s 秒以内。"), seconds=max(1, seconds)
        )
    slow_or_fast = (
        msgid("时钟比微信慢 %(seconds)s 秒。")
        if ahead > timedelta(0)
        else msgid("时钟比微信快 %(seconds)s 秒。")
    )
    return exam.wrong(
        Step.CLOCK,
        slow_or_fast,
        msgid(
            "打开时间同步（NTP，例如 timedatectl set-ntp true）。"
            "相差 5 分钟以上时，微信的推送会被拒绝。"
        ),
        seconds=seconds,
    )


def _without_https(exam: Examination) -> Finding:
    if exam.site.settings.environment == Environment.DEVELOPMENT:
        return exam.ok(
            Step.CERTIFICATE,
            msgid("开发环境可以用 http，不需要证书。"),
            msgid("正式使用时 PUBLIC_URL 要以 https:// 开头。"),
        )
    return exam.wrong(
        Step.CERTIFICATE,
        msgid("公开地址没有用 https。"),
        msgid("PUBLIC_URL 要以 https:// 开头。"),
    )


def _misfit(err: CertificateRefused) -> str:
    if err.is_expired:
        return msgid("证书已经到期（%(why)s）。")
    if err.is_of_another_host:
        return msgid("证书是别的域名的（%(why)s）。")
    return msgid("浏览器不信任这个证书（%(why)s）。")
