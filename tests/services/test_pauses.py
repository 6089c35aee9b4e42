"""Which failures keep a call back for a while, for everybody in the process."""

from datetime import UTC, datetime, timedelta

import pytest

from wechatlogin.services.pauses import AFTER_TROUBLE, Pauses
from wechatlogin.wechat.errors import NoSlot, PlatformError, WeChatBusy, WeChatDown

PATH = "/cgi-bin/qrcode/create"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "err", [WeChatDown(path=PATH, reason="HTTP 502"), WeChatBusy(path=PATH, errcode=-1)]
)
def test_a_call_that_failed_is_not_repeated_for_some_seconds(err: PlatformError) -> None:
    pauses = Pauses()

    pauses.pause("wx1", PATH, err, now=NOW)

    assert pauses.check_paused("wx1", PATH, now=NOW + timedelta(seconds=1))
    assert not pauses.check_paused("wx1", PATH, now=NOW + AFTER_TROUBLE)


def test_a_call_that_found_no_slot_keeps_nobody_else_back() -> None:
    pauses = Pauses()

    pauses.pause("wx1", PATH, NoSlot(path=PATH), now=NOW)

    assert not pauses.check_paused("wx1", PATH, now=NOW)
