"""Whether the settings fit each other, and the way on which requests reach us."""

from urllib.parse import urlsplit

from wechatlogin.config import Environment
from wechatlogin.i18n import msgid
from wechatlogin.services import wechat_apps
from wechatlogin.services.doctor.examination import Examination
from wechatlogin.services.doctor.finding import Finding, Step
from wechatlogin.wechat.app import Platform

_HERE = frozenset({"127.0.0.1", "localhost", "::1"})

_ON_PAGE = msgid("命令行看不到请求是怎样到达的。")
_OPEN_PAGE = msgid("在浏览器里打开 %(url)s 再检查一次。")
_PAGE = "/operator/doctor"


def examine_settings(exam: Examination) -> Finding:
    """Examine the settings for what is permitted one by one, but not together."""
    settings = exam.site.settings
    host = urlsplit(settings.public_url).hostname or ""
    is_public = host not in _HERE
    if settings.environment == Environment.DEVELOPMENT and is_public and settings.is_https:
        return exam.wrong(
            Step.SETTINGS,
            msgid("ENVIRONMENT 是 development，公开地址却是给大家用的。"),
            msgid("设置 ENVIRONMENT=production，按提示补上缺少的设置。"),
        )
    if not any(_check_among(host, each.partition(":")[0]) for each in settings.hosts):
        return exam.wrong(
            Step.SETTINGS,
            msgid("TRUSTED_HOSTS 里没有公开地址的主机名 %(host)s，人们打开会看到 400。"),
            msgid("把 %(host)s 写进 TRUSTED_HOSTS。"),
            host=host,
        )
    if not wechat_apps.get_all():
        return exam.wrong(
            Step.SETTINGS,
            msgid("还没有添加微信账号。"),
            msgid("打开 %(url)s，按步骤添加第一个账号。"),
            url=exam.site.url("/operator/setup"),
        )
    if settings.wechat_api_url != Platform().api_url:
        return exam.ok(
            Step.SETTINGS,
            msgid("设置可以使用；微信的接口地址是 %(url)s，不是微信的正式地址。"),
            msgid("正式使用时去掉 WECHAT_API_URL、WECHAT_OPEN_URL 和 WECHAT_MP_URL。"),
            url=settings.wechat_api_url,
        )
    return exam.ok(Step.SETTINGS, msgid("设置可以使用。"))


def _check_among(host: str, trusted: str) -> bool:
    """Tell whether a trusted host is this one; with a dot before it, it is a whole domain."""
    return host == trusted.removeprefix(".") or (trusted[:1] == "." and host.endswith(trusted))


def examine_proxies(exam: Examination) -> Finding:
    """Compare the proxies that the operator's own request came through with those that are set."""
    if exam.arrival is None:
        return exam.unknown(Step.PROXIES, _ON_PAGE, _OPEN_PAGE, url=exam.site.url(_PAGE))
    there, trusted = len(exam.arrival.forwarded_for), exam.site.settings.trusted_proxies
    if there == trusted:
        if trusted == 0:
            return exam.ok(Step.PROXIES, msgid("前面没有反向代理，设置也是这样。"))
        return exam.ok(
            Step.PROXIES,
            msgid("请求经过 %(there)s 层反向代理，与 TRUSTED_PROXIES 一致。"),
            there=there,
        )
    if there > trusted:
        return exam.wrong(
            Step.PROXIES,
            msgid(
                "请求经过 %(there)s 层反向代理，TRUSTED_PROXIES 却是 %(trusted)s："
                "所有人看起来都来自代理的地址，次数限制会一起算。"
            ),
            msgid("如果这些都是你自己的代理，设置 TRUSTED_PROXIES=%(there)s 后重启。"),
            there=there,
            trusted=trusted,
        )
    return exam.wrong(
        Step.PROXIES,
        msgid(
            "TRUSTED_PROXIES 是 %(trusted)s，请求却只经过 %(there)s 层："
            "别人可以在 X-Forwarded-For 里冒充任何地址。"
        ),
        msgid(
            "设置 TRUSTED_PROXIES=%(there)s 后重启；"
            "或者让每一层代理都加上 X-Forwarded-For（nginx：$proxy_add_x_forwarded_for）。"
        ),
        there=there,
        trusted=trusted,
    )


def examine_cookies(exam: Examination) -> Finding:
    """Examine whether the operator's own request came by https as far as we can see."""
    if exam.arrival is None:
        return exam.unknown(Step.COOKIES, _ON_PAGE, _OPEN_PAGE, url=exam.site.url(_PAGE))
    if not exam.site.settings.is_https:
        return exam.ok(
            Step.COOKIES,
            msgid("公开地址是 http，Cookie 没有 https 的保护；只适合开发。"),
            msgid("正式使用时 PUBLIC_URL 要以 https:// 开头。"),
        )
    if not exam.arrival.is_https:
        return exam.wrong(
            Step.COOKIES,
            msgid("公开地址是 https，服务看到的请求却是 http。"),
            msgid(
                "让反向代理设置 X-Forwarded-Proto"
                "（nginx：proxy_set_header X-Forwarded-Proto $scheme），"
                "并把 TRUSTED_PROXIES 设为代理的层数。"
            ),
        )
    if not exam.arrival.has_host_cookie:
        return exam.wrong(
            Step.COOKIES,
            msgid("浏览器没有带来以 __Host- 开头的 Cookie。"),
            msgid("检查反向代理有没有改写 Set-Cookie 的 Path、Domain 或 Secure。"),
        )
    return exam.ok(Step.COOKIES, msgid("请求经过 https，Cookie 带着 __Host- 保护到达。"))
