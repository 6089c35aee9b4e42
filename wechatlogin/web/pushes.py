"""Where WeChat pushes messages and events.

GET  /api/wechat[/<appid>]    WeChat checks the address: the echo, when the signature is right
POST /api/wechat[/<appid>]    a message or an event, answered within 5 s
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from flask import Blueprint, Response, abort, request

from wechatlogin import clock
from wechatlogin.errors import NotConfigured, PushRefused
from wechatlogin.extensions import csrf
from wechatlogin.models import WeChatAppRow
from wechatlogin.services import callbacks, wechat_apps
from wechatlogin.services.doctor import callback
from wechatlogin.services.site import Site
from wechatlogin.web.context import current_site
from wechatlogin.wechat import messages
from wechatlogin.wechat.app import Right

bp = Blueprint("pushes", __name__)

#: What WeChat takes for "nothing to say"; it sends nothing to the chat and does not try again.
NOTHING_TO_SAY = "success"


@bp.get("/api/wechat")
@bp.get("/api/wechat/<string(length=18):appid>")
def check_url(appid: str | None = None) -> Response:
    return answer_check(_app_row(appid))


@bp.post("/api/wechat")
@bp.post("/api/wechat/<string(length=18):appid>")
@csrf.exempt
def receive(appid: str | None = None) -> Response:
    return answer_push(_app_row(appid))


def answer_check(row: WeChatAppRow) -> Response:
    """Answer WeChat's check of the address.

    :raise PushRefused: if WeChat cannot have sent it.
    """
    site, now = current_site(), clock.now()
    app = wechat_apps.credentials(site.vault, row)
    with noting_refusal(site, row, now):
        echo = messages.verify_url_check(app, request.args)
    if not callback.check_own(echo):
        site.signs.note_verified(row.appid, now=now)
    return Response(echo, mimetype="text/plain")


def answer_push(row: WeChatAppRow) -> Response:
    """Answer a message or an event.

    :raise PushRefused: if WeChat cannot have sent it.
    """
    site, now = current_site(), clock.now()
    app = wechat_apps.credentials(site.vault, row)
    with noting_refusal(site, row, now):
        push = messages.read_push(app, request.args, request.get_data(), now=now)
        reply = callbacks.answer(site, row, push, now=now)
    if reply is None:
        return Response(NOTHING_TO_SAY, mimetype="text/plain")
    xml = messages.reply_xml(push, reply, now=now)
    if push.encrypted:
        xml = messages.seal_reply(app, xml, now=now, nonce=request.args["nonce"])
    return Response(xml, mimetype="application/xml")


@contextmanager
def noting_refusal(site: Site, row: WeChatAppRow, now: datetime) -> Iterator[None]:
    """Note why a push of an account is refused, for the operators' pages."""
    try:
        yield
    except PushRefused as err:
        site.signs.note_refusal(row.appid, err.reason, now=now)
        raise


def _app_row(appid: str | None) -> WeChatAppRow:
    row = wechat_apps.get(appid) if appid else wechat_apps.get_entitled(Right.PUSHES)
    if row is None and appid:
        abort(404)
    if row is None or row.sealed_token is None:
        raise NotConfigured
    return row
