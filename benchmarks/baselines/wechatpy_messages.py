"""A push in safe mode with wechatpy's own functions, as its documentation puts them together."""

from collections.abc import Mapping

from wechatpy import parse_message
from wechatpy.crypto import WeChatCrypto
from wechatpy.replies import create_reply
from wechatpy.utils import check_signature

#: Where the program that answers with it finds the account: {"token", "aes_key", "appid"}.
ACCOUNT_VARIABLE = "BENCHMARK_ACCOUNT"
#: As long as what we answer to a scan.
WORDS = (
    '请点 <a href="http://127.0.0.1:5000/confirm/0123456789abcdef0123456789abcdef0123456789a">'
    "确认登录</a>，然后回到电脑。"
)


class Reader:
    """What reads and answers the pushes of one account; its keys are kept between them."""

    def __init__(self, token: str, aes_key: str, appid: str) -> None:
        self._token = token
        self._crypto = WeChatCrypto(token, aes_key, appid)

    def answer(self, query: Mapping[str, str], body: bytes, words: str = WORDS) -> str:
        """Check, decrypt and parse a push, and return an encrypted reply of these words."""
        stamp, nonce = query["timestamp"], query["nonce"]
        check_signature(self._token, query["signature"], stamp, nonce)
        text = self._crypto.decrypt_message(body, query["msg_signature"], stamp, nonce)
        reply = create_reply(words, parse_message(text)).render()
        return str(self._crypto.encrypt_message(reply, nonce, stamp))
