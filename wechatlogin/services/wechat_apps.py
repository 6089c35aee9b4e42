"""The WeChat apps of the installation: which one serves a need, and its way to WeChat.

The needs follow the rights (`wechat/app.py`). Where no app may authorize a person or make a QR of
its own, the account that people can write to serves: the number or the code goes through its chat.
"""

from dataclasses import dataclass
from datetime import datetime

from pydantic import SecretStr
from sqlalchemy import select

from wechatlogin.errors import NotConfigured, RightMissing
from wechatlogin.extensions import db
from wechatlogin.models import AuditTag, WeChatAppRow
from wechatlogin.models.transaction import write
from wechatlogin.services import audit
from wechatlogin.services.platform_tokens import DatabaseAccessTokens
from wechatlogin.services.site import Site
from wechatlogin.vault import Vault
from wechatlogin.wechat.app import AppKind, MessageMode, Right, WeChatApp
from wechatlogin.wechat.client import WeChatClient

#: What people can write to, and what may do nothing else that a login could use.
CHAT_ONLY = frozenset({AppKind.PERSONAL, AppKind.SUBSCRIPTION, AppKind.SERVICE_UNCERTIFIED})


@dataclass(frozen=True)
class NewWeChatApp:
    """What an operator enters for an app."""

    appid: str
    secret: SecretStr
    kind: AppKind
    name: str
    token: SecretStr | None = None
    aes_key: SecretStr | None = None
    mode: MessageMode = MessageMode.SAFE
    gh_id: str | None = None
    follow_url: str | None = None
    template_id: str | None = None
    template_fields: dict[str, str] | None = None


def get(appid: str) -> WeChatAppRow | None:
    """Return the app with this appid."""
    return db.session.scalar(select(WeChatAppRow).where(WeChatAppRow.appid == appid))


def verify(appid: str) -> WeChatAppRow:
    """Return the app with this appid.

    :raise NotConfigured: if there is none any more.
    """
    row = get(appid)
    if row is None:
        raise NotConfigured
    return row


def get_all() -> list[WeChatAppRow]:
    """Return all apps, the first made first."""
    return list(db.session.scalars(select(WeChatAppRow).order_by(WeChatAppRow.id)))


def get_entitled(right: Right) -> WeChatAppRow | None:
    """Return the first app whose kind of account has a right."""
    return next((row for row in get_all() if row.has(right)), None)


def verify_entitled(right: Right) -> WeChatAppRow:
    """Return the first app that has a right.

    :raise RightMissing: if there are apps, but none of a kind that has it.
    :raise NotConfigured: if there is no app at all.
    """
    row = get_entitled(right)
    if row is None:
        raise RightMissing if get_all() else NotConfigured
    return row


def check_chat_only(row: WeChatAppRow) -> bool:
    """Tell whether an account can serve a login by its chat alone."""
    return AppKind(row.kind) in CHAT_ONLY


def get_chat_only() -> WeChatAppRow | None:
    """Return the account whose chat a login has to go through, where no app may do more."""
    if get_entitled(Right.WEB_AUTHORIZATION) is not None:
        return None
    return next((row for row in get_all() if check_chat_only(row)), None)


def save(vault: Vault, new: NewWeChatApp, *, now: datetime) -> WeChatAppRow:
    """Write an app down, replacing the one with the same appid."""
    with write() as session:
        row = get(new.appid) or WeChatAppRow(appid=new.appid, created_at=now)
        row.name, row.kind, row.mode, row.gh_id = new.name, new.kind, new.mode, new.gh_id
        # A QR that WeChat has made for the account stays; this is for accounts that may make none.
        row.follow_url = new.follow_url or row.follow_url
        row.sealed_secret = vault.seal(new.secret.get_secret_value())
        row.sealed_token = _seal(vault, new.token)
        row.sealed_aes_key = _seal(vault, new.aes_key)
        row.template_id, row.template_fields = new.template_id, new.template_fields
        session.add(row)
        audit.record(AuditTag.WECHAT_APP_SAVED, detail=new.appid, now=now)
    return row


def credentials(vault: Vault, row: WeChatAppRow) -> WeChatApp:
    """Return the app with its secrets opened."""
    return WeChatApp(
        appid=row.appid,
        secret=SecretStr(vault.open(row.sealed_secret)),
        kind=AppKind(row.kind),
        token=_open(vault, row.sealed_token),
        aes_key=_open(vault, row.sealed_aes_key),
        mode=MessageMode(row.mode),
        gh_id=row.gh_id,
    )


def client(site: Site, row: WeChatAppRow) -> WeChatClient:
    """Return the client that speaks to WeChat as this app."""
    app = credentials(site.vault, row)
    return WeChatClient(app, site.http, DatabaseAccessTokens(site.vault, site.http, app))


def _seal(vault: Vault, value: SecretStr | None) -> str | None:
    return vault.seal(value.get_secret_value()) if value else None


def _open(vault: Vault, sealed: str | None) -> SecretStr | None:
    return SecretStr(vault.open(sealed)) if sealed else None
