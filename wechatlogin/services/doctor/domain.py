"""Whether WeChat finds the files on our domain by which it checks whose the domain is."""

from urllib.parse import urlsplit

from wechatlogin.i18n import msgid
from wechatlogin.models import VerificationFile
from wechatlogin.services import verification_files
from wechatlogin.services.doctor.examination import Examination
from wechatlogin.services.doctor.finding import Finding, Step
from wechatlogin.wechat.app import AppKind, Right
from wechatlogin.wechat.visiting import NotSeen, Seen

_OK = 200

_THROUGH = msgid(
    "在反向代理里让 /%(name)s 直接到达这个服务：不要登录墙，不要跳转，不要被网站自己的文件盖住。"
)


def examine_domain(exam: Examination) -> Finding | None:
    """Fetch the account's verification files from `PUBLIC_URL` as WeChat does, and compare."""
    rights = (Right.WEB_AUTHORIZATION, Right.WEBSITE_LOGIN)
    if not any(exam.row.has(right) for right in rights):
        return None
    if exam.row.kind == AppKind.TEST:
        return exam.ok(
            Step.DOMAIN,
            msgid("测试号不需要校验文件。"),
            msgid(
                "授权域名填在测试号页面「体验接口权限表 → 网页帐号 → 修改」：%(host)s（不带 http://）"
            ),
            host=_host(exam),
        )
    files = verification_files.get_all_of(exam.row)
    if not files:
        return exam.unknown(
            Step.DOMAIN, msgid("这里没有存放这个帐号的校验文件。"), _where(exam), host=_host(exam)
        )
    for file in files:
        found = _examine_file(exam, file)
        if found is not None:
            return found
    return exam.ok(
        Step.DOMAIN,
        msgid("从公开地址能取到校验文件：%(names)s"),
        _where(exam),
        names=", ".join(file.name for file in files),
        host=_host(exam),
    )


def _examine_file(exam: Examination, file: VerificationFile) -> Finding | None:
    """Return what is wrong with a file, or None."""
    try:
        seen = exam.visitor.look(exam.site.url(f"/{file.name}"))
    except NotSeen as err:
        return exam.wrong(
            Step.DOMAIN,
            msgid("从公开地址取不到校验文件 %(name)s（%(why)s）。"),
            msgid("先让「公开地址」这一步通过：域名解析、防火墙、反向代理。"),
            name=file.name,
            why=err.reason,
        )
    if seen.status == _OK and seen.body == file.content.encode():
        return None
    return exam.wrong(
        Step.DOMAIN, _misfit(seen), _THROUGH, name=file.name, status=seen.status, to=seen.sent_to
    )


def _misfit(seen: Seen) -> str:
    if seen.sent_to is not None:
        return msgid("校验文件 %(name)s 被转到了 %(to)s，微信不会跟着转。")
    if seen.status != _OK:
        return msgid("从公开地址取不到校验文件 %(name)s（HTTP %(status)s）。")
    return msgid("从公开地址取到的 %(name)s 与存放的内容不同：是别的程序在回答。")


def _where(exam: Examination) -> str:
    if exam.row.kind == AppKind.WEBSITE:
        return msgid(
            "在微信开放平台「管理中心 → 网站应用 → 修改 → 授权回调域」填写 %(host)s(不带 https://，不带端口)；"
            "如果那里要求校验文件，先把文件存放到这里。"
        )
    return msgid(
        "在微信公众平台「设置与开发 → 公众号设置 → 功能设置 → 网页授权域名」填写 %(host)s"
        "(不带 https://，不带端口)；如果那里要求 MP_verify 文件，先把文件存放到这里。"
    )


def _host(exam: Examination) -> str:
    parts = urlsplit(exam.site.settings.public_url)
    # A test account's box takes a port, and so does no other.
    return (parts.netloc if exam.row.kind == AppKind.TEST else parts.hostname) or ""
