"""wechatpy, as PyPI brings it, talking to the simulator."""

from collections.abc import Callable

import pytest
from wechatpy import WeChatClient
from wechatpy.exceptions import APILimitedException, WeChatClientException, WeChatOAuthException
from wechatpy.oauth import WeChatOAuth

from tests.sdks.conftest import REDIRECT
from tests.sdks.stories import code_from, paths_called, scanned_code, text_of_picture
from tests.servers import TEMPLATE_ID, Account, Simulator


@pytest.fixture
def wechat(simulator: Simulator, account: Account) -> WeChatClient:
    """A client whose base address is the simulator's."""

    class Client(WeChatClient):
        API_BASE_URL = f"{simulator.url}/cgi-bin/"

        def fetch_access_token(self) -> object:
            # This one address is spelt out in the SDK, which leaves the method to be replaced.
            asked = {"grant_type": "client_credential", "appid": self.appid, "secret": self.secret}
            return self._fetch_access_token(f"{self.API_BASE_URL}token", asked)

    return Client(account.appid, account.secret)


@pytest.fixture
def oauth(simulator: Simulator, account: Account) -> Callable[[str], WeChatOAuth]:
    """A function that makes an OAuth client for a scope, its base addresses the simulator's."""

    class OAuth(WeChatOAuth):
        API_BASE_URL = f"{simulator.url}/"
        OAUTH_BASE_URL = f"{simulator.url}/connect/"

    return lambda scope: OAuth(account.appid, account.secret, REDIRECT, scope, "fromwechatpy1")


def test_one_token_serves_many_calls(wechat: WeChatClient, simulator: Simulator) -> None:
    first, second = wechat.misc.get_wechat_ips(), wechat.misc.get_wechat_ips()

    assert first == second
    assert "127.0.0.1" in first
    assert paths_called(simulator) == ["/cgi-bin/token", *["/cgi-bin/getcallbackip"] * 2]


def test_a_token_that_was_killed_is_fetched_anew_by_the_sdk(
    wechat: WeChatClient, simulator: Simulator
) -> None:
    simulator.fault("/cgi-bin/getcallbackip", "kill_token", times=1)

    assert wechat.misc.get_wechat_ips()
    assert paths_called(simulator) == ["/cgi-bin/token", "/cgi-bin/getcallbackip"] * 2


def test_a_wrong_secret_is_said_by_its_own_exception(
    wechat: WeChatClient, simulator: Simulator
) -> None:
    wechat.secret = "wrong"

    with pytest.raises(WeChatClientException) as refused:
        wechat.misc.get_wechat_ips()

    assert refused.value.errcode == 40125
    assert paths_called(simulator) == ["/cgi-bin/token"]


@pytest.mark.parametrize(
    ("action", "scene"),
    [
        ("QR_STR_SCENE", {"scene_str": "login_from_wechatpy"}),
        ("QR_SCENE", {"scene_id": 4711}),
        ("QR_LIMIT_STR_SCENE", {"scene_str": "for_ever"}),
    ],
)
def test_a_code_with_a_parameter_is_made_shown_and_scanned(
    wechat: WeChatClient,
    simulator: Simulator,
    follower: str,
    action: str,
    scene: dict[str, object],
) -> None:
    permanent = action.startswith("QR_LIMIT")
    life = {} if permanent else {"expire_seconds": 600}

    made = wechat.qrcode.create({"action_name": action, "action_info": {"scene": scene}, **life})

    assert made.get("expire_seconds") == (None if permanent else 600)
    assert text_of_picture(simulator, wechat.qrcode.get_url(made)) == made["url"]
    assert simulator.scan(follower, made["url"])["event"] == "SCAN"


def test_a_follower_is_told_from_somebody_who_does_not_follow(
    wechat: WeChatClient, simulator: Simulator, account: Account, follower: str
) -> None:
    openid = simulator.openid(follower, account.appid)
    follows, batch = wechat.user.get(openid), wechat.user.get_batch([openid])
    simulator.unfollow(follower, account.appid)

    left = wechat.user.get(openid)

    assert (follows["subscribe"], left["subscribe"]) == (1, 0)
    assert [one["openid"] for one in batch] == [openid]


def test_a_template_message_and_a_text_arrive(
    wechat: WeChatClient, simulator: Simulator, account: Account, follower: str
) -> None:
    openid = simulator.openid(follower, account.appid)
    data = {"character_string1": {"value": "482915"}, "thing2": {"value": "五分钟内有效"}}

    sent = wechat.message.send_template(openid, TEMPLATE_ID, data, url="http://shop.example/code")
    wechat.message.send_text(openid, "你好 🌈")

    template, text = simulator.chat(follower, account.appid)
    assert sent["msgid"] > 2**53
    assert (template["kind"], template["url"]) == ("template", "http://shop.example/code")
    assert (text["kind"], text["text"]) == ("custom", "你好 🌈")


def test_what_wechat_refuses_is_said_by_its_own_exceptions(
    wechat: WeChatClient, simulator: Simulator, account: Account, follower: str
) -> None:
    openid = simulator.openid(follower, account.appid)
    simulator.unfollow(follower, account.appid)
    data = {"character_string1": {"value": "482915"}, "thing2": {"value": "五分钟内有效"}}

    with pytest.raises(WeChatClientException) as not_following:
        wechat.message.send_template(openid, TEMPLATE_ID, data)
    with pytest.raises(WeChatClientException) as too_late:
        wechat.message.send_text(openid, "hello")
    simulator.fault("/cgi-bin/user/info", "errcode", errcode=45009)
    with pytest.raises(APILimitedException) as limited:
        wechat.user.get(openid)

    refused = (not_following, too_late, limited)
    assert [one.value.errcode for one in refused] == [43004, 45015, 45009]


def test_a_person_logs_in_by_oauth(
    oauth: Callable[[str], WeChatOAuth], simulator: Simulator, account: Account
) -> None:
    person = simulator.add_person(nickname="林小满 🌈")
    session = oauth("snsapi_userinfo")

    token = session.fetch_access_token(code_from(simulator, person, session.authorize_url))
    profile = session.get_user_info()
    renewed = session.refresh_access_token(token["refresh_token"])

    assert token["openid"] == profile["openid"] == simulator.openid(person, account.appid)
    assert profile["nickname"] == "林小满 🌈"
    assert renewed["access_token"] == token["access_token"]
    assert session.check_access_token()


def test_a_nickname_with_control_characters_and_a_broken_byte_is_read(
    oauth: Callable[[str], WeChatOAuth], simulator: Simulator
) -> None:
    for person, start in (("control", "控制\u0001字符"), ("broken", "坏字节")):
        session = oauth("snsapi_userinfo")
        session.fetch_access_token(code_from(simulator, person, session.authorize_url))

        assert session.get_user_info()["nickname"].startswith(start)


def test_what_oauth_refuses_is_said_by_its_own_exception(
    oauth: Callable[[str], WeChatOAuth], simulator: Simulator
) -> None:
    person = simulator.add_person()
    silent = oauth("snsapi_base")
    code = code_from(simulator, person, silent.authorize_url)
    silent.fetch_access_token(code)

    with pytest.raises(WeChatOAuthException) as spent:
        silent.fetch_access_token(code)
    with pytest.raises(WeChatOAuthException) as no_profile:
        silent.get_user_info()
    with pytest.raises(WeChatOAuthException) as unknown:
        silent.refresh_access_token("no-such-token")

    assert [one.value.errcode for one in (spent, no_profile, unknown)] == [40163, 48001, 40030]


def test_a_website_is_logged_into_by_a_scan(simulator: Simulator) -> None:
    website = Account()
    simulator.add_app(website, host="shop.example", callback_url=None, kind="website", mode="plain")
    person = simulator.add_person()

    class OAuth(WeChatOAuth):
        API_BASE_URL = f"{simulator.url}/"
        OAUTH_BASE_URL = f"{simulator.url}/connect/"

    session = OAuth(website.appid, website.secret, REDIRECT, state="website1")
    token = session.fetch_access_token(scanned_code(simulator, person, session.qrconnect_url))

    assert token["scope"] == "snsapi_login"
    assert session.get_user_info()["openid"] == simulator.openid(person, website.appid)
