"""People who log in by QR, request by request: create, scan, confirm, claim.

What WeChat or a person's eyes would carry over, the scene and the number, is read from the
database, and the chat's answer is opened; none of that counts.
"""

import re
from dataclasses import dataclass, field

from flask.testing import FlaskClient
from sqlalchemy import Engine, select

from benchmarks import scans
from benchmarks.clients import Answer, Request, Sender, find, form, is_ok, is_redirect, verify
from benchmarks.measuring import Stopwatch
from tests.flows.phones import DESKTOP, WECHAT_IOS
from tests.servers import Account
from wechatlogin import clock
from wechatlogin.models import Attempt
from wechatlogin.wechat.crypto import MessageCrypto

_ENCRYPTED = re.compile(r"<Encrypt><!\[CDATA\[(.+?)\]\]>")
_CONFIRM_PATH = re.compile(r"(/confirm/[A-Za-z0-9_-]+)")
BY_SCRIPT = {"X-Requested-With": "wechatlogin"}


@dataclass
class InProcess:
    """Brings requests to an application of this process, without a server between."""

    client: FlaskClient
    url: str

    def send(self, request: Request) -> Answer:
        """Send a request and return its answer."""
        answer = self.client.open(
            request.path,
            base_url=self.url,
            method=request.method,
            data=request.body,
            headers=dict(request.headers),
        )
        return Answer(answer.status_code, answer.get_data(), answer.headers.get("Location", ""))


@dataclass
class Desktop:
    """A browser, and the phone of somebody new who scans what it shows."""

    sender: Sender
    account: Account
    engine: Engine
    watch: Stopwatch = field(default_factory=Stopwatch)

    def log_in(self) -> None:
        """Log in, with the watch running while the service works.

        :raise Unexpected: if it does not come to its end.
        """
        page = self._send(Request("/login?prompt=login", headers={"User-Agent": DESKTOP}))
        attempt_id = find(r'data-status-url="/login/attempts/([^"?]+)', verify(page, is_ok))
        scene, _ = self._read(attempt_id)
        push = scans.seal(self.account, scene, scans.new_openid(), now=clock.now())
        chat = verify(self._send(push.to(f"/api/wechat/{self.account.appid}")), is_ok)
        confirm_path = self._open_chat(chat)
        _, number = self._read(attempt_id)
        body, headers = form(number=str(number), decision="")
        phone = Request(confirm_path, "POST", body, {**headers, "User-Agent": WECHAT_IOS})
        verify(self._send(phone), is_redirect)
        path = f"/login/attempts/{attempt_id}/claim"
        verify(self._send(Request(path, "POST", b"", BY_SCRIPT)), is_ok)

    def _send(self, request: Request) -> Answer:
        with self.watch.running():
            return self.sender.send(request)

    def _read(self, attempt_id: str) -> tuple[str, int | None]:
        asked = select(Attempt.scene, Attempt.number).where(Attempt.id == attempt_id)
        with self.engine.connect() as connection:
            scene, number = connection.execute(asked).one()
        return str(scene), number

    def _open_chat(self, chat: Answer) -> str:
        account = self.account
        crypto = MessageCrypto(account.token, account.aes_key, account.appid)
        sealed = find(_ENCRYPTED.pattern, chat)
        words = crypto.decrypt(sealed)
        return find(_CONFIRM_PATH.pattern, Answer(chat.status, words))
