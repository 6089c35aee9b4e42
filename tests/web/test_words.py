"""What the pages say an account may do follows what WeChat lets its kind do."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from tests.servers import settings_for_tests
from wechatlogin import create_app
from wechatlogin.models import Way
from wechatlogin.web import words
from wechatlogin.wechat.app import AppKind, Right, rights_of

NAMED = {
    Right.WEB_AUTHORIZATION: "网页授权",
    Right.PARAMETRIC_QR: "带参数二维码",
    Right.TEMPLATE_MESSAGE: "模板消息",
    Right.CUSTOMER_MESSAGE: "客服消息",
    Right.WEBSITE_LOGIN: "在电脑上用微信扫码",
}


@pytest.fixture(scope="module")
def app() -> Flask:
    return create_app(settings_for_tests(database_url="sqlite://"))


@pytest.mark.parametrize("kind", list(AppKind))
def test_the_operator_reads_what_an_account_may_do_and_nothing_else(
    app: Flask, kind: AppKind
) -> None:
    with app.test_request_context(headers={"Host": "127.0.0.1:5000"}):
        may, lacks = words.rights(kind), words.missing_rights(kind)

    assert {right for right, name in NAMED.items() if name in may} == rights_of(kind) & set(NAMED)
    assert (lacks is None) == (kind is AppKind.SERVICE)


@pytest.mark.parametrize("kind", [AppKind.PERSONAL, AppKind.SERVICE_UNCERTIFIED])
def test_an_account_with_its_chat_alone_is_told_who_may_do_more(app: Flask, kind: AppKind) -> None:
    with app.test_request_context(headers={"Host": "127.0.0.1:5000"}):
        assert words.rights(kind) == "只能收发消息，登录用号码或验证码。"
        assert words.missing_rights(kind) == "网页授权、带参数二维码需要已认证的服务号。"


@pytest.mark.parametrize("way", list(Way))
def test_every_way_has_a_name(app: Flask, way: Way) -> None:
    with app.test_request_context(headers={"Host": "127.0.0.1:5000"}):
        assert words.way(way) != way


@pytest.mark.parametrize(
    ("after", "told"),
    [
        (timedelta(0), "刚刚，11:04"),
        (timedelta(seconds=59), "刚刚，11:04"),
        (timedelta(minutes=1), "2026-11-21 11:04"),
        (timedelta(hours=-2), "2026-11-21 11:04"),
    ],
)
def test_only_what_has_just_been_is_called_so(app: Flask, after: timedelta, told: str) -> None:
    at = datetime(2026, 11, 21, 3, 4, tzinfo=UTC)

    with app.test_request_context(headers={"Host": "127.0.0.1:5000"}):
        assert words.moment(at, now=at + after) == told


@pytest.mark.parametrize(
    ("kept", "in_chinese", "in_english"),
    [
        ("iPhone · 微信", "iPhone · 微信", "iPhone · WeChat"),
        ("未知系统 · 未知浏览器", "未知系统 · 未知浏览器", "Unknown system · Unknown browser"),
        ("Windows · Edge", "Windows · Edge", "Windows · Edge"),
        # What a program is called, which may be anything, stays as it is.
        (" · ", " · ", " · "),
        ("登录", "登录", "登录"),
    ],
)
def test_a_browser_is_called_in_the_language_of_the_page(
    app: Flask, kept: str, in_chinese: str, in_english: str
) -> None:
    told = {}
    for language in ("zh_CN", "en"):
        with app.test_request_context(f"/?lang={language}", headers={"Host": "127.0.0.1:5000"}):
            told[language] = words.browser(kept)

    assert told == {"zh_CN": in_chinese, "en": in_english}
