"""An application that hears of people, and what it was told."""

import json
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from tests.services.one_person import LI, NOW
from wechatlogin.extensions import db
from wechatlogin.models import Application, WebhookDelivery
from wechatlogin.services import applications, webhook_settings, webhooks
from wechatlogin.services.applications import NewApplication
from wechatlogin.services.site import Site
from wechatlogin.services.webhook_settings import EVENTS, WebhookSettings

HOOK = "https://shop.example/hook"
BASIC = ("openid", "profile")
WECHAT = (*BASIC, "wechat")


def an_application(site: Site, **given: Any) -> Application:
    new = NewApplication(**{"name": "书店", "scopes": BASIC, **given})
    return applications.verify(applications.create(site.vault, new, now=NOW).client_id)


def hooked(
    site: Site, uri: str = HOOK, *, events: tuple[str, ...] | None = None, **given: Any
) -> tuple[Application, str]:
    """Return an application that hears of everything it may, and its secret."""
    application = an_application(site, **given)
    all_of_it = tuple(
        event for event in EVENTS if "wechat" in application.scopes or event[0] == "u"
    )
    wanted = WebhookSettings(uri, all_of_it if events is None else events)
    secret = webhook_settings.save(site, application, wanted, by=LI, now=NOW)
    assert secret is not None
    return application, secret.get_secret_value()


def messages() -> list[WebhookDelivery]:
    query = select(WebhookDelivery).order_by(WebhookDelivery.created_at, WebhookDelivery.event)
    return list(db.session.scalars(query.execution_options(populate_existing=True)))


def told() -> list[tuple[str, dict[str, object]]]:
    """Return what was written down: each event with its data."""
    bodies = [json.loads(message.payload) for message in messages()]
    return [(body["type"], body["data"]) for body in bodies]


def deliver(site: Site, *, after: timedelta = timedelta()) -> int:
    """Deliver what is due and return how many messages that was."""
    count = 0
    while webhooks.deliver_next(site, now=NOW + after):
        count += 1
    return count
