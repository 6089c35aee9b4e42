"""Template and customer messages: who may get one, when, and how often."""

import json

import pytest

from tests.simulator.platform import APPID, OTHER_APPID, Platform
from tests.simulator.receiver import Receiver

MINUTE = 60
DAY = 24 * 3600


def template(platform: Platform, **given: object) -> dict[str, object]:
    message = {
        "touser": platform.openid(),
        "template_id": "TEMPLATE-1",
        "url": "https://shop.example/confirm",
        "data": {"thing1": {"value": "新设备登录"}, "time2": {"value": "15:01"}},
        **given,
    }
    return dict(platform.post("message/template/send", message))


def custom(platform: Platform, content: str = "你好", **given: object) -> dict[str, object]:
    message = {
        "touser": platform.openid(),
        "msgtype": "text",
        "text": {"content": content},
        **given,
    }
    return dict(platform.post("message/custom/send", message))


def test_a_follower_gets_a_template_message_with_its_link(platform: Platform) -> None:
    platform.follow()

    answer = template(platform)

    message = platform.chat()[-1]
    assert answer["errcode"] == 0
    assert message["kind"] == "template"
    assert message["text"] == "登录提醒\n内容：新设备登录\n时间：15:01"
    assert message["url"] == "https://shop.example/confirm"


def test_the_msgid_does_not_fit_into_53_bits(platform: Platform) -> None:
    platform.follow()

    assert int(str(template(platform)["msgid"])) > 2**53


def test_somebody_who_logged_in_but_does_not_follow_is_43004(platform: Platform) -> None:
    platform.user_token()

    assert template(platform)["errcode"] == 43004


def test_a_stranger_is_40003_for_both_kinds(platform: Platform) -> None:
    assert template(platform)["errcode"] == 40003
    assert custom(platform)["errcode"] == 40003


def test_another_accounts_openid_is_40003(platform: Platform) -> None:
    platform.add_app(appid=OTHER_APPID)
    platform.follow(appid=OTHER_APPID)

    assert template(platform, touser=platform.openid(appid=OTHER_APPID))["errcode"] == 40003


def test_an_unknown_template_is_40037(platform: Platform) -> None:
    platform.follow()

    assert template(platform, template_id="TEMPLATE-2")["errcode"] == 40037


@pytest.mark.parametrize("template_id", ["", None, "T" * 65])
def test_a_template_id_of_no_possible_length_is_40036(
    platform: Platform, template_id: str | None
) -> None:
    platform.follow()

    assert template(platform, template_id=template_id)["errcode"] == 40036


def test_an_endless_url_is_40039(platform: Platform) -> None:
    platform.follow()

    assert template(platform, url="https://shop.example/" + "a" * 1024)["errcode"] == 40039


def test_a_client_msg_id_is_sent_once_within_ten_minutes(platform: Platform) -> None:
    platform.follow()

    first = template(platform, client_msg_id="M1")
    second = template(platform, client_msg_id="M1")
    platform.advance(601)
    third = template(platform, client_msg_id="M1")

    assert first["msgid"] == second["msgid"]
    assert first["msgid"] != third["msgid"]
    assert len(platform.chat()) == 2


def test_the_receipt_arrives_afterwards_with_the_msgid(
    pushing: Platform, receiver: Receiver
) -> None:
    pushing.follow()

    msgid = template(pushing)["msgid"]
    pushing.control("POST", "/settle")

    receipt = receiver.pushes[-1].fields
    assert receipt["Event"] == "TEMPLATESENDJOBFINISH"
    assert receipt["MsgID"] == str(msgid)
    assert receipt["Status"] == "success"


def test_somebody_who_refuses_messages_brings_another_receipt(
    pushing: Platform, receiver: Receiver
) -> None:
    pushing.follow()
    pushing.person("lin", "mute", appid=APPID)

    assert template(pushing)["errcode"] == 0
    pushing.control("POST", "/settle")

    assert receiver.pushes[-1].fields["Status"] == "failed:user block"
    assert pushing.chat() == []


@pytest.mark.parametrize("kind", ["subscription", "personal"])
def test_a_subscription_account_sends_no_templates(empty: Platform, kind: str) -> None:
    empty.add_app(kind=kind)

    assert template(empty)["errcode"] == 48001
    assert empty.api("template/get_all_private_template")["errcode"] == 48001


def test_the_templates_are_listed(platform: Platform) -> None:
    listed = platform.api("template/get_all_private_template")["template_list"]

    assert [one["template_id"] for one in listed] == ["TEMPLATE-1"]
    assert "{{thing1.DATA}}" in listed[0]["content"]


def test_escaped_text_arrives_as_gibberish(platform: Platform) -> None:
    platform.follow()
    message = {"touser": platform.openid(), "msgtype": "text", "text": {"content": "你好"}}

    platform.post("message/custom/send", json.dumps(message).encode())

    assert platform.chat()[-1]["text"] == "\\u4f60\\u597d"


def test_escaped_control_characters_and_backslashes_are_no_gibberish(platform: Platform) -> None:
    platform.follow()

    custom(platform, "a\u0001b\\u4f60")

    assert platform.chat()[-1]["text"] == "a\u0001b\\u4f60"


def test_a_message_of_the_person_opens_five_in_48_hours(platform: Platform) -> None:
    platform.follow()
    platform.advance(2 * MINUTE)
    platform.person("lin", "send", appid=APPID, text="在吗")

    answers = [custom(platform)["errcode"] for _ in range(6)]

    assert answers == [0, 0, 0, 0, 0, 45047]


def test_the_older_rule_of_20_can_be_chosen(platform: Platform) -> None:
    platform.switch(customer_messages_after_text=20)
    platform.follow()
    platform.advance(2 * MINUTE)
    platform.person("lin", "send", appid=APPID, text="在吗")

    answers = [custom(platform)["errcode"] for _ in range(21)]

    assert answers == [0] * 20 + [45047]


def test_the_window_of_a_message_closes_after_48_hours(platform: Platform) -> None:
    platform.follow()
    platform.person("lin", "send", appid=APPID, text="在吗")
    platform.advance(2 * DAY - 1)
    assert custom(platform)["errcode"] == 0
    platform.advance(2)

    assert custom(platform)["errcode"] == 45015


@pytest.mark.parametrize("trigger", ["follow", "scan", "click"])
def test_a_follow_a_scan_and_a_click_open_three_in_a_minute(
    platform: Platform, trigger: str
) -> None:
    platform.follow()
    if trigger != "follow":
        platform.advance(2 * MINUTE)
    if trigger == "scan":
        platform.person("lin", "scan", content=platform.create_code()["url"])
    if trigger == "click":
        platform.person("lin", "click", appid=APPID, key="LOGIN")

    answers = [custom(platform)["errcode"] for _ in range(4)]
    platform.advance(MINUTE + 1)

    assert answers == [0, 0, 0, 45047]
    assert custom(platform)["errcode"] == 45015


def test_the_window_that_closes_first_is_used_up_first(platform: Platform) -> None:
    platform.follow()
    platform.person("lin", "send", appid=APPID, text="在吗")
    for _ in range(3):
        custom(platform)
    platform.advance(2 * MINUTE)

    answers = [custom(platform)["errcode"] for _ in range(6)]

    assert answers == [0, 0, 0, 0, 0, 45047]


def test_somebody_who_left_is_45015(platform: Platform) -> None:
    platform.follow()
    platform.person("lin", "unfollow", appid=APPID)

    assert custom(platform)["errcode"] == 45015


def test_somebody_who_refuses_messages_is_48002(platform: Platform) -> None:
    platform.follow()
    platform.person("lin", "mute", appid=APPID)
    assert custom(platform)["errcode"] == 48002

    platform.person("lin", "mute", appid=APPID, muted=False)

    assert custom(platform)["errcode"] == 0


@pytest.mark.parametrize(
    ("given", "errcode"),
    [
        ({"msgtype": "carrier pigeon"}, 40008),
        ({"text": {"content": ""}}, 44004),
        ({"text": None}, 44004),
        ({"text": {"content": "好" * 683}}, 45002),
    ],
)
def test_a_message_that_is_none_has_its_errcode(
    platform: Platform, given: dict[str, object], errcode: int
) -> None:
    platform.follow()

    assert custom(platform, **given)["errcode"] == errcode


def test_a_link_in_a_message_is_where_a_tap_leads(platform: Platform) -> None:
    platform.follow()

    custom(platform, '<a href="https://shop.example/a?b=1&amp;c=2">登录</a>')

    assert platform.chat()[-1]["url"] == "https://shop.example/a?b=1&c=2"


def test_leaving_opens_no_window(platform: Platform) -> None:
    platform.follow()
    platform.person("lin", "unfollow", appid=APPID)
    platform.advance(2 * MINUTE)
    platform.follow("chen")

    assert custom(platform)["errcode"] == 45015
