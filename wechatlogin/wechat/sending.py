"""Messages the account sends by itself: template messages and customer-service texts.

Follows WeChat's pages 模板消息 and 客服消息. Both need certification; a template message needs a
follower (else 43004), a text needs somebody who wrote within 48 hours or scanned within a minute.
"""

from collections.abc import Mapping

from wechatlogin.wechat import errors
from wechatlogin.wechat.http import Answer

TEMPLATE_PATH = "/cgi-bin/message/template/send"
TEXT_PATH = "/cgi-bin/message/custom/send"
LONGEST_TEXT = 2048


def template_request(
    openid: str,
    *,
    template_id: str,
    data: Mapping[str, str],
    url: str | None = None,
    client_msg_id: str | None = None,
) -> Mapping[str, object]:
    """Return the body of a template message; one `client_msg_id` is sent once in 10 minutes."""
    optional = {"url": url, "client_msg_id": client_msg_id}
    return {
        "touser": openid,
        "template_id": template_id,
        "data": {name: {"value": value} for name, value in data.items()},
        **{name: value for name, value in optional.items() if value},
    }


def read_msgid(answer: Answer) -> str:
    """Return the message's number as text; it has 64 bits, and the receipt repeats it.

    :raise WeChatGarbled: if there is none.
    """
    msgid = str(answer.get("msgid", ""))
    if not (msgid.isascii() and msgid.isdigit()):
        raise errors.WeChatGarbled(path=TEMPLATE_PATH, reason="no msgid")
    return msgid


def text_request(openid: str, content: str) -> Mapping[str, object]:
    """Return the body of a text.

    :raise MessageTooLong: if it has more than 2048 bytes, which WeChat refuses.
    """
    if len(content.encode("utf-8", "replace")) > LONGEST_TEXT:
        raise errors.MessageTooLong(path=TEXT_PATH)
    return {"touser": openid, "msgtype": "text", "text": {"content": content}}
