"""co-wechat-api and co-wechat-oauth, as npm brings them, talking to the simulator."""

from pathlib import Path

import pytest

from tests.sdks.conftest import DOMAIN, REDIRECT, NodeSDK
from tests.sdks.stories import code_from, paths_called, scanned_code, text_of_picture
from tests.servers import TEMPLATE_ID, Account, Simulator

STATE = "fromnode1"


def test_the_accounts_token_is_fetched_and_works(
    co_wechat_api: NodeSDK, simulator: Simulator
) -> None:
    token, addresses = co_wechat_api.values(("getAccessToken",), ("getIp",))

    assert token["accessToken"]
    assert "127.0.0.1" in addresses["ip_list"]
    assert paths_called(simulator) == ["/cgi-bin/token", "/cgi-bin/getcallbackip"]


@pytest.mark.parametrize("scene", ["login_from_node", 4711])
def test_a_code_with_a_parameter_is_made_shown_and_scanned(
    co_wechat_api: NodeSDK, simulator: Simulator, follower: str, scene: str | int
) -> None:
    (made,) = co_wechat_api.values(("createTmpQRCode", scene, 600))
    # It puts the ticket into the address as it is, so the caller escapes it.
    ticket = made["ticket"].replace("+", "%2B").replace("/", "%2F")
    (picture,) = co_wechat_api.values(("showQRCodeURL", ticket))

    assert made["expire_seconds"] == 600
    assert text_of_picture(simulator, picture) == made["url"]
    assert simulator.scan(follower, made["url"])["event"] == "SCAN"


def test_a_permanent_code_has_no_end(co_wechat_api: NodeSDK) -> None:
    (made,) = co_wechat_api.values(("createLimitQRCode", "for_ever"))

    assert "expire_seconds" not in made
    assert made["url"].startswith("http://weixin.qq.com/q/")


def test_a_follower_is_told_from_somebody_who_does_not_follow(
    co_wechat_api: NodeSDK, simulator: Simulator, account: Account, follower: str
) -> None:
    openid = simulator.openid(follower, account.appid)
    follows, batch = co_wechat_api.values(("getUser", openid), ("batchGetUsers", [openid]))
    simulator.unfollow(follower, account.appid)
    (left,) = co_wechat_api.values(("getUser", openid))

    assert (follows["subscribe"], left["subscribe"]) == (1, 0)
    assert follows["openid"] == left["openid"] == openid
    assert [one["openid"] for one in batch["user_info_list"]] == [openid]
    assert "subscribe_time" not in left


def test_a_template_message_arrives_with_a_number_beyond_53_bits(
    co_wechat_api: NodeSDK, simulator: Simulator, account: Account, follower: str
) -> None:
    data = {
        "character_string1": {"value": "482915", "color": "#173177"},
        "thing2": {"value": "五分钟内有效"},
    }
    openid = simulator.openid(follower, account.appid)
    url = "http://shop.example/code"

    (sent,) = co_wechat_api.values(("sendTemplate", openid, TEMPLATE_ID, url, "#FF0000", data))

    (message,) = simulator.chat(follower, account.appid)
    assert (message["kind"], message["url"]) == ("template", url)
    assert "482915" in message["text"]
    # Its parser keeps large numbers, which it then writes as text.
    assert int(sent["msgid"]) > 2**53


def test_a_customer_text_arrives_while_the_window_is_open(
    co_wechat_api: NodeSDK, simulator: Simulator, account: Account, follower: str
) -> None:
    openid = simulator.openid(follower, account.appid)

    co_wechat_api.values(("sendText", openid, '你好，\n这里是 "晨光书店"'))

    assert simulator.chat(follower, account.appid)[-1]["text"] == '你好，\n这里是 "晨光书店"'


def test_what_wechat_refuses_becomes_its_own_error(
    co_wechat_api: NodeSDK, simulator: Simulator, account: Account
) -> None:
    stranger = simulator.add_person()
    openid = simulator.openid(stranger, account.appid)

    refused = co_wechat_api.calls(
        ("sendText", openid, "hello"),
        ("createTmpQRCode", "x" * 65, 600),
        ("sendTemplate", openid, "no_such_template", None, None, {}),
    )

    assert [one["error"]["name"] for one in refused] == ["WeChatAPIError"] * 3
    assert [one["error"]["code"] for one in refused] == [40003, 40053, 40003]


def test_a_token_that_was_killed_is_fetched_anew_by_the_sdk(
    co_wechat_api: NodeSDK, simulator: Simulator
) -> None:
    simulator.fault("/cgi-bin/getcallbackip", "kill_token", times=1)

    (addresses,) = co_wechat_api.values(("getIp",))

    assert addresses["ip_list"]
    assert paths_called(simulator) == ["/cgi-bin/token", "/cgi-bin/getcallbackip"] * 2


def test_a_person_logs_in_by_oauth(
    co_wechat_oauth: NodeSDK, simulator: Simulator, account: Account
) -> None:
    person = simulator.add_person(nickname="林小满 🌈")
    asked = ("getAuthorizeURL", REDIRECT, STATE, "snsapi_userinfo")
    (address,) = co_wechat_oauth.values(asked)
    code = code_from(simulator, person, address)
    openid = simulator.openid(person, account.appid)

    token, profile, again = co_wechat_oauth.calls(
        ("getAccessToken", code), ("getUser", openid), ("getAccessToken", code)
    )
    given = token["value"]["data"]
    renewed, alive = co_wechat_oauth.values(
        ("refreshAccessToken", given["refresh_token"]),
        ("verifyToken", openid, given["access_token"]),
    )

    assert given["openid"] == profile["value"]["openid"] == openid
    assert profile["value"]["nickname"] == "林小满 🌈"
    assert again["error"]["code"] == 40163
    assert again["error"]["name"] == "WeChatAPIError"
    assert renewed["data"]["access_token"] == given["access_token"]
    assert alive["errcode"] == 0


def test_a_silent_login_has_no_profile(
    co_wechat_oauth: NodeSDK, simulator: Simulator, account: Account
) -> None:
    person = simulator.add_person()
    (address,) = co_wechat_oauth.values(("getAuthorizeURL", REDIRECT, STATE, "snsapi_base"))
    code = code_from(simulator, person, address)

    (refused,) = co_wechat_oauth.calls(("getUserByCode", code))

    assert refused["error"]["code"] == 48001


def test_a_website_is_logged_into_by_a_scan(node_modules: Path, simulator: Simulator) -> None:
    website = Account()
    simulator.add_app(website, host=DOMAIN, callback_url=None, kind="website", mode="plain")
    sdk = NodeSDK("co_wechat_oauth.cjs", simulator.url, website)
    person = simulator.add_person(nickname="林小满")
    (address,) = sdk.values(("getAuthorizeURLForWebsite", REDIRECT, STATE))

    (profile,) = sdk.values(("getUserByCode", scanned_code(simulator, person, address)))

    assert profile["openid"] == simulator.openid(person, website.appid)
    assert profile["nickname"] == "林小满"
