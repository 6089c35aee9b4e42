"""How a push looks on the wire: XML or JSON; plain, compatible or safe; signed (reference 5)."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode, urlsplit, urlunsplit

from wechatlogin.simulator.apps import Account, Mode
from wechatlogin.wechat import crypto

Fields = Mapping[str, str | int]


@dataclass(frozen=True)
class Envelope:
    """One try of one push, ready to be posted."""

    url: str
    body: bytes
    content_type: str


def token_of(account: Account) -> str:
    """Return the token pushes are signed with; an account with a callback has one."""
    return account.token.get_secret_value() if account.token else ""


def message_crypto(account: Account) -> crypto.MessageCrypto:
    """Return what encrypts and decrypts for this account."""
    key = account.aes_key.get_secret_value() if account.aes_key else ""
    return crypto.MessageCrypto(token_of(account), key, account.appid)


def url_check(account: Account, *, now: datetime, echo: str) -> str:
    """Return the address of the check that runs when the operator presses submit.

    It is plain in safe mode too.
    """
    return _with_query(account.callback_url or "", {**_signed(account, now), "echostr": echo})


def write(account: Account, fields: Fields, *, openid: str | None, now: datetime) -> Envelope:
    """Wrap a push for one try: a fresh nonce, and fresh encryption."""
    query = _signed(account, now)
    if openid is not None:
        query["openid"] = openid
    told: dict[str, str | int] = dict(fields)
    if account.mode is not Mode.PLAIN:
        encrypted = message_crypto(account).encrypt(_written(account, fields))
        query["encrypt_type"] = "aes"
        query["msg_signature"] = crypto.sign(
            token_of(account), query["timestamp"], query["nonce"], encrypted
        )
        kept = told if account.mode is Mode.COMPATIBLE else {"ToUserName": account.gh_id}
        told = {**kept, "Encrypt": encrypted}
    kind = "application/json" if account.data_format == "json" else "text/xml"
    return Envelope(_with_query(account.callback_url or "", query), _written(account, told), kind)


def to_xml(fields: Fields) -> bytes:
    """Return the fields as WeChat writes them: texts in CDATA, numbers bare."""
    inside = "".join(
        f"<{name}>{value}</{name}>"
        if isinstance(value, int)
        else f"<{name}><![CDATA[{value.replace(']]>', ']]]]><![CDATA[>')}]]></{name}>"
        for name, value in fields.items()
    )
    return f"<xml>{inside}</xml>".encode()


def _written(account: Account, fields: Fields) -> bytes:
    if account.data_format == "json":
        return json.dumps(dict(fields), ensure_ascii=False).encode()
    return to_xml(fields)


def _signed(account: Account, now: datetime) -> dict[str, str]:
    timestamp, nonce = str(int(now.timestamp())), str(secrets.randbelow(9 * 10**9) + 10**9)
    signature = crypto.sign(token_of(account), timestamp, nonce)
    return {"signature": signature, "timestamp": timestamp, "nonce": nonce}


def _with_query(url: str, query: Mapping[str, str]) -> str:
    parts = urlsplit(url)
    joined = "&".join(part for part in (parts.query, urlencode(query)) if part)
    return urlunsplit((parts.scheme, parts.netloc, parts.path, joined, ""))
