"""The facade: what each call sends and makes of the answer, and what is tried again."""

import json
import socket
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from tests.wechat.conftest import Answers, StoredTokens
from wechatlogin.wechat import client, deadline, errors, http, oauth, qrcode, users
from wechatlogin.wechat.app import Platform, WeChatApp

OPENID = "o6_bmjrPTlm6_2sgVt7hMZOPfL2M"
TICKET = "gQH47joAAAAAAAAAASxodHRwOi8vd2VpeGluLnFxLmNvbS9xL2ta+/AAIEZ23sUwMEmm3sUw=="
DEAD = {"errcode": 40001, "errmsg": "invalid credential, access_token is invalid or not latest"}
BUSY = {"errcode": -1, "errmsg": "system error"}
GRANT = oauth.UserGrant(
    access_token=SecretStr("user-token"),
    openid=OPENID,
    unionid=None,
    scopes=frozenset({"snsapi_userinfo"}),
    is_snapshot_user=False,
)


def test_the_pages_are_those_of_its_app(wechat: client.WeChatClient, app: WeChatApp) -> None:
    inside = wechat.authorize_url(
        redirect_uri="https://a.example/", state="abc", scope=oauth.Scope.BASE
    )
    outside = wechat.qrconnect_url(redirect_uri="https://a.example/", state="abc")

    assert f"/connect/oauth2/authorize?appid={app.appid}&" in inside
    assert "connect_redirect=1" in inside
    assert f"/connect/qrconnect?appid={app.appid}&" in outside


def test_a_code_becomes_a_grant(answers: Answers, wechat: client.WeChatClient) -> None:
    answers.json({"access_token": "t", "openid": OPENID, "expires_in": 7200})

    assert wechat.exchange_code("CODE").openid == OPENID


def test_point_8_a_code_is_not_exchanged_again_even_when_wechat_is_busy(
    answers: Answers, wechat: client.WeChatClient
) -> None:
    answers.json(BUSY)

    with pytest.raises(errors.WeChatBusy):
        wechat.exchange_code("CODE")

    assert len(answers.calls) == 1


def test_a_code_has_a_grant_whose_profile_can_be_read(
    answers: Answers, wechat: client.WeChatClient
) -> None:
    answers.json({"openid": OPENID, "nickname": "小明"})

    assert wechat.get_profile(GRANT).nickname == "小明"
    assert answers.calls[0].query["lang"] == "zh_CN"


@pytest.mark.fault("C-03")
def test_a_profile_is_asked_for_once_more_when_wechat_is_busy(
    answers: Answers, wechat: client.WeChatClient
) -> None:
    answers.json(BUSY)
    answers.json({"openid": OPENID, "nickname": "小明"})

    assert wechat.get_profile(GRANT).nickname == "小明"


@pytest.mark.fault("C-03")
def test_a_profile_is_not_asked_for_a_third_time(
    answers: Answers, wechat: client.WeChatClient
) -> None:
    answers.json(BUSY)

    with pytest.raises(errors.WeChatBusy):
        wechat.get_profile(GRANT)

    assert len(answers.calls) == 2


@pytest.mark.fault("C-01")
def test_two_tries_take_no_longer_than_one_call_may(
    answers: Answers, wechat: client.WeChatClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deadline, "PATIENCE", timedelta(seconds=0.4))
    hung_up_on = threading.Event()
    answers.by(lambda _: hung_up_on.wait(5) and None)
    started = time.monotonic()

    with pytest.raises(errors.WeChatUnreachable):
        wechat.get_profile(GRANT)

    assert time.monotonic() - started < 1
    hung_up_on.set()


@pytest.mark.parametrize(
    ("answer", "status"),
    [({"errcode": 45011, "errmsg": "slower"}, 200), ({}, 404)],
    ids=["per-minute quota", "no such page"],
)
def test_a_profile_is_not_asked_for_again_where_that_would_not_help(
    answers: Answers, wechat: client.WeChatClient, answer: dict[str, object], status: int
) -> None:
    answers.raw(json.dumps(answer).encode(), status=status)

    with pytest.raises((errors.WeChatBusy, errors.WeChatUnreachable)):
        wechat.get_profile(GRANT)

    assert len(answers.calls) == 1


def test_a_request_that_never_left_is_sent_once_more(
    app: WeChatApp, tokens: StoredTokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def lookup(*args: object, **kwargs: object) -> None:
        asked.append(args)
        raise socket.gaierror("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    nowhere = http.WeChatHTTP(Platform(api_url="http://wechat.invalid"))

    with pytest.raises(errors.WeChatUnreachable):
        client.WeChatClient(app, nowhere, tokens).get_follower(OPENID)
    assert len(asked) == 2

    with pytest.raises(errors.WeChatUnreachable):
        client.WeChatClient(app, nowhere, tokens).send_text(OPENID, "hello")
    assert len(asked) == 3


def test_a_temporary_code_is_made_as_documented(
    answers: Answers, wechat: client.WeChatClient
) -> None:
    answers.json({"ticket": TICKET, "expire_seconds": 60, "url": "http://weixin.qq.com/q/kZg"})

    ticket = wechat.create_qrcode("login_Ab12", timedelta(minutes=5))

    assert ticket == qrcode.QRTicket(TICKET, "http://weixin.qq.com/q/kZg", timedelta(seconds=60))
    (call,) = answers.calls
    assert (call.path, call.query) == ("/cgi-bin/qrcode/create", {"access_token": "token-1"})
    assert json.loads(call.body) == {
        "expire_seconds": 300,
        "action_name": "QR_STR_SCENE",
        "action_info": {"scene": {"scene_str": "login_Ab12"}},
    }


def test_a_lifetime_that_wechat_does_not_name_is_the_one_asked_for(
    answers: Answers, wechat: client.WeChatClient
) -> None:
    answers.json({"ticket": TICKET, "url": "http://weixin.qq.com/q/kZg"})

    assert wechat.create_qrcode("a", timedelta(minutes=5)).expires_in == timedelta(minutes=5)


def test_a_permanent_code_is_made_as_documented(
    answers: Answers, wechat: client.WeChatClient
) -> None:
    answers.json({"ticket": TICKET, "url": "http://weixin.qq.com/q/kZg"})

    ticket = wechat.create_permanent_qrcode("follow")

    assert ticket == qrcode.PermanentQRTicket(TICKET, "http://weixin.qq.com/q/kZg")
    assert json.loads(answers.calls[0].body) == {
        "action_name": "QR_LIMIT_STR_SCENE",
        "action_info": {"scene": {"scene_str": "follow"}},
    }


@pytest.mark.parametrize(
    ("scene", "lifetime"),
    [
        ("", timedelta(minutes=5)),
        ("a" * 65, timedelta(minutes=5)),
        ("a", timedelta(0)),
        ("a", timedelta(days=31)),
    ],
    ids=["no scene", "long scene", "no time", "too much time"],
)
def test_a_code_that_wechat_would_refuse_is_not_asked_for(
    answers: Answers, wechat: client.WeChatClient, scene: str, lifetime: timedelta
) -> None:
    with pytest.raises(errors.RequestRejected):
        wechat.create_qrcode(scene, lifetime)

    assert answers.calls == []


@pytest.mark.parametrize("answer", [{}, {"ticket": TICKET}, {"url": "u"}], ids=repr)
def test_a_code_without_content_is_garbled(
    answers: Answers, wechat: client.WeChatClient, answer: dict[str, object]
) -> None:
    answers.json(answer)

    with pytest.raises(errors.WeChatGarbled):
        wechat.create_qrcode("a", timedelta(minutes=5))


def test_point_12_a_ticket_is_escaped_whole() -> None:
    assert qrcode.picture_url(Platform(), "a+b/c==") == (
        "https://mp.weixin.qq.com/cgi-bin/showqrcode?ticket=a%2Bb%2Fc%3D%3D"
    )


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (
            {"subscribe": 1, "subscribe_time": 1382694957, "unionid": " o6_bmasd"},
            users.Follower(OPENID, True, "o6_bmasd", datetime.fromtimestamp(1382694957, UTC)),
        ),
        ({"subscribe": "1"}, users.Follower(OPENID, True, None, None)),
        ({"subscribe": 0, "unionid": "u"}, users.Follower(OPENID, False, "u", None)),
        ({}, users.Follower(OPENID, False, None, None)),
        (
            {"subscribe": 1, "subscribe_time": 10**15},
            users.Follower(OPENID, True, None, None),
        ),
    ],
    ids=["follows", "as text", "does not", "not said", "odd time"],
)
def test_point_1_only_subscribe_1_means_that_somebody_follows(
    answers: Answers,
    wechat: client.WeChatClient,
    answer: dict[str, object],
    expected: users.Follower,
) -> None:
    answers.json({"openid": OPENID} | answer)

    assert wechat.get_follower(OPENID) == expected
    assert answers.calls[0].query == {
        "access_token": "token-1",
        "openid": OPENID,
        "lang": "zh_CN",
    }


def test_a_follower_who_is_somebody_else_is_not_taken(
    answers: Answers, wechat: client.WeChatClient
) -> None:
    answers.json({"openid": "oSomebodyElse", "subscribe": 1})

    with pytest.raises(errors.WeChatGarbled):
        wechat.get_follower(OPENID)


def test_point_17_a_template_message_is_sent_and_its_64_bit_number_kept(
    answers: Answers, wechat: client.WeChatClient
) -> None:
    answers.raw(b'{"errcode":0,"errmsg":"ok","msgid":9007199254740993}')

    msgid = wechat.send_template(
        OPENID,
        template_id="TEMPLATE",
        data={"thing1": "巧克力"},
        url="https://a.example/",
        client_msg_id="MSG_1",
    )

    assert msgid == "9007199254740993"
    assert answers.calls[0].path == "/cgi-bin/message/template/send"
    assert json.loads(answers.calls[0].body) == {
        "touser": OPENID,
        "template_id": "TEMPLATE",
        "url": "https://a.example/",
        "client_msg_id": "MSG_1",
        "data": {"thing1": {"value": "巧克力"}},
    }


def test_what_is_not_given_is_not_sent(answers: Answers, wechat: client.WeChatClient) -> None:
    answers.json({"errcode": 0, "msgid": "7"})

    assert wechat.send_template(OPENID, template_id="TEMPLATE", data={}) == "7"
    assert json.loads(answers.calls[0].body) == {
        "touser": OPENID,
        "template_id": "TEMPLATE",
        "data": {},
    }


@pytest.mark.parametrize("msgid", [None, "", "x", -1, "１"], ids=repr)
def test_a_message_without_a_number_is_garbled(
    answers: Answers, wechat: client.WeChatClient, msgid: object
) -> None:
    answers.json({"errcode": 0, "msgid": msgid})

    with pytest.raises(errors.WeChatGarbled):
        wechat.send_template(OPENID, template_id="TEMPLATE", data={})


def test_point_18_a_person_who_does_not_follow_gets_no_template_message(
    answers: Answers, wechat: client.WeChatClient
) -> None:
    answers.json({"errcode": 43004, "errmsg": "require subscribe"})

    with pytest.raises(errors.RecipientUnreachable) as caught:
        wechat.send_template(OPENID, template_id="TEMPLATE", data={})

    assert caught.value.not_following


def test_a_text_is_sent(answers: Answers, wechat: client.WeChatClient) -> None:
    answers.json({"errcode": 0, "errmsg": "ok"})

    wechat.send_text(OPENID, "你好" + "a" * 2042)

    assert json.loads(answers.calls[0].body)["text"]["content"].startswith("你好")
    assert json.loads(answers.calls[0].body)["msgtype"] == "text"


def test_a_text_that_is_too_long_is_not_sent(answers: Answers, wechat: client.WeChatClient) -> None:
    with pytest.raises(errors.MessageTooLong):
        wechat.send_text(OPENID, "你" * 683)

    assert answers.calls == []


@pytest.mark.fault("C-03")
@pytest.mark.parametrize("number", [40001, 40014, 42001, 41001])
def test_point_5_a_rejected_token_is_renewed_and_the_call_repeated_once(
    answers: Answers, wechat: client.WeChatClient, tokens: StoredTokens, number: int
) -> None:
    answers.json({"errcode": number, "errmsg": "invalid"})
    answers.json({"errcode": 0})

    wechat.send_text(OPENID, "hello")

    assert tokens.renewed == ["token-1"]
    assert [call.query["access_token"] for call in answers.calls] == ["token-1", "token-2"]


@pytest.mark.fault("C-03")
def test_point_5_a_second_rejection_is_not_answered_by_a_third_call(
    answers: Answers, wechat: client.WeChatClient, tokens: StoredTokens
) -> None:
    answers.json(DEAD)

    with pytest.raises(errors.AccessTokenRejected):
        wechat.get_follower(OPENID)

    assert tokens.renewed == ["token-1"]
    assert len(answers.calls) == 2


@pytest.mark.fault("C-03")
def test_point_5_the_same_token_is_not_tried_again(
    answers: Answers, wechat: client.WeChatClient, tokens: StoredTokens
) -> None:
    tokens.row = ["token-1"]
    answers.json(DEAD)

    with pytest.raises(errors.AccessTokenRejected):
        wechat.send_text(OPENID, "hello")

    assert len(answers.calls) == 1


def test_a_refused_profile_does_not_cost_the_accounts_token(
    answers: Answers, wechat: client.WeChatClient, tokens: StoredTokens
) -> None:
    answers.json(DEAD)

    with pytest.raises(errors.LoginMustRestart):
        wechat.get_profile(GRANT)

    assert tokens.renewed == []
