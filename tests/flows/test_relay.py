"""A site on another domain logs people in through us, with WeChat's own parameters."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, quote, unquote_plus, urlsplit

import pytest
from sqlalchemy import func, select
from wechatpy.oauth import WeChatOAuth

from tests.conftest import Installation, Installer
from tests.flows.phones import Browser, Phone
from tests.flows.shop import AUTHORIZE, Shop, add_website_app, asked, open_shop
from tests.sdks.stories import scanned_code
from wechatlogin.extensions import db
from wechatlogin.models import Identity

RETURN = "/connect/return?"
#: 128 bytes of everything that is printable and has a meaning in a query.
ODD_STATE = "".join(chr(number) for number in range(32, 127)) + "=&+%2B%26#?/;" + "x" * 20


@pytest.fixture(scope="module")
def relaying(install: Installer) -> Installation:
    return install()


@pytest.fixture
def shop(relaying: Installation) -> Iterator[Shop]:
    with open_shop(relaying) as site:
        yield site


def identities(installation: Installation) -> int:
    with installation.app.app_context():
        return db.session.scalar(select(func.count()).select_from(Identity)) or 0


def exchanges(installation: Installation) -> int:
    calls = installation.simulator.calls("/sns/oauth2/access_token")
    return len([call for call in calls if call["appid"] == installation.account.appid])


def test_a_person_logs_in_at_the_site_and_nowhere_else(relaying: Installation, shop: Shop) -> None:
    person = relaying.simulator.add_person()
    phone = Phone(person)
    before = exchanges(relaying)

    page = phone.open(f"{shop.url}/login")

    openid = relaying.simulator.openid(person, relaying.account.appid)
    assert page.text == f"hello {openid}"
    assert exchanges(relaying) == before + 1
    assert identities(relaying) == 0
    assert phone.step(f"{relaying.url}/account").status_code == 302


def test_wechat_is_told_our_domain_and_our_state(relaying: Installation, shop: Shop) -> None:
    answer = Phone("lin").step(asked(relaying, shop, connect_redirect="1", forcePopup="true"))

    location = answer.headers["Location"]
    back = quote(
        f"{relaying.url}/connect/return?scope=snsapi_base&forcePopup=true&connect_redirect=1",
        safe="",
    )
    state = parse_qs(urlsplit(location).query)["state"][0]
    assert location == (
        f"{relaying.simulator.url}{AUTHORIZE}?appid={relaying.account.appid}&redirect_uri={back}"
        f"&response_type=code&scope=snsapi_base&state={state}"
        "&forcePopup=true&connect_redirect=1#wechat_redirect"
    )
    assert re.fullmatch(r"[0-9a-f]{32}", state)


def test_a_state_of_128_odd_bytes_comes_back_unchanged(relaying: Installation, shop: Shop) -> None:
    assert len(ODD_STATE) == 128

    Phone("lin").open(asked(relaying, shop, state=ODD_STATE))

    found = re.fullmatch(r"from=menu&code=[0-9A-Za-z]+&state=(.+)", shop.arrivals[-1])
    assert found
    assert unquote_plus(found[1]) == ODD_STATE


def test_a_state_of_base64_that_nobody_encoded_comes_back_byte_for_byte(
    relaying: Installation, shop: Shop
) -> None:
    Phone("lin").open(asked(relaying, shop).replace("state=theirs", "state=a+b.c-d_e"))

    assert shop.arrivals[-1].endswith("&state=a+b.c-d_e")


def test_the_same_callback_twice_goes_on_twice_the_same(relaying: Installation, shop: Shop) -> None:
    phone = Phone("lin")
    callback = phone.until(asked(relaying, shop), RETURN)

    answers = [phone.step(callback), phone.step(callback)]

    assert [answer.status_code for answer in answers] == [302, 302]
    assert answers[0].headers["Location"] == answers[1].headers["Location"]
    assert answers[0].headers["Location"].startswith(f"{shop.redirect_uri}&code=")


def test_two_callbacks_with_two_codes_end_at_the_site(relaying: Installation, shop: Shop) -> None:
    phone = Phone("lin")
    authorize = phone.step(f"{shop.url}/login").headers["Location"]
    at_wechat = phone.step(authorize).headers["Location"]
    callbacks = [phone.until(at_wechat, RETURN) for _ in range(2)]
    assert callbacks[0] != callbacks[1]

    pages = [phone.open(callback) for callback in callbacks]

    assert [page.text.split()[0] for page in pages] == ["hello", "hello"]


def test_the_code_of_another_browser_does_not_go_on(relaying: Installation, shop: Shop) -> None:
    attacker, victim = Phone("lin"), Phone("emoji")
    callback = attacker.until(asked(relaying, shop), RETURN)
    victim.step(asked(relaying, shop))

    page = victim.step(callback)

    assert page.status_code == 400
    assert "Location" not in page.headers


def test_a_browser_that_keeps_no_cookies_is_asked_once_more_and_then_refused(
    relaying: Installation, shop: Shop
) -> None:
    phone = Phone("lin")
    callback = phone.until(asked(relaying, shop), RETURN)
    phone.cookies.clear()

    restarted = phone.step(callback)
    second = phone.until(restarted.headers["Location"], RETURN)
    phone.cookies.clear()
    refused = phone.step(second)

    assert restarted.headers["Location"].startswith(relaying.simulator.url + AUTHORIZE)
    assert refused.status_code == 400
    assert "浏览器没有保存 Cookie" in refused.text
    assert shop.arrivals == []


def test_a_browser_that_lost_its_cookie_once_still_arrives(
    relaying: Installation, shop: Shop
) -> None:
    phone = Phone("lin")
    authorize = phone.step(f"{shop.url}/login").headers["Location"]
    callback = phone.until(authorize, RETURN)
    for ours in [cookie for cookie in phone.cookies if cookie.name.startswith("wechatlogin")]:
        del phone.cookies[ours.name]

    page = phone.open(callback)

    assert page.text.startswith("hello ")


def test_a_refusal_reaches_the_site_where_wechat_tells_it(
    relaying: Installation, shop: Shop
) -> None:
    phone = Phone("lin")
    phone.headers["X-Simulator-Consent"] = "refuse"
    relaying.simulator.call("POST", "/simulator/switches", {"denial": "redirect_with_state"})
    try:
        page = phone.open(f"{shop.url}/login")
    finally:
        relaying.simulator.call("POST", "/simulator/switches", {"denial": "no_redirect"})

    assert page.text == "cancelled"
    assert re.fullmatch(r"from=menu&state=[0-9a-f]{16}", shop.arrivals[-1])


def test_a_snapshot_is_the_sites_business_and_the_full_service_logs_in(
    relaying: Installation, shop: Shop
) -> None:
    relaying.simulator.fault(AUTHORIZE, "snapshot", times=1)
    phone = Phone(relaying.simulator.add_person())
    authorize = phone.step(f"{shop.url}/login").headers["Location"]
    at_wechat = phone.step(authorize).headers["Location"]

    snapshot = phone.open(at_wechat)
    full = phone.open(at_wechat)

    assert snapshot.text == "snapshot"
    assert full.text.startswith("hello ")


def test_the_state_of_a_relay_opens_no_other_door(relaying: Installation, shop: Shop) -> None:
    phone = Phone("lin")
    callback = phone.until(asked(relaying, shop), RETURN)
    query = parse_qs(urlsplit(callback).query)
    before = exchanges(relaying)

    door = f"{relaying.url}/api/wechat/auth?code={query['code'][0]}&state={query['state'][0]}"
    page = phone.step(door)

    assert page.status_code == 400
    assert exchanges(relaying) == before


def test_the_code_leaks_neither_by_headers_nor_into_the_log(
    relaying: Installation, shop: Shop
) -> None:
    phone = Phone("lin")
    callback = phone.until(asked(relaying, shop, state="canary-of-the-site"), RETURN)
    query = parse_qs(urlsplit(callback).query)

    answer = phone.step(callback)
    phone.step(callback.replace("state=", "state=wrong"))

    log = relaying.service.log_path.read_text(encoding="utf-8")
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "unsafe-none"
    assert query["code"][0] not in log
    assert query["state"][0] not in log
    assert "canary-of-the-site" not in log


def test_a_website_app_is_relayed_likewise(relaying: Installation, shop: Shop) -> None:
    website = add_website_app(relaying)
    shop.serves(website, f"{relaying.url}/connect/qrconnect", scope="snsapi_login")
    desktop, person = Browser(), relaying.simulator.add_person()
    authorize = desktop.step(f"{shop.url}/login").headers["Location"]
    at_wechat = desktop.step(authorize).headers["Location"]

    code = scanned_code(relaying.simulator, person, at_wechat)
    query = parse_qs(urlsplit(at_wechat).query)
    page = desktop.open(f"{query['redirect_uri'][0]}&code={code}&state={query['state'][0]}")

    assert page.text == f"hello {relaying.simulator.openid(person, website.appid)}"


def test_the_pages_of_the_two_kinds_do_not_serve_each_other(
    relaying: Installation, shop: Shop
) -> None:
    website = add_website_app(relaying)
    phone = Phone("lin")
    inside = asked(relaying, shop, appid=website.appid)
    on_desktop = asked(relaying, shop, scope="snsapi_login").replace(
        AUTHORIZE, "/connect/qrconnect"
    )

    answers = [phone.step(inside), phone.step(on_desktop)]

    assert [answer.status_code for answer in answers] == [400, 400]
    assert "这个网站不能用这个公众号或应用登录" in answers[0].text


def test_wechatpy_logs_in_through_us_by_its_own_setting(relaying: Installation, shop: Shop) -> None:
    class OAuth(WeChatOAuth):
        API_BASE_URL = f"{relaying.simulator.url}/"
        OAUTH_BASE_URL = f"{relaying.url}/connect/"

    person = relaying.simulator.add_person(nickname="林小满 🌈")
    session = OAuth(
        relaying.account.appid,
        relaying.account.secret,
        shop.redirect_uri,
        "snsapi_userinfo",
        "fromwechatpy1",
    )

    arrived = Phone(person).until(session.authorize_url.partition("#")[0], shop.url)
    query = parse_qs(urlsplit(arrived).query)
    session.fetch_access_token(query["code"][0])

    assert query["state"] == ["fromwechatpy1"]
    assert session.get_user_info()["nickname"] == "林小满 🌈"
