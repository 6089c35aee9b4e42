"""The steps from a WeChat app to a login that works: what to click, what to paste, how it stands.

Which steps there are follows from what the account may do; how each stands, from what WeChat's
side has shown (`services/setup.py`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from flask import url_for
from flask_babel import gettext

from wechatlogin.models import WeChatAppRow
from wechatlogin.services.doctor import Finding, State, Step
from wechatlogin.services.setup import Progress
from wechatlogin.services.site import Site
from wechatlogin.web import words
from wechatlogin.web.operator import console_values, doctor
from wechatlogin.web.operator.console_values import ConsoleValue
from wechatlogin.wechat.app import AppKind, Right

SANDBOX_URL = "https://mp.weixin.qq.com/debug/cgi-bin/sandboxinfo?action=showinfo&t=sandbox/index"
OFFICIAL_URL = "https://mp.weixin.qq.com/"
OPEN_URL = "https://open.weixin.qq.com/"
#: What the doctor examines for each card.
EXAMINED = {
    "secret": (Step.SECRET, Step.WHITE_LIST),
    "callback": (
        # Whoever cannot reach us cannot reach the callback URL.
        *(Step.PUBLIC_URL, Step.CERTIFICATE),
        *(Step.CALLBACK, Step.WECHAT_CHECK, Step.PUSH, Step.MODE),
    ),
    "domain": (Step.DOMAIN,),
    "login": (Step.RIGHTS,),
}


@dataclass(frozen=True)
class SetupStep:
    """One card: what to do, with the values to paste, and what is already shown to work."""

    key: str
    title: str
    #: success, warning or error.
    state: str
    state_text: str
    lines: tuple[str, ...]
    to_paste: tuple[ConsoleValue, ...] = ()
    #: Changes when something has happened, so that an open page notices.
    at: str = ""
    #: A button that sends a form of ours, and one that leads elsewhere.
    post_url: str | None = None
    post_label: str | None = None
    link_url: str | None = None
    link_label: str | None = None
    #: Where a file is sent to.
    upload_url: str | None = None
    files: tuple[str, ...] = ()
    #: Where the doctor is asked to examine it, and what it has found just now.
    examine_url: str = ""
    findings: tuple[Mapping[str, object], ...] = ()


def get_steps(
    site: Site,
    row: WeChatAppRow,
    progress: Progress,
    *,
    once: list[ConsoleValue],
    problem: str | None,
    now: datetime,
) -> list[SetupStep]:
    """Return the steps of an app; `once` are new secrets, `problem` is what WeChat just said."""
    steps = [_secret(row, progress, problem)]
    if row.has(Right.CHAT):
        steps.append(_callback(site, row, progress, once=once, now=now))
    if row.has(Right.WEB_AUTHORIZATION) or row.has(Right.WEBSITE_LOGIN):
        steps.append(_domain(site, row, progress))
    if AppKind(row.kind) is not AppKind.MINI_PROGRAM:
        steps.append(_login(row, progress, now))
    return [replace(step, examine_url=_examine_url(row, step.key)) for step in steps]


def add_findings(step: SetupStep, found: Sequence[Finding], appid: str) -> SetupStep:
    """Return a card with what the doctor has found; what is wrong outdoes what worked before."""
    shown = replace(step, findings=tuple(doctor.describe(finding, appid) for finding in found))
    wrong = sum(finding.state is State.WRONG for finding in found)
    if wrong == 0:
        return shown
    text = gettext("检查发现 %(count)s 处问题，见下面。", count=wrong)
    return replace(shown, state="error", state_text=text)


def _examine_url(row: WeChatAppRow, key: str) -> str:
    # The page is long, and comes back at the card.
    return url_for("operator_setup.examine", appid=row.appid, key=key, _anchor=key)


def _secret(row: WeChatAppRow, progress: Progress, problem: str | None) -> SetupStep:
    if problem is not None:
        state, text = "error", problem
    elif progress.has_token or progress.last_login_at:
        state, text = "success", gettext("微信接受了 AppID 和 AppSecret。")
    elif row.has(Right.ACCESS_TOKEN):
        state, text = "warning", gettext("还没有用它们取到过 access_token。")
    else:
        state, text = "success", gettext("已保存。")
    needs_list = row.has(Right.CHAT) and AppKind(row.kind) is not AppKind.TEST
    white_list = gettext(
        "微信只接受白名单里的服务器：在「设置与开发 → 基本配置 → IP 白名单」里加上本服务器的"
        "公网 IP。不知道是哪个时，点下面的按钮，微信会说出它看到的地址。"
    )
    return SetupStep(
        "secret",
        gettext("AppID 和 AppSecret"),
        state,
        text,
        (white_list,) if needs_list else (),
        at="token" if progress.has_token else "",
        link_url=url_for("operator_wechat_apps.edit", appid=row.appid),
        link_label=gettext("修改"),
    )


def _callback(
    site: Site,
    row: WeChatAppRow,
    progress: Progress,
    *,
    once: list[ConsoleValue],
    now: datetime,
) -> SetupStep:
    state, text = _heard(progress, is_new=bool(once), now=now)
    return SetupStep(
        "callback",
        gettext("接收微信的消息"),
        state,
        text,
        tuple(_where_callback(row, once)),
        (*console_values.callback(site, row), *once),
        at=f"{progress.heard_at} {progress.refused_at}",
        post_url=url_for("operator_setup.renew_token", appid=row.appid),
        post_label=gettext("换一套 Token") if row.sealed_token else gettext("生成 Token"),
        link_url=SANDBOX_URL if AppKind(row.kind) is AppKind.TEST else OFFICIAL_URL,
        link_label=gettext("打开微信后台"),
    )


def _heard(progress: Progress, *, is_new: bool, now: datetime) -> tuple[str, str]:
    if progress.refused_at is not None:
        at = words.moment(progress.refused_at, now=now)
        return "error", gettext(
            "%(at)s 拒绝了一次请求：Token、EncodingAESKey 或加解密方式与微信后台填的不一致。", at=at
        )
    if progress.heard_at is not None and not is_new:
        at = words.moment(progress.heard_at, now=now)
        return "success", gettext("%(at)s 收到过微信的请求，签名正确。", at=at)
    return "warning", gettext("正在等微信来检查这个地址。在微信后台提交后，这里会自己更新。")


def _where_callback(row: WeChatAppRow, once: list[ConsoleValue]) -> Iterator[str]:
    if AppKind(row.kind) is AppKind.TEST:
        yield gettext("在测试号页面的「接口配置信息」里点「修改」，填写下面的值，点「提交」。")
    else:
        yield gettext(
            "在微信公众平台「设置与开发 → 基本配置 → 服务器配置」里点「修改配置」，填写下面的值，"
            "点「提交」，再点「启用」。数据格式选 XML 或 JSON 都可以。"
        )
    if once and AppKind(row.kind) is AppKind.TEST:
        yield gettext("Token 只显示这一次；离开这一页后丢了就再换一个。")
    elif once:
        yield gettext("Token 和 EncodingAESKey 只显示这一次；离开这一页后丢了就再换一套。")
    elif row.sealed_token:
        yield gettext("Token 已保存，不再显示。换一套以后，微信后台也要填新的。")
    elif AppKind(row.kind) is AppKind.TEST:
        yield gettext("先生成 Token，再一起填进去。")
    else:
        yield gettext("先生成 Token 和 EncodingAESKey，再一起填进去。")


def _domain(site: Site, row: WeChatAppRow, progress: Progress) -> SetupStep:
    state, text = "warning", gettext("有人用微信登录成功以后，才知道填得对不对。")
    if progress.last_login_at is not None:
        state, text = "success", gettext("最近 7 天有人登录成功。")
    values = tuple(console_values.domain(site, row))
    has_file = AppKind(row.kind) is AppKind.SERVICE
    return SetupStep(
        "domain",
        values[0].label,
        state,
        text,
        (_where_domain(AppKind(row.kind)),),
        values,
        at=str(progress.last_login_at),
        link_url=OPEN_URL if AppKind(row.kind) is AppKind.WEBSITE else None,
        link_label=gettext("打开微信开放平台"),
        upload_url=url_for("operator_setup.upload", appid=row.appid) if has_file else None,
        files=tuple(file.name for file in progress.files),
    )


def _where_domain(kind: AppKind) -> str:
    if kind is AppKind.TEST:
        return gettext(
            "在测试号页面「体验接口权限表 → 网页账号」的「修改」里填写下面的域名，可以带端口，"
            "不带 http://。不需要校验文件。"
        )
    if kind is AppKind.WEBSITE:
        return gettext(
            "在微信开放平台「管理中心 → 网站应用」打开这个应用，在「授权回调域」里填写下面的域名，"
            "不带 https:// 和端口。"
        )
    return gettext(
        "在微信公众平台「设置与开发 → 公众号设置 → 功能设置 → 网页授权域名」里点「设置」，"
        "先下载那里的校验文件（MP_verify_….txt），在下面上传，再填写下面的域名，点「保存」。"
    )


def _login(row: WeChatAppRow, progress: Progress, now: datetime) -> SetupStep:
    state, text = "warning", gettext("最近 7 天没有人用这个账号登录。")
    if progress.last_login_at is not None:
        at = words.moment(progress.last_login_at, now=now)
        state, text = "success", gettext("%(at)s 有人登录成功。", at=at)
    if AppKind(row.kind) is AppKind.TEST:
        how = gettext(
            "先用微信扫测试号页面上的二维码关注它：只有关注的人能登录。然后自己登录一次。"
        )
    else:
        how = gettext("现在用你自己的微信登录一次。")
    return SetupStep(
        "login",
        gettext("登录一次试试"),
        state,
        text,
        (how,),
        at=str(progress.last_login_at),
        link_url=url_for("login.start"),
        link_label=gettext("现在登录"),
    )
