"""Authorize pages, codes and profiles in WeChat's dialect."""

from urllib import parse

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from tests.wechat.conftest import Answers
from wechatlogin.wechat import errors, http, oauth
from wechatlogin.wechat.app import AppKind, Platform, WeChatApp

OPENID = "o6_bmjrPTlm6_2sgVt7hMZOPfL2M"
CODE = "01102ohl230CDE0Fijkl2j7zhl202ohf"
ACCOUNT = WeChatApp(
    appid="wx0123456789abcdef", secret=SecretStr("canary-secret"), kind=AppKind.SERVICE
)
TOKEN_ANSWER = {
    "access_token": "ACCESS_TOKEN",
    "expires_in": 7200,
    "refresh_token": "REFRESH_TOKEN",
    "openid": OPENID,
    "scope": "snsapi_userinfo",
    "unionid": "o6_bmasdasdsad6_2sgVt7hMZOPfL",
}


def a_grant(*scopes: str) -> oauth.UserGrant:
    return oauth.UserGrant(
        access_token=SecretStr("canary-user-token"),
        openid=OPENID,
        unionid=None,
        scopes=frozenset(scopes),
        is_snapshot_user=False,
    )


def test_point_9_the_authorize_page_is_exactly_as_documented() -> None:
    url = oauth.authorize_url(
        ACCOUNT,
        Platform(),
        redirect_uri="https://login.example.com/wx/back?a=1&b=微",
        state="abcDEF123",
        scope=oauth.Scope.USERINFO,
    )

    assert url == (
        "https://open.weixin.qq.com/connect/oauth2/authorize?appid=wx0123456789abcdef"
        "&redirect_uri=https%3A%2F%2Flogin.example.com%2Fwx%2Fback%3Fa%3D1%26b%3D%E5%BE%AE"
        "&response_type=code&scope=snsapi_userinfo&state=abcDEF123&connect_redirect=1"
        "#wechat_redirect"
    )


def test_that_nobody_is_asked_needlessly_can_be_said_in_words() -> None:
    url = oauth.authorize_url(
        ACCOUNT,
        Platform(),
        redirect_uri="https://shop.example.com/back",
        state="a",
        scope=oauth.Scope.BASE,
        extras={oauth.Extra.FORCE_POPUP: "false"},
    )

    assert url.endswith("&scope=snsapi_base&state=a&forcePopup=false#wechat_redirect")


def test_the_undocumented_parameter_can_be_left_out() -> None:
    url = oauth.authorize_url(
        ACCOUNT,
        Platform(open_url="http://127.0.0.1:5001/"),
        redirect_uri="http://127.0.0.1:5000/back",
        state="a",
        scope=oauth.Scope.BASE,
        extras={},
    )

    assert url == (
        "http://127.0.0.1:5001/connect/oauth2/authorize?appid=wx0123456789abcdef"
        "&redirect_uri=http%3A%2F%2F127.0.0.1%3A5000%2Fback"
        "&response_type=code&scope=snsapi_base&state=a#wechat_redirect"
    )


def test_the_page_of_a_website_app_is_exactly_as_documented() -> None:
    url = oauth.qrconnect_url(
        ACCOUNT, Platform(), redirect_uri="https://login.example.com/", state="abc"
    )

    assert url == (
        "https://open.weixin.qq.com/connect/qrconnect?appid=wx0123456789abcdef"
        "&redirect_uri=https%3A%2F%2Flogin.example.com%2F"
        "&response_type=code&scope=snsapi_login&state=abc#wechat_redirect"
    )


@pytest.mark.parametrize("state", ["", "a" * 129, "a-b", "a_b", "a.b", "a=", "a b", "微", "a\n"])
def test_a_state_outside_wechats_alphabet_is_not_sent(state: str) -> None:
    with pytest.raises(errors.RequestRejected):
        oauth.authorize_url(
            ACCOUNT,
            Platform(),
            redirect_uri="https://a.example/",
            state=state,
            scope=oauth.Scope.BASE,
        )
    with pytest.raises(errors.RequestRejected):
        oauth.qrconnect_url(ACCOUNT, Platform(), redirect_uri="https://a.example/", state=state)


@given(
    state=st.from_regex(r"\A[A-Za-z0-9]{1,128}\Z"),
    redirect_uri=st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
)
def test_every_proper_state_and_address_arrive_unchanged(state: str, redirect_uri: str) -> None:
    url = oauth.authorize_url(
        ACCOUNT, Platform(), redirect_uri=redirect_uri, state=state, scope=oauth.Scope.BASE
    )

    parts = parse.urlsplit(url)
    assert parts.fragment == "wechat_redirect"
    assert parse.parse_qsl(parts.query) == [
        ("appid", ACCOUNT.appid),
        ("redirect_uri", redirect_uri),
        ("response_type", "code"),
        ("scope", "snsapi_base"),
        ("state", state),
        ("connect_redirect", "1"),
    ]


def test_a_code_is_exchanged_with_wechats_own_parameters(
    answers: Answers, wechat_http: http.WeChatHTTP
) -> None:
    answers.json(TOKEN_ANSWER)

    grant = oauth.exchange_code(wechat_http, ACCOUNT, CODE)

    assert grant == oauth.UserGrant(
        access_token=SecretStr("ACCESS_TOKEN"),
        openid=OPENID,
        unionid="o6_bmasdasdsad6_2sgVt7hMZOPfL",
        scopes=frozenset({"snsapi_userinfo"}),
        is_snapshot_user=False,
    )
    (call,) = answers.calls
    assert (call.method, call.path) == ("GET", "/sns/oauth2/access_token")
    assert list(call.query.items()) == [
        ("appid", ACCOUNT.appid),
        ("secret", "canary-secret"),
        ("grant_type", "authorization_code"),
        ("code", CODE),
    ]
    assert "Authorization" not in call.headers
    assert "ACCESS_TOKEN" not in repr(grant)


@pytest.mark.parametrize(
    ("flag", "expected"),
    [(1, True), ("1", True), (True, True), (2, True), (0, False), ("0", False), (None, False)],
    ids=repr,
)
def test_point_2_a_snapshot_user_is_marked(
    answers: Answers, wechat_http: http.WeChatHTTP, flag: object, expected: bool
) -> None:
    answers.json(TOKEN_ANSWER | {"is_snapshotuser": flag})

    assert oauth.exchange_code(wechat_http, ACCOUNT, CODE).is_snapshot_user is expected


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ("snsapi_base", {"snsapi_base"}),
        ("snsapi_base,snsapi_userinfo", {"snsapi_base", "snsapi_userinfo"}),
        ("snsapi_login", {"snsapi_login"}),
        ("", set()),
        (None, set()),
    ],
    # A set has no order of its own, and all workers must find the same names.
    ids=["base", "both", "login", "empty", "missing"],
)
def test_scopes_are_a_set_and_may_be_missing(
    answers: Answers, wechat_http: http.WeChatHTTP, scope: str | None, expected: set[str]
) -> None:
    answers.json(TOKEN_ANSWER | {"scope": scope, "unionid": ""})

    grant = oauth.exchange_code(wechat_http, ACCOUNT, CODE)

    assert grant.scopes == expected
    assert grant.unionid is None


@pytest.mark.fault("C-02")
@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"access_token": "t"},
        {"openid": OPENID},
        TOKEN_ANSWER | {"access_token": 7},
        TOKEN_ANSWER | {"openid": "o 1"},
        TOKEN_ANSWER | {"expires_in": "soon"},
        TOKEN_ANSWER | {"expires_in": [1]},
        {"error": "invalid_grant", "error_description": "WeChat never says so"},
    ],
    ids=["nothing", "no openid", "no token", "number", "odd openid", "word", "list", "OAuth error"],
)
def test_an_answer_that_grants_nothing_is_garbled(
    answers: Answers, wechat_http: http.WeChatHTTP, answer: dict[str, object]
) -> None:
    answers.json(answer)

    with pytest.raises(errors.WeChatGarbled) as caught:
        oauth.exchange_code(wechat_http, ACCOUNT, CODE)

    assert caught.value.__context__ is None


@pytest.mark.parametrize("number", [40029, 40163, 42003, 41008])
def test_every_way_a_code_can_be_used_up_restarts_the_login(
    answers: Answers, wechat_http: http.WeChatHTTP, number: int
) -> None:
    answers.json({"errcode": number, "errmsg": f"code been used {CODE}"})

    with pytest.raises(errors.LoginMustRestart) as caught:
        oauth.exchange_code(wechat_http, ACCOUNT, CODE)

    assert CODE not in str(caught.value)
    assert len(answers.calls) == 1


@pytest.mark.parametrize("code", ["", "a b", "a&secret=b", "a" * 513, "码", "a\n"])
def test_what_cannot_be_a_code_is_not_sent(
    answers: Answers, wechat_http: http.WeChatHTTP, code: str
) -> None:
    with pytest.raises(errors.LoginMustRestart):
        oauth.exchange_code(wechat_http, ACCOUNT, code)

    assert answers.calls == []


def test_point_8_a_code_is_never_exchanged_twice(
    answers: Answers, wechat_http: http.WeChatHTTP
) -> None:
    answers.raw(b"busy", status=502)

    with pytest.raises(errors.WeChatUnreachable) as caught:
        oauth.exchange_code(wechat_http, ACCOUNT, CODE)

    assert caught.value.sent
    assert len(answers.calls) == 1


def test_point_14_the_profile_comes_from_sns_userinfo(
    answers: Answers, wechat_http: http.WeChatHTTP
) -> None:
    answers.json({"openid": OPENID, "nickname": "小明", "headimgurl": ""})

    person = oauth.fetch_profile(wechat_http, a_grant("snsapi_userinfo"), lang="en")

    assert person == oauth.Profile(OPENID, None, "小明", None)
    assert answers.calls[0].path == "/sns/userinfo"
    assert answers.calls[0].query == {
        "access_token": "canary-user-token",
        "openid": OPENID,
        "lang": "en",
    }


def test_a_profile_of_somebody_else_is_not_taken(
    answers: Answers, wechat_http: http.WeChatHTTP
) -> None:
    answers.json({"openid": "oSomebodyElse", "nickname": "小明"})

    with pytest.raises(errors.WeChatGarbled):
        oauth.fetch_profile(wechat_http, a_grant("snsapi_userinfo"))


@pytest.mark.parametrize("scopes", [["snsapi_userinfo"], ["snsapi_login"], []], ids=repr)
def test_point_2_no_profile_after_consent_is_a_snapshot_page(
    answers: Answers, wechat_http: http.WeChatHTTP, scopes: list[str]
) -> None:
    answers.json({"errcode": 48001, "errmsg": "api unauthorized"})

    with pytest.raises(errors.SnapshotSuspected) as caught:
        oauth.fetch_profile(wechat_http, a_grant(*scopes))

    assert caught.value.code == "snapshot_user"
    assert caught.value.errcode == 48001


@pytest.mark.parametrize(
    ("number", "scope"), [(48001, "snsapi_base"), (48004, "snsapi_userinfo")], ids=repr
)
def test_other_refusals_of_a_profile_are_the_operators(
    answers: Answers, wechat_http: http.WeChatHTTP, number: int, scope: str
) -> None:
    answers.json({"errcode": number, "errmsg": "api unauthorized"})

    with pytest.raises(errors.OperatorNeeded):
        oauth.fetch_profile(wechat_http, a_grant(scope))
