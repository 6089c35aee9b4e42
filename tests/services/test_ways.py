"""Which way serves a browser follows the rights of the apps, and what the application wishes."""

from datetime import UTC, datetime

import pytest

from tests.stories import an_account
from wechatlogin.errors import (
    ApplicationUnknown,
    InvalidRequest,
    RightMissing,
    SettingRefused,
)
from wechatlogin.models import Application, Way
from wechatlogin.services import applications, ways, wechat_apps
from wechatlogin.services.applications import NewApplication
from wechatlogin.services.site import Site
from wechatlogin.services.ways import Device
from wechatlogin.wechat.app import AppKind

NOW = datetime(2026, 11, 21, 3, 4, tzinfo=UTC)
ALL_DESKTOP_WAYS = ("scan", "website", "number")
SERVICE, WEBSITE, PERSONAL = (f"wx{number}" + "0" * 15 for number in (1, 2, 3))


def make_apps(site: Site, *kinds: AppKind) -> None:
    appids = {AppKind.SERVICE: SERVICE, AppKind.WEBSITE: WEBSITE, AppKind.PERSONAL: PERSONAL}
    for kind in kinds:
        an_account(site, now=NOW, appid=appids.get(kind, "wx9" + "0" * 15), kind=kind)


def an_application(site: Site, *appids: str, ways: tuple[str, ...] = ()) -> Application:
    new = NewApplication("书店", appids=appids, ways=ways)
    made = applications.create(site.vault, new, now=NOW)
    return applications.verify(made.client_id)


def offered(
    device: Device,
    application: Application | None = None,
    *,
    desktop_ways: tuple[str, ...] = ALL_DESKTOP_WAYS,
) -> list[tuple[Way, str]]:
    rows = wechat_apps.get_for(application)
    found = ways.get_offers(device, application, rows, desktop_ways=desktop_ways)
    return [(offer.way, offer.row.appid) for offer in found]


@pytest.mark.parametrize(
    ("kind", "on_desktop", "in_wechat"),
    [
        (AppKind.SERVICE, [Way.SCAN, Way.NUMBER], [Way.IN_WECHAT, Way.NUMBER]),
        (AppKind.TEST, [Way.SCAN, Way.NUMBER], [Way.IN_WECHAT, Way.NUMBER]),
        (AppKind.SERVICE_UNCERTIFIED, [Way.NUMBER], [Way.NUMBER]),
        (AppKind.SUBSCRIPTION, [Way.NUMBER], [Way.NUMBER]),
        (AppKind.PERSONAL, [Way.NUMBER], [Way.NUMBER]),
        (AppKind.WEBSITE, [Way.WEBSITE], []),
        (AppKind.MINI_PROGRAM, [], []),
    ],
)
def test_each_kind_of_account_offers_what_wechat_lets_it_do(
    storage: Site, kind: AppKind, on_desktop: list[Way], in_wechat: list[Way]
) -> None:
    make_apps(storage, kind)

    assert [way for way, _ in offered(Device.DESKTOP)] == on_desktop
    assert [way for way, _ in offered(Device.IN_WECHAT)] == in_wechat
    assert offered(Device.PHONE) == offered(Device.IN_WECHAT)


def test_in_wechat_and_on_a_desktop_different_apps_may_stand_behind_one_button(
    storage: Site,
) -> None:
    make_apps(storage, AppKind.SERVICE, AppKind.WEBSITE)
    application = an_application(storage, WEBSITE, SERVICE)

    assert offered(Device.DESKTOP, application)[0] == (Way.WEBSITE, WEBSITE)
    assert offered(Device.IN_WECHAT, application)[0] == (Way.IN_WECHAT, SERVICE)


def test_an_application_uses_the_apps_that_it_names_and_no_other(storage: Site) -> None:
    make_apps(storage, AppKind.SERVICE, AppKind.WEBSITE, AppKind.PERSONAL)
    application = an_application(storage, PERSONAL)

    assert offered(Device.DESKTOP, application) == [(Way.NUMBER, PERSONAL)]
    assert offered(Device.IN_WECHAT, application) == [(Way.NUMBER, PERSONAL)]


def test_the_installation_says_in_which_order_a_desktop_is_offered_the_ways(storage: Site) -> None:
    make_apps(storage, AppKind.SERVICE, AppKind.WEBSITE)

    first = offered(Device.DESKTOP, desktop_ways=("website", "scan"))

    assert first == [(Way.WEBSITE, WEBSITE), (Way.SCAN, SERVICE)]


def test_an_application_is_offered_the_ways_that_it_names_in_its_order(storage: Site) -> None:
    make_apps(storage, AppKind.SERVICE, AppKind.WEBSITE)
    application = an_application(storage, SERVICE, WEBSITE, ways=("number", "website", "code"))

    assert offered(Device.DESKTOP, application) == [(Way.NUMBER, SERVICE), (Way.WEBSITE, WEBSITE)]
    assert offered(Device.IN_WECHAT, application) == [(Way.NUMBER, SERVICE)]
    assert offered(Device.DESKTOP, application, desktop_ways=("scan", "website")) == [
        (Way.WEBSITE, WEBSITE)
    ]


def test_a_way_that_an_application_leaves_out_is_not_permitted(storage: Site) -> None:
    make_apps(storage, AppKind.SERVICE)
    picky, other = an_application(storage, ways=("scan",)), an_application(storage)

    ways.verify_permitted(picky, Way.SCAN)
    for application in (other, None):
        ways.verify_permitted(application, Way.CODE)
    with pytest.raises(RightMissing):
        ways.verify_permitted(picky, Way.CODE)


def test_an_application_can_name_only_apps_that_are_there(storage: Site) -> None:
    with pytest.raises(SettingRefused) as refused:
        an_application(storage, SERVICE)
    assert (refused.value.field, refused.value.value) == ("appids", SERVICE)
    make_apps(storage, AppKind.SERVICE)

    assert wechat_apps.get_for(an_application(storage, SERVICE))[0].appid == SERVICE


@pytest.mark.parametrize(
    "origin",
    ["shop.example", "https://shop.example/", "https://shop.example/path", "http://shop.example"],
)
def test_an_origin_is_a_scheme_and_a_host(storage: Site, origin: str) -> None:
    with pytest.raises(InvalidRequest):
        applications.create(storage.vault, NewApplication("书店", origins=(origin,)), now=NOW)


def test_a_client_id_that_is_nobodys_is_said_to_be_so(storage: Site) -> None:
    with pytest.raises(ApplicationUnknown):
        applications.verify("f" * 32)
