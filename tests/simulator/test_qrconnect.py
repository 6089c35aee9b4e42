"""A website's login: who is let in, what the page is told, and what the code is good for."""

import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
import requests
from werkzeug.serving import make_server

from tests.simulator.platform import APPID, CALLBACK, Platform
from tests.simulator.website import WEBSITE, Website
from wechatlogin.simulator import SimulatorSettings, create_simulator, qr_calls


def test_the_page_has_the_code_and_the_blocks_of_wechats(website: Website) -> None:
    page = website.page().text

    assert 'class="qrcode lightBorder"' in page
    for block in ("wx_default_tip", "wx_after_scan", "wx_after_cancel"):
        assert f'id="{block}"' in page
    assert "晨光书店" in page


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"appid": ""}, "AppID 参数错误"),
        ({"appid": "wx0000000000000009"}, "AppID 参数错误"),
        ({"redirect_uri": ""}, "redirect_uri 参数错误"),
        ({"redirect_uri": "http://evil.example/"}, "redirect_uri 参数错误"),
        ({"redirect_uri": "javascript:alert(1)"}, "redirect_uri 参数错误"),
        ({"redirect_uri": "http%3A%2F%2Fshop.example%2F"}, "redirect_uri 参数错误"),
        ({"scope": "snsapi_userinfo"}, "Scope 参数错误或没有 Scope 权限"),
        ({"scope": ""}, "Scope 参数错误或没有 Scope 权限"),
        ({"appid": APPID}, "Scope 参数错误或没有 Scope 权限"),
        ({"response_type": "token"}, "该链接无法访问"),
    ],
)
def test_what_is_wrong_is_said_in_words_and_nobody_is_redirected(
    website: Website, given: dict[str, str], words: str
) -> None:
    website.platform.add_app()

    page = website.page(**given)

    assert page.status_code == 200
    assert words in page.text
    assert "data-errcode" not in page.text


def test_a_banned_app_has_no_page(website: Website) -> None:
    website.platform.add_app(appid=WEBSITE, kind="website", banned=True)

    assert "该链接无法访问" in website.page().text


def test_the_additions_of_wechats_script_are_accepted(website: Website) -> None:
    page = website.page(
        login_type="jssdk",
        self_redirect="true",
        style="white",
        lang="en",
        fast_login="0",
        href="https://shop.example/look.css",
    ).text

    assert '<html lang="en">' in page
    assert 'data-itself="true"' in page
    assert '<body class="white">' in page
    assert 'href="https://shop.example/look.css"' in page


@pytest.mark.parametrize(
    "given",
    [
        {"href": "javascript:alert(1)"},
        {"href": "http://shop.example/look.css"},
        {"href": "https://shop.example/look.css", "stylelite": "1"},
    ],
)
def test_a_stylesheet_comes_over_https_and_only_to_the_old_look(
    website: Website, given: dict[str, str]
) -> None:
    assert given["href"] not in website.page(**given).text


def test_the_new_look_has_the_new_names(website: Website) -> None:
    page = website.page(stylelite="1").text

    for name in ("js_qr_img", "js_wx_after_scan", "js_wx_after_cancel"):
        assert name in page


def test_a_state_of_any_kind_is_escaped(website: Website) -> None:
    page = website.page(state='"><script>&x=1').text

    assert 'data-state="%22%3E%3Cscript%3E%26x%3D1"' in page


def test_the_picture_holds_the_address_of_the_confirm_page(website: Website) -> None:
    uuid = website.uuid()

    picture = website.platform.client.get(f"/connect/qrcode/{uuid}")

    assert picture.content_type == "image/jpeg"
    assert qr_calls.read(picture.data) == f"http://localhost/connect/confirm?uuid={uuid}"


def test_an_unknown_picture_is_404(website: Website) -> None:
    assert website.platform.client.get("/connect/qrcode/unknown").status_code == 404


def test_nothing_has_happened_is_408(website: Website) -> None:
    assert website.poll(website.uuid()) == "window.wx_errcode=408;window.wx_code='';"


def test_the_page_is_told_of_the_scan_and_then_of_nothing_new(website: Website) -> None:
    uuid = website.uuid()

    website.decide(uuid, "scan")

    assert website.number(uuid) == 404
    assert website.number(uuid, last="404") == 408


def test_a_cancelled_login_can_be_scanned_again_by_anybody(website: Website) -> None:
    uuid = website.uuid()

    website.decide(uuid, "cancel")
    assert website.number(uuid, last="404") == 403
    assert website.number(uuid, last="403") == 408
    website.decide(uuid, "scan", "chen")

    assert website.number(uuid, last="403") == 404


@pytest.mark.parametrize("last", ["", "404", "403", "408", "nonsense"])
def test_a_confirmed_login_comes_with_its_code(website: Website, last: str) -> None:
    uuid = website.uuid()

    website.decide(uuid, "confirm")

    assert website.poll(uuid, last).startswith("window.wx_errcode=405;window.wx_code='")
    assert website.code(uuid) == website.code(uuid)


@pytest.mark.parametrize("decision", [None, "scan", "cancel", "confirm"])
def test_after_five_minutes_everything_is_402(website: Website, decision: str | None) -> None:
    uuid = website.uuid()
    if decision:
        website.decide(uuid, decision)

    website.platform.advance(299)
    assert website.poll(uuid).startswith("window.wx_errcode=40")
    website.platform.advance(1)

    assert website.number(uuid) == 402


def test_an_unknown_uuid_is_402(website: Website) -> None:
    assert website.number("unknown") == 402


def test_a_uuid_is_forgotten_when_it_is_long_over(website: Website) -> None:
    uuid = website.uuid()
    website.platform.advance(600)

    website.uuid()

    assert website.platform.client.get(f"/connect/qrcode/{uuid}").status_code == 404


def test_an_errcode_can_be_put_into_the_script_and_on_the_page(website: Website) -> None:
    uuid = website.uuid()
    website.platform.fault("errcode", path="/connect/l/qrconnect", errcode=500)
    website.platform.fault("errcode", path="/connect/qrconnect", errcode=10009)

    assert website.number(uuid) == 500
    assert "10009" in website.page().text


def test_the_code_is_good_for_the_login_scope_and_always_has_a_unionid(website: Website) -> None:
    uuid = website.uuid()
    website.decide(uuid, "confirm", "nounion")

    token = website.platform.exchange(website.code(uuid), appid=WEBSITE)
    profile = website.platform.sns(
        "userinfo", access_token=token["access_token"], openid=token["openid"]
    )

    assert token["scope"] == "snsapi_login"
    assert token["unionid"] == profile["unionid"]
    assert token["unionid"].startswith("o")
    assert profile["nickname"] == "周不凡"


def test_only_the_unionid_joins_a_website_and_an_account(website: Website) -> None:
    website.platform.add_app()
    uuid = website.uuid()
    website.decide(uuid, "confirm")

    here = website.platform.exchange(website.code(uuid), appid=WEBSITE)
    there = website.platform.user_token()

    assert here["openid"] != there["openid"]
    assert here["unionid"] == there["unionid"]


def test_a_website_app_that_shares_no_open_platform_has_its_own(website: Website) -> None:
    website.platform.add_app()
    website.platform.add_app(appid=WEBSITE, kind="website", open_platform=None)
    uuid = website.uuid()
    website.decide(uuid, "confirm")

    here = website.platform.exchange(website.code(uuid), appid=WEBSITE)

    assert here["unionid"]
    assert here["unionid"] != website.platform.user_token()["unionid"]


def test_the_code_is_only_this_apps_and_only_once(website: Website) -> None:
    website.platform.add_app()
    uuid = website.uuid()
    website.decide(uuid, "confirm")
    code = website.code(uuid)

    assert website.platform.exchange(code)["errcode"] == 40029
    assert "openid" in website.platform.exchange(code, appid=WEBSITE)
    assert website.platform.exchange(code, appid=WEBSITE)["errcode"] == 40163


@pytest.mark.parametrize(
    ("switch", "leaves"), [("no_redirect", "false"), ("redirect_with_state", "true")]
)
def test_what_the_page_does_after_a_cancel_can_be_switched(
    website: Website, switch: str, leaves: str
) -> None:
    website.platform.switch(qrconnect_denial=switch)

    assert f'data-leaves-on-cancel="{leaves}"' in website.page().text


def test_a_query_in_the_redirect_is_kept(website: Website) -> None:
    page = website.page(redirect_uri=f"{CALLBACK}?next=1").text

    assert f'data-back="{CALLBACK}?next=1&amp;"' in page


@pytest.fixture
def patient() -> Iterator[tuple[Website, str]]:
    """A website at a simulator that holds a question for 25 s, and its address."""
    app = create_simulator(SimulatorSettings(login_hold=timedelta(seconds=25)))
    platform = Platform(app.test_client())
    platform.add_app(appid=WEBSITE, kind="website")
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield Website(platform), f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(
    ("path", "body", "number"),
    [
        ("/people/lin/qrconnect", {"decision": "scan"}, "404"),
        ("/people/lin/qrconnect", {"decision": "confirm"}, "405"),
        ("/clock", {"advance": 300}, "402"),
        ("/reset", {}, "402"),
    ],
)
def test_a_held_question_is_answered_as_soon_as_something_happens(
    patient: tuple[Website, str], path: str, body: dict[str, object], number: str
) -> None:
    website, address = patient
    uuid = website.uuid()
    answers: list[str] = []
    query = {"uuid": uuid}

    def wait() -> None:
        answers.append(
            requests.get(f"{address}/connect/l/qrconnect", params=query, timeout=20).text
        )

    waiting = threading.Thread(target=wait)
    waiting.start()
    time.sleep(0.2)
    held = not answers
    website.platform.control("POST", path, {**body, **query} if "people" in path else body)
    waiting.join(10)

    assert held
    assert len(answers) == 1
    assert answers[0].startswith(f"window.wx_errcode={number};")


def test_the_settings_hold_a_question_as_long_as_wechat() -> None:
    assert SimulatorSettings().login_hold == timedelta(seconds=25)


def test_the_code_can_hold_wechats_own_address() -> None:
    app = create_simulator(SimulatorSettings(open_base="https://open.weixin.qq.com"))
    website = Website(Platform(app.test_client()))
    website.platform.add_app(appid=WEBSITE, kind="website")
    uuid = website.uuid()

    newest = website.platform.control("GET", "/qrcodes/newest")
    scanned = website.platform.person("lin", "scan", content=newest["content"])

    assert newest["content"] == f"https://open.weixin.qq.com/connect/confirm?uuid={uuid}"
    assert scanned == {"kind": "page", "url": f"http://localhost/connect/confirm?uuid={uuid}"}
