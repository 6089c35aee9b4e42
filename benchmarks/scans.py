"""Pushes of a scan in safe mode, as WeChat seals them, with the attempts that they are about."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from sqlalchemy import Engine

from benchmarks.clients import Request
from tests import waiters
from tests.servers import Account
from wechatlogin import clock
from wechatlogin.models import Way
from wechatlogin.services import attempts
from wechatlogin.wechat.crypto import MessageCrypto, sign

XML = {"Content-Type": "text/xml"}


@dataclass(frozen=True)
class SealedPush:
    """One push on its way."""

    query: Mapping[str, str]
    body: bytes

    def to(self, path: str) -> Request:
        """Return it as a request to a callback."""
        return Request(f"{path}?{urlencode(self.query)}", "POST", self.body, XML)


def new_openid() -> str:
    """Return an openid as long as WeChat's."""
    return f"o{secrets.token_hex(14)}"[:28]


def seal(account: Account, scene: str, openid: str, *, now: datetime) -> SealedPush:
    """Return the push of a follower who scans the code of a scene."""
    stamp, nonce = str(int(now.timestamp())), str(secrets.randbelow(9 * 10**9) + 10**9)
    event = (
        f"<xml><ToUserName><![CDATA[{account.gh_id}]]></ToUserName>"
        f"<FromUserName><![CDATA[{openid}]]></FromUserName><CreateTime>{stamp}</CreateTime>"
        "<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[SCAN]]></Event>"
        f"<EventKey><![CDATA[{scene}]]></EventKey>"
        f"<Ticket><![CDATA[{secrets.token_urlsafe(72)}]]></Ticket></xml>"
    )
    crypto = MessageCrypto(account.token, account.aes_key, account.appid)
    encrypted = crypto.encrypt(event.encode())
    query = {
        "signature": sign(account.token, stamp, nonce),
        "timestamp": stamp,
        "nonce": nonce,
        "openid": openid,
        "encrypt_type": "aes",
        "msg_signature": sign(account.token, stamp, nonce, encrypted),
    }
    body = (
        f"<xml><ToUserName><![CDATA[{account.gh_id}]]></ToUserName>"
        f"<Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
    )
    return SealedPush(query, body.encode())


def of_attempts(engine: Engine, account: Account, count: int) -> list[SealedPush]:
    """Write so many attempts that wait to be scanned, and return a scan of each."""
    now = clock.now()
    scenes = [attempts.new_scene() for _ in range(count)]
    for scene in scenes:
        waiters.add_attempt(engine, seconds=3600, way=Way.SCAN, scene=scene, appid=account.appid)
    return [seal(account, scene, new_openid(), now=now) for scene in scenes]
