"""The operators' pages.

GET|POST /operator/login     name and password
GET      /operator/status    does WeChat login work?
POST     /operator/logout
"""

from datetime import datetime

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from pydantic import SecretStr
from werkzeug.wrappers import Response

from wechatlogin import clock
from wechatlogin.errors import OperatorCredentialsWrong
from wechatlogin.extensions import limiter
from wechatlogin.services import health, merging, operators, sessions
from wechatlogin.services.health import AppHealth, Funnel
from wechatlogin.services.site import Browser
from wechatlogin.web import cookies, words
from wechatlogin.web.context import browser_name, current_site
from wechatlogin.web.parameters import get_single

bp = Blueprint("operator", __name__, url_prefix="/operator")


def login_limit() -> str:
    """Return how many wrong passwords one address may try."""
    return current_site().settings.limit_operator


@bp.before_request
def require_operator() -> Response | None:
    """Send whoever is no operator to the operators' login."""
    if request.endpoint in {"operator.log_in", "operator.ask"}:
        return None
    token = cookies.read(cookies.OPERATOR)
    if token is None or operators.get_logged_in(token, now=clock.now()) is None:
        return redirect(url_for("operator.ask"), 303)
    return None


@bp.get("/login")
def ask() -> str:
    return render_template("operator_login.html", action=url_for("operator.log_in"), error=None)


@bp.post("/login")
@limiter.limit(login_limit, deduct_when=lambda response: response.status_code != 303)
def log_in() -> Response | tuple[str, int]:
    name = get_single("name", source=request.form) or ""
    password = SecretStr(get_single("password", source=request.form) or "")
    try:
        token = operators.log_in(name, password, browser=_browser(), now=clock.now())
    except OperatorCredentialsWrong as err:
        page = render_template(
            "operator_login.html", action=url_for("operator.log_in"), error=gettext(err.message)
        )
        return page, err.status
    response = redirect(url_for("operator.status"), 303)
    cookies.write(response, cookies.OPERATOR, token.get_secret_value())
    return response


@bp.get("/status")
def status() -> str:
    now = clock.now()
    apps = health.get_apps()
    return render_template(
        "operator_status.html",
        headline=_headline(apps),
        funnel=_funnel(health.get_funnel(now=now)),
        apps=[_app(app, now) for app in apps],
        merges_text=_merges(merging.count_waiting()),
        errors=[],
        logout_url=url_for("operator.log_out"),
    )


@bp.post("/logout")
def log_out() -> Response:
    token = cookies.read(cookies.OPERATOR)
    if token is not None:
        sessions.end(token, now=clock.now())
    response = redirect(url_for("operator.ask"), 303)
    cookies.remove(response, cookies.OPERATOR)
    return response


def _browser() -> Browser:
    return Browser(
        binding="",
        is_bound=False,
        name=browser_name(),
        ip=request.remote_addr,
        session_token=cookies.read(cookies.OPERATOR),
    )


def _headline(apps: list[AppHealth]) -> dict[str, str]:
    if not apps:
        return {
            "kind": "error",
            "title": gettext("还没有配置公众号"),
            "text": gettext("请用 flask wechat-app save 添加一个公众号。"),
        }
    if all(app.last_push_at is None for app in apps):
        return {
            "kind": "warning",
            "title": gettext("还没有收到微信的消息"),
            "text": gettext("请在微信后台提交服务器地址，或给公众号发一条消息。"),
        }
    return {
        "kind": "success",
        "title": gettext("微信登录已接通"),
        "text": gettext("已收到微信的消息推送。"),
    }


def _merges(count: int) -> str | None:
    if not count:
        return None
    return gettext(
        "%(count)s 对账号可能是同一个人，要由你决定。请运行 flask person merges 查看。", count=count
    )


def _funnel(funnel: Funnel) -> list[dict[str, object]]:
    steps = (
        (gettext("已显示"), funnel.started),
        (gettext("已扫码"), funnel.scanned),
        (gettext("已确认"), funnel.confirmed),
        (gettext("已登录"), funnel.claimed),
    )
    most = max(1, funnel.started)
    return [
        {"label": label, "count": count, "percent": round(100 * count / most)}
        for label, count in steps
    ]


def _app(app: AppHealth, now: datetime) -> dict[str, object]:
    rows = (
        (gettext("消息推送"), app.last_push_at),
        (gettext("最近登录"), app.last_login_at),
        (gettext("access_token 有效期至"), app.token_expires_at),
    )
    return {
        "name": app.row.name,
        "kind_text": words.kind(app.row.kind),
        "appid_short": f"{app.row.appid[:4]}…{app.row.appid[-4:]}",
        "rights_text": words.rights(app.row.kind),
        "missing_text": words.missing_rights(app.row.kind),
        "rows": [
            {
                "label": label,
                "value": words.moment(at, now=now) if at else gettext("还没有"),
                "state_text": gettext("正常") if at else gettext("未知"),
                "state_kind": "success" if at else "info",
            }
            for label, at in rows
        ],
    }
