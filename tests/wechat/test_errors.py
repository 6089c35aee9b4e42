"""From WeChat's numbers to exceptions, and what these may hold."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wechatlogin.errors import WeChatError
from wechatlogin.wechat import errcodes, errors

API = "/cgi-bin/message/template/send"
TOKEN_PATHS = [
    "/cgi-bin/token",
    "/cgi-bin/stable_token",
    "/sns/oauth2/access_token",
    "/sns/jscode2session",
]

EXPECTED = [
    (errors.WeChatBusy, [-1, -1000, 268487001, 268487002, 45011]),
    (errors.AccessTokenRejected, [40001, 40014, 42001, 41001]),
    (
        errors.OperatorNeeded,
        [
            *(40125, 40013, 41002, 41004, 40002, 40243, 40164, 61004, 45035, 89501, 89503, 89506),
            *(89507, 48001, 48004, 50004, 50007, 10003, 10004, 10005, 10016, 40201),
        ],
    ),
    (errors.QuotaExhausted, [45009, 45029, 48006]),
    (errors.LoginMustRestart, [40029, 40163, 41003, 41008, 42003, 40030, 42002, 42007, 50001]),
    (
        errors.RecipientUnreachable,
        [40003, 40226, 43004, 43101, 45015, 45047, 48002, 50002, 50005, 49003, 70000],
    ),
    (
        errors.RequestRejected,
        [
            *(40008, 40033, 40035, 40036, 40037, 40039, 40052, 40053, 40062, 40097, 40246, 40247),
            *(40249, 41009, 43001, 43002, 43003, 43116, 44002, 44004, 45002, 45008, 47001, 47003),
            *(40032, 40066, 40202, 40203, 76021, 76022),
        ],
    ),
]
CASES = [(kind, number) for kind, numbers in EXPECTED for number in numbers]


@pytest.mark.parametrize(("kind", "number"), CASES, ids=[str(number) for _, number in CASES])
def test_every_known_number_has_its_class(kind: type[errors.PlatformError], number: int) -> None:
    error = errors.error_for(number, "some words", path=API)

    assert isinstance(error, kind)
    assert error.errcode == number
    assert number in errcodes.ERRCODES


def test_no_number_is_described_without_being_checked_above() -> None:
    assert set(errcodes.ERRCODES) == {number for _, number in CASES}


def test_a_number_nobody_described_is_a_failure_too() -> None:
    error = errors.error_for(123456, "new", path=API)

    assert type(error) is errors.UnknownErrcode
    assert error.errcode == 123456


@pytest.mark.parametrize("path", TOKEN_PATHS)
@pytest.mark.parametrize("number", [40001, 40125])
def test_point_6_40001_where_a_token_is_fetched_is_a_wrong_secret(path: str, number: int) -> None:
    assert type(errors.error_for(number, "invalid credential", path=path)) is errors.OperatorNeeded


@pytest.mark.parametrize("number", [40001, 40014, 42001, 41001])
def test_a_dead_user_token_is_not_the_accounts_token(number: int) -> None:
    error = errors.error_for(number, "invalid credential", path="/sns/userinfo")

    assert type(error) is errors.LoginMustRestart


@pytest.mark.parametrize(
    ("number", "errmsg", "ip"),
    [
        (
            40164,
            "invalid ip 113.101.177.118 ipv6 ::ffff:113.101.177.118, not in whitelist"
            " rid: 66d9be16-212ff30f-0e99c2f0",
            "113.101.177.118",
        ),
        (61004, "access clientip is not registered requestIP: 2001:db8::7.", "2001:db8::7"),
        (61004, "access clientip is not registered", None),
        (40164, "invalid ip 999.1.1.1, not in whitelist", None),
    ],
    ids=["40164", "61004", "61004 without it", "no address"],
)
def test_the_address_for_the_white_list_is_found(number: int, errmsg: str, ip: str | None) -> None:
    error = errors.error_for(number, errmsg, path="/cgi-bin/stable_token")

    assert isinstance(error, errors.OperatorNeeded)
    assert error.ip == ip


@pytest.mark.parametrize(
    ("errmsg", "rid", "left"),
    [
        ("ok, rid: 64993d2c-2af40adf-01b005b5", "64993d2c-2af40adf-01b005b5", "ok"),
        ("ok rid: 64993d2c-2af40adf-01b005b5", "64993d2c-2af40adf-01b005b5", "ok"),
        ("ok, hints: [ req_id: RfHd6zore ]", None, "ok, hints: [ req_id: RfHd6zore ]"),
        ("", None, ""),
        ("a\r\nb\x00\u2028c", None, "a b c"),
        ("x" * 27 + " " * 300, None, "x" * 27),
        ("token " + "A1_-" * 7, None, "token ***"),
    ],
    ids=["comma", "no comma", "old form", "nothing", "line breaks", "long", "credential"],
)
def test_errmsg_is_trimmed_and_the_rid_kept(errmsg: str, rid: str | None, left: str) -> None:
    error = errors.error_for(45009, errmsg, path=API)

    assert (error.rid, error.errmsg) == (rid, left)


@given(errmsg=st.text(), number=st.integers())
def test_any_errmsg_makes_one_printable_line(errmsg: str, number: int) -> None:
    error = errors.error_for(number, errmsg, path=API)

    assert len(error.errmsg) <= errors.ERRMSG_LIMIT
    assert "\n" not in error.detail
    error.detail.encode("utf-8")


def test_the_detail_says_what_a_log_line_needs() -> None:
    error = errors.error_for(40029, "invalid code, rid: 64993d2c-2af40adf-01b005b5", path="/sns/x")

    assert error.detail == (
        "login_must_restart /sns/x errcode=40029 errmsg=invalid code rid=64993d2c-2af40adf-01b005b5"
    )
    assert str(error) == f"{error.message} [{error.detail}]"
    assert errors.WeChatUnreachable(path="/p", reason="ReadTimeout", sent=True).detail == (
        "wechat_unreachable /p errmsg=ReadTimeout"
    )


@pytest.mark.parametrize(("number", "seconds"), [(45011, 60), (-1, 1)])
def test_busy_says_when_to_come_back(number: int, seconds: int) -> None:
    error = errors.error_for(number, "", path=API)

    assert isinstance(error, errors.WeChatBusy)
    assert error.retry_after == timedelta(seconds=seconds)


@pytest.mark.parametrize(("number", "expected"), [(43004, True), (50005, True), (43101, False)])
def test_point_18_a_person_who_does_not_follow_is_told_apart(number: int, expected: bool) -> None:
    error = errors.error_for(number, "require subscribe", path=API)

    assert isinstance(error, errors.RecipientUnreachable)
    assert error.not_following is expected


def test_a_restricted_account_has_words_of_its_own() -> None:
    error = errors.error_for(50002, "user limited", path="/sns/userinfo")

    assert type(error) is errors.AccountRestricted
    assert error.message != errors.RecipientUnreachable.message


def all_kinds(kind: type[errors.PlatformError]) -> list[type[errors.PlatformError]]:
    return [kind, *(each for sub in kind.__subclasses__() for each in all_kinds(sub))]


def test_every_class_has_a_code_of_its_own_and_chinese_words() -> None:
    kinds = all_kinds(errors.PlatformError)[1:]

    assert len({kind.code for kind in kinds}) == len(kinds)
    assert all(issubclass(kind, WeChatError) for kind in kinds)
    assert all(any("\u4e00" <= letter <= "\u9fff" for letter in kind.message) for kind in kinds)
    assert all(errors.KINDS[kind].code == kind.value for kind in errcodes.Kind)


def test_every_number_is_explained_once_in_chinese() -> None:
    rows = [number for _, _, rows in errcodes._TABLE for number, _ in rows]

    assert len(rows) == len(set(rows))
    for entry in errcodes.ERRCODES.values():
        assert entry.meaning
        assert entry.advice.endswith("。")


@pytest.mark.parametrize(
    "said",
    [
        errors.error_for(40164, "invalid ip 203.0.113.9, not in whitelist", path=API),
        errors.WeChatUnreachable(path=API, reason="timeout", sent=True),
        errors.WeChatDown(path=API, reason="HTTP 502"),
    ],
    ids=lambda said: said.code,
)
def test_an_error_is_raised_anew_with_all_that_was_said(said: errors.PlatformError) -> None:
    try:
        raise said
    except errors.PlatformError as err:
        again = err.anew()

    assert again is not said
    assert type(again) is type(said)
    assert vars(again) == vars(said)
    assert str(again) == str(said)
    assert again.__traceback__ is None
