"""Applications: the programs that log people in through us, and their credentials."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from wechatlogin.errors import InvalidRequest
from wechatlogin.models import Application, AuditTag
from wechatlogin.models.transaction import write
from wechatlogin.services import audit
from wechatlogin.vault import Vault, sha256_hex


@dataclass(frozen=True)
class Credentials:
    """An application's secrets, shown once when they are made."""

    client_id: str
    client_secret: str = field(repr=False)
    api_key: str = field(repr=False)
    user_domain: str
    user_domain_secret: str = field(repr=False)


def create(vault: Vault, name: str, redirect_uris: list[str], *, now: datetime) -> Credentials:
    """Write an application down and return its credentials.

    :raise InvalidRequest: if a redirect URI cannot be compared exactly.
    """
    for uri in redirect_uris:
        _verify_redirect_uri(uri)
    made = Credentials(
        client_id=secrets.token_hex(16),
        client_secret=secrets.token_urlsafe(32),
        api_key=secrets.token_urlsafe(32),
        user_domain=secrets.token_hex(8),
        user_domain_secret=secrets.token_urlsafe(32),
    )
    with write() as session:
        session.add(
            Application(
                client_id=made.client_id,
                name=name,
                # Random secrets of 256 bits need no slow hash.
                client_secret_hash=sha256_hex(made.client_secret),
                api_key_hash=sha256_hex(made.api_key),
                user_domain=made.user_domain,
                sealed_user_domain_secret=vault.seal(made.user_domain_secret),
                redirect_uris=redirect_uris,
                created_at=now,
            )
        )
        audit.record(AuditTag.APPLICATION_SAVED, detail=made.client_id, now=now)
    return made


def _verify_redirect_uri(uri: str) -> None:
    try:
        parts = urlsplit(uri)
    except ValueError as err:
        raise InvalidRequest from err
    is_local = parts.hostname in {"127.0.0.1", "localhost"}
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and is_local)
    if not (is_safe and parts.hostname and uri.isascii()):
        raise InvalidRequest
    if parts.fragment or parts.username or "*" in uri or "\\" in uri:
        raise InvalidRequest
