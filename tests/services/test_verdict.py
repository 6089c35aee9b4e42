"""The one sentence on top of the status page, from the signs that there are."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests import source_tree
from wechatlogin.models import Way, WeChatAppRow
from wechatlogin.services import push_refusals, verdict
from wechatlogin.services.account_states import AccountState, TokenState
from wechatlogin.services.funnel import Funnel
from wechatlogin.services.platform_errors import Trouble
from wechatlogin.services.readiness import Condition
from wechatlogin.services.verdict import Evidence, Kind, Verdict
from wechatlogin.wechat.app import AppKind

NOW = datetime(2026, 11, 21, 3, 20, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
APPID = "wx0123456789abcdef"
TOKEN_PATH = "/cgi-bin/stable_token"
QR_PATH = "/cgi-bin/qrcode/create"
CODE_PATH = "/sns/oauth2/access_token"
WITHOUT_SIGNS = AccountState(
    row=WeChatAppRow(appid=APPID, name="晨光书店", kind=AppKind.SERVICE, sealed_token="sealed"),
    last_push_at=NOW - MINUTE,
    verified_at=None,
    refused_at=None,
    refused_reason=None,
    logins={},
    token=None,
    qr_today=0,
    sendings={},
    forwards_failed=0,
    clock_ahead=None,
)


def a_token(refreshed_ago: timedelta) -> TokenState:
    return TokenState(NOW - refreshed_ago, NOW + timedelta(hours=1), "vm:1", 3)


def a_trouble(errcode: int, path: str, code: str = "operator_needed", **more: Any) -> Trouble:
    moments = {"count": 12, "first_at": NOW - 5 * MINUTE, "last_at": NOW - MINUTE}
    given = {"errmsg": None, "rid": None, **moments, **more}
    return Trouble(APPID, path, code, errcode, **given)


def judge(
    account: AccountState | None = WITHOUT_SIGNS,
    *troubles: Trouble,
    funnels: tuple[Funnel, ...] = (),
    redis: Condition = Condition.NOT_USED,
) -> Verdict:
    accounts = (account,) if account else ()
    return verdict.judge(Evidence(accounts, troubles, funnels, redis, NOW))


def test_without_an_account_there_is_nothing_to_log_in_with() -> None:
    assert judge(None).title == "还没有配置微信帐号"


def test_an_address_that_wechat_refuses_is_named() -> None:
    said = "invalid ip 203.0.113.24 ipv6 ::ffff:203.0.113.24, not in whitelist"

    found = judge(WITHOUT_SIGNS, a_trouble(40164, TOKEN_PATH, errmsg=said))

    assert found.title == "微信拒绝了这台服务器的 IP"
    assert (found.ip, found.errcode, found.appid) == ("203.0.113.24", 40164, APPID)
    assert found.kind is Kind.ERROR
    assert "%(ip)s" in found.text


def test_where_people_get_in_all_the_same_it_is_a_warning_that_says_how() -> None:
    account = replace(WITHOUT_SIGNS, logins={Way.IN_WECHAT: NOW, Way.SCAN: NOW - 9 * MINUTE})

    found = judge(account, a_trouble(61004, TOKEN_PATH))

    assert (found.kind, found.working) == (Kind.WARNING, (Way.IN_WECHAT,))
    assert "%(ip)s" not in found.text


def test_a_token_that_came_since_ends_the_trouble_with_tokens() -> None:
    account = replace(WITHOUT_SIGNS, token=a_token(timedelta(0)), logins={Way.SCAN: NOW})

    assert judge(account, a_trouble(40164, TOKEN_PATH)).kind is Kind.SUCCESS


@pytest.mark.parametrize(
    ("trouble", "title"),
    [
        (a_trouble(40125, TOKEN_PATH), "「%(name)s」的 AppID 或 AppSecret 不正确"),
        (a_trouble(40125, CODE_PATH), "「%(name)s」的 AppID 或 AppSecret 不正确"),
        (
            a_trouble(45009, QR_PATH, "quota_exhausted"),
            "「%(name)s」今天的微信接口次数用完了",
        ),
        (a_trouble(0, QR_PATH, "wechat_unreachable"), "连不上微信的服务器"),
        (a_trouble(0, CODE_PATH, "wechat_down"), "连不上微信的服务器"),
        (a_trouble(48001, QR_PATH), "「%(name)s」缺少一项微信接口权限"),
        (a_trouble(10003, CODE_PATH), "「%(name)s」缺少一项微信接口权限"),
        (
            a_trouble(40001, QR_PATH, "access_token_rejected"),
            "「%(name)s」的 access_token 反复提前失效",
        ),
    ],
)
def test_an_error_that_stands_is_the_verdict(trouble: Trouble, title: str) -> None:
    found = judge(WITHOUT_SIGNS, trouble)

    assert (found.title, found.name) == (title, "晨光书店")


@pytest.mark.parametrize(
    "trouble",
    [
        a_trouble(45009, QR_PATH, "quota_exhausted", last_at=NOW - timedelta(hours=12)),
        a_trouble(0, QR_PATH, "wechat_unreachable", last_at=NOW - timedelta(hours=1)),
        a_trouble(40001, QR_PATH, "access_token_rejected", count=2),
        a_trouble(40029, CODE_PATH, "login_must_restart"),
        a_trouble(48001, "/sns/userinfo", "snapshot_user"),
        a_trouble(48001, QR_PATH, last_at=NOW - 3 * MINUTE),
    ],
    ids=["quota of yesterday", "passed", "a token died", "old code", "snapshot", "worked since"],
)
def test_an_error_that_is_over_or_one_persons_is_not(trouble: Trouble) -> None:
    account = replace(WITHOUT_SIGNS, logins={Way.SCAN: NOW - 2 * MINUTE})

    assert judge(account, trouble).kind is Kind.SUCCESS


def test_an_account_that_wechat_has_never_written_to_is_told() -> None:
    silent = replace(WITHOUT_SIGNS, last_push_at=None)

    assert judge(silent).title == "还没有收到「%(name)s」的微信消息"
    assert judge(replace(silent, verified_at=NOW)).kind is Kind.INFO


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("wrong msg_signature", "签名不正确"),
        ("does not decrypt", "无法解密"),
        ("plain in safe mode", "加密方式"),
        ("timestamp too far from now", "时间相差太多"),
        ("not XML", "不符合微信的格式"),
    ],
)
def test_pushes_that_are_refused_are_told_with_the_reason(reason: str, words: str) -> None:
    account = replace(WITHOUT_SIGNS, last_push_at=None, refused_at=NOW - MINUTE)

    found = judge(replace(account, refused_reason=reason))

    assert found.title == "「%(name)s」的微信消息被拒绝了"
    assert words in found.text


def test_what_strangers_send_is_no_verdict_while_wechats_pushes_come() -> None:
    account = replace(WITHOUT_SIGNS, refused_at=NOW, logins={Way.SCAN: NOW})

    assert judge(account).kind is Kind.SUCCESS


def test_every_reason_with_words_of_its_own_is_one_that_a_push_is_refused_for() -> None:
    source = "".join(file.text for file in source_tree.package_files() if ".wechat." in file.module)
    groups = (
        push_refusals._SIGNATURE,
        push_refusals._MODE,
        push_refusals._KEY,
        push_refusals._TIME,
        push_refusals._OTHER_ACCOUNT,
    )

    unknown = [reason for group in groups for reason in group if f'"{reason}"' not in source]

    assert not unknown


def test_a_way_that_nobody_gets_in_by_is_told_beside_the_one_that_works() -> None:
    scanning = Funnel(Way.SCAN, 5, 5, 5, 0, 0, 0, 0, {"wechat": 2})
    inside = Funnel(Way.IN_WECHAT, 9, 0, 9, 9, 0, 0, 0)

    found = judge(WITHOUT_SIGNS, funnels=(scanning, inside))

    assert (found.failing, found.working) == ((Way.SCAN,), (Way.IN_WECHAT,))
    assert found.kind is Kind.WARNING
    assert judge(WITHOUT_SIGNS, funnels=(scanning,)).kind is Kind.ERROR


def test_a_redis_that_is_away_is_told_and_costs_no_login() -> None:
    assert judge(redis=Condition.DOWN).title == "连不上 Redis"


def test_that_it_works_is_said_only_after_a_login_or_a_push_with_a_token() -> None:
    proofs = [
        replace(WITHOUT_SIGNS, logins={Way.PAGE: NOW - 60 * MINUTE}),
        replace(WITHOUT_SIGNS, token=a_token(MINUTE)),
    ]
    no_proofs = [
        WITHOUT_SIGNS,
        replace(WITHOUT_SIGNS, logins={Way.PAGE: NOW - timedelta(hours=25)}),
        replace(WITHOUT_SIGNS, token=a_token(MINUTE), last_push_at=None, verified_at=NOW),
    ]

    assert {judge(account).title for account in proofs} == {"微信登录可用"}
    assert {judge(account).title for account in no_proofs} == {"还不能确定微信登录是否可用"}
