"""Is it WeChat who sends this? The signatures around a push, and what is inside.

Follows WeChat's pages 消息推送 and 消息加解密. There are two signatures: `signature` covers
token, timestamp and nonce but not the body; `msg_signature` covers the encrypted body too, and is
what safe mode goes by. Both are over a bare concatenation, so the shapes of timestamp and nonce are
checked first: otherwise one valid pair could be cut in many other places.

    mode         encrypt_type=aes      otherwise
    plain        refused               signature
    compatible   msg_signature         signature, and no Encrypt in the body
    safe         msg_signature         refused

`signature` comes in every mode. What is refused as WeChat's own, and told to the operator as a
set-up that does not fit, carries a good one: a stranger's push is a wrong signature, whatever else
is wrong with it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from wechatlogin.errors import PushRefused
from wechatlogin.wechat import crypto, fields
from wechatlogin.wechat.app import MessageMode, WeChatApp

FRESHNESS = timedelta(seconds=300)
_TIMESTAMP = re.compile(r"[0-9]{10}")
_NONCE = re.compile(r"[A-Za-z0-9_-]{1,64}")
# Found without a parser, which is not to see anything unsigned. In compatible mode people's words
# are in the body as well and may look like this: the signature decides which one is WeChat's.
_ENCRYPT = re.compile(
    rb"<Encrypt>(?:<!\[CDATA\[)?([A-Za-z0-9+/=]+)(?:\]\]>)?</Encrypt>"
    rb'|"Encrypt"\s*:\s*"([A-Za-z0-9+/=\\]+)"'
)
_CDATA = re.compile(rb"<!\[CDATA\[.*?\]\]>", re.DOTALL)
_MOST_CANDIDATES = 8


@dataclass(frozen=True)
class Opened:
    """What was in the envelope, and the signature that vouches for it."""

    content: bytes
    signature: str
    encrypted: bool


@dataclass(frozen=True)
class Stamp:
    """The values a signature is made over besides the token."""

    timestamp: str
    nonce: str


def open_envelope(
    app: WeChatApp, query: Mapping[str, str], body: bytes, *, now: datetime
) -> Opened:
    """Return what WeChat sent.

    :raise PushRefused: if it was not WeChat, or not now, or not in the account's mode.
    :raise NotConfigured: if the account's EncodingAESKey cannot be one.
    """
    if len(body) > fields.LARGEST_BODY:
        raise PushRefused("too large")
    stamp = read_stamp(query)
    misfit = _find_misfit(app, query, stamp, now)
    if misfit is not None:
        verify_signature(app, query, stamp)
        raise PushRefused(misfit)
    if _is_encrypted(query):
        return _open_encrypted(app, query, stamp, body)
    signature = verify_signature(app, query, stamp)
    return Opened(content=body, signature=signature, encrypted=False)


def read_stamp(query: Mapping[str, str]) -> Stamp:
    """Return timestamp and nonce.

    :raise PushRefused: if they are not 10 digits and 1 to 64 plain characters.
    """
    stamp = Stamp(query.get("timestamp", ""), query.get("nonce", ""))
    if not _TIMESTAMP.fullmatch(stamp.timestamp):
        raise PushRefused("timestamp is not 10 digits")
    if not _NONCE.fullmatch(stamp.nonce):
        raise PushRefused("odd nonce")
    return stamp


def verify_signature(app: WeChatApp, query: Mapping[str, str], stamp: Stamp) -> str:
    """Return the `signature`, which does not vouch for a body.

    :raise PushRefused: if it is wrong.
    """
    signature = query.get("signature", "")
    if not crypto.check_signature(signature, _token_of(app), stamp.timestamp, stamp.nonce):
        raise PushRefused("wrong signature")
    return signature


def _find_misfit(
    app: WeChatApp, query: Mapping[str, str], stamp: Stamp, now: datetime
) -> str | None:
    """Return what of a push's time and mode is not as the account has it, or None."""
    if abs(now.timestamp() - int(stamp.timestamp)) > FRESHNESS.total_seconds():
        return "timestamp too far from now"
    if query.get("encrypt_type", "raw") not in {"aes", "raw"}:
        return "unknown encrypt_type"
    if not _is_encrypted(query):
        return "plain in safe mode" if app.mode is MessageMode.SAFE else None
    return "encrypted in plain mode" if app.mode is MessageMode.PLAIN else None


def _is_encrypted(query: Mapping[str, str]) -> bool:
    return query.get("encrypt_type") == "aes"


def _open_encrypted(app: WeChatApp, query: Mapping[str, str], stamp: Stamp, body: bytes) -> Opened:
    token, signature = _token_of(app), query.get("msg_signature", "")
    if app.aes_key is None:
        verify_signature(app, query, stamp)
        raise PushRefused("no EncodingAESKey is set")
    for encrypted in _candidates(body):
        if crypto.check_signature(signature, token, stamp.timestamp, stamp.nonce, encrypted):
            break
    else:
        raise PushRefused("wrong msg_signature")
    opener = crypto.crypto_of(token, app.aes_key.get_secret_value(), app.appid)
    try:
        content = opener.decrypt(encrypted)
    except crypto.CryptoError as err:
        raise PushRefused("does not decrypt") from err
    return Opened(content=content, signature=signature, encrypted=True)


def _candidates(body: bytes) -> list[str]:
    if body.lstrip().startswith(b"<") and _declares(body):
        # WeChat declares nothing; whoever does wants a parser to follow it.
        raise PushRefused("declaration in the XML")
    found = [
        (in_xml or in_json.replace(b"\\/", b"/")).decode("ascii")
        for in_xml, in_json in _ENCRYPT.findall(body)
    ]
    if len(found) > _MOST_CANDIDATES:
        raise PushRefused("too many Encrypt elements")
    return found


def _declares(body: bytes) -> bool:
    # Counting is quick and settles it unless somebody has written "<!" in a section.
    if body.count(b"<!") == body.count(b"<![CDATA["):
        return False
    return b"<!" in _CDATA.sub(b"", body)


def _token_of(app: WeChatApp) -> str:
    if app.token is None or not app.token.get_secret_value():
        # An empty token would make every signature computable by anybody.
        raise PushRefused("no token is set")
    return app.token.get_secret_value()
