"""The one place that answers errors: as a page, as our JSON, or as a front door's envelope.

Whatever is raised becomes a `LoginError` first; its blueprint decides the format. Nothing that
people see holds a stack, a setting or the query.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta

from flask import (
    Flask,
    Response,
    current_app,
    g,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext
from flask_limiter import RateLimitExceeded
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, SecurityError
from werkzeug.wrappers import Response as AnyResponse

from wechatlogin import logs, metrics
from wechatlogin.errors import LoginError, LoginRequired, PushRefused, RateLimited
from wechatlogin.i18n import msgid
from wechatlogin.models.transaction import let_go
from wechatlogin.web.context import wants_json
from wechatlogin.wechat.errors import PlatformError

log = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 5

Renderer = Callable[[LoginError], AnyResponse]


class ServerTrouble(LoginError):
    """Something of ours is broken."""

    code = "server_error"
    status = 500
    message = msgid("服务器出错了，请稍后再试。")


class DatabaseBusy(LoginError):
    """The database does not answer in time."""

    code = "database_busy"
    status = 503
    message = msgid("服务器正忙，请稍后再试。")


class PageNotFound(LoginError):
    code = "not_found"
    status = 404
    message = msgid("没有这个页面。")


class FormOutdated(LoginError):
    code = "form_outdated"
    status = 400
    message = msgid("这个页面放得太久了，请返回刷新后再试。")


class NotAccepted(LoginError):
    """The request is not one that this address takes; `status` says why."""

    code = "not_accepted"
    message = msgid("这个地址不接受这样的请求。")

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__()


def init_app(app: Flask, front_doors: Mapping[str, Renderer]) -> None:
    """Answer every error of an app here; a front door is a blueprint with its own envelope."""
    app.extensions["wechatlogin-renderers"] = {
        "pushes": _render_text,
        "health": _render_text,
        "metrics": _render_text,
        "authing_events": _render_text,
        "waiting": _render_json,
        "page_scans": _render_json,
        **front_doors,
    }
    app.register_error_handler(LoginError, answer)
    app.register_error_handler(HTTPException, _answer_http)
    app.register_error_handler(OperationalError, _answer_database)
    # What MariaDB's driver says of a connection that has been lost before.
    app.register_error_handler(InterfaceError, _answer_database)
    app.register_error_handler(PoolTimeout, _answer_database)
    app.register_error_handler(Exception, _answer_bug)


def answer(err: LoginError) -> AnyResponse:
    """Answer an error as the blueprint that was asked does."""
    _log(err)
    response = (_get_renderer() or render)(err)
    if isinstance(err, RateLimited):
        metrics.RATE_LIMITED.labels(request.endpoint or "none").inc()
        response.headers["Retry-After"] = str(max(1, int(err.resets_in.total_seconds())))
    elif err.status == 503:
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def _answer_http(err: HTTPException) -> AnyResponse:
    if err.response is not None:
        return make_response(err.response)
    if isinstance(err, SecurityError):
        # The host is not ours, so no address of ours can be made for a page.
        return _render_text(NotAccepted(400))
    response = answer(_translate(err))
    for name, value in err.get_headers():
        if name in {"Retry-After", "Allow"}:
            response.headers[name] = value
    return response


def _answer_database(err: Exception) -> AnyResponse:
    let_go()
    # Whoever makes the page would wait for it once more.
    g.is_database_away = True
    log.warning("the database does not answer: %s", type(err).__name__)
    return answer(DatabaseBusy())


def _answer_bug(err: Exception) -> AnyResponse:
    let_go()
    log.error("the request failed", exc_info=err)
    renderer = _get_renderer()
    trouble = ServerTrouble()
    return renderer(trouble) if renderer else render(trouble, request_id=logs.request_id.get())


def _get_renderer() -> Renderer | None:
    """Return how the front door that was asked says what went wrong."""
    renderers: dict[str, Renderer] = current_app.extensions["wechatlogin-renderers"]
    return renderers.get(request.blueprint or "")


def _translate(err: HTTPException) -> LoginError:
    if isinstance(err, CSRFError):
        return FormOutdated()
    if isinstance(err, RateLimitExceeded):
        return RateLimited(timedelta(seconds=err.limit.limit.get_expiry()))
    match err.code:
        case 404:
            return PageNotFound()
        case _:
            return NotAccepted(err.code or 500)


def _log(err: LoginError) -> None:
    if isinstance(err, PlatformError):
        log.warning("WeChat: %s", err.detail)
    elif isinstance(err, PushRefused):
        log.warning("push refused: %s", err.reason)
        metrics.PUSHES_REFUSED.labels(err.reason).inc()


def render(err: LoginError, request_id: str | None = None) -> AnyResponse:
    """Answer an error as a page, or as our JSON where the caller prefers it."""
    if wants_json():
        return _render_json(err)
    if isinstance(err, LoginRequired):
        next_path = request.full_path.rstrip("?") if request.method == "GET" else None
        return redirect(url_for("login.start", next=next_path), 302)
    page = render_template(
        "message.html",
        kind="warning" if err.status < 500 else "error",
        title=gettext("没有完成"),
        text=gettext(err.message),
        action={"label": gettext("回到登录页"), "url": url_for("login.start")},
        error_code=err.code,
        request_id=request_id,
        retry=None,
    )
    return make_response(page, err.status)


def _render_json(err: LoginError) -> Response:
    return make_response(jsonify(error=err.code, message=gettext(err.message)), err.status)


def _render_text(err: LoginError) -> Response:
    return Response(gettext(err.message), err.status, mimetype="text/plain")
