"""The user-level calls: a code is good once, a scope goes no further than it says."""

import pytest

from tests.simulator.platform import APPID, OTHER_APPID, RID, SECRET, Platform, read

HOUR = 3600
DAY = 24 * HOUR


def profile(platform: Platform, token: dict[str, str]) -> dict[str, object]:
    return platform.sns("userinfo", access_token=token["access_token"], openid=token["openid"])


def refreshed(platform: Platform, refresh_token: str, **given: str) -> dict[str, object]:
    query = {
        "appid": APPID,
        "grant_type": "refresh_token",
        "refresh_token": refresh_token,
        **given,
    }
    return platform.sns("oauth2/refresh_token", **query)


def test_a_code_brings_a_token_an_openid_and_the_scope(platform: Platform) -> None:
    token = platform.user_token()

    assert token["expires_in"] == 7200
    assert len(token["openid"]) == 28
    assert token["openid"].startswith("o")
    assert token["scope"] == "snsapi_userinfo"
    assert "errcode" not in token


def test_every_answer_is_text_plain_without_a_charset(platform: Platform) -> None:
    for path in ("oauth2/access_token", "oauth2/refresh_token", "userinfo", "auth"):
        assert platform.client.get(f"/sns/{path}").content_type == "text/plain"


def test_an_error_carries_a_rid(platform: Platform) -> None:
    answer = platform.exchange("x" * 32)

    assert answer["errcode"] == 40029
    assert RID.search(answer["errmsg"])


def test_a_code_is_good_once(platform: Platform) -> None:
    code = platform.code()
    platform.exchange(code)

    assert platform.exchange(code)["errcode"] == 40163


def test_a_spent_code_may_be_40029(platform: Platform) -> None:
    platform.switch(spent_code=40029)
    code = platform.code()
    platform.exchange(code)

    assert platform.exchange(code)["errcode"] == 40029


def test_a_code_lives_for_five_minutes(platform: Platform) -> None:
    in_time, late = platform.code(), platform.code()

    platform.advance(299)
    assert "openid" in platform.exchange(in_time)
    platform.advance(2)

    assert platform.exchange(late)["errcode"] == 40029


def test_an_old_code_may_be_42003_after_ten_minutes(platform: Platform) -> None:
    platform.switch(code_lifetime=600, expired_code=42003)
    code = platform.code()
    platform.advance(601)

    assert platform.exchange(code)["errcode"] == 42003


def test_a_code_of_another_account_is_40029_and_stays_good_for_its_own(platform: Platform) -> None:
    platform.add_app(appid=OTHER_APPID)
    code = platform.code()

    assert platform.exchange(code, appid=OTHER_APPID)["errcode"] == 40029
    assert "openid" in platform.exchange(code)


@pytest.mark.parametrize(
    ("given", "errcode"),
    [
        ({"appid": ""}, 41002),
        ({"secret": ""}, 41004),
        ({"code": ""}, 41008),
        ({"grant_type": "client_credential"}, 40002),
        ({"appid": "wx9999999999999999"}, 40013),
        ({"secret": "wrong"}, 40125),
    ],
)
def test_a_wrong_parameter_has_its_errcode_and_spends_nothing(
    platform: Platform, given: dict[str, str], errcode: int
) -> None:
    code = platform.code()

    answer = platform.exchange(**{"code": code, **given})

    assert answer["errcode"] == errcode
    assert "openid" in platform.exchange(code)


def test_the_method_has_to_be_get(platform: Platform) -> None:
    assert read(platform.client.post("/sns/oauth2/access_token"))["errcode"] == 43001


def test_the_unionid_comes_with_userinfo_alone(platform: Platform) -> None:
    assert "unionid" in platform.user_token()
    assert "unionid" not in platform.user_token(scope="snsapi_base")


def test_the_unionid_may_come_with_base_too(platform: Platform) -> None:
    platform.switch(unionid_in_base_answer=True)

    assert "unionid" in platform.user_token(scope="snsapi_base")


def test_somebody_without_a_unionid_has_none(platform: Platform) -> None:
    token = platform.user_token("nounion")

    assert "unionid" not in token
    assert "unionid" not in profile(platform, token)


def test_an_account_outside_the_open_platform_learns_no_unionid(empty: Platform) -> None:
    empty.add_app(open_platform=None)

    assert "unionid" not in empty.user_token()


def test_two_accounts_share_the_unionid_but_not_the_openid(platform: Platform) -> None:
    platform.add_app(appid=OTHER_APPID)
    first = platform.user_token()
    second = platform.exchange(platform.code(appid=OTHER_APPID), appid=OTHER_APPID)

    assert first["unionid"] == second["unionid"]
    assert first["openid"] != second["openid"]


def test_another_open_platform_has_another_unionid(platform: Platform) -> None:
    platform.add_app(appid=OTHER_APPID, open_platform="elsewhere")
    first = platform.user_token()
    second = platform.exchange(platform.code(appid=OTHER_APPID), appid=OTHER_APPID)

    assert first["unionid"] != second["unionid"]


def test_a_late_unionid_appears_with_the_next_login(platform: Platform) -> None:
    platform.fault("late_unionid", path="/sns/oauth2/access_token", times=1)

    assert "unionid" not in platform.user_token()
    assert "unionid" in platform.user_token()


def test_a_unionid_may_have_a_space_in_front(platform: Platform) -> None:
    platform.switch(unionid_with_leading_space=True)

    assert platform.user_token()["unionid"].startswith(" o")


def test_the_scope_may_be_missing_from_the_answer(platform: Platform) -> None:
    platform.switch(scope_in_token_answer=False)

    assert "scope" not in platform.user_token()


def test_the_profile_has_a_name_and_a_picture_but_no_place(platform: Platform) -> None:
    found = profile(platform, platform.user_token())

    assert found["nickname"] == "林小满"
    assert str(found["headimgurl"]).endswith("/avatars/lin/132")
    assert (found["sex"], found["city"], found["country"]) == (0, "", "")


def test_a_profile_without_an_avatar_has_an_empty_address(platform: Platform) -> None:
    assert profile(platform, platform.user_token("noavatar"))["headimgurl"] == ""


def test_a_nickname_may_hold_raw_control_characters(platform: Platform) -> None:
    token = platform.user_token("control")
    query = {"access_token": token["access_token"], "openid": token["openid"]}

    raw = platform.client.get("/sns/userinfo", query_string=query).data

    assert b"\x01" in raw
    assert b"\x00" in raw


def test_a_nickname_may_hold_bytes_that_are_no_utf8(platform: Platform) -> None:
    token = platform.user_token("broken")
    query = {"access_token": token["access_token"], "openid": token["openid"]}

    raw = platform.client.get("/sns/userinfo", query_string=query).data

    with pytest.raises(UnicodeDecodeError):
        raw.decode()


def test_the_sex_may_be_a_text(platform: Platform) -> None:
    platform.switch(sex="text")

    assert profile(platform, platform.user_token())["sex"] == "0"


def test_a_base_token_reads_no_profile(platform: Platform) -> None:
    assert profile(platform, platform.user_token(scope="snsapi_base"))["errcode"] == 48001


@pytest.mark.parametrize(
    ("changed", "errcode"),
    [
        ({"access_token": ""}, 41001),
        ({"openid": ""}, 41009),
        ({"access_token": "86_unknown"}, 40001),
        ({"openid": "o" * 28}, 40003),
    ],
)
def test_a_wrong_token_or_openid_has_its_errcode(
    platform: Platform, changed: dict[str, str], errcode: int
) -> None:
    token = {**platform.user_token(), **changed}

    assert profile(platform, token)["errcode"] == errcode


def test_a_user_token_lives_for_two_hours(platform: Platform) -> None:
    token = platform.user_token()
    platform.advance(7201)

    assert profile(platform, token)["errcode"] == 42001


def test_an_account_token_reads_no_profile(platform: Platform) -> None:
    token = {**platform.user_token(), "access_token": platform.account_token()}

    assert profile(platform, token)["errcode"] == 40001


def test_auth_says_whether_a_token_is_alive(platform: Platform) -> None:
    token = platform.user_token()
    asked = {"access_token": token["access_token"], "openid": token["openid"]}

    assert platform.sns("auth", **asked) == {"errcode": 0, "errmsg": "ok"}
    assert platform.sns("auth", **{**asked, "openid": "o" * 28})["errcode"] == 40003


def test_a_refresh_lengthens_the_same_token_while_it_lives(platform: Platform) -> None:
    token = platform.user_token()
    platform.advance(HOUR)

    renewed = refreshed(platform, token["refresh_token"])
    platform.advance(HOUR + 1800)

    assert renewed["access_token"] == token["access_token"]
    assert "nickname" in profile(platform, token)


def test_a_refresh_after_the_end_brings_a_new_token(platform: Platform) -> None:
    token = platform.user_token()
    platform.advance(3 * HOUR)

    renewed = refreshed(platform, token["refresh_token"])

    assert renewed["access_token"] != token["access_token"]
    assert renewed["refresh_token"] == token["refresh_token"]


def test_a_refresh_token_lives_for_30_days_whatever_is_refreshed(platform: Platform) -> None:
    token = platform.user_token()
    platform.advance(29 * DAY)
    assert "access_token" in refreshed(platform, token["refresh_token"])
    platform.advance(DAY + 1)

    assert refreshed(platform, token["refresh_token"])["errcode"] == 42002


def test_a_refresh_token_may_rotate(platform: Platform) -> None:
    platform.switch(refreshing="rotates")
    token = platform.user_token()

    renewed = refreshed(platform, token["refresh_token"])

    assert renewed["refresh_token"] != token["refresh_token"]
    assert refreshed(platform, token["refresh_token"])["errcode"] == 40030


@pytest.mark.parametrize(
    ("given", "errcode"),
    [
        ({"refresh_token": ""}, 41003),
        ({"refresh_token": "85_unknown"}, 40030),
        ({"grant_type": "authorization_code"}, 40002),
        ({"appid": ""}, 41002),
        ({"appid": "wx9999999999999999"}, 40013),
    ],
)
def test_a_wrong_refresh_has_its_errcode(
    platform: Platform, given: dict[str, str], errcode: int
) -> None:
    query = {"refresh_token": platform.user_token()["refresh_token"], **given}

    assert refreshed(platform, **query)["errcode"] == errcode


def test_a_consent_that_was_taken_back_kills_both_tokens(platform: Platform) -> None:
    token = platform.user_token()

    platform.person("lin", "authorization", appid=APPID, change="revoke")

    assert profile(platform, token)["errcode"] == 42007
    assert refreshed(platform, token["refresh_token"])["errcode"] == 42007


def test_a_minute_has_room_for_so_many_exchanges(empty: Platform) -> None:
    empty.add_app(quotas={"/sns/oauth2/access_token:minute": 1})
    empty.user_token()

    assert empty.exchange(empty.code())["errcode"] == 45011
    empty.advance(60)
    assert "openid" in empty.user_token()


def test_a_website_app_exchanges_no_code_of_an_account(platform: Platform) -> None:
    platform.add_app(appid=OTHER_APPID, kind="website")

    assert platform.exchange(platform.code(), appid=OTHER_APPID)["errcode"] == 40029


def test_a_personal_account_may_not_exchange_anything(empty: Platform) -> None:
    empty.add_app(kind="personal")

    assert empty.exchange("x" * 32, secret=SECRET)["errcode"] == 48001


def test_a_closed_wechat_account_reads_50002(platform: Platform) -> None:
    platform.control("POST", "/people", {"name": "gone", "frozen": True})
    platform.follow("gone")

    assert profile(platform, platform.user_token("gone"))["errcode"] == 50002
    info = platform.api("user/info", openid=platform.openid("gone"))
    assert info["errcode"] == 50002
