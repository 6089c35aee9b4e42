"""The account's own tokens: two kinds that live beside each other, each by its rules."""

import pytest

from tests.simulator.platform import APPID, RID, Platform, read


def alive(platform: Platform, token: object) -> int:
    """Return the errcode a call with the token brings, or 0."""
    answer = platform.api("getcallbackip", token=str(token))
    return int(answer.get("errcode", 0))


def test_a_classic_call_mints_a_new_token_every_time(platform: Platform) -> None:
    first, second = platform.classic_token(), platform.classic_token()

    assert first["access_token"] != second["access_token"]
    assert second["expires_in"] == 7200


def test_the_token_before_lives_for_five_minutes_more(platform: Platform) -> None:
    old = platform.classic_token()["access_token"]
    new = platform.classic_token()["access_token"]

    platform.advance(299)
    assert alive(platform, old) == 0
    platform.advance(2)

    assert alive(platform, old) == 40001
    assert alive(platform, new) == 0


def test_a_token_that_ran_out_is_42001(platform: Platform) -> None:
    token = platform.classic_token()["access_token"]
    platform.advance(7201)

    assert alive(platform, token) == 42001


def test_the_stable_token_stays_the_same_and_says_what_is_left(platform: Platform) -> None:
    first = platform.stable_token()
    platform.advance(1000)
    second = platform.stable_token()

    assert second["access_token"] == first["access_token"]
    assert second["expires_in"] in {6199, 6200}


def test_in_its_last_five_minutes_there_is_a_new_one_and_both_live(platform: Platform) -> None:
    old = platform.stable_token()["access_token"]
    platform.advance(7200 - 290)

    new = platform.stable_token()

    assert new["access_token"] != old
    assert new["expires_in"] == 7200
    assert alive(platform, old) == 0


def test_no_stable_answer_has_less_than_five_minutes_left(platform: Platform) -> None:
    for _ in range(30):
        assert platform.stable_token()["expires_in"] >= 300
        platform.advance(500)


def test_a_forced_refresh_kills_the_old_token_at_once(platform: Platform) -> None:
    old = platform.stable_token()["access_token"]

    new = platform.stable_token(force_refresh=True)["access_token"]

    assert alive(platform, old) == 40001
    assert alive(platform, new) == 0


def test_a_forced_refresh_within_30_seconds_is_not_heard(platform: Platform) -> None:
    platform.stable_token()
    first = platform.stable_token(force_refresh=True)["access_token"]

    platform.advance(29)
    assert platform.stable_token(force_refresh=True)["access_token"] == first
    platform.advance(2)

    assert platform.stable_token(force_refresh=True)["access_token"] != first


def test_the_21st_forced_refresh_of_a_day_is_not_heard(platform: Platform) -> None:
    platform.stable_token()
    seen = set()
    for _ in range(25):
        platform.advance(31)
        seen.add(platform.stable_token(force_refresh=True)["access_token"])

    assert len(seen) == 20


def test_the_two_kinds_do_not_disturb_each_other(platform: Platform) -> None:
    classic = platform.classic_token()["access_token"]
    stable = platform.stable_token()["access_token"]

    platform.stable_token(force_refresh=True)
    assert alive(platform, classic) == 0
    stable = platform.stable_token()["access_token"]
    platform.classic_token()
    platform.advance(301)

    assert alive(platform, stable) == 0


@pytest.mark.parametrize(
    ("token", "errcode"), [("", 41001), ("nonsense", 40014), ("87_" + "x" * 136, 40001)]
)
def test_a_token_that_is_none_has_its_errcode(platform: Platform, token: str, errcode: int) -> None:
    answer = read(
        platform.client.get("/cgi-bin/getcallbackip", query_string={"access_token": token})
    )

    assert answer["errcode"] == errcode
    assert RID.search(answer["errmsg"])


@pytest.mark.parametrize(
    ("given", "errcode"),
    [
        ({"appid": ""}, 41002),
        ({"secret": ""}, 41004),
        ({"grant_type": ""}, 40002),
        ({"appid": "wx9999999999999999"}, 40013),
        ({"secret": "wrong"}, 40125),
    ],
)
def test_wrong_credentials_have_their_errcode_at_both_doors(
    platform: Platform, given: dict[str, str], errcode: int
) -> None:
    assert platform.classic_token(**given)["errcode"] == errcode
    assert platform.stable_token(**given)["errcode"] == errcode


def test_an_empty_call_misses_the_appid_first(platform: Platform) -> None:
    assert read(platform.client.get("/cgi-bin/token"))["errcode"] == 41002


def test_the_methods_are_get_and_post(platform: Platform) -> None:
    assert read(platform.client.post("/cgi-bin/token"))["errcode"] == 43001
    assert read(platform.client.get("/cgi-bin/stable_token"))["errcode"] == 43002


def test_a_stable_call_needs_a_json_object(platform: Platform) -> None:
    for raw, errcode in ((b"", 44002), (b"{", 47001), (b"[]", 47001), (b'"\xff"', 47001)):
        assert read(platform.client.post("/cgi-bin/stable_token", data=raw))["errcode"] == errcode


def test_an_address_outside_the_white_list_is_named(empty: Platform) -> None:
    empty.add_app(ip_whitelist=["203.0.113.5"])

    answer = empty.stable_token()

    assert answer["errcode"] == 40164
    assert "invalid ip 127.0.0.1 ipv6 ::ffff:127.0.0.1, not in whitelist" in answer["errmsg"]


def test_an_address_outside_the_white_list_may_be_61004(empty: Platform) -> None:
    empty.add_app(ip_whitelist=["203.0.113.5"])
    empty.switch(foreign_ip=61004)

    assert empty.classic_token()["errcode"] == 61004


@pytest.mark.parametrize("given", [{"kind": "test"}, {"ip_whitelist": ["127.0.0.1"]}])
def test_a_listed_address_and_a_test_account_are_let_in(
    empty: Platform, given: dict[str, object]
) -> None:
    empty.add_app(**{"ip_whitelist": ["203.0.113.5"], **given})

    assert "access_token" in empty.stable_token()


def test_a_day_has_2000_classic_tokens_and_a_test_account_200(empty: Platform) -> None:
    empty.add_app(kind="test")
    for _ in range(200):
        assert "access_token" in empty.classic_token()

    assert empty.classic_token()["errcode"] == 45009
    empty.advance(24 * 3600)
    assert "access_token" in empty.classic_token()


def test_a_banned_account_gets_no_token(empty: Platform) -> None:
    empty.add_app(banned=True)

    assert empty.stable_token()["errcode"] == 48004


def test_a_website_app_has_no_account_token(empty: Platform) -> None:
    empty.add_app(kind="website")

    assert empty.stable_token()["errcode"] == 48001


def test_the_token_of_an_account_that_is_gone_is_dead(platform: Platform) -> None:
    token = platform.account_token()
    platform.control("DELETE", f"/apps/{APPID}")

    assert alive(platform, token) == 40001
