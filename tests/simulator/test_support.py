"""The supporting calls, and the quotas that they tell about."""

import pytest

from tests.simulator.platform import APPID, Platform, read


def test_the_addresses_of_wechat_are_listed_with_ranges(platform: Platform) -> None:
    assert "101.226.103.0/25" in platform.api("getcallbackip")["ip_list"]
    assert platform.api("get_api_domain_ip")["ip_list"]


def test_the_callback_is_checked_if_there_is_one(empty: Platform) -> None:
    empty.add_app()
    assert empty.post("callback/check", {"action": "all"})["errcode"] == 40201
    empty.add_app(token="abc", callback_url="http://shop.example/", skip_url_check=True)

    found = empty.post("callback/check", {"action": "all", "check_operator": "DEFAULT"})

    assert found["dns"][0]["ip"]
    assert found["ping"][0]["package_loss"] == "0%"
    assert set(empty.post("callback/check", {"action": "dns"})) == {"dns"}


@pytest.mark.parametrize(
    ("body", "errcode"),
    [({"action": "trace"}, 40202), ({"action": "all", "check_operator": "X"}, 40203)],
)
def test_a_check_that_there_is_not_has_its_errcode(
    platform: Platform, body: dict[str, str], errcode: int
) -> None:
    assert platform.post("callback/check", body)["errcode"] == errcode


def test_a_quota_tells_what_is_used_and_left(platform: Platform) -> None:
    platform.create_code()

    quota = platform.post("openapi/quota/get", {"cgi_path": "/cgi-bin/qrcode/create"})["quota"]

    assert quota == {"daily_limit": 100_000, "used": 1, "remain": 99_999}


@pytest.mark.parametrize(("path", "errcode"), [("/sns/userinfo", 76022), ("/cgi-bin/x", 76021)])
def test_a_path_without_a_quota_has_its_errcode(
    platform: Platform, path: str, errcode: int
) -> None:
    assert platform.post("openapi/quota/get", {"cgi_path": path})["errcode"] == errcode


def test_a_cleared_quota_gives_the_day_back_ten_times_a_month(empty: Platform) -> None:
    empty.add_app(quotas={"/cgi-bin/qrcode/create": 1})
    empty.create_code()
    assert empty.create_code()["errcode"] == 45009

    answers = [empty.post("clear_quota", {"appid": APPID})["errcode"] for _ in range(11)]

    assert answers == [0] * 10 + [48006]
    assert "ticket" in empty.create_code()


def test_only_the_own_quota_is_cleared(platform: Platform) -> None:
    assert platform.post("clear_quota", {"appid": "wx0000000000000009"})["errcode"] == 40013


def test_the_day_ends_at_midnight_in_beijing(empty: Platform) -> None:
    empty.add_app(quotas={"/cgi-bin/qrcode/create": 1})
    empty.create_code()

    empty.advance(24 * 3600)

    assert "ticket" in empty.create_code()


def test_the_js_ticket_needs_its_type(platform: Platform) -> None:
    assert platform.api("ticket/getticket", type="jsapi")["expires_in"] == 7200
    assert platform.api("ticket/getticket", type="other")["errcode"] == 40097


@pytest.mark.parametrize("path", ["/cgi-bin/unheard/of", "/sns/unheard"])
def test_a_path_that_wechat_does_not_have_is_40066(platform: Platform, path: str) -> None:
    assert read(platform.client.post(path))["errcode"] == 40066


def test_a_banned_account_is_48004_with_a_token_from_before(empty: Platform) -> None:
    empty.add_app()
    token = empty.account_token()
    empty.add_app(banned=True)

    assert empty.api("getcallbackip", token=token)["errcode"] == 48004
