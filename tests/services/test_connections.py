"""What SDKs call the WeChat apps of an application."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from wechatlogin.errors import AppidRefused, InvalidRequest, RightMissing
from wechatlogin.models import Application
from wechatlogin.services import applications, connections, wechat_apps
from wechatlogin.services.applications import NewApplication
from wechatlogin.services.site import Site
from wechatlogin.services.wechat_apps import NewWeChatApp
from wechatlogin.wechat.app import AppKind

NOW = datetime(2026, 11, 21, 3, 4, 5, tzinfo=UTC)
ACCOUNT = NewWeChatApp(
    "wx0123456789abcdef", SecretStr("s" * 32), AppKind.SERVICE, "晨光书店", identifier="our-shop"
)
WEBSITE = NewWeChatApp("wxfedcba9876543210", SecretStr("s" * 32), AppKind.WEBSITE, "网站")


def an_application(site: Site, *appids: str) -> Application:
    made = applications.create(site.vault, NewApplication("书店", appids=appids), now=NOW)
    return applications.verify(made.client_id)


def test_an_app_is_named_by_its_identifier_its_appid_or_what_it_can_do(storage: Site) -> None:
    wechat_apps.save(storage.vault, WEBSITE, now=NOW)
    wechat_apps.save(storage.vault, ACCOUNT, now=NOW)
    application = an_application(storage)

    named = {
        name: connections.verify(application, name).appid
        for name in ("our-shop", ACCOUNT.appid, "wechat:webpage-authorization", "wechat:pc")
    }

    assert named == {
        "our-shop": ACCOUNT.appid,
        ACCOUNT.appid: ACCOUNT.appid,
        "wechat:webpage-authorization": ACCOUNT.appid,
        "wechat:pc": WEBSITE.appid,
    }


def test_another_applications_app_has_no_name_here(storage: Site) -> None:
    wechat_apps.save(storage.vault, WEBSITE, now=NOW)
    wechat_apps.save(storage.vault, ACCOUNT, now=NOW)
    application = an_application(storage, WEBSITE.appid)

    for name in ("our-shop", ACCOUNT.appid, "OUR-SHOP", "our-shop ", "", "wechat:mp"):
        with pytest.raises(AppidRefused):
            connections.verify(application, name)
    with pytest.raises(RightMissing):
        connections.verify(application, "wechat:webpage-authorization")


def test_an_identifier_stays_when_the_app_is_saved_without_one(storage: Site) -> None:
    wechat_apps.save(storage.vault, ACCOUNT, now=NOW)

    saved = wechat_apps.save(storage.vault, replace(ACCOUNT, identifier=None), now=NOW)

    assert saved.identifier == "our-shop"


@pytest.mark.parametrize(
    "identifier", ["our-shop", "wx0123456789abcdef", "Shop", "our_shop", "a" * 32, "店", "a b", ""]
)
def test_an_identifier_that_is_malformed_or_taken_is_refused(
    storage: Site, identifier: str
) -> None:
    wechat_apps.save(storage.vault, ACCOUNT, now=NOW)

    with pytest.raises(InvalidRequest):
        wechat_apps.save(storage.vault, replace(WEBSITE, identifier=identifier), now=NOW)
    assert wechat_apps.get(WEBSITE.appid) is None
