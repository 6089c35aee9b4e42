"""Pushes that Authing's forwarder passes on to us (`wechat/repacked.py`).

The forwarder has answered WeChat itself before we hear of a push, so there is nothing that our
reply could be an answer to. What a person waits for goes into the chat as a customer-service
message instead, which WeChat permits after a scan, a follow or a message of theirs; a follow that
begins no login has been welcomed by the forwarder.
"""

from datetime import datetime

from wechatlogin.models import WeChatAppRow
from wechatlogin.services import accounts, callbacks, outbox
from wechatlogin.services.outbox import Sending, TextContent
from wechatlogin.services.site import Site
from wechatlogin.wechat.app import Right
from wechatlogin.wechat.messages import PassiveReply, Push, SubscribeEvent, UserPush

#: What a message's number may have of the push that it answers.
KEY_LENGTH = 40


def receive(site: Site, row: WeChatAppRow, push: Push, *, now: datetime) -> None:
    """Work on a push, and send what there is to say, once however often it comes.

    :raise PushRefused: if the push is a replay with another body.
    """
    reply = callbacks.answer(site, row, push, now=now)
    if reply is None or not isinstance(push, UserPush) or not _is_awaited(push, reply):
        return
    if not row.has(Right.CUSTOMER_MESSAGE):
        return
    identity = accounts.get_identity(row.appid, push.openid)
    subject = f"reply-{push.dedupe_key[:KEY_LENGTH]}"
    to = Sending(identity.id if identity else None, push.openid, subject, 0)
    outbox.send(site, row, to, TextContent(reply.text), now=now)


def _is_awaited(push: UserPush, reply: PassiveReply) -> bool:
    is_welcome = isinstance(push, SubscribeEvent) and push.scene is None
    return not (reply.is_xml or is_welcome)
