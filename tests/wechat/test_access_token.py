"""Fetching the account's token, stable and classic."""

import json
from datetime import timedelta

import pytest

from tests.wechat.conftest import Answers
from wechatlogin.wechat import access_token, errors, http
from wechatlogin.wechat.app import WeChatApp

ANSWER = {"access_token": "canary-token", "expires_in": 6800}


@pytest.mark.parametrize("force", [False, True])
def test_point_5_the_stable_token_is_asked_for_by_post(
    answers: Answers, wechat_http: http.WeChatHTTP, app: WeChatApp, force: bool
) -> None:
    answers.json(ANSWER)

    token = access_token.fetch_stable_token(wechat_http, app, force_refresh=force)

    assert token.access_token.get_secret_value() == "canary-token"
    assert token.expires_in == timedelta(seconds=6800)
    (call,) = answers.calls
    assert (call.method, call.path, call.query) == ("POST", "/cgi-bin/stable_token", {})
    assert json.loads(call.body) == {
        "grant_type": "client_credential",
        "appid": app.appid,
        "secret": app.secret.get_secret_value(),
        "force_refresh": force,
    }


def test_the_classic_token_is_asked_for_by_get(
    answers: Answers, wechat_http: http.WeChatHTTP, app: WeChatApp
) -> None:
    answers.json(ANSWER)

    token = access_token.fetch_classic_token(wechat_http, app)

    assert token.access_token.get_secret_value() == "canary-token"
    (call,) = answers.calls
    assert (call.method, call.path) == ("GET", "/cgi-bin/token")
    assert call.query == {
        "grant_type": "client_credential",
        "appid": app.appid,
        "secret": app.secret.get_secret_value(),
    }


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"access_token": "", "expires_in": 7200},
        {"access_token": "t"},
        {"access_token": "t", "expires_in": 0},
        {"access_token": "t", "expires_in": "7200"},
        {"access_token": "t", "expires_in": 10**12},
    ],
    ids=["nothing", "empty", "no life", "life 0", "text", "for ever"],
)
def test_an_answer_without_a_usable_token_is_garbled(
    answers: Answers, wechat_http: http.WeChatHTTP, app: WeChatApp, answer: dict[str, object]
) -> None:
    answers.json(answer)

    with pytest.raises(errors.WeChatGarbled):
        access_token.fetch_stable_token(wechat_http, app)


def test_point_6_a_wrong_secret_is_for_the_operator(
    answers: Answers, wechat_http: http.WeChatHTTP, app: WeChatApp
) -> None:
    answers.json({"errcode": 40001, "errmsg": "invalid credential"})

    with pytest.raises(errors.OperatorNeeded):
        access_token.fetch_stable_token(wechat_http, app)


def test_no_token_shows_in_a_repr(
    answers: Answers, wechat_http: http.WeChatHTTP, app: WeChatApp
) -> None:
    answers.json(ANSWER)

    assert "canary" not in repr(access_token.fetch_stable_token(wechat_http, app))
