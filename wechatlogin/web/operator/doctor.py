"""The doctor's page: why WeChat login does not work, step by step, and what helps.

GET|POST /operator/doctor                       choose what to examine, and examine it
GET      /operator/doctor/push/<appid>          wait until WeChat sends something
GET      /operator/doctor/push/<appid>/seen     whether it has, for the page's script
"""

from datetime import UTC, datetime, timedelta

from flask import Response, jsonify, redirect, render_template, request, url_for
from flask_babel import format_datetime, gettext
from werkzeug.wrappers import Response as AnyResponse

from wechatlogin import clock
from wechatlogin.errors import InvalidRequest, RightMissing
from wechatlogin.extensions import limiter
from wechatlogin.models import Role, WeChatAppRow
from wechatlogin.services import doctor, wechat_apps
from wechatlogin.services.doctor import Arrival, Finding, Report, State, Step
from wechatlogin.web.context import current_site
from wechatlogin.web.operator import desk
from wechatlogin.web.parameters import get_single

bp = desk.blueprint("doctor", __name__, "/doctor", role=Role.VIEWER)

#: How long a page waits for WeChat.
PATIENCE = timedelta(minutes=5)
_EPOCH = datetime.fromtimestamp(0, UTC)
_ICONS = {State.OK: "success", State.WRONG: "error", State.UNKNOWN: "warning"}


@bp.get("")
def show() -> str:
    return _page(None, get_single("appid"))


@bp.post("")
@limiter.limit("30 per minute")
def examine() -> str:
    appid = get_single("appid", source=request.form) or None
    if appid is not None:
        wechat_apps.verify(appid)
    report = doctor.examine_all(current_site(), now=clock.now(), appid=appid, arrival=_arrival())
    return _page(report, appid)


@bp.get("/push/<string(length=18):appid>")
def wait_for_push(appid: str) -> str | AnyResponse:
    now, since = clock.now(), _read_since()
    if since is None:
        return redirect(url_for(".wait_for_push", appid=appid, since=_write_since(now)), 303)
    row = wechat_apps.verify(appid)
    finding = _look(row, since, now)
    is_waiting = finding.state is State.UNKNOWN and now < since + PATIENCE
    return render_template(
        "operator/doctor_push.html",
        kind="info" if is_waiting else _ICONS[finding.state],
        headline=_wait_headline(finding, is_waiting=is_waiting),
        finding=describe(finding),
        name=row.name,
        callback_url=current_site().url(f"/api/wechat/{appid}"),
        since_text=format_datetime(since, "HH:mm:ss"),
        seen_url=url_for(".look_for_push", appid=appid, since=_write_since(since)),
        is_waiting=is_waiting,
        again_url=url_for(".wait_for_push", appid=appid),
        doctor_url=url_for(".show"),
    )


@bp.get("/push/<string(length=18):appid>/seen")
def look_for_push(appid: str) -> Response:
    now, since = clock.now(), _read_since()
    if since is None:
        raise InvalidRequest
    finding = _look(wechat_apps.verify(appid), since, now)
    return jsonify(is_over=finding.state is not State.UNKNOWN or now >= since + PATIENCE)


def _page(report: Report | None, appid: str | None) -> str:
    rows = wechat_apps.get_all()
    return render_template(
        "operator/doctor.html",
        headline=_headline(report) if report else None,
        sections=_sections(report) if report else [],
        action=url_for(".examine"),
        chosen=appid or "",
        options=[("", gettext("全部账号")), *((row.appid, row.name) for row in rows)],
    )


def _headline(report: Report) -> dict[str, str]:
    wrong, unknown = report.count(State.WRONG), report.count(State.UNKNOWN)
    if wrong:
        title = gettext("发现 %(count)s 处问题", count=wrong)
        return {
            "kind": "error",
            "title": title,
            "text": gettext("从上往下处理，改好一处再检查一次。"),
        }
    if unknown:
        title = gettext("没有发现问题，有 %(count)s 步看不出来", count=unknown)
        text = gettext("看不出来的步骤下面写了怎样确认。")
        return {"kind": "warning", "title": title, "text": text}
    return {"kind": "success", "title": gettext("每一步都正常"), "text": ""}


def _sections(report: Report) -> list[dict[str, object]]:
    installation = {
        "title": gettext("这个服务"),
        "appid": None,
        "findings": [describe(finding) for finding in report.installation],
    }
    apps = [
        {
            "title": app.name,
            "appid": app.appid,
            "findings": [describe(finding, app.appid) for finding in app.findings],
        }
        for app in report.apps
    ]
    return [installation, *apps]


def describe(finding: Finding, appid: str | None = None) -> dict[str, object]:
    """Return a finding as `components/finding.html` takes it."""
    states = {
        State.OK: gettext("正常"),
        State.WRONG: gettext("有问题"),
        State.UNKNOWN: gettext("看不出来"),
    }
    is_push = appid is not None and finding.step is Step.PUSH
    return {
        "title": gettext(doctor.TITLES[finding.step]),
        "kind": _ICONS[finding.state],
        "state_text": states[finding.state],
        "reason": finding.reason,
        "remedy": finding.remedy,
        "details": _details(finding),
        "wait_url": url_for("operator_doctor.wait_for_push", appid=appid) if is_push else None,
    }


def _details(finding: Finding) -> str | None:
    named = (("errcode", finding.errcode), ("rid", finding.rid))
    return " · ".join(f"{name} {value}" for name, value in named if value) or None


def _wait_headline(finding: Finding, *, is_waiting: bool) -> str:
    if is_waiting:
        return gettext("等待微信的推送")
    if finding.state is State.UNKNOWN:
        return gettext("五分钟里没有收到微信的推送")
    return gettext("收到了微信的推送") if finding.state is State.OK else gettext("推送被拒绝了")


def _look(row: WeChatAppRow, since: datetime, now: datetime) -> Finding:
    finding = doctor.look_for_push(current_site(), row, since=since, now=now)
    if finding is None:
        raise RightMissing
    return finding


def _write_since(moment: datetime) -> int:
    # To the microsecond: what came in the same second before is not what is waited for.
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _read_since() -> datetime | None:
    microseconds = get_single("since") or ""
    if not (microseconds.isascii() and microseconds.isdecimal() and len(microseconds) <= 16):
        return None
    return _EPOCH + timedelta(microseconds=int(microseconds))


def _arrival() -> Arrival:
    came_by = ",".join(request.headers.getlist("X-Forwarded-For"))
    return Arrival(
        forwarded_for=tuple(part.strip() for part in came_by.split(",") if part.strip()),
        is_https=request.is_secure,
        has_host_cookie=any(name.startswith("__Host-") for name in request.cookies),
    )
