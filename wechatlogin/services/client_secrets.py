"""What applications prove themselves by: hashed, and sealed where a scheme needs the plain value.

A new secret does not end the old one at once: for a while either is good, so that the program can
be given the new one without anybody being locked out.

    add       the first one, made by us or brought from another system
    rotate    a new one; those before it run out after the overlap
    check     is it one that is still good?
    get_kept, get_all_kept    what a scheme signs with, and what its tokens may be signed with
"""

import re
import secrets
from datetime import datetime, timedelta

from pydantic import SecretStr
from sqlalchemy import bindparam, delete, or_, select, update

from wechatlogin.errors import SettingRefused
from wechatlogin.extensions import db
from wechatlogin.i18n import msgid
from wechatlogin.models import Application, AuditTag, ClientSecret
from wechatlogin.models.transaction import repeatable, write
from wechatlogin.services import audit
from wechatlogin.services.audit import COMMAND_LINE, Actor, Hidden
from wechatlogin.vault import Vault, equal, sha256_hex

#: How long the old secret is good beside the new one, unless the operator says otherwise.
OVERLAP = timedelta(days=1)
LONGEST_OVERLAP = timedelta(days=90)
NONE_IF_PUBLIC = msgid("公开的应用没有密钥。")
#: Other systems gave secrets of 32 hexadecimal digits.
_LIVE = (
    select(ClientSecret)
    .where(
        ClientSecret.application_id == bindparam("application_id"),
        or_(ClientSecret.expires_at.is_(None), ClientSecret.expires_at > bindparam("now")),
    )
    .order_by(ClientSecret.id.desc())
)
_GIVEN = re.compile(r"[!-~]{32,128}")


def new() -> SecretStr:
    """Return a new secret of 256 random bits."""
    return SecretStr(secrets.token_urlsafe(32))


def verify_given(secret: SecretStr) -> SecretStr:
    """Return a secret that an application brings along.

    :raise SettingRefused: if it is too short to be one, or has characters that headers cannot
        carry.
    """
    if not _GIVEN.fullmatch(secret.get_secret_value()):
        message = msgid("密钥是 32 到 128 个 ASCII 字符，没有空格。")
        raise SettingRefused("client_secret", message)
    return secret


@repeatable
def add(
    vault: Vault, application: Application, secret: SecretStr, *, is_kept: bool, now: datetime
) -> None:
    """Give an application a secret; `is_kept` seals the plain value beside the hash.

    Whoever makes or changes the application writes it into the audit.
    """
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


@repeatable
def rotate(
    vault: Vault,
    application: Application,
    *,
    now: datetime,
    overlap: timedelta = OVERLAP,
    keeps_secret: bool | None = None,
    by: Actor = COMMAND_LINE,
) -> SecretStr:
    """Return a new secret of an application, which cannot be had again; the old ones run out.

    It is kept as the last one was, unless `keeps_secret` says otherwise. What ran out earlier is
    not given more time.

    :raise SettingRefused: if it is a public client, which has none, or the overlap is negative or
        longer than 90 days.
    """
    if application.is_public:
        raise SettingRefused("is_public", NONE_IF_PUBLIC)
    if not timedelta() <= overlap <= LONGEST_OVERLAP:
        raise SettingRefused("overlap", msgid("新旧密钥同时有效的时间是 0 到 90 天。"))
    secret, ends = new(), now + overlap
    theirs = ClientSecret.application_id == application.id
    with write() as session:
        # Of two at once the later sees the earlier one's secret, and lets that run out too.
        session.execute(
            select(Application.id).where(Application.id == application.id).with_for_update()
        )
        last = next(iter(get_live(application, now=now)), None)
        is_kept = last is not None and last.sealed_secret is not None
        session.execute(delete(ClientSecret).where(theirs, ClientSecret.expires_at <= now))
        still_good = or_(ClientSecret.expires_at.is_(None), ClientSecret.expires_at > ends)
        session.execute(update(ClientSecret).where(theirs, still_good).values(expires_at=ends))
        keeps_secret = is_kept if keeps_secret is None else keeps_secret
        add(vault, application, secret, is_kept=keeps_secret, now=now)
        audit.record_change(
            AuditTag.APPLICATION_SAVED,
            by,
            before={"client_secret": Hidden.SET, "keeps_secret": is_kept},
            after={"client_secret": Hidden.CHANGED, "keeps_secret": keeps_secret},
            detail=application.client_id,
            now=now,
        )
    return secret


@repeatable
def remove_all(application: Application) -> None:
    """Remove every secret of an application, in the unit of writes that makes it public."""
    theirs = delete(ClientSecret).where(ClientSecret.application_id == application.id)
    with write() as session:
        session.execute(theirs)


def check(application: Application, secret: str, *, now: datetime) -> bool:
    """Tell whether this is a secret of an application that is still good."""
    if not secret.isprintable():
        # Half a surrogate pair, which JSON can carry, has no bytes to be hashed.
        return False
    given = sha256_hex(secret)
    return any(equal(row.secret_hash, given) for row in get_live(application, now=now))


def get_kept(vault: Vault, application: Application, *, now: datetime) -> str | None:
    """Return the plain value of the newest secret, where that is kept."""
    newest = next(iter(get_live(application, now=now)), None)
    sealed = newest.sealed_secret if newest is not None else None
    return vault.open(sealed) if sealed is not None else None


def get_all_kept(vault: Vault, application: Application, *, now: datetime) -> list[str]:
    """Return the plain values of all secrets that are still good and kept, the newest first."""
    rows = get_live(application, now=now)
    return [vault.open(row.sealed_secret) for row in rows if row.sealed_secret is not None]


def get_live(application: Application, *, now: datetime) -> list[ClientSecret]:
    """Return the rows of an application's secrets that are still good, the newest first."""
    return list(db.session.scalars(_LIVE, {"application_id": application.id, "now": now}))
