"""The WeChat apps of the installation: which one serves a need, and its way to WeChat.

The needs follow the rights (`wechat/app.py`). Where no app may authorize a person or make a QR of
its own, the account that people can write to serves: the number or the code goes through its chat.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from pydantic import SecretStr
from sqlalchemy import bindparam, or_, select

from wechatlogin.errors import InvalidRequest, NotConfigured, RightMissing
from wechatlogin.extensions import db
from wechatlogin.models import Application, WeChatAppRow
from wechatlogin.models.transaction import repeatable, write
from wechatlogin.services import audit, wechat_app_audit
from wechatlogin.services.audit import Actor
from wechatlogin.services.forward_urls import ForwardURL
from wechatlogin.services.pauses import AccountBreaker
from wechatlogin.services.platform_tokens import DatabaseAccessTokens
from wechatlogin.services.signs import Watch
from wechatlogin.services.site import Site
from wechatlogin.vault import Vault
from wechatlogin.wechat.app import AppKind, MessageMode, Right, WeChatApp
from wechatlogin.wechat.client import WeChatClient
from wechatlogin.wechat.http import WeChatHTTP

#: By whose rights a login could do more than write in a chat.
_MORE_THAN_CHAT = (Right.WEB_AUTHORIZATION, Right.PARAMETRIC_QR)
_BY_APPID = select(WeChatAppRow).where(WeChatAppRow.appid == bindparam("appid"))
_ALL = select(WeChatAppRow).order_by(WeChatAppRow.id)
_IDENTIFIER = re.compile(r"[a-z0-9-]{1,31}")


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
    #: Apps of one open-platform account share it: there a unionid names the same person.
    open_platform_group: str | None = None
    follow_url: str | None = None
    template_id: str | None = None
    template_fields: dict[str, str] | None = None
    #: Where pushes go that are not ours to answer.
    forward_url: ForwardURL | None = None
    #: What SDKs call the connection to it; one that was given before stays.
    identifier: str | None = None


def get(appid: str) -> WeChatAppRow | None:
    """Return the app with this appid."""
    return db.session.scalar(_BY_APPID, {"appid": appid})


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
    return list(db.session.scalars(_ALL))


def get_for(application: Application | None) -> list[WeChatAppRow]:
    """Return the apps that log people in to an application, the preferred one first."""
    rows = get_all()
    if application is None or not application.appids:
        return rows
    named = {row.appid: row for row in rows}
    return [named[appid] for appid in application.appids if appid in named]


def get_entitled(right: Right, application: Application | None = None) -> WeChatAppRow | None:
    """Return the first app, of those of an application, whose kind has a right."""
    return next((row for row in get_for(application) if row.has(right)), None)


def verify_entitled(right: Right, application: Application | None = None) -> WeChatAppRow:
    """Return the first app, of those of an application, that has a right.

    :raise RightMissing: if there are apps, but none of a kind that has it.
    :raise NotConfigured: if there is no app at all.
    """
    row = get_entitled(right, application)
    if row is None:
        raise RightMissing if get_for(application) else NotConfigured
    return row


def check_chat_only(row: WeChatAppRow) -> bool:
    """Tell whether an account can serve a login by its chat alone."""
    return row.has(Right.CHAT) and not any(row.has(right) for right in _MORE_THAN_CHAT)


@repeatable
def save(
    vault: Vault, new: NewWeChatApp, *, by: Actor = audit.COMMAND_LINE, now: datetime
) -> WeChatAppRow:
    """Write an app down, replacing the one with the same appid.

    :raise InvalidRequest: if its identifier is malformed, or another app's name.
    """
    if new.identifier is not None:
        verify_identifier(new.appid, new.identifier)
    with write() as session:
        known = get(new.appid)
        before = wechat_app_audit.describe(known) if known else None
        row = known or WeChatAppRow(appid=new.appid, created_at=now)
        row.name, row.kind, row.mode, row.gh_id = new.name, new.kind, new.mode, new.gh_id
        row.open_platform_group = new.open_platform_group
        # A QR that WeChat has made for the account stays; this is for accounts that may make none.
        row.follow_url = new.follow_url or row.follow_url
        row.sealed_secret = vault.seal(new.secret.get_secret_value())
        row.sealed_token = _seal(vault, new.token)
        row.sealed_aes_key = _seal(vault, new.aes_key)
        row.template_id, row.template_fields = new.template_id, new.template_fields
        row.forward_url = new.forward_url
        row.identifier = new.identifier or row.identifier
        session.add(row)
        # Whether a secret is another than before is not asked: all are given anew.
        names = wechat_app_audit.SECRETS
        wechat_app_audit.record(row, by, before=before, new_secrets=names, now=now)
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
    breaker = AccountBreaker(site.pauses, row.appid)
    return WeChatClient(app, _watched(site, row), access_tokens(site, row), breaker=breaker)


def access_tokens(site: Site, row: WeChatAppRow) -> DatabaseAccessTokens:
    """Return where the access token of this app is kept."""
    breaker = AccountBreaker(site.pauses, row.appid)
    app = credentials(site.vault, row)
    http = _watched(site, row)
    return DatabaseAccessTokens(
        site.vault, http, app, breaker=breaker, turns=site.token_turns, aside=site.aside
    )


def _watched(site: Site, row: WeChatAppRow) -> WeChatHTTP:
    return site.http.watched_by(Watch(site.signs, row.appid))


def verify_identifier(appid: str, identifier: str) -> None:
    """Check what SDKs are to call the connection to an app.

    :raise InvalidRequest: if it is malformed, or another app's name.
    """
    named = or_(WeChatAppRow.identifier == identifier, WeChatAppRow.appid == identifier)
    another = select(WeChatAppRow.id).where(named, WeChatAppRow.appid != appid)
    if not _IDENTIFIER.fullmatch(identifier) or db.session.scalar(another) is not None:
        raise InvalidRequest


def _seal(vault: Vault, value: SecretStr | None) -> str | None:
    return vault.seal(value.get_secret_value()) if value else None


def _open(vault: Vault, sealed: str | None) -> SecretStr | None:
    return SecretStr(vault.open(sealed)) if sealed else None
