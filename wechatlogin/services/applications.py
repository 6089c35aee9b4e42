"""Applications: the programs that log people in through us, and their credentials."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import select

from wechatlogin.config import ConfirmPolicy, FollowPolicy
from wechatlogin.errors import ApplicationUnknown, InvalidRequest, NotConfigured
from wechatlogin.extensions import db
from wechatlogin.models import Application, AuditTag
from wechatlogin.models.transaction import write
from wechatlogin.services import audit, wechat_apps
from wechatlogin.vault import Vault, sha256_hex


@dataclass(frozen=True)
class Credentials:
    """An application's secrets, shown once when they are made."""

    client_id: str
    client_secret: str = field(repr=False)
    api_key: str = field(repr=False)
    user_domain: str
    user_domain_secret: str = field(repr=False)


@dataclass(frozen=True)
class NewApplication:
    """What an operator enters for an application."""

    name: str
    redirect_uris: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    #: Its WeChat apps, the preferred one first; none means all there are.
    appids: tuple[str, ...] = ()
    confirm: ConfirmPolicy = ConfirmPolicy.NUMBER
    follow: FollowPolicy = FollowPolicy.NEVER


def get(client_id: str) -> Application | None:
    """Return the application with this client id."""
    return db.session.scalar(select(Application).where(Application.client_id == client_id))


def verify(client_id: str) -> Application:
    """Return the application with this client id.

    :raise ApplicationUnknown: if there is none.
    """
    application = get(client_id)
    if application is None:
        raise ApplicationUnknown
    return application


def create(vault: Vault, new: NewApplication, *, now: datetime) -> Credentials:
    """Write an application down and return its credentials.

    :raise InvalidRequest: if a redirect URI or an origin cannot be compared exactly, or a WeChat
        app is not one of ours.
    """
    _verify(new)
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
                name=new.name,
                # Random secrets of 256 bits need no slow hash.
                client_secret_hash=sha256_hex(made.client_secret),
                api_key_hash=sha256_hex(made.api_key),
                user_domain=made.user_domain,
                sealed_user_domain_secret=vault.seal(made.user_domain_secret),
                redirect_uris=list(new.redirect_uris),
                origins=list(new.origins),
                appids=list(new.appids),
                confirm=new.confirm,
                follow=new.follow,
                created_at=now,
            )
        )
        audit.record(AuditTag.APPLICATION_SAVED, detail=made.client_id, now=now)
    return made


def _verify(new: NewApplication) -> None:
    for uri in new.redirect_uris:
        _verify_redirect_uri(uri)
    for origin in new.origins:
        _verify_redirect_uri(origin)
        if urlsplit(origin).path or urlsplit(origin).query:
            raise InvalidRequest
    for appid in new.appids:
        if wechat_apps.get(appid) is None:
            raise NotConfigured


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
