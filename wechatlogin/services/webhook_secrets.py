"""What webhooks are signed with (Standard Webhooks 1.0): by which a receiver knows that we sent it.

A secret is `whsec_` and 32 random bytes in base64. While one replaces another, a message carries a
signature by each, so that a receiver may know either.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from pydantic import SecretStr

from wechatlogin.models import Application
from wechatlogin.vault import Vault

PREFIX = "whsec_"
#: How long the old secret signs beside the new one.
OVERLAP = timedelta(days=1)


def new() -> SecretStr:
    """Return a new secret of 256 random bits."""
    return SecretStr(PREFIX + base64.b64encode(secrets.token_bytes(32)).decode())


def get_live(vault: Vault, application: Application, *, now: datetime) -> list[SecretStr]:
    """Return the secrets that an application's webhooks are signed with, the newest first."""
    until = application.former_webhook_secret_until
    sealed = [application.sealed_webhook_secret]
    if until is not None and until > now:
        sealed.append(application.sealed_former_webhook_secret)
    return [SecretStr(vault.open(one)) for one in sealed if one is not None]


def sign(keys: Sequence[SecretStr], message_id: str, body: str, *, now: datetime) -> dict[str, str]:
    """Return the headers of a message that is sent now."""
    moment = str(int(now.timestamp()))
    signed = f"{message_id}.{moment}.{body}".encode()
    return {
        "Content-Type": "application/json",
        "User-Agent": "wechatlogin-webhooks",
        "webhook-id": message_id,
        "webhook-timestamp": moment,
        "webhook-signature": " ".join(f"v1,{_signature(key, signed)}" for key in keys),
    }


def _signature(key: SecretStr, signed: bytes) -> str:
    plain = base64.b64decode(key.get_secret_value().removeprefix(PREFIX))
    return base64.b64encode(hmac.digest(plain, signed, hashlib.sha256)).decode()
