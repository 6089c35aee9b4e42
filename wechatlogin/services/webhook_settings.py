"""What an operator decides for an application's webhooks: where, of what, and a new secret."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import SecretStr
from sqlalchemy import select, update

from wechatlogin.config import Environment
from wechatlogin.errors import SettingRefused
from wechatlogin.extensions import db
from wechatlogin.i18n import msgid
from wechatlogin.models import Application, AuditTag, WebhookEvent
from wechatlogin.models.transaction import repeatable, write
from wechatlogin.services import application_addresses, audit, webhook_events, webhook_secrets
from wechatlogin.services.audit import Actor, Hidden
from wechatlogin.services.site import Site

#: What an application may ask for; a test is sent by an operator.
EVENTS = tuple(event for event in WebhookEvent if event is not WebhookEvent.TEST)


@dataclass(frozen=True)
class WebhookSettings:
    """Where an application hears of people, and of what; None is nowhere."""

    uri: str | None = None
    events: tuple[str, ...] = ()


def of(application: Application) -> WebhookSettings:
    """Return the settings of an application as they are now."""
    return WebhookSettings(application.webhook_uri, tuple(application.webhook_events))


@repeatable
def save(
    site: Site, application: Application, wanted: WebhookSettings, *, by: Actor, now: datetime
) -> SecretStr | None:
    """Save where an application hears of people and of what; return its secret if it gets one.

    The first address brings the secret, which cannot be had again.

    :raise SettingRefused: if the address or an event cannot be so.
    """
    _verify(site, application, wanted)
    secret = None
    with write():
        _lock(application)
        before = of(application)
        if wanted.uri is not None and application.sealed_webhook_secret is None:
            secret = webhook_secrets.new()
            _update(application, sealed_webhook_secret=site.vault.seal(secret.get_secret_value()))
        events = [event.value for event in EVENTS if event in wanted.events]
        _update(application, webhook_uri=wanted.uri, webhook_events=events)
        _record(application, _facts(before), _facts(wanted), by=by, now=now)
        if secret is not None:
            _record_secret(application, Hidden.NONE, Hidden.SET, by=by, now=now)
    return secret


@repeatable
def rotate(
    site: Site,
    application: Application,
    *,
    by: Actor,
    now: datetime,
    overlap: timedelta = webhook_secrets.OVERLAP,
) -> SecretStr:
    """Return a new secret, which cannot be had again; the old one signs beside it for a while."""
    secret = webhook_secrets.new()
    with write():
        _lock(application)
        former = application.sealed_webhook_secret
        _update(
            application,
            sealed_webhook_secret=site.vault.seal(secret.get_secret_value()),
            sealed_former_webhook_secret=former,
            former_webhook_secret_until=now + overlap if former else None,
        )
        stood = Hidden.SET if former else Hidden.NONE
        _record_secret(application, stood, Hidden.CHANGED, by=by, now=now)
    return secret


def _verify(site: Site, application: Application, wanted: WebhookSettings) -> None:
    if wanted.uri is not None:
        is_at_home = site.settings.environment is Environment.DEVELOPMENT
        fault = application_addresses.get_webhook_fault(wanted.uri, permits_loopback=is_at_home)
        if fault is not None:
            raise SettingRefused("webhook_uri", fault, wanted.uri)
    for event in wanted.events:
        if event not in EVENTS:
            raise SettingRefused("webhook_events", msgid("没有这种事件。"), event)
    is_unheard = webhook_events.SCOPE not in application.scopes
    if WebhookEvent.FOLLOW_CHANGED in wanted.events and is_unheard:
        message = msgid("只有可以得到 wechat scope 的应用才能知道谁关注了公众号。")
        raise SettingRefused("webhook_events", message, WebhookEvent.FOLLOW_CHANGED.value)
    if wanted.uri is not None and not wanted.events:
        raise SettingRefused("webhook_events", msgid("请至少选择一种事件。"))


def _lock(application: Application) -> None:
    which = select(Application.id).where(Application.id == application.id).with_for_update()
    db.session.execute(which)
    db.session.refresh(application)


def _update(application: Application, **values: object) -> None:
    db.session.execute(update(Application).where(Application.id == application.id).values(**values))
    db.session.refresh(application)


def _facts(settings: WebhookSettings) -> dict[str, object]:
    return {"webhook_uri": settings.uri, "webhook_events": sorted(settings.events)}


def _record_secret(
    application: Application, before: Hidden, after: Hidden, *, by: Actor, now: datetime
) -> None:
    stood, stands = {"webhook_secret": before}, {"webhook_secret": after}
    _record(application, stood, stands, by=by, now=now)


def _record(
    application: Application,
    before: Mapping[str, object],
    after: Mapping[str, object],
    *,
    by: Actor,
    now: datetime,
) -> None:
    audit.record_change(
        AuditTag.APPLICATION_SAVED,
        by,
        before=before,
        after=after,
        detail=application.client_id,
        now=now,
    )
