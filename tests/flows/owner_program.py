"""The owner's other program: a small web server that was set up with the account's token and key.

It checks what it gets as such programs do, knowing nothing of ours but the published cipher.
"""

import hashlib
import time
from typing import Any

import xmltodict

from tests.servers import Account
from tests.simulator.receiver import Answer, Received, Receiver
from wechatlogin.wechat import crypto


class OwnerProgram:
    """Takes pushes, refuses what is not signed by WeChat, and answers as the test says."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.receiver = Receiver()
        self.url = f"{self.receiver.url}/wechat.php?shop=1"
        #: The pushes that stood the check, as fields.
        self.taken: list[dict[str, Any]] = []
        self.refused: list[Received] = []
        self._answer: Answer | str | None = None
        self.receiver.answer = self._take

    def says(self, words: str) -> None:
        """Answer everybody with a text, in the way that the push came."""
        self._answer = words

    def answers(self, answer: Answer) -> None:
        """Answer everything with these bytes."""
        self._answer = answer

    def stop(self) -> None:
        """Stop listening."""
        self.receiver.stop()

    @property
    def asked(self) -> int:
        """How often it was asked."""
        return len(self.receiver.pushes)

    def _take(self, got: Received) -> Answer:
        push = self._open(got)
        if push is None:
            self.refused.append(got)
            return Answer(b"wrong signature", status=403)
        self.taken.append(push)
        if isinstance(self._answer, Answer):
            return self._answer
        return Answer() if self._answer is None else self._reply(got, push, self._answer)

    def _open(self, got: Received) -> dict[str, Any] | None:
        stamp = (got.query["timestamp"], got.query["nonce"])
        is_fresh = abs(time.time() - int(stamp[0])) < 60
        if not is_fresh or got.query["signature"] != self._sign(*stamp):
            return None
        fields = got.fields
        if got.query.get("encrypt_type") != "aes":
            return None if "Encrypt" in fields else fields
        encrypted = fields["Encrypt"]
        if got.query["msg_signature"] != self._sign(*stamp, encrypted):
            return None
        return dict(xmltodict.parse(self._box.decrypt(encrypted))["xml"])

    def _reply(self, got: Received, push: dict[str, Any], words: str) -> Answer:
        xml = message(push["FromUserName"], push["ToUserName"], words)
        if got.query.get("encrypt_type") == "aes":
            encrypted = self._box.encrypt(xml.encode())
            signature = self._sign("1700000000", "77", encrypted)
            xml = (
                f"<xml><Encrypt>{encrypted}</Encrypt><MsgSignature>{signature}</MsgSignature>"
                "<TimeStamp>1700000000</TimeStamp><Nonce>77</Nonce></xml>"
            )
        return Answer(xml.encode(), content_type="text/xml")

    def _sign(self, *parts: str) -> str:
        joined = "".join(sorted([self.account.token, *parts]))
        return hashlib.sha1(joined.encode(), usedforsecurity=False).hexdigest()

    @property
    def _box(self) -> crypto.MessageCrypto:
        return crypto.MessageCrypto(self.account.token, self.account.aes_key, self.account.appid)


def message(to: str, sender: str, words: str) -> str:
    """Return a text as WeChat takes it for a reply."""
    return (
        f"<xml><ToUserName><![CDATA[{to}]]></ToUserName>"
        f"<FromUserName><![CDATA[{sender}]]></FromUserName>"
        "<CreateTime>1700000000</CreateTime><MsgType><![CDATA[text]]></MsgType>"
        f"<Content><![CDATA[{words}]]></Content></xml>"
    )
