"""What applications prove themselves by: hashed, and sealed where a scheme needs the plain value.

A new secret does not end the old one at once: for a while either is good, so that the program can
be given the new one without anybody being locked out.
"""

import secrets
from datetime import datetime, timedelta

from pydantic import SecretStr
from sqlalchemy import or_, select, update

from wechatlogin.errors import InvalidRequest
from wechatlogin.extensions import db
from wechatlogin.models import Application, AuditTag, ClientSecret
from wechatlogin.models.transaction import write
from wechatlogin.services import audit
from wechatlogin.vault import Vault, equal, sha256_hex

#: Other systems gave secrets of 32 hexadecimal digits.
SHORTEST = 32
LONGEST = 128
#: How long the old secret is good beside the new one, unless the operator says otherwise.
OVERLAP = timedelta(days=1)


def add(
    vault: Vault, application: Application, secret: SecretStr, *, is_kept: bool, now: datetime
) -> None:
    """Give an application a secret; `is_kept` seals the plain value beside the hash."""
    plain = secret.get_secret_value()
    row = ClientSecret(
        application_id=application.id,
        # Random secrets of 256 bits need no slow hash.
        secret_hash=sha256_hex(plain),
        sealed_secret=vault.seal(plain) if is_kept else None,
        created_at=now,
    )
    with write() as session:
        session.add(row)


def rotate(
    vault: Vault, application: Application, *, overlap: timedelta, now: datetime
) -> SecretStr:
    """Return a new secret of an application, which cannot be had again; the old ones run out.

    :raise InvalidRequest: if it is a public client, which has none.
    """
    if application.is_public:
        raise InvalidRequest
    secret = SecretStr(secrets.token_urlsafe(32))
    with write() as session:
        is_kept = get_kept(vault, application, now=now) is not None
        theirs = update(ClientSecret).where(ClientSecret.application_id == application.id)
        still_good = or_(ClientSecret.expires_at.is_(None), ClientSecret.expires_at > now + overlap)
        session.execute(theirs.where(still_good).values(expires_at=now + overlap))
        add(vault, application, secret, is_kept=is_kept, now=now)
        audit.record(AuditTag.APPLICATION_SAVED, detail=application.client_id, now=now)
    return secret


def check(application: Application, secret: str, *, now: datetime) -> bool:
    """Tell whether this is a secret of an application that is still good."""
    given = sha256_hex(secret)
    return any(equal(row.secret_hash, given) for row in _get_live(application, now))


def get_kept(vault: Vault, application: Application, *, now: datetime) -> str | None:
    """Return the plain value of the newest secret, where it is kept."""
    return next(iter(get_all_kept(vault, application, now=now)), None)


def get_all_kept(vault: Vault, application: Application, *, now: datetime) -> list[str]:
    """Return the plain values of all secrets that are still good and kept, the newest first."""
    rows = _get_live(application, now)
    return [vault.open(row.sealed_secret) for row in rows if row.sealed_secret is not None]


def _get_live(application: Application, now: datetime) -> list[ClientSecret]:
    query = select(ClientSecret).where(
        ClientSecret.application_id == application.id,
        or_(ClientSecret.expires_at.is_(None), ClientSecret.expires_at > now),
    )
    return list(db.session.scalars(query.order_by(ClientSecret.id.desc())))
