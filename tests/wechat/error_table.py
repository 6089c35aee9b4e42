"""WeChat's error codes and what a login service does about each (reference 12), as a table."""

from dataclasses import dataclass
from datetime import timedelta

from wechatlogin.wechat import errors
from wechatlogin.wechat.errors import PlatformError


@dataclass(frozen=True)
class Row:
    """One class of errors.

    `reads` and `writes` are how many calls WeChat gets for one of ours while it keeps saying the
    code; `renewals` how often the account's token is renewed meanwhile.
    """

    name: str
    codes: tuple[int, ...]
    kind: type[PlatformError]
    reads: int = 1
    writes: int = 1
    renewals: int = 0
    #: How long a call that can be done without is left out; None is until midnight in Beijing.
    pause: timedelta | None = timedelta(seconds=5)


MINUTE = timedelta(seconds=60)

ROWS = (
    Row("transient", (-1, -1000, 268487001, 268487002), errors.WeChatBusy, reads=2),
    Row("quota of a minute", (45011,), errors.WeChatBusy, pause=MINUTE),
    Row(
        "app token dead",
        (40001, 40014, 42001, 41001),
        errors.AccessTokenRejected,
        reads=2,
        writes=2,
        renewals=1,
    ),
    Row(
        "app config",
        (
            *(40125, 40013, 41002, 41004, 40002, 40243, 40164, 61004, 89501, 89503, 48001, 48004),
            *(50004, 50007, 10003, 10004, 10005, 10016),
        ),
        errors.OperatorNeeded,
        pause=MINUTE,
    ),
    Row("refused for a day", (89506,), errors.OperatorNeeded, pause=timedelta(hours=24)),
    Row("refused for an hour", (89507,), errors.OperatorNeeded, pause=timedelta(hours=1)),
    Row("quota", (45009, 45029, 48006), errors.QuotaExhausted, pause=None),
    Row(
        "user must redo login",
        (40029, 40163, 41008, 42003, 40030, 42002, 42007, 50001),
        errors.LoginMustRestart,
    ),
    Row(
        "user-level, permanent",
        (40003, 43004, 43101, 45015, 45047, 48002, 50005, 49003, 70000),
        errors.RecipientUnreachable,
    ),
    Row("restricted account", (50002,), errors.AccountRestricted),
    Row(
        "input or template bug",
        (
            *(40035, 40036, 40037, 40039, 40052, 40053, 40062, 40097, 40246, 40247, 40249, 43116),
            *(44002, 44004, 45002, 45008, 47001, 47003, 43001, 43002, 43003, 40033),
        ),
        errors.RequestRejected,
    ),
    Row("unknown", (123456, 99999, 65400), errors.UnknownErrcode),
)
CASES = [(row, code) for row in ROWS for code in row.codes]
IDS = [f"{row.name} {code}" for row, code in CASES]

#: What section 12 of the reference lists; the rows above have to hold all of it, and once.
SECTION_12 = """
-1 -1000 268487001 268487002 45011
40001 40014 42001 41001
40001 40125 40013 41002 41004 40002 40243 40164 61004 89501 89503 89506 89507 48001 48004 50004
50007 10003 10004 10005 10016
45009 45029 48006
40029 40163 41008 42003 40030 42002 42007 50001
40003 43004 43101 45015 45047 48002 50002 50005 49003 70000
40035 40036 40037 40039 40052 40053 40062 40097 40246 40247 40249 43116 44002 44004 45002 45008
47001 47003 43001 43002 43003 40033
"""
