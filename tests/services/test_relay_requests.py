"""Which sites are relayed to: what they ask for is compared exactly."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.relays import (
    APPID,
    ASKED,
    NOW,
    URI,
    WEBSITE_APPID,
    add_website_app,
    count_applications,
    register,
    scene_in,
)
from tests.stories import a_browser, an_account
from wechatlogin.errors import AppidRefused, ApplicationUnknown, InvalidRequest, RedirectUnknown
from wechatlogin.models import WeChatAppRow
from wechatlogin.services import relay
from wechatlogin.services.relay import PageWish
from wechatlogin.services.site import Site
from wechatlogin.wechat.app import AppKind
from wechatlogin.wechat.oauth import Extra, Scope


@pytest.fixture
def row(storage: Site) -> WeChatAppRow:
    return an_account(storage, now=NOW, appid=APPID)


@pytest.mark.parametrize("state", ["", "a" * 129, "微", "a\r\nSet-Cookie: a=b", "a\x00", "\x7f"])
def test_a_state_that_is_no_printable_ascii_or_too_long_is_refused(
    storage: Site, row: WeChatAppRow, state: str
) -> None:
    register(storage, URI)

    with pytest.raises(InvalidRequest):
        relay.verify(replace(ASKED, state=state))


@pytest.mark.parametrize(
    "uri",
    [
        "https://shop.example/wx/Back",
        "https://shop.example/wx/Back?from=menu",
        f"{URI}&x=1",
        f"{URI}#",
        f"{URI}/",
        f" {URI}",
        f"{URI}\n",
        "https://shop.example/wx/back?from=menu&n=%E5%BE%AE",
        "HTTPS://shop.example/wx/Back?from=menu&n=%E5%BE%AE",
        "https://SHOP.example/wx/Back?from=menu&n=%E5%BE%AE",
        "https://shop.example:443/wx/Back?from=menu&n=%E5%BE%AE",
        "https://shop.example./wx/Back?from=menu&n=%E5%BE%AE",
        "https://shop.example@evil.example/wx/Back?from=menu&n=%E5%BE%AE",
        "https://evil.example/https://shop.example/wx/Back?from=menu&n=%E5%BE%AE",
        "https://shop.example/wx/x/../Back?from=menu&n=%E5%BE%AE",
        "https://shop.example/wx/%42ack?from=menu&n=%E5%BE%AE",
        "https://shop.example/wx/Back?from=menu&n=%e5%be%ae",
        "https://shop.example/wx/Back?from=menu&n=微",
        "http://shop.example/wx/Back?from=menu&n=%E5%BE%AE",
        "//shop.example/wx/Back?from=menu&n=%E5%BE%AE",
        "javascript:alert(1)//https://shop.example/wx/Back",
        "*",
        "",
    ],
)
def test_a_redirect_uri_that_is_not_exactly_the_registered_one_is_refused(
    storage: Site, row: WeChatAppRow, uri: str
) -> None:
    register(storage, URI)

    with pytest.raises(RedirectUnknown):
        relay.verify(replace(ASKED, redirect_uri=uri))
    assert relay.verify(ASKED).errand.redirect_uri == URI


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(at=st.integers(0, len(URI)), cut=st.integers(0, 3), put=st.text(max_size=3))
def test_no_change_to_a_redirect_uri_goes_unnoticed(
    storage: Site, row: WeChatAppRow, at: int, cut: int, put: str
) -> None:
    if count_applications() == 0:
        register(storage, URI)
    changed = URI[:at] + put + URI[at + cut :]

    if changed == URI:
        assert relay.verify(replace(ASKED, redirect_uri=changed))
    else:
        with pytest.raises(RedirectUnknown):
            relay.verify(replace(ASKED, redirect_uri=changed))


def test_the_client_id_has_to_be_the_one_that_registered_the_uri(
    storage: Site, row: WeChatAppRow
) -> None:
    shop, other = register(storage, URI), register(storage, "https://other.example/")

    named = relay.verify(replace(ASKED, client_id=shop)).errand.application
    assert named is not None
    assert named.client_id == shop
    with pytest.raises(RedirectUnknown):
        relay.verify(replace(ASKED, client_id=other))
    with pytest.raises(ApplicationUnknown):
        relay.verify(replace(ASKED, client_id="nobodys"))


def test_of_two_with_one_uri_it_is_the_one_that_may_use_the_app(
    storage: Site, row: WeChatAppRow
) -> None:
    add_website_app(storage)
    register(storage, URI, appids=(WEBSITE_APPID,))
    second = register(storage, URI, appids=(APPID,))

    permit = relay.verify(ASKED)

    assert permit.errand.application is not None
    assert permit.errand.application.client_id == second
    assert permit.row.appid == APPID


@pytest.mark.parametrize(
    ("appid", "scope"),
    [
        ("wx0000000000000000", Scope.BASE),
        (WEBSITE_APPID, Scope.USERINFO),
        (APPID, Scope.LOGIN),
        ("", Scope.BASE),
    ],
)
def test_an_appid_that_is_not_ours_or_of_another_kind_is_refused(
    storage: Site, row: WeChatAppRow, appid: str, scope: Scope
) -> None:
    add_website_app(storage)
    register(storage, URI)

    with pytest.raises(AppidRefused):
        relay.verify(replace(ASKED, appid=appid, page=PageWish(scope)))


def test_an_appid_that_the_application_does_not_name_is_refused(
    storage: Site, row: WeChatAppRow
) -> None:
    add_website_app(storage)
    register(storage, URI, appids=(WEBSITE_APPID,))

    with pytest.raises(AppidRefused):
        relay.verify(ASKED)
    website = replace(ASKED, appid=WEBSITE_APPID, page=PageWish(Scope.LOGIN))
    assert relay.verify(website).row.appid == WEBSITE_APPID


def test_an_account_that_may_not_authorize_people_cannot_be_relayed_for(storage: Site) -> None:
    an_account(storage, now=NOW, appid=APPID, kind=AppKind.PERSONAL)
    register(storage, URI)

    with pytest.raises(AppidRefused):
        relay.verify(ASKED)


def test_wechat_is_asked_as_the_site_asks_with_our_own_way_back(
    storage: Site, row: WeChatAppRow
) -> None:
    register(storage, URI)
    page = PageWish(Scope.USERINFO, frozenset({Extra.FORCE_POPUP, Extra.FORCE_SNAPSHOT}))

    url = relay.begin(storage, a_browser(), relay.verify(replace(ASKED, page=page)), now=NOW)

    scene = scene_in(url)
    return_url = (
        "http%3A%2F%2F127.0.0.1%3A5000%2Fconnect%2Freturn%3Fscope%3Dsnsapi_userinfo"
        "%26forcePopup%3Dtrue%26forceSnapShot%3Dtrue"
    )
    assert url == (
        f"https://open.weixin.qq.com/connect/oauth2/authorize?appid={APPID}"
        f"&redirect_uri={return_url}&response_type=code&scope=snsapi_userinfo&state={scene}"
        "&forcePopup=true&forceSnapShot=true#wechat_redirect"
    )
