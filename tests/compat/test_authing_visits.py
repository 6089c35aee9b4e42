"""Authing's browser logins: every SDK generation's start URL, and what the page comes back with."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from tests.compat.authing import BACK, ORIGIN, OTHER_BACK, Program, UserInfo
from tests.conftest import Installation, Installer
from tests.flows.phones import Browser, Phone
from wechatlogin import clock
from wechatlogin.config import FollowPolicy
from wechatlogin.extensions import db
from wechatlogin.models import Attempt
from wechatlogin.services import applications
from wechatlogin.wechat.app import AppKind


@pytest.fixture(scope="module")
def shop(installation: Installation) -> Program:
    return Program(installation)


@pytest.mark.parametrize(
    "generation",
    [
        "start_url_1_0_0",
        "start_url_1_0",
        "start_url_1_1",
        "start_url_1_2",
        "start_url_1_3",
        "start_url_5",
    ],
)
def test_the_start_url_of_every_generation_leads_through_wechat_and_back(
    shop: Program, person: str, generation: str
) -> None:
    info = shop.come_back(person, getattr(shop, generation)())

    assert info.ok
    assert info.user is not None
    simulator, appid = shop.installation.simulator, shop.installation.account.appid
    assert info.user["openid"] == simulator.openid(person, appid)
    assert info.user["nickname"] == "林小满"
    assert json.loads(info.user["oauth"])["openid"] == info.user["openid"]


def test_the_appid_names_the_connection_too(shop: Program, person: str) -> None:
    appid = shop.installation.account.appid
    url = f"{shop.url}/connections/social/{appid}?app_id={shop.client_id}"

    assert shop.come_back(person, url).ok


def test_the_page_is_one_of_the_applications_and_keeps_its_own_query(
    shop: Program, person: str
) -> None:
    url = Phone(person).until(shop.start_url_5(OTHER_BACK), OTHER_BACK)

    assert url.startswith(f"{OTHER_BACK}&code=200&")
    assert UserInfo.read(url).ok


def test_the_answer_that_carries_the_token_is_not_kept_and_tells_no_referrer(
    shop: Program, person: str
) -> None:
    phone = Phone(person)
    answer = phone.step(phone.until(shop.start_url_5(), "/connections/return"))

    assert answer.status_code == 302
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_phone_whose_sdk_names_a_page_of_authings_comes_back_to_the_first_uri(
    shop: Program, person: str
) -> None:
    hosted = f"{shop.url}/interaction/oidc/abcDEF0123456789abcd/login"
    more = "&from_guard=1&protocol=oidc&uuid=abcDEF0123456789abcd&redirected=1&from_hosted_guard=1"

    assert shop.come_back(person, f"{shop.start_url_1_3()}{more}&redirect_url={hosted}").ok


def test_a_window_of_an_application_without_origins_is_not_begun(
    installation: Installation, person: str
) -> None:
    program = Program(installation, origins=())

    assert Phone(person).step(f"{program.start_url_1_3()}&from_guard=1").status_code == 403


def test_a_window_is_answered_by_a_page_that_names_each_origin_and_leads_nowhere(
    installation: Installation, person: str
) -> None:
    program = Program(installation, origins=(ORIGIN, "https://www.shop.example"))

    page = Phone(person).open(f"{program.start_url_1_3()}&from_guard=1&redirect_url=https://x.y")

    assert page.status_code == 200
    assert page.headers["Cross-Origin-Opener-Policy"] == "unsafe-none"
    assert f'data-origin="{ORIGIN} https://www.shop.example"' in page.text
    assert page.url.startswith(f"{program.url}/connections/return?")


@pytest.mark.parametrize(
    "redirect_url",
    [
        "https://evil.example/auth/callback",
        f"{BACK}/",
        f"{BACK}?x=1",
        f"{ORIGIN}.evil.example/auth/callback",
        f"{ORIGIN}@evil.example/auth/callback",
        "https://SHOP.example/auth/callback",
        "javascript:alert(1)",
        "//evil.example",
        f"{BACK}\\@evil.example",
    ],
)
def test_nobody_is_sent_to_an_address_that_is_not_registered(
    shop: Program, person: str, redirect_url: str
) -> None:
    answer = Phone(person).step(shop.start_url_5(redirect_url))

    assert answer.status_code == 400
    assert "Location" not in answer.headers


@pytest.mark.parametrize("what", ["app_id", "redirect_url"])
def test_a_parameter_that_is_given_twice_is_refused(shop: Program, person: str, what: str) -> None:
    answer = Phone(person).step(f"{shop.start_url_5()}&{what}=x")

    assert (answer.status_code, "Location" in answer.headers) == (400, False)


@pytest.mark.parametrize(
    "path",
    [
        "/connections/social/our-shop",
        "/connections/social/our-shop?app_id=nobody-has-it",
        "/connections/social/no-such?app_id={client_id}",
        "/oauth/wechatmp/url/nobody-has-it",
        "/oauth/wechatmp/url/%00",
    ],
)
def test_an_unknown_application_or_connection_is_said_on_a_page(
    shop: Program, person: str, path: str
) -> None:
    answer = Phone(person).step(shop.url + path.format(client_id=shop.client_id))

    assert answer.status_code == 400
    assert "text/html" in answer.headers["Content-Type"]


def test_another_applications_connection_is_not_one_of_this(
    installation: Installation, person: str
) -> None:
    elsewhere = Program(installation, appids=())
    with installation.app.app_context():
        application = applications.verify(elsewhere.client_id)
        application.appids = ["wx0000000000000000"]
        db.session.commit()
        db.session.remove()

    assert Phone(person).step(elsewhere.start_url_5()).status_code == 400


def test_a_disabled_application_logs_nobody_in(installation: Installation, person: str) -> None:
    program = Program(installation)
    with installation.app.app_context():
        stopped = applications.verify(program.client_id)
        applications.save_disabled(stopped, is_disabled=True, now=clock.now())
        db.session.remove()

    assert Phone(person).step(program.start_url_5()).status_code == 403


def test_outside_wechat_the_page_says_how_to_open_it_there(shop: Program) -> None:
    page = Browser().open(shop.start_url_5())

    assert page.status_code == 200
    assert "<svg" in page.text


def test_who_refuses_is_sent_back_with_another_code(shop: Program, person: str) -> None:
    phone = Phone(person)
    url = phone.until(shop.start_url_5(), "/connections/return")
    state = parse_qs(urlsplit(url).query)["state"][0]

    answer = phone.step(f"{shop.url}/connections/return?state={state}")

    info = UserInfo.read(answer.headers["Location"])
    assert answer.headers["Location"].startswith(f"{BACK}?code=400&message=")
    assert (info.ok, info.message) == (False, "你没有同意授权，登录没有完成。")


def test_what_goes_wrong_with_wechat_is_told_to_the_program(shop: Program, person: str) -> None:
    shop.installation.simulator.fault("/sns/oauth2/access_token", "errcode", errcode=-1)

    info = shop.come_back(person, shop.start_url_5())

    assert (info.ok, info.user) == (False, None)
    assert info.message


def test_a_snapshot_page_leads_nowhere_and_the_same_state_goes_on_afterwards(
    shop: Program, person: str
) -> None:
    phone = Phone(person)
    wechat = phone.until(shop.start_url_5(), "/connect/oauth2/authorize")
    shop.installation.simulator.fault("/connect/oauth2/authorize", "snapshot", times=1)

    shown = phone.step(phone.until(wechat, "/connections/return"))
    info = UserInfo.read(phone.until(wechat, f"{BACK}?code="))

    assert shown.status_code == 403
    assert "Location" not in shown.headers
    assert "使用完整服务" in shown.text
    assert info.ok


def test_another_browser_cannot_take_the_code(shop: Program, person: str) -> None:
    url = Phone(person).until(shop.start_url_5(), "/connections/return")
    thief = Phone(person)
    thief.open(f"{shop.url}/login/code")

    info = UserInfo.read(thief.step(url).headers["Location"])

    assert (info.ok, info.user) == (False, None)


def test_a_double_return_brings_the_same_token(shop: Program, person: str) -> None:
    phone = Phone(person)
    url = phone.until(shop.start_url_5(), "/connections/return")

    first, second = (UserInfo.read(phone.step(url).headers["Location"]) for _ in range(2))

    assert first.user is not None
    assert second.user is not None
    assert first.user["token"] == second.user["token"]


def test_a_browser_that_keeps_no_cookies_is_asked(shop: Program, person: str) -> None:
    phone = Phone(person)
    for _ in range(2):
        url = phone.until(shop.start_url_5(), "/connections/return")
        phone.cookies.clear()
    answer = phone.step(url)
    # The first time it is sent to WeChat again, then it is asked.
    while answer.is_redirect:
        phone.cookies.clear()
        answer = phone.step(answer.headers["Location"])
    assert 'action="/connections/return/here"' in answer.text
    token = answer.text.partition('name="token" value="')[2].partition('"')[0]

    done = phone.post(
        f"{shop.url}/connections/return/here",
        data={"token": token},
        allow_redirects=False,
        timeout=20,
    )

    assert UserInfo.read(done.headers["Location"]).ok


def test_the_state_of_another_door_is_not_one_of_this(shop: Program, person: str) -> None:
    phone = Phone(person)
    url = phone.until(f"{shop.url}/login", "/api/wechat/auth?")

    answer = phone.step(url.replace("/api/wechat/auth", "/connections/return"))

    assert (answer.status_code, "Location" in answer.headers) == (400, False)


def test_the_browser_is_given_no_session_of_ours(shop: Program, person: str) -> None:
    phone = Phone(person)
    phone.step(phone.until(shop.start_url_5(), "/connections/return"))

    assert [cookie.name for cookie in phone.cookies if "session" in cookie.name] == []


def test_who_is_logged_in_here_stays_so_and_sees_the_program_among_the_sessions(
    shop: Program, person: str
) -> None:
    phone = Phone(person)
    phone.open(f"{shop.url}/login")
    shop_page = phone.until(shop.start_url_5(), BACK)
    account = phone.open(f"{shop.url}/account")

    assert UserInfo.read(shop_page).ok
    assert account.url == f"{shop.url}/account"
    assert "书店 App" in account.text


def test_who_has_to_follow_first_goes_on_to_the_program_afterwards(
    installation: Installation, person: str
) -> None:
    program = Program(installation, follow=FollowPolicy.REQUIRE)
    phone = Phone(person)
    waiting = phone.open(program.start_url_5())
    installation.simulator.follow(person, installation.account.appid)

    token = waiting.text.partition('name="csrf_token" value="')[2].partition('"')[0]
    form = {"csrf_token": token}
    sent = phone.post(waiting.url, data=form, allow_redirects=False, timeout=20)
    returned = phone.step(f"{program.url}{sent.headers['Location']}")

    info = UserInfo.read(returned.headers["Location"])
    assert info.ok
    assert info.user is not None
    assert program.introspect(info.user["token"])["active"] is True
    assert [cookie.name for cookie in phone.cookies if "session" in cookie.name] == []


def test_a_website_app_serves_wechat_pc(install: Installer) -> None:
    installation = install(kind=AppKind.WEBSITE)
    program = Program(installation)
    person = installation.simulator.add_person()
    desktop = Browser()
    url = f"{program.url}/connections/social/wechat:pc?app_id={program.client_id}"

    page = desktop.open(url)
    uuid = page.text.partition('src="/connect/qrcode/')[2].partition('"')[0]
    code = scanned(installation, person, uuid)
    with installation.app.app_context():
        newest = select(Attempt).order_by(Attempt.created_at.desc()).limit(1)
        state = db.session.scalars(newest).one().scene
        db.session.remove()
    answer = desktop.step(f"{program.url}/connections/return?code={code}&state={state}")

    assert UserInfo.read(answer.headers["Location"]).ok


def scanned(installation: Installation, person: str, uuid: str) -> str:
    """Let a person scan a website's QR and confirm; return the code."""
    simulator = installation.simulator
    for decision in ("scan", "confirm"):
        body: dict[str, Any] = {"uuid": uuid, "decision": decision}
        simulator.call("POST", f"/simulator/people/{person}/qrconnect", body)
    told = Browser().get(f"{simulator.url}/connect/l/qrconnect?uuid={uuid}", timeout=20)
    return told.text.partition("wx_code='")[2].partition("'")[0]
