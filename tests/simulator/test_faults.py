"""Faults on demand: each mode does what it says, as often as it was told to."""

import json

import pytest
import requests

from tests.simulator.platform import APPID, SECRET, Platform

TOKEN_PATH = "/cgi-bin/stable_token"
CREDENTIALS = {"grant_type": "client_credential", "appid": APPID, "secret": SECRET}


def test_an_errcode_is_answered_with_status_200_and_a_rid(platform: Platform) -> None:
    platform.fault("errcode", path=TOKEN_PATH, errcode=45009, times=1)

    answer = platform.stable_token()

    assert answer["errcode"] == 45009
    assert "rid: " in answer["errmsg"]
    assert "access_token" in platform.stable_token()


def test_an_errcode_on_a_user_level_call_is_text_plain(platform: Platform) -> None:
    platform.fault("errcode", path="/sns/*", errcode=-1)

    assert platform.client.get("/sns/userinfo").content_type == "text/plain"
    assert platform.sns("userinfo")["errcode"] == -1


def test_a_server_error_and_a_page_are_no_json(platform: Platform) -> None:
    for mode, status in (("http_500", 500), ("html", 200)):
        platform.fault(mode, path=TOKEN_PATH, times=1)

        answer = platform.client.post(TOKEN_PATH, json=CREDENTIALS)

        assert answer.status_code == status
        assert answer.content_type.startswith("text/html")


def test_garbage_is_neither_utf8_nor_json(platform: Platform) -> None:
    platform.fault("garbage", path=TOKEN_PATH)

    raw = platform.client.post(TOKEN_PATH, json=CREDENTIALS).data

    with pytest.raises(ValueError, match="decode"):
        json.loads(raw)


def test_a_slow_answer_comes_in_the_end(platform: Platform) -> None:
    platform.fault("slow", path=TOKEN_PATH, delay=0.01)

    assert "access_token" in platform.stable_token()


def test_a_killed_token_is_rejected_and_a_new_one_works(platform: Platform) -> None:
    token = platform.account_token()
    platform.fault("kill_token", path="/cgi-bin/getcallbackip", times=1)

    assert platform.api("getcallbackip", token=token)["errcode"] == 40001
    assert "ip_list" in platform.api("getcallbackip")


def test_killing_a_token_that_is_none_changes_nothing(platform: Platform) -> None:
    platform.fault("kill_token", path="/cgi-bin/getcallbackip")

    assert platform.api("getcallbackip", token="nonsense")["errcode"] == 40014


def test_a_reset_closes_the_connection_without_an_answer(served: str, platform: Platform) -> None:
    platform.fault("reset", path=TOKEN_PATH)

    with pytest.raises(requests.ConnectionError):
        requests.post(served + TOKEN_PATH, json=CREDENTIALS, timeout=5)


def test_a_truncated_answer_breaks_off(served: str, platform: Platform) -> None:
    platform.fault("truncate", path=TOKEN_PATH)

    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        requests.post(served + TOKEN_PATH, json=CREDENTIALS, timeout=5)


def test_a_fault_strikes_as_often_as_it_was_told_to(platform: Platform) -> None:
    platform.fault("errcode", path=TOKEN_PATH, times=2)

    codes = [platform.stable_token().get("errcode", 0) for _ in range(3)]

    assert codes == [-1, -1, 0]
    assert platform.control("GET", "/faults")[0]["left"] == 0


def test_a_probability_strikes_some_and_the_same_in_every_run(platform: Platform) -> None:
    def run() -> list[int]:
        platform.control("DELETE", "/faults")
        platform.fault("errcode", path=TOKEN_PATH, probability=0.5)
        return [platform.stable_token().get("errcode", 0) for _ in range(40)]

    first, second = run(), run()

    assert first == second
    assert {0, -1} == set(first)


def test_a_fault_elsewhere_strikes_nothing(platform: Platform) -> None:
    platform.fault("errcode", path="/cgi-bin/token")

    assert "access_token" in platform.stable_token()


def test_cleared_faults_are_gone(platform: Platform) -> None:
    platform.fault("errcode")
    platform.control("DELETE", "/faults")

    assert "access_token" in platform.stable_token()


@pytest.mark.parametrize(
    "fault",
    [
        {},
        {"mode": "explode"},
        {"mode": "slow", "delay": -1},
        {"mode": "slow", "times": 0},
        {"mode": "slow", "probability": 2},
        {"mode": "slow", "unheard": 1},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(
    platform: Platform, fault: dict[str, object]
) -> None:
    assert platform.client.post("/simulator/faults", json=fault).status_code == 400
