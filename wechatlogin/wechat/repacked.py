"""A push that Authing's forwarder passes on: another program took it from WeChat before.

The forwarder (authing-wechat-official-account) reads WeChat's XML and posts what it has read:

    {"xml": {"tousername": ["gh_…"], "encrypt": ["…"]}}

The signature is lost on the way. What vouches for WeChat is that the message decrypts, by a key
that WeChat and the account's owner alone have, to one for this appid. So it is taken in safe mode
only, and the caller looks at its time.
"""

import hashlib
import json
import re
from typing import Any

from wechatlogin.errors import PushRefused
from wechatlogin.wechat import crypto, fields
from wechatlogin.wechat.app import MessageMode, WeChatApp
from wechatlogin.wechat.envelope import Opened

_ENCRYPTED = re.compile(r"[A-Za-z0-9+/]+={0,2}")


def open_repacked(app: WeChatApp, body: bytes) -> Opened:
    """Return what WeChat has encrypted.

    :raise PushRefused: if it is not in the forwarder's shape, or not encrypted by WeChat.
    :raise NotConfigured: if the account's EncodingAESKey cannot be one.
    """
    if app.mode is not MessageMode.SAFE or app.aes_key is None or app.token is None:
        raise PushRefused("repacked, but not in safe mode")
    if len(body) > fields.LARGEST_BODY:
        raise PushRefused("too large")
    encrypted = _read_encrypted(body)
    opener = crypto.crypto_of(
        app.token.get_secret_value(), app.aes_key.get_secret_value(), app.appid
    )
    try:
        content = opener.decrypt(encrypted)
    except crypto.CryptoError as err:
        raise PushRefused("does not decrypt") from err
    # It stands for the signature: the same push again, and nothing else, has the same.
    mark = hashlib.sha256(encrypted.encode("ascii")).hexdigest()
    return Opened(content=content, signature=mark, encrypted=True)


def _read_encrypted(body: bytes) -> str:
    try:
        document = json.loads(body, object_pairs_hook=_once_each)
    except (ValueError, RecursionError):
        raise PushRefused("not JSON") from None
    xml = document.get("xml") if isinstance(document, dict) else None
    found = xml.get("encrypt") if isinstance(xml, dict) else None
    match found:
        case [str(encrypted)] if _ENCRYPTED.fullmatch(encrypted):
            return encrypted
        case _:
            raise PushRefused("not in the forwarder's shape")


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object whose names all differ: each reader might believe another one."""
    read = dict(pairs)
    if len(read) < len(pairs):
        raise ValueError("a name comes twice")
    return read
