"""What the login page offers: what the apps permit, of the ways that an application names."""

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.stories import an_account
from wechatlogin import clock
from wechatlogin.services import applications
from wechatlogin.services.applications import NewApplication
from wechatlogin.wechat.app import AppKind

BASE = "http://127.0.0.1:5000"
DESKTOP = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0.0.0"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"


@pytest.fixture
def app(empty_app: Flask) -> Flask:
    with empty_app.app_context():
        site, now = empty_app.extensions["wechatlogin"], clock.now()
        an_account(site, now=now, appid="wx1" + "0" * 15, kind=AppKind.PERSONAL)
        an_account(site, now=now, appid="wx2" + "0" * 15, kind=AppKind.WEBSITE)
    return empty_app


def register(app: Flask, *ways: str) -> str:
    vault, new = app.extensions["wechatlogin"].vault, NewApplication("书店", ways=ways)
    with app.app_context():
        return applications.create(vault, new, now=clock.now()).client_id


def get(app: Flask, path: str, user_agent: str = DESKTOP) -> TestResponse:
    return app.test_client().get(path, base_url=BASE, headers={"User-Agent": user_agent})


def test_without_a_wish_every_way_is_offered(app: Flask) -> None:
    page = get(app, f"/login?client_id={register(app)}").text

    assert "发送号码登录" in page
    assert "输入验证码" in page


def test_what_is_not_named_is_neither_linked_nor_opened(app: Flask) -> None:
    client_id = register(app, "website")

    page = get(app, f"/login?client_id={client_id}").text
    by_number = get(app, f"/login?client_id={client_id}&way=number").text
    by_code = get(app, f"/login/code?client_id={client_id}")

    for shown in (page, by_number):
        assert "<iframe" in shown
        assert "发送号码登录" not in shown
        assert "输入验证码" not in shown
    assert by_code.status_code == 501
    assert "这个网站不用这种方式登录" in by_code.text


def test_the_first_that_is_named_is_shown_and_the_code_where_it_is(app: Flask) -> None:
    client_id = register(app, "number", "code")

    page = get(app, f"/login?client_id={client_id}").text
    window = get(app, f"/login/website?client_id={client_id}&display=page")

    assert "<iframe" not in page
    assert "输入验证码" in page
    assert get(app, f"/login/code?client_id={client_id}").status_code == 200
    assert window.status_code == 501


def test_an_application_is_not_served_in_a_way_that_it_leaves_out(app: Flask) -> None:
    picky, other = register(app, "website"), register(app)

    assert get(app, f"/login?client_id={picky}", PHONE).status_code == 501
    assert get(app, f"/login?client_id={other}", PHONE).status_code == 200


@pytest.mark.parametrize(
    ("kinds", "status", "words"),
    [
        pytest.param((), 503, "还没有", id="no-app"),
        pytest.param((AppKind.WEBSITE,), 501, "这里只能在电脑上登录", id="a-website-app"),
        pytest.param(
            (AppKind.MINI_PROGRAM,), 501, "这里配置的微信账号不能用来登录网页", id="a-mini-program"
        ),
    ],
)
def test_where_no_app_may_serve_a_phone_the_page_says_what_could(
    empty_app: Flask, kinds: tuple[AppKind, ...], status: int, words: str
) -> None:
    with empty_app.app_context():
        for kind in kinds:
            an_account(empty_app.extensions["wechatlogin"], now=clock.now(), kind=kind)

    answer = get(empty_app, "/login", PHONE)

    assert answer.status_code == status
    assert words in answer.text
