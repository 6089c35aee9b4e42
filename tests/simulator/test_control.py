"""The control side: for this machine alone, with no secret in what it tells."""

import pytest
from flask import Flask

from tests.simulator.platform import AES_KEY, APPID, SECRET, TOKEN, Platform
from tests.simulator.receiver import Answer, Receiver
from wechatlogin.simulator import SimulatorSettings, create_simulator

CONTROL_PATHS = [
    "/simulator/people",
    "/simulator/apps",
    "/simulator/calls",
    "/phone",
    "/phone/state",
    "/phone/open",
    "/phone/web/lin~ios/http/shop.example/",
]


@pytest.mark.parametrize("path", CONTROL_PATHS)
@pytest.mark.parametrize("address", ["192.0.2.7", "::ffff:192.0.2.7", "2001:db8::1", ""])
def test_another_machine_is_refused(platform: Platform, path: str, address: str) -> None:
    answer = platform.client.get(path, environ_overrides={"REMOTE_ADDR": address})

    assert (answer.status_code, answer.get_json()["error"]) == (403, "loopback_only")


def test_another_machine_may_use_the_platform(platform: Platform) -> None:
    answer = platform.client.get("/cgi-bin/token", environ_overrides={"REMOTE_ADDR": "192.0.2.7"})

    assert answer.status_code == 200


def test_the_simulator_can_be_opened_to_the_network() -> None:
    app = create_simulator(SimulatorSettings(open_to_network=True))

    answer = app.test_client().get(
        "/simulator/people", environ_overrides={"REMOTE_ADDR": "192.0.2.7"}
    )

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_a_page_of_another_site_is_refused(platform: Platform, headers: dict[str, str]) -> None:
    answer = platform.client.post("/simulator/reset", headers=headers)

    assert (answer.status_code, answer.get_json()["error"]) == (403, "foreign_origin")


def test_two_simulators_share_nothing() -> None:
    first, second = (Platform(create_simulator().test_client()) for _ in range(2))

    first.add_app()
    first.switch(sex="text")

    assert second.control("GET", "/apps") == []
    assert second.control("GET", "/switches")["sex"] == "number"


def test_there_is_no_account_until_one_is_added(empty: Platform) -> None:
    assert empty.control("GET", "/apps") == []


def test_an_account_is_told_without_its_secrets(platform: Platform) -> None:
    platform.add_app(token=TOKEN, aes_key=AES_KEY)

    raw = platform.client.get("/simulator/apps").text

    assert APPID in raw
    assert not any(secret in raw for secret in (SECRET, TOKEN, AES_KEY))
    assert platform.control("GET", "/apps")[0]["gh_id"].startswith("gh_")


def test_an_account_set_up_anew_keeps_its_followers(platform: Platform) -> None:
    platform.follow()
    platform.add_app(name="新名字")

    assert platform.control("GET", "/people")[0]["follows"] == [APPID]


@pytest.mark.parametrize(
    "given",
    [
        {"appid": "1234"},
        {"domains": ["http://shop.example"]},
        {"domains": ["shop.example/path"]},
        {"kind": "mini"},
        {"token": "ab"},
        {"aes_key": "short"},
        {"mode": "safe"},
        {"kind": "test", "mode": "safe", "aes_key": AES_KEY},
        {"callback_url": "http://shop.example/"},
        {"callback_url": "ftp://shop.example/", "token": TOKEN},
        {"unheard": 1},
        {"mp_verify": {"name": "../x", "content": ""}},
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_without_a_secret(
    empty: Platform, given: dict[str, object]
) -> None:
    answer = empty.client.post("/simulator/apps", json={"appid": APPID, "secret": SECRET, **given})

    assert (answer.status_code, answer.get_json()["error"]) == (400, "bad_app")
    assert SECRET not in answer.text
    assert empty.control("GET", "/apps") == []


def configured(platform: Platform, receiver: Receiver, **given: object) -> dict[str, object]:
    answer = platform.client.post(
        "/simulator/apps",
        json={
            "appid": APPID,
            "secret": SECRET,
            "token": TOKEN,
            "callback_url": f"{receiver.url}/push",
            **given,
        },
    )
    return {"status": answer.status_code, **answer.get_json()}


@pytest.mark.parametrize("mode", ["plain", "safe"])
def test_the_callback_is_checked_by_a_plain_echo(
    empty: Platform, receiver: Receiver, mode: str
) -> None:
    receiver.answer = lambda got: Answer(got.query["echostr"].encode())

    done = configured(empty, receiver, mode=mode, aes_key=AES_KEY)

    assert done["status"] == 201
    assert receiver.received[0].method == "GET"
    assert receiver.received[0].query["echostr"].isdigit()


@pytest.mark.parametrize(
    "answer",
    [
        lambda got: Answer(got.query["echostr"].encode() + b"\n"),
        lambda got: Answer(b'"' + got.query["echostr"].encode() + b'"'),
        lambda got: Answer(b"success"),
        lambda got: Answer(got.query["echostr"].encode(), status=403),
    ],
    ids=["a newline", "quotes", "success", "status 403"],
)
def test_an_echo_that_is_not_exact_leaves_the_account_unsaved(
    empty: Platform, receiver: Receiver, answer: object
) -> None:
    receiver.answer = answer  # type: ignore[assignment]

    done = configured(empty, receiver)

    assert (done["status"], done["error"]) == (400, "url_check_failed")
    assert empty.control("GET", "/apps") == []


def test_the_verification_file_is_fetched_from_each_domain(
    empty: Platform, receiver: Receiver
) -> None:
    receiver.says(b"abcdefghijklmnop")

    empty.add_app(
        domains=[receiver.host],
        mp_verify={"name": "MP_verify_abcdefghijklmnop.txt", "content": "abcdefghijklmnop"},
    )

    assert receiver.received[0].path == "/MP_verify_abcdefghijklmnop.txt"


@pytest.mark.parametrize(
    "answer",
    [
        Answer(b"another"),
        Answer(b"abcdefghijklmnop", status=404),
        Answer(status=302, headers={"Location": "/login"}),
    ],
)
def test_a_verification_file_that_is_not_there_refuses_the_domain(
    empty: Platform, receiver: Receiver, answer: Answer
) -> None:
    receiver.answer = lambda got: answer

    refused = empty.client.post(
        "/simulator/apps",
        json={
            "appid": APPID,
            "secret": SECRET,
            "domains": [receiver.host],
            "mp_verify": {"name": "MP_verify_x.txt", "content": "abcdefghijklmnop"},
        },
    )

    assert refused.get_json()["error"] == "mp_verify_failed"


def test_the_calls_are_told_with_every_secret_masked(platform: Platform) -> None:
    token = platform.user_token()
    platform.create_code()

    raw = platform.client.get("/simulator/calls").text
    calls = platform.control("GET", "/calls?path=/sns/oauth2/access_token")

    assert calls[0]["appid"] == APPID
    assert calls[0]["query"]["code"] == "***"
    assert calls[0]["answer"]["openid"] == token["openid"]
    assert SECRET not in raw
    assert token["access_token"] not in raw
    assert token["refresh_token"] not in raw


def test_a_call_with_a_token_tells_whose_it_was(platform: Platform) -> None:
    platform.api("getcallbackip")

    assert platform.control("GET", "/calls?path=/cgi-bin/getcallbackip")[0]["appid"] == APPID


def test_the_calls_can_be_forgotten(platform: Platform) -> None:
    platform.account_token()
    platform.control("DELETE", "/calls")

    assert platform.control("GET", "/calls") == []


def test_a_reset_goes_back_to_the_start_but_keeps_the_accounts(platform: Platform) -> None:
    platform.follow()
    platform.control("POST", "/people", {"name": "wang"})
    platform.switch(sex="text")
    platform.advance(100)
    token = platform.account_token()

    platform.control("POST", "/reset")

    people = platform.control("GET", "/people")
    assert all(one["follows"] == [] and one["name"] != "wang" for one in people)
    assert platform.control("GET", "/switches")["sex"] == "number"
    assert platform.api("getcallbackip", token=token)["errcode"] == 40001
    assert len(platform.control("GET", "/apps")) == 1


def test_a_reset_can_remove_the_accounts_too(platform: Platform) -> None:
    platform.control("POST", "/reset", {"apps": True})

    assert platform.control("GET", "/apps") == []


@pytest.mark.parametrize("advance", [-1, "5", None, True])
def test_the_clock_only_moves_on(platform: Platform, advance: object) -> None:
    answer = platform.client.post("/simulator/clock", json={"advance": advance})

    assert answer.status_code == 400


@pytest.mark.parametrize("values", [{"unheard": 1}, {"sex": 1}, {"state_required": 1}])
def test_a_switch_takes_its_choices_alone(platform: Platform, values: dict[str, object]) -> None:
    assert platform.client.post("/simulator/switches", json=values).status_code == 400


@pytest.mark.parametrize("raw", [b"", b"[]", b"{"])
def test_a_control_call_needs_a_json_object(platform: Platform, raw: bytes) -> None:
    answer = platform.client.post("/simulator/people", data=raw, content_type="application/json")

    assert answer.get_json()["error"] == "bad_json"


def test_a_missing_field_is_named(platform: Platform) -> None:
    answer = platform.client.post("/simulator/people/lin/scan", json={})

    assert "content" in answer.get_json()["message"]


def test_an_account_that_is_gone_cannot_be_removed_again(platform: Platform) -> None:
    platform.control("DELETE", f"/apps/{APPID}")

    assert platform.client.delete(f"/simulator/apps/{APPID}").status_code == 404


def test_secrets_stay_out_of_the_representation(app: Flask, platform: Platform) -> None:
    simulation = app.extensions["simulator"]

    assert SECRET not in repr(simulation.accounts)


def test_avatars_are_drawn_for_people_accounts_and_strangers(platform: Platform) -> None:
    for name, letter in (("lin", "林"), (APPID, "公"), ("noavatar", "circle"), ("x", "circle")):
        answer = platform.client.get(f"/avatars/{name}/132")

        assert answer.content_type == "image/svg+xml"
        assert letter in answer.text


def test_another_host_for_avatars_can_be_set() -> None:
    app = create_simulator(SimulatorSettings(avatar_base="https://thirdwx.qlogo.cn"))
    platform = Platform(app.test_client())
    platform.add_app()
    token = platform.user_token()

    profile = platform.sns("userinfo", access_token=token["access_token"], openid=token["openid"])

    assert profile["headimgurl"] == "https://thirdwx.qlogo.cn/avatars/lin/132"
