"""Adding, changing and removing WeChat apps, with who did it written down.

create    after its settings are verified
change    any setting; a secret that was not given stays
renew     a new token and EncodingAESKey, to be pasted into WeChat's console
remove    with its texts, files and signs; its people stay, and so does what they are known by
"""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError

from wechatlogin.errors import SettingRefused, WeChatAppInUse
from wechatlogin.extensions import db
from wechatlogin.i18n import msgid
from wechatlogin.models import (
    AccountHealth,
    Application,
    AuditTag,
    Identity,
    PlatformToken,
    WeChatAppRow,
)
from wechatlogin.models.transaction import repeatable, write
from wechatlogin.services import (
    applications,
    audit,
    replies,
    verification_files,
    wechat_app_audit,
    wechat_app_settings,
)
from wechatlogin.services.audit import Actor
from wechatlogin.services.site import Site
from wechatlogin.services.wechat_app_settings import GivenSecrets, WeChatAppSettings
from wechatlogin.vault import Vault, equal
from wechatlogin.wechat.app import AppKind, MessageMode, Right, rights_of


@dataclass(frozen=True)
class CallbackSecrets:
    """What WeChat's console asks for beside the callback URL; shown once."""

    token: str = field(repr=False)
    #: None where the console has no place for it, as a test account's.
    aes_key: str | None = field(repr=False)


@dataclass(frozen=True)
class Dependents:
    """What would be gone, or would stay without the app."""

    #: Applications that name it; as long as there are any, it cannot be removed.
    applications: tuple[Application, ...]
    people: int
    replies: int
    files: int


@repeatable
def create(
    site: Site,
    appid: str,
    wanted: WeChatAppSettings,
    given: GivenSecrets,
    *,
    by: Actor,
    now: datetime,
) -> WeChatAppRow:
    """Write a new app down.

    :raise SettingRefused: if a setting cannot be so, or the appid is known.
    """
    settings = wechat_app_settings.verify_new(site.settings, appid, wanted, given)
    row = WeChatAppRow(appid=appid, created_at=now)
    _apply(site.vault, row, settings, given)
    _verify_mode(row)
    try:
        with write() as session:
            session.add(row)
            session.flush()
            wechat_app_audit.record(row, by, before=None, now=now)
    except IntegrityError as err:
        # Somebody else has added the same one at this moment.
        raise SettingRefused("appid", msgid("这个 AppID 已经添加过了。")) from err
    return row


@repeatable
def change(
    site: Site,
    row: WeChatAppRow,
    wanted: WeChatAppSettings,
    given: GivenSecrets,
    *,
    by: Actor,
    now: datetime,
) -> None:
    """Change an app's settings, and the secrets that were given.

    :raise SettingRefused: if a setting cannot be so; nothing is changed then.
    """
    settings = wechat_app_settings.verify(site.settings, row.appid, wanted, given)
    if row.template_id is not None and Right.TEMPLATE_MESSAGE not in rights_of(settings.kind):
        raise SettingRefused("kind", msgid("这种账号不能发模板消息，请先停用消息模板。"))
    with write():
        before = wechat_app_audit.describe(row)
        replaced = _apply(site.vault, row, settings, given)
        _verify_mode(row)
        if "token" in replaced:
            _forget_check(row)
        if before != wechat_app_audit.describe(row) or replaced:
            wechat_app_audit.record(row, by, before=before, new_secrets=replaced, now=now)


@repeatable
def renew_callback_secrets(
    vault: Vault, row: WeChatAppRow, *, by: Actor, now: datetime
) -> CallbackSecrets:
    """Give an app a new token and EncodingAESKey; the old ones are good no more."""
    token, aes_key = wechat_app_settings.new_token(), None
    if AppKind(row.kind) is not AppKind.TEST:
        aes_key = wechat_app_settings.new_aes_key()
    before = wechat_app_audit.describe(row)
    with write():
        row.sealed_token = vault.seal(token.get_secret_value())
        if aes_key is not None:
            row.sealed_aes_key = vault.seal(aes_key.get_secret_value())
        _forget_check(row)
        names = {"token", "aes_key"} if aes_key is not None else {"token"}
        wechat_app_audit.record(row, by, before=before, new_secrets=names, now=now)
    return CallbackSecrets(
        token.get_secret_value(), aes_key.get_secret_value() if aes_key is not None else None
    )


def get_dependents(row: WeChatAppRow) -> Dependents:
    """Return what depends on an app."""
    naming = [one for one in applications.get_all() if row.appid in one.appids]
    known = select(func.count(Identity.id)).where(Identity.appid == row.appid)
    files = [appid for appid, _ in verification_files.get_all() if appid == row.appid]
    return Dependents(
        applications=tuple(naming),
        people=db.session.scalar(known) or 0,
        replies=len(replies.get_all(row)),
        files=len(files),
    )


@repeatable
def remove(row: WeChatAppRow, *, by: Actor, now: datetime) -> None:
    """Remove an app; whoever logged in by it is known again when it is added again.

    :raise WeChatAppInUse: if an application names it.
    """
    if get_dependents(row).applications:
        raise WeChatAppInUse
    appid, before = row.appid, wechat_app_audit.describe(row)
    with write() as session:
        for signs in (PlatformToken, AccountHealth):
            session.execute(delete(signs).where(signs.appid == appid))
        session.execute(delete(WeChatAppRow).where(WeChatAppRow.id == row.id))
        audit.record_change(
            AuditTag.WECHAT_APP_REMOVED, by, before=before, after=None, detail=appid, now=now
        )
    db.session.expire_all()


def _apply(
    vault: Vault, row: WeChatAppRow, settings: WeChatAppSettings, given: GivenSecrets
) -> set[str]:
    """Put settings and secrets into a row; return the names of the secrets that are new."""
    for name in wechat_app_settings.NAMES:
        setattr(row, name, getattr(settings, name))
    replaced = set()
    for name, column in wechat_app_audit.SECRETS.items():
        value, sealed = getattr(given, name), getattr(row, column)
        if value is None or (sealed and equal(vault.open(sealed), value.get_secret_value())):
            continue
        setattr(row, column, vault.seal(value.get_secret_value()))
        replaced.add(name)
    return replaced


def _forget_check(row: WeChatAppRow) -> None:
    """Forget that WeChat has checked the address: it did so with another token."""
    health = db.session.get(AccountHealth, row.appid, populate_existing=True)
    if health is not None:
        health.verified_at = None


def _verify_mode(row: WeChatAppRow) -> None:
    is_sealed = MessageMode(row.mode) is not MessageMode.PLAIN
    if row.sealed_token and is_sealed and not row.sealed_aes_key:
        message = msgid("兼容模式和安全模式要有 EncodingAESKey。")
        raise SettingRefused("aes_key", message)
