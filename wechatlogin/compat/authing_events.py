"""The address that Authing's console gives an account for WeChat's pushes.

GET  /connections/social/<identifier>/<userPoolId>/events   WeChat checks the address
POST /connections/social/<identifier>/<userPoolId>/events   a push of WeChat's, or what Authing's
                                                            forwarder has read of one, as JSON

It is `/api/wechat/<appid>` by another name. The forwarder is told `success`.
"""

from flask import Blueprint, Response, request

from wechatlogin import clock
from wechatlogin.errors import ApplicationUnknown, NotConfigured
from wechatlogin.extensions import csrf
from wechatlogin.models import WeChatAppRow
from wechatlogin.services import applications, connections, repacked_pushes, wechat_apps
from wechatlogin.web import pushes
from wechatlogin.web.context import current_site
from wechatlogin.wechat import messages

bp = Blueprint("authing_events", __name__)

PATH = "/connections/social/<identifier>/<user_pool_id>/events"


@bp.get(PATH)
def check_url(identifier: str, user_pool_id: str) -> Response:
    return pushes.answer_check(_verify_row(identifier, user_pool_id))


@bp.post(PATH)
@csrf.exempt
def receive(identifier: str, user_pool_id: str) -> Response:
    row = _verify_row(identifier, user_pool_id)
    if not request.is_json or "msg_signature" in request.args or "signature" in request.args:
        return pushes.answer_push(row)
    site, now = current_site(), clock.now()
    app = wechat_apps.credentials(site.vault, row)
    with pushes.noting_refusal(site, row, now):
        push = messages.read_repacked_push(app, request.get_data(), now=now)
        repacked_pushes.receive(site, row, push, now=now)
    return Response(pushes.NOTHING_TO_SAY, mimetype="text/plain")


def _verify_row(identifier: str, user_pool_id: str) -> WeChatAppRow:
    application = applications.get(user_pool_id)
    if application is None:
        raise ApplicationUnknown
    row = connections.verify(application, identifier)
    if row.sealed_token is None:
        raise NotConfigured
    return row
