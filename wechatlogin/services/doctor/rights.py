"""Whether the account may do what it is used for: its rights, and its message template."""

from datetime import timedelta

from sqlalchemy import select

from wechatlogin.errors import TemplateRefused
from wechatlogin.extensions import db
from wechatlogin.i18n import msgid
from wechatlogin.models import Application, Attempt, PlatformErrorCount, Way
from wechatlogin.services import applications, templates, ways, wechat_apps
from wechatlogin.services.doctor.examination import Examination
from wechatlogin.services.doctor.finding import Finding, State, Step
from wechatlogin.services.templates import ChosenTemplate
from wechatlogin.wechat import sending, users
from wechatlogin.wechat.app import AppKind, Right
from wechatlogin.wechat.errors import PlatformError

#: WeChat makes no code for a shorter time that anybody could scan.
_QR_LIFETIME = timedelta(seconds=60)
_QR_SCENE = "doctor"
_NO_RIGHT = (48001, 10003, 10005)
#: The calls that are not made here, by the right that they need.
_NEEDED = {
    users.PATH: Right.USER_INFO,
    sending.TEMPLATE_PATH: Right.TEMPLATE_MESSAGE,
    sending.TEXT_PATH: Right.CUSTOMER_MESSAGE,
}
_LATELY = timedelta(days=1)

_NOT_ENTITLED = msgid(
    "到微信公众平台「设置与开发 → 接口权限」查看：带参数二维码和网页授权需要已认证的服务号。"
    "帐号没有认证的话，把这里的帐号类型改成实际的类型，登录就会改用号码或验证码。"
)


def examine_rights(exam: Examination) -> Finding:
    """Examine whether WeChat lets the account do what its kind may, and the ways in use need."""
    refusal = _get_refusal(exam)
    if refusal is not None:
        return Finding(
            Step.RIGHTS,
            State.WRONG,
            exam.site.translate(
                msgid("最近 24 小时内微信说这个帐号没有权限（%(path)s，%(number)s）。"),
                path=refusal.path,
                number=refusal.errcode,
            ),
            exam.site.translate(_NOT_ENTITLED),
            errcode=refusal.errcode,
            rid=refusal.rid,
        )
    if exam.row.has(Right.PARAMETRIC_QR):
        try:
            # One of the 100,000 a day; nobody is shown it.
            exam.client.create_qrcode(_QR_SCENE, _QR_LIFETIME)
        except PlatformError as err:
            return exam.refused(Step.RIGHTS, err)
    return _judge_ways(exam)


def examine_template(exam: Examination) -> Finding | None:
    """Compare the template that carries codes with the account's own list."""
    row = exam.row
    if row.template_id is None or row.template_fields is None:
        return None
    try:
        listed = exam.client.get_templates()
        chosen = ChosenTemplate(row.template_id, row.template_fields)
        template = templates.verify_fields(exam.site, AppKind(row.kind), chosen, listed)
    except PlatformError as err:
        return exam.refused(Step.TEMPLATE, err)
    except TemplateRefused as err:
        return Finding(
            Step.TEMPLATE,
            State.WRONG,
            err.message,
            exam.site.translate(
                msgid(
                    "在微信公众平台「广告与服务 → 模板消息 → 我的模板」查看编号和字段，"
                    "重新选择模板。"
                )
            ),
        )
    return exam.ok(Step.TEMPLATE, msgid("模板「%(title)s」和它的字段都对。"), title=template.title)


def _get_refusal(exam: Examination) -> PlatformErrorCount | None:
    # What its kind may not do is not asked for any more.
    paths = [path for path, right in _NEEDED.items() if exam.row.has(right)]
    return db.session.scalar(
        select(PlatformErrorCount)
        .where(
            PlatformErrorCount.appid == exam.row.appid,
            PlatformErrorCount.errcode.in_(_NO_RIGHT),
            PlatformErrorCount.path.in_(paths),
            PlatformErrorCount.last_at > exam.now - _LATELY,
        )
        .order_by(PlatformErrorCount.last_at.desc())
        .limit(1)
    )


def _judge_ways(exam: Examination) -> Finding:
    unserved = _get_unserved(exam)
    if unserved:
        return exam.wrong(
            Step.RIGHTS,
            msgid("应用要用的登录方式没有帐号能提供：%(ways)s。"),
            msgid("为应用添加有这个权限的帐号，或者从它的登录方式里去掉这一种。"),
            ways=", ".join(unserved),
        )
    if not exam.row.has(Right.WEB_AUTHORIZATION):
        return exam.ok(Step.RIGHTS, msgid("帐号的权限够它提供的登录方式使用。"))
    if _check_authorized(exam):
        return exam.ok(Step.RIGHTS, msgid("帐号有权限，网页授权最近成功过。"))
    return exam.unknown(
        Step.RIGHTS,
        msgid("能生成带参数二维码；网页授权只有在微信里打开页面才知道。"),
        msgid(
            "用自己的微信打开 %(url)s 登录一次。如果微信显示 10003 或「redirect_uri 参数错误」，"
            "核对网页授权域名；显示 10005 或「Scope 参数错误」，说明帐号没有网页授权的权限。"
        ),
        url=exam.site.url("/login"),
    )


def _get_unserved(exam: Examination) -> list[str]:
    """Return `application: way` for each way that an application of this account cannot offer."""
    return [
        f"{application.name}: {way}"
        for application in applications.get_all()
        if not application.appids or exam.row.appid in application.appids
        for way in application.ways
        if way in {*Way} - {Way.CODE} and not _check_served(application, Way(way))
    ]


def _check_served(application: Application, way: Way) -> bool:
    return any(ways.check_entitled(row, way) for row in wechat_apps.get_for(application))


def _check_authorized(exam: Examination) -> bool:
    """Tell whether somebody has lately come back from WeChat's authorize page and logged in."""
    lately = select(Attempt.id).where(
        Attempt.created_at > exam.now - _LATELY,
        Attempt.appid == exam.row.appid,
        Attempt.way.in_((Way.IN_WECHAT, Way.PAGE)),
        Attempt.claimed_at.is_not(None),
    )
    return db.session.scalar(lately.limit(1)) is not None
