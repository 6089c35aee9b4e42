"""Beginnings that several tests share, in the words of the service."""

import secrets
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any

from pydantic import SecretStr

from wechatlogin.models import (
    Application,
    Attempt,
    Identity,
    Session,
    User,
    Way,
    WeChatAppRow,
)
from wechatlogin.models.transaction import write
from wechatlogin.services import accounts, applications, attempts, sessions, wechat_apps
from wechatlogin.services.applications import NewApplication
from wechatlogin.services.errand import Errand
from wechatlogin.services.site import Browser, Site
from wechatlogin.services.wechat_apps import NewWeChatApp
from wechatlogin.vault import sha256_hex
from wechatlogin.wechat.app import AppKind

BROWSER_SECRET = "a secret of the browser"
BINDING = sha256_hex(BROWSER_SECRET)
LIFETIME = timedelta(seconds=120)
ERRAND = {field.name for field in fields(Errand)}


def start_attempt(*, now: datetime, **more: Any) -> Attempt:
    """Start an attempt of the browser whose binding is `BINDING`."""
    given: dict[str, Any] = {
        "way": Way.PAGE,
        "binding_hash": BINDING,
        "browser": "Windows · Edge",
        "ip": "203.0.113.7",
        "lifetime": LIFETIME,
        "scene": attempts.new_scene(),
    }
    errand = Errand(**{name: more.pop(name) for name in ERRAND & more.keys()})
    return attempts.start(attempts.NewAttempt(**{**given, "errand": errand, **more}), now=now)


def a_browser(secret: str = BROWSER_SECRET, **more: Any) -> Browser:
    """Return a browser that came with its cookie."""
    given = {"is_bound": True, "name": "Windows · Edge", "ip": "203.0.113.7", **more}
    return Browser(binding=secret, **given)


def a_user(now: datetime) -> str:
    """Create a person without an identity and return the id."""
    user = User(id=secrets.token_hex(16), created_at=now)
    with write() as session:
        session.add(user)
    return user.id


def an_account(
    site: Site,
    *,
    now: datetime,
    appid: str = "wx0123456789abcdef",
    kind: AppKind = AppKind.SERVICE,
) -> WeChatAppRow:
    """Create an account, a certified service account unless the kind says otherwise."""
    new = NewWeChatApp(
        appid=appid,
        secret=SecretStr("s" * 32),
        kind=kind,
        name="晨光书店",
        token=SecretStr("t" * 16),
        aes_key=SecretStr("a" * 43),
    )
    return wechat_apps.save(site.vault, new, now=now)


def an_identity(row: WeChatAppRow, openid: str, *, now: datetime) -> Identity:
    """Create a person whom an account knows by this openid."""
    return accounts.find_or_create_identity(row, accounts.Sighting(openid), now=now)


def a_program(site: Site, *, now: datetime, **given: Any) -> tuple[Application, Session]:
    """Create an application, and a session of somebody's that it holds the tokens of."""
    new = NewApplication(**{"name": "晨光书店", **given})
    made = applications.create(site.vault, new, now=now)
    application = applications.verify(made.client_id)
    session = sessions.start(
        made.client_id,
        sessions.Owner(user_id=a_user(now)),
        browser=a_browser(),
        way="scan",
        lifetime=timedelta(days=30),
        now=now,
        application_id=application.id,
    )
    return application, session


def settings_of(site: Site, **settings: Any) -> Site:
    """Return the same site with other settings."""
    return replace(site, settings=site.settings.model_copy(update=settings))
