"""What a person does with the phone, and what the account hears of it."""

import pytest

from tests.simulator.platform import APPID, TOKEN, Platform
from tests.simulator.receiver import Receiver


def events(receiver: Receiver) -> list[tuple[str | None, str | None]]:
    """Return event and key of every push."""
    return [(one.fields.get("Event"), one.fields.get("EventKey")) for one in receiver.pushes]


def test_the_first_people_have_difficulties_of_their_own(platform: Platform) -> None:
    people = {one["name"]: one for one in platform.control("GET", "/people")}

    assert {"lin", "emoji", "control", "noavatar", "nounion"} <= set(people)
    assert people["lin"]["unionid"]
    assert people["nounion"]["unionid"] is None
    assert len(people["lin"]["openids"][APPID]) == 28


def test_a_person_can_be_added_once(platform: Platform) -> None:
    platform.control("POST", "/people", {"name": "wang", "nickname": "王二", "unionid": None})

    people = {one["name"]: one for one in platform.control("GET", "/people")}
    assert people["wang"]["nickname"] == "王二"
    assert people["wang"]["unionid"] is None
    again = platform.client.post("/simulator/people", json={"name": "wang"})
    assert again.status_code == 409


@pytest.mark.parametrize("name", ["", "Wang", "王", "a/b", "x" * 33])
def test_a_name_is_a_short_ascii_word(platform: Platform, name: str) -> None:
    assert platform.client.post("/simulator/people", json={"name": name}).status_code == 400


def test_a_follower_who_scans_sends_scan_without_a_prefix(
    pushing: Platform, receiver: Receiver
) -> None:
    pushing.follow()
    made = pushing.create_code("login-7")

    done = pushing.person("lin", "scan", content=made["url"])

    assert (done["kind"], done["event"]) == ("event", "SCAN")
    assert events(receiver)[-1] == ("SCAN", "login-7")
    assert receiver.pushes[-1].fields["Ticket"] == made["ticket"]


def test_the_same_scan_again_is_sent_again(pushing: Platform, receiver: Receiver) -> None:
    pushing.follow()
    made = pushing.create_code("login-7")

    for _ in range(2):
        pushing.person("lin", "scan", content=made["url"])

    assert events(receiver)[1:] == [("SCAN", "login-7")] * 2


def test_a_stranger_who_scans_and_does_not_follow_sends_nothing(
    pushing: Platform, receiver: Receiver
) -> None:
    done = pushing.person("lin", "scan", content=pushing.create_code()["url"])

    assert done == {"kind": "event", "event": None, "appid": APPID, "replies": []}
    assert receiver.pushes == []


def test_a_stranger_who_scans_and_follows_sends_subscribe_with_the_prefix(
    pushing: Platform, receiver: Receiver
) -> None:
    wish = {"action_name": "QR_SCENE", "action_info": {"scene": {"scene_id": 123}}}
    made = pushing.create_code(**wish)

    done = pushing.person("lin", "scan", content=made["url"], follow=True)

    assert done["event"] == "subscribe"
    assert events(receiver) == [("subscribe", "qrscene_123")]
    assert receiver.pushes[0].fields["Ticket"] == made["ticket"]


def test_an_expired_code_does_nothing(pushing: Platform, receiver: Receiver) -> None:
    pushing.follow()
    made = pushing.create_code(expire_seconds=10)
    pushing.advance(10)

    assert pushing.person("lin", "scan", content=made["url"]) == {"kind": "expired"}
    assert len(receiver.pushes) == 1


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ("http://weixin.qq.com/q/nothing", "unknown"),
        ("http://shop.example/q/abc", "page"),
        ("https://shop.example/login?a=b", "page"),
        ("just words", "text"),
        ("javascript:alert(1)", "text"),
    ],
)
def test_a_scan_decides_by_the_text(platform: Platform, content: str, kind: str) -> None:
    done = platform.person("lin", "scan", content=content)

    assert done["kind"] == kind
    assert kind != "page" or done["url"] == content


def test_the_simulators_own_address_of_a_code_works_too(platform: Platform) -> None:
    platform.follow()
    path = platform.create_code()["url"].removeprefix("http://weixin.qq.com")

    assert platform.person("lin", "scan", content=f"http://localhost{path}")["event"] == "SCAN"


def test_following_twice_is_heard_once(pushing: Platform, receiver: Receiver) -> None:
    pushing.follow()
    pushing.follow()

    assert events(receiver) == [("subscribe", None)]


def test_an_empty_event_key_may_be_left_out(pushing: Platform, receiver: Receiver) -> None:
    pushing.follow()
    pushing.switch(empty_event_key="absent")
    pushing.person("lin", "unfollow", appid=APPID)
    pushing.follow()

    keys = ["EventKey" in one.fields for one in receiver.pushes]
    assert keys == [True, False, False]


def test_unfollowing_twice_is_heard_once(pushing: Platform, receiver: Receiver) -> None:
    pushing.follow()
    for _ in range(2):
        pushing.person("lin", "unfollow", appid=APPID)

    assert [event for event, _ in events(receiver)] == ["subscribe", "unsubscribe"]


def test_a_click_sends_its_key(pushing: Platform, receiver: Receiver) -> None:
    pushing.follow()

    pushing.person("lin", "click", appid=APPID, key="LOGIN")

    assert events(receiver)[-1] == ("CLICK", "LOGIN")


@pytest.mark.parametrize(("action", "body"), [("send", {"text": "在吗"}), ("click", {"key": "K"})])
def test_nobody_writes_to_an_account_without_following(
    platform: Platform, action: str, body: dict[str, str]
) -> None:
    answer = platform.client.post(f"/simulator/people/lin/{action}", json={"appid": APPID, **body})

    assert (answer.status_code, answer.get_json()["error"]) == (409, "not_following")


def test_an_empty_message_is_not_sent(platform: Platform) -> None:
    platform.follow()

    answer = platform.client.post("/simulator/people/lin/send", json={"appid": APPID, "text": ""})

    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("change", "event"),
    [
        ("revoke", "user_authorization_revoke"),
        ("modify", "user_info_modified"),
        ("cancel", "user_authorization_cancellation"),
    ],
)
def test_a_change_of_consent_names_the_person_in_openid_and_not_as_the_sender(
    pushing: Platform, receiver: Receiver, change: str, event: str
) -> None:
    pushing.person("lin", "authorization", appid=APPID, change=change)

    fields = receiver.pushes[-1].fields
    assert fields["Event"] == event
    assert fields["OpenID"] == pushing.openid()
    assert fields["FromUserName"] != pushing.openid()
    assert fields["RevokeInfo"] == "205"


@pytest.mark.parametrize(
    ("keys", "data_format", "expected"),
    [
        ("lower", "xml", "<openid>"),
        ("leading_space", "json", '" OpenID"'),
        ("leading_space", "xml", "<OpenID>"),
    ],
)
def test_the_keys_of_that_event_may_be_written_otherwise(
    empty: Platform, receiver: Receiver, keys: str, data_format: str, expected: str
) -> None:
    empty.add_app(
        token=TOKEN,
        callback_url=f"{receiver.url}/push",
        skip_url_check=True,
        data_format=data_format,
    )
    empty.switch(authorization_event_keys=keys)

    empty.person("lin", "authorization", appid=APPID, change="revoke")

    assert expected in receiver.pushes[-1].body.decode()


def test_a_change_that_there_is_not_is_refused(platform: Platform) -> None:
    answer = platform.client.post(
        "/simulator/people/lin/authorization", json={"appid": APPID, "change": "forget"}
    )

    assert answer.status_code == 400


@pytest.mark.parametrize(
    "path", ["/simulator/people/nobody/follow", "/simulator/people/lin/follow"]
)
def test_an_unknown_person_or_account_is_404(empty: Platform, path: str) -> None:
    assert empty.client.post(path, json={"appid": "wx0000000000000009"}).status_code == 404
