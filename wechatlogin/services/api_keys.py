"""API keys: by which the servers of an application show whose they are. Only hashes are kept."""

import secrets
from datetime import datetime, timedelta

from pydantic import SecretStr
from sqlalchemy import delete, select, update

from wechatlogin.errors import SettingRefused
from wechatlogin.extensions import db
from wechatlogin.i18n import msgid
from wechatlogin.models import ApiKey, Application, AuditTag
from wechatlogin.models.transaction import count_changed, repeatable, write
from wechatlogin.services import audit
from wechatlogin.services.audit import COMMAND_LINE, Actor
from wechatlogin.vault import sha256_hex

LONGEST_NAME = 64
#: The use of a key is written down at most this often.
USE_INTERVAL = timedelta(minutes=1)


@repeatable
def issue(
    application: Application, name: str, *, now: datetime, by: Actor = COMMAND_LINE
) -> SecretStr:
    """Return a new key of an application, which cannot be had again.

    :raise SettingRefused: if the name is empty, longer than 64 characters, or cannot be printed.
    """
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise SettingRefused("name", msgid("密钥的名称是 1 到 64 个字，没有控制字符。"))
    key = secrets.token_urlsafe(32)
    row = ApiKey(application_id=application.id, name=name, key_hash=sha256_hex(key), created_at=now)
    with write() as session:
        session.add(row)
        _record(application, None, name, by=by, now=now)
    return SecretStr(key)


@repeatable
def revoke(
    application: Application, key_id: int, *, now: datetime, by: Actor = COMMAND_LINE
) -> bool:
    """Revoke one of an application's keys; False when it is not one of them."""
    which = (ApiKey.id == key_id, ApiKey.application_id == application.id)
    with write() as session:
        name = session.scalar(select(ApiKey.name).where(*which))
        if name is None or not count_changed(delete(ApiKey).where(*which)):
            return False
        _record(application, name, None, by=by, now=now)
    return True


def get_all(application: Application) -> list[ApiKey]:
    """Return an application's keys, the oldest first."""
    query = select(ApiKey).where(ApiKey.application_id == application.id)
    return list(db.session.scalars(query.order_by(ApiKey.id)))


@repeatable
def get_application(key: str, *, now: datetime) -> Application | None:
    """Return the application that shows this key, and note the use."""
    row = db.session.scalar(select(ApiKey).where(ApiKey.key_hash == sha256_hex(key)))
    application = db.session.get(Application, row.application_id) if row else None
    if row is None or application is None or application.is_disabled:
        return None
    if row.last_used_at is None or now - row.last_used_at >= USE_INTERVAL:
        with write() as session:
            session.execute(update(ApiKey).where(ApiKey.id == row.id).values(last_used_at=now))
    return application


def _record(
    application: Application, before: str | None, after: str | None, *, by: Actor, now: datetime
) -> None:
    """Note by their names which key there is no more, and which there is now."""
    audit.record_change(
        AuditTag.APPLICATION_SAVED,
        by,
        before={"api_key": before},
        after={"api_key": after},
        detail=application.client_id,
        now=now,
    )
