"""The authorize page: who is let in, who is asked, and what comes back."""

import re

import pytest
from werkzeug.test import TestResponse

from tests.simulator.platform import (
    APPID,
    CALLBACK,
    Platform,
    authorize_query,
    code_in,
)

WECOM = "Mozilla/5.0 (iPhone) MicroMessenger/7.0.1 wxwork/4.1.6"


def error_number(page: TestResponse) -> str | None:
    assert page.status_code == 200
    found = re.search(r'data-errcode="(\d+)"', page.text)
    return found.group(1) if found else None


def ticket_on(page: TestResponse) -> str:
    found = re.search(r'name="ticket" value="([^"]+)"', page.text)
    assert found
    return found.group(1)


def decide(
    platform: Platform, page: TestResponse, decision: str, name: str = "lin"
) -> TestResponse:
    return platform.client.post(
        "/connect/oauth2/consent",
        data={"ticket": ticket_on(page), "decision": decision},
        headers={"X-Simulator-Person": name},
    )


@pytest.mark.parametrize("agent", ["Mozilla/5.0 (Windows NT 10.0) Chrome/142", WECOM, ""])
def test_any_browser_but_wechats_is_told_to_use_wechat(platform: Platform, agent: str) -> None:
    page = platform.client.get(
        f"/connect/oauth2/authorize?{authorize_query()}", headers={"User-Agent": agent}
    )

    assert "请在微信客户端打开链接" in page.text


def test_the_check_of_the_browser_can_be_switched_off(platform: Platform) -> None:
    platform.switch(wechat_browser_required=False)

    page = platform.client.get(f"/connect/oauth2/authorize?{authorize_query()}")

    assert "谁拿着手机" in page.text


def test_somebody_who_agrees_comes_back_with_a_code_and_the_state(platform: Platform) -> None:
    answer = platform.consented()

    assert answer.status_code == 302
    assert re.fullmatch(
        re.escape(CALLBACK) + r"\?code=[0-9A-Za-z]{32}&state=abc123", answer.headers["Location"]
    )


def test_a_redirect_to_another_host_is_10003(platform: Platform) -> None:
    page = platform.consented(redirect_uri="http://evil.example/")

    assert error_number(page) == "10003"


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        ("subscription", "10005"),
        ("personal", "10005"),
        ("service_uncertified", "10005"),
        ("website", "10016"),
        ("test", "10006"),
    ],
)
def test_an_account_without_the_right_shows_its_number(
    empty: Platform, kind: str, number: str
) -> None:
    empty.add_app(kind=kind)

    assert error_number(empty.consented()) == number


def test_a_follower_of_a_test_account_is_let_in(empty: Platform) -> None:
    empty.add_app(kind="test")
    empty.follow()

    assert empty.consented().status_code == 302


def test_a_banned_account_is_10004(empty: Platform) -> None:
    empty.add_app(banned=True)

    assert error_number(empty.consented()) == "10004"


def test_an_unknown_appid_is_refused_in_words(platform: Platform) -> None:
    page = platform.consented(appid="wx9999999999999999")

    assert "AppID 参数错误" in page.text
    assert error_number(page) is None


def test_an_errcode_fault_is_an_error_page_here(platform: Platform) -> None:
    platform.fault("errcode", path="/connect/oauth2/authorize", errcode=10009, times=1)

    assert error_number(platform.consented()) == "10009"
    assert platform.consented().status_code == 302


def test_nobody_known_gets_a_page_to_choose_and_is_remembered(platform: Platform) -> None:
    page = platform.authorize(authorize_query(scope="snsapi_base"))
    assert "林小满" in page.text

    chosen = platform.client.post(
        "/connect/oauth2/person",
        data={"person": "lin", "query": authorize_query(scope="snsapi_base")},
    )
    again = platform.authorize(authorize_query(scope="snsapi_base"))

    assert chosen.headers["Location"].endswith("#wechat_redirect")
    assert again.headers["Location"].startswith(CALLBACK)


def test_an_unknown_person_in_the_header_is_refused(platform: Platform) -> None:
    page = platform.consented("nobody")

    assert "没有这个人" in page.text


def test_base_is_silent_even_for_a_caller_who_wants_to_be_asked(platform: Platform) -> None:
    answer = platform.authorize(
        authorize_query(scope="snsapi_base"), X_Simulator_Person="lin", X_Simulator_Consent="ask"
    )

    assert answer.status_code == 302


def test_userinfo_asks_on_a_sheet_and_allowing_brings_the_code(platform: Platform) -> None:
    sheet = platform.authorize(
        authorize_query(), X_Simulator_Person="lin", X_Simulator_Consent="ask"
    )
    assert "申请使用" in sheet.text

    answer = decide(platform, sheet, "allow")

    assert len(code_in(answer.headers["Location"])) == 32


def test_a_sheet_is_good_for_one_decision(platform: Platform) -> None:
    sheet = platform.authorize(
        authorize_query(), X_Simulator_Person="lin", X_Simulator_Consent="ask"
    )
    decide(platform, sheet, "allow")

    assert "授权已失效" in decide(platform, sheet, "allow").text


def test_a_sheet_of_somebody_else_decides_nothing(platform: Platform) -> None:
    sheet = platform.authorize(
        authorize_query(), X_Simulator_Person="lin", X_Simulator_Consent="ask"
    )

    assert "授权已失效" in decide(platform, sheet, "allow", name="chen").text


def test_refusing_redirects_nowhere(platform: Platform) -> None:
    sheet = platform.authorize(
        authorize_query(), X_Simulator_Person="lin", X_Simulator_Consent="ask"
    )

    answer = decide(platform, sheet, "refuse")

    assert "Location" not in answer.headers
    assert "你已拒绝授权" in answer.text


def test_refusing_can_be_switched_to_a_redirect_without_a_code(platform: Platform) -> None:
    platform.switch(denial="redirect_with_state")

    answer = platform.authorize(
        authorize_query(), X_Simulator_Person="lin", X_Simulator_Consent="refuse"
    )

    assert answer.headers["Location"] == f"{CALLBACK}?state=abc123"


def test_a_follower_who_comes_from_the_chat_is_not_asked(platform: Platform) -> None:
    platform.follow()

    answer = platform.authorize(
        authorize_query(),
        X_Simulator_Person="lin",
        X_Simulator_Consent="ask",
        X_Simulator_From_Chat=APPID,
    )

    assert answer.status_code == 302


def test_a_double_callback_is_a_page_that_calls_twice_with_one_code(platform: Platform) -> None:
    platform.fault("double_callback", times=1)

    page = platform.consented()

    calls = re.findall(r"(?:href|src)=\"(http://shop[^\"]+)\"", page.text)
    assert len(calls) == 2
    assert calls[0] == calls[1]


def test_a_double_callback_can_bring_two_codes(platform: Platform) -> None:
    platform.fault("double_callback", times=1, variant="two_codes")

    page = platform.consented()

    calls = re.findall(r"(?:href|src)=\"(http://shop[^\"]+)\"", page.text)
    assert len({code_in(call.replace("&amp;", "&")) for call in calls}) == 2


def test_a_dropped_callback_redirects_nowhere(platform: Platform) -> None:
    platform.fault("drop_callback", times=1)

    assert "Location" not in platform.consented().headers


def test_a_snapshot_page_brings_somebody_made_up_and_says_so(platform: Platform) -> None:
    platform.fault("snapshot", times=1)

    token = platform.user_token()
    profile = platform.sns("userinfo", access_token=token["access_token"], openid=token["openid"])

    assert token["is_snapshotuser"] == 1
    assert token["openid"] != platform.openid()
    assert profile["nickname"] == "微信用户"


def test_two_snapshot_visitors_may_share_a_unionid(platform: Platform) -> None:
    platform.fault("snapshot", times=2)

    first, second = platform.user_token("lin"), platform.user_token("chen")

    assert first["unionid"] == second["unionid"]
    assert first["openid"] != second["openid"]


def test_a_snapshot_page_may_forget_to_say_so(platform: Platform) -> None:
    platform.fault("snapshot_without_flag", times=1)

    token = platform.user_token()

    assert "is_snapshotuser" not in token
    assert token["openid"] != platform.openid()


def test_a_snapshot_page_may_bring_the_real_person_with_the_flag(platform: Platform) -> None:
    platform.switch(snapshot_identity="real")
    platform.fault("snapshot", times=1)

    token = platform.user_token()

    assert token["is_snapshotuser"] == 1
    assert token["openid"] == platform.openid()


def test_the_profile_of_a_snapshot_page_may_be_48001(platform: Platform) -> None:
    platform.switch(snapshot_profile="48001")
    platform.fault("snapshot", times=1)
    token = platform.user_token()

    profile = platform.sns("userinfo", access_token=token["access_token"], openid=token["openid"])

    assert profile["errcode"] == 48001


def test_base_never_meets_a_snapshot_page(platform: Platform) -> None:
    platform.fault("snapshot")

    token = platform.user_token(scope="snsapi_base")

    assert token["openid"] == platform.openid()
    assert "is_snapshotuser" not in token


def test_forced_snapshot_is_one_and_the_full_service_ends_it(platform: Platform) -> None:
    query = f"{authorize_query()}&forceSnapShot=true"

    snapshot = platform.authorize(query, X_Simulator_Person="lin")
    full = platform.authorize(query, X_Simulator_Person="lin", X_Simulator_Full_Service="1")

    assert snapshot.headers["X-Simulator-Snapshot"] == "1"
    assert "X-Simulator-Snapshot" not in full.headers


def test_a_cookie_of_somebody_who_is_gone_brings_the_chooser(platform: Platform) -> None:
    platform.client.set_cookie("simulator_person", "nobody")

    assert "谁拿着手机" in platform.authorize(authorize_query()).text
