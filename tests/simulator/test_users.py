"""Who follows: `subscribe` alone says so, and nicknames are gone."""

import pytest

from tests.simulator.platform import APPID, OTHER_APPID, Platform


def info(platform: Platform, openid: str) -> dict[str, object]:
    return platform.api("user/info", openid=openid, lang="zh_CN")


def test_a_follower_is_told_with_an_empty_nickname(platform: Platform) -> None:
    platform.follow()

    found = info(platform, platform.openid())

    assert found["subscribe"] == 1
    assert (found["nickname"], found["headimgurl"]) == ("", "")
    assert found["subscribe_scene"] == "ADD_SCENE_SEARCH"
    assert str(found["unionid"]).startswith("o")


def test_somebody_who_left_is_told_without_an_errcode(platform: Platform) -> None:
    platform.follow()
    platform.person("lin", "unfollow", appid=APPID)

    found = info(platform, platform.openid())

    assert found["subscribe"] == 0
    assert set(found) == {"subscribe", "openid", "unionid"}


def test_somebody_who_only_logged_in_is_known_but_no_follower(platform: Platform) -> None:
    openid = platform.user_token()["openid"]

    assert info(platform, openid)["subscribe"] == 0


def test_the_scene_of_the_code_that_was_scanned_is_told(platform: Platform) -> None:
    made = platform.create_code("login-7")
    platform.person("lin", "scan", content=made["url"], follow=True)

    found = info(platform, platform.openid())

    assert found["subscribe_scene"] == "ADD_SCENE_QR_CODE"
    assert (found["qr_scene"], found["qr_scene_str"]) == (0, "login-7")


def test_a_stranger_and_another_accounts_openid_are_40003(platform: Platform) -> None:
    platform.add_app(appid=OTHER_APPID)
    platform.follow(appid=OTHER_APPID)

    assert info(platform, platform.openid())["errcode"] == 40003
    assert info(platform, platform.openid(appid=OTHER_APPID))["errcode"] == 40003
    assert info(platform, "")["errcode"] == 41009


def test_a_late_unionid_is_missing_here_too(platform: Platform) -> None:
    platform.follow()
    platform.fault("late_unionid", times=1)

    assert "unionid" not in info(platform, platform.openid())
    assert "unionid" in info(platform, platform.openid())


@pytest.mark.parametrize("kind", ["personal", "service_uncertified"])
def test_an_account_without_the_right_is_48001(empty: Platform, kind: str) -> None:
    empty.add_app(kind=kind)

    assert info(empty, "o" * 28)["errcode"] == 48001


def test_a_batch_tells_the_same(platform: Platform) -> None:
    platform.follow("lin")
    platform.follow("chen")
    wanted = [{"openid": platform.openid(name)} for name in ("lin", "chen")]

    found = platform.post("user/info/batchget", {"user_list": wanted})["user_info_list"]

    assert [one["openid"] for one in found] == [one["openid"] for one in wanted]


@pytest.mark.parametrize(
    ("users", "errcode"),
    [([], 40003), (None, 40003), (["x"], 40003), ([{"openid": "x"}] * 101, 40032)],
)
def test_a_batch_has_its_bounds(platform: Platform, users: object, errcode: int) -> None:
    assert platform.post("user/info/batchget", {"user_list": users})["errcode"] == errcode


def test_the_daily_quota_may_be_the_consoles(platform: Platform) -> None:
    asked = {"cgi_path": "/cgi-bin/user/info"}
    assert platform.post("openapi/quota/get", asked)["quota"]["daily_limit"] == 5_000_000

    platform.switch(user_info_quota=500_000)

    assert platform.post("openapi/quota/get", asked)["quota"]["daily_limit"] == 500_000
