"""What each kind of account may do: WeChat's table of account types (reference 6.5), all of it."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.simulator.platform import (
    AES_KEY,
    APPID,
    CALLBACK,
    SECRET,
    TEMPLATE,
    TOKEN,
    Platform,
)
from tests.simulator.receiver import Receiver
from wechatlogin.simulator import apps
from wechatlogin.wechat import app
from wechatlogin.wechat.app import AppKind, Right

Call = Callable[[Platform], dict[str, Any]]

EVERY = "personal subscription service_uncertified service test"
CERTIFIED = "subscription service test"
FULL = "service test"

# One row for each capability: who has it, and our name for it.
TABLE: dict[str, tuple[str, Right | None]] = {
    "access_token": (EVERY, Right.ACCESS_TOKEN),
    "receive and reply": (EVERY, Right.CHAT),
    "web authorization": (FULL, Right.WEB_AUTHORIZATION),
    "parametric QR": (FULL, Right.PARAMETRIC_QR),
    "template message": (FULL, Right.TEMPLATE_MESSAGE),
    "customer message": (CERTIFIED, Right.CUSTOMER_MESSAGE),
    "user info": (CERTIFIED, Right.USER_INFO),
    "custom menu": (f"{CERTIFIED} service_uncertified", Right.MENU),
    "JS-SDK": (EVERY, None),
    "website login": ("website", Right.WEBSITE_LOGIN),
}
KINDS = [kind for kind in AppKind if kind is not AppKind.MINI_PROGRAM]


def post(path: str, body: dict[str, object]) -> Call:
    return lambda platform: dict(platform.post(path, body))


def to_lin(path: str, **body: object) -> Call:
    return lambda platform: dict(platform.post(path, {"touser": platform.openid(), **body}))


VALUES = {"thing1": {"value": "新设备登录"}, "time2": {"value": "15:01"}}
# Every call that needs the account's token, under the row of the table that it belongs to.
CALLS: dict[str, list[tuple[str, Call]]] = {
    "access_token": [
        ("getcallbackip", lambda platform: platform.api("getcallbackip")),
        ("get_api_domain_ip", lambda platform: platform.api("get_api_domain_ip")),
        ("clear_quota", post("clear_quota", {"appid": APPID})),
        ("quota/get", post("openapi/quota/get", {"cgi_path": "/cgi-bin/user/info"})),
    ],
    "parametric QR": [
        ("temporary", lambda platform: platform.create_code()),
        ("permanent", lambda platform: platform.create_code(action_name="QR_LIMIT_STR_SCENE")),
    ],
    "template message": [
        ("send", to_lin("message/template/send", template_id="TEMPLATE-1", data=VALUES)),
        ("list", lambda platform: platform.api("template/get_all_private_template")),
    ],
    "customer message": [
        ("send", to_lin("message/custom/send", msgtype="text", text={"content": "你好"})),
    ],
    "user info": [
        ("info", lambda platform: platform.api("user/info", openid=platform.openid())),
        (
            "batch",
            lambda platform: dict(
                platform.post("user/info/batchget", {"user_list": [{"openid": platform.openid()}]})
            ),
        ),
    ],
    "JS-SDK": [("ticket", lambda platform: platform.api("ticket/getticket", type="jsapi"))],
}
CASES = [
    pytest.param(kind, row, call, id=f"{kind.value}: {row}, {name}")
    for kind in KINDS
    if kind is not AppKind.WEBSITE
    for row, calls in CALLS.items()
    for name, call in calls
]


def allowed(row: str, kind: AppKind) -> bool:
    return kind.value in TABLE[row][0].split()


@pytest.mark.parametrize(("kind", "row", "call"), CASES)
def test_a_call_succeeds_with_the_right_and_is_48001_without(
    empty: Platform, kind: AppKind, row: str, call: Call
) -> None:
    empty.add_app(kind=kind.value)
    empty.follow()

    answer = call(empty)

    assert answer.get("errcode", 0) == (0 if allowed(row, kind) else 48001)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", ["token", "stable_token"])
def test_every_official_account_has_a_token_and_a_website_has_none(
    empty: Platform, kind: AppKind, way: str
) -> None:
    empty.add_app(kind=kind.value)

    answer = empty.classic_token() if way == "token" else empty.stable_token()

    assert ("access_token" in answer) == allowed("access_token", kind)
    assert answer.get("errcode") == (None if allowed("access_token", kind) else 48001)


# What the page inside WeChat shows to somebody who does not follow; None is the way back.
REFUSALS = {
    AppKind.SERVICE: None,
    AppKind.SERVICE_UNCERTIFIED: "10005",
    AppKind.SUBSCRIPTION: "10005",
    AppKind.PERSONAL: "10005",
    AppKind.TEST: "10006",
    AppKind.WEBSITE: "10016",
}


@pytest.mark.parametrize("scope", ["snsapi_base", "snsapi_userinfo"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_authorize_page_says_by_number_why_it_refuses(
    empty: Platform, kind: AppKind, scope: str
) -> None:
    empty.add_app(kind=kind.value)

    page = empty.consented(scope=scope)

    number = REFUSALS[kind]
    assert (page.status_code == 302) == (number is None)
    assert number is None or number in page.text


@pytest.mark.parametrize("kind", [one for one in KINDS if one is not AppKind.WEBSITE])
def test_a_follower_is_let_in_where_the_account_has_the_right(
    empty: Platform, kind: AppKind
) -> None:
    empty.add_app(kind=kind.value)
    empty.follow()

    page = empty.consented()

    assert (page.status_code == 302) == allowed("web authorization", kind)


@pytest.mark.parametrize("kind", KINDS)
def test_a_code_can_only_be_exchanged_with_the_right(empty: Platform, kind: AppKind) -> None:
    empty.add_app(kind=kind.value)

    answer = empty.exchange("no-such-code")

    may = allowed("web authorization", kind) or allowed("website login", kind)
    assert answer["errcode"] == (40029 if may else 48001)


@pytest.mark.parametrize("kind", KINDS)
def test_only_a_website_has_a_login_page_for_desktops(empty: Platform, kind: AppKind) -> None:
    empty.add_app(kind=kind.value)
    query = {
        "appid": APPID,
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "snsapi_login",
        "state": "abc123",
    }

    page = empty.client.get("/connect/qrconnect", query_string=query)

    assert ("/connect/qrcode/" in page.text) == allowed("website login", kind)
    assert ("没有 Scope 权限" in page.text) != allowed("website login", kind)


@pytest.mark.parametrize("kind", KINDS)
def test_what_people_do_and_write_arrives_at_every_official_account(
    empty: Platform, receiver: Receiver, kind: AppKind
) -> None:
    url = f"{receiver.url}/push"
    empty.add_app(kind=kind.value, token=TOKEN, callback_url=url, skip_url_check=True)
    body = {"appid": APPID, "text": "登录"}

    followed = empty.client.post("/simulator/people/lin/follow", json={"appid": APPID})
    wrote = empty.client.post("/simulator/people/lin/send", json=body)

    expected = 200 if allowed("receive and reply", kind) else 409
    assert (followed.status_code, wrote.status_code) == (expected, expected)
    assert len(receiver.pushes) == (2 if expected == 200 else 0)
    screen = empty.client.get("/phone/state").get_json()
    assert bool(screen["accounts"]) == allowed("receive and reply", kind)


@pytest.mark.parametrize("kind", KINDS)
def test_every_account_is_told_that_a_consent_was_taken_back(
    empty: Platform, receiver: Receiver, kind: AppKind
) -> None:
    url = f"{receiver.url}/push"
    empty.add_app(kind=kind.value, token=TOKEN, callback_url=url, skip_url_check=True)

    empty.person("lin", "authorization", appid=APPID, change="revoke", info="301")

    (told,) = receiver.pushes
    assert told.fields["Event"] == "user_authorization_revoke"
    assert told.fields["OpenID"] == empty.openid()


@pytest.mark.parametrize("mode", ["compatible", "safe"])
def test_a_test_account_has_plain_mode_only(empty: Platform, mode: str) -> None:
    entered = {"appid": APPID, "secret": SECRET, "kind": "test", "mode": mode, "aes_key": AES_KEY}

    refused = empty.client.post("/simulator/apps", json=entered)

    assert refused.status_code == 400
    assert "明文模式" in refused.get_json()["message"]


@pytest.mark.parametrize(("kind", "errcode"), [("test", 0), ("service", 47003)])
def test_a_test_account_writes_its_templates_as_it_likes(
    empty: Platform, kind: str, errcode: int
) -> None:
    free = {**TEMPLATE, "content": "{{first.DATA}}\n验证码：{{anything.DATA}}\n{{remark.DATA}}"}
    empty.add_app(kind=kind, templates=[free])
    empty.follow()
    data = {
        "first": {"value": "你好 🌈"},
        "anything": {"value": "一个很长很长的值，长到任何类型都不会接受，而且还有换行\n"},
        "remark": {"value": "再见"},
    }

    answer = to_lin("message/template/send", template_id="TEMPLATE-1", data=data)(empty)

    assert answer["errcode"] == errcode
    assert ("再见" in str(empty.chat())) == (errcode == 0)


def test_a_test_account_never_has_a_unionid(empty: Platform) -> None:
    empty.add_app(kind="test", open_platform="default")
    empty.follow()

    assert "unionid" not in empty.api("user/info", openid=empty.openid())
    assert "unionid" not in empty.user_token()


@pytest.mark.parametrize("kind", KINDS)
def test_our_own_table_of_rights_is_the_same(kind: AppKind) -> None:
    ours = app.rights_of(kind) - {Right.PUSHES}

    wechats = {right for row, (_, right) in TABLE.items() if right and allowed(row, kind)}
    assert ours == wechats


def test_the_simulator_has_every_kind_that_the_table_has() -> None:
    # The table is of accounts and websites; a mini program has nothing that stands in it.
    assert {kind.value for kind in apps.Kind} == {kind.value for kind in KINDS} | {"mini_program"}
    assert all(kind.value in " ".join(kinds for kinds, _ in TABLE.values()) for kind in KINDS)
