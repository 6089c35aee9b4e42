"""What has become of a message, in the words of the operator's page."""

from dataclasses import dataclass

from wechatlogin.i18n import msgid
from wechatlogin.models import Channel, SendState, SentMessage
from wechatlogin.wechat import errcodes

_STATES = {
    SendState.PENDING: msgid("正在发送，或者微信没有回应：可能已经发出。"),
    SendState.ACCEPTED: msgid("微信已接收，还没有送达回执。"),
    SendState.DELIVERED: msgid("已送达。"),
    SendState.BLOCKED: msgid("已发出，但用户拒收公众号的消息。"),
    SendState.FAILED: msgid("没有发出。"),
}
_CUSTOMER_ACCEPTED = msgid("微信已接收。客服消息没有送达回执。")
_SHOWN = msgid("没有发消息，验证码显示在页面上。")
_RECEIPT_OF_FAILURE = msgid("微信接收后没有送达。")
_NEVER_LEFT = msgid("没有连上微信。")
_UNKNOWN = msgid("微信给出的错误代码没有说明。")


@dataclass(frozen=True)
class MessageWords:
    """Chinese sentences, which the page translates: the state, why, and what to do."""

    state: str
    reason: str | None = None
    advice: str | None = None


def words_for(message: SentMessage) -> MessageWords:
    """Return the words for a message's channel, state and errcode."""
    if message.channel == Channel.PAGE:
        return MessageWords(_SHOWN)
    if message.channel == Channel.CUSTOMER and message.state == SendState.ACCEPTED:
        return MessageWords(_CUSTOMER_ACCEPTED)
    if message.state == SendState.FAILED:
        return _words_for_failure(message)
    return MessageWords(_STATES[SendState(message.state)])


def _words_for_failure(message: SentMessage) -> MessageWords:
    if message.msgid is not None:
        # WeChat gave it a number, so it was the receipt that told.
        return MessageWords(_RECEIPT_OF_FAILURE)
    state = _STATES[SendState.FAILED]
    if message.errcode is None:
        return MessageWords(state, _NEVER_LEFT)
    known = errcodes.ERRCODES.get(message.errcode)
    return (
        MessageWords(state, known.meaning, known.advice) if known else MessageWords(state, _UNKNOWN)
    )
