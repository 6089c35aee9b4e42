"""Asking WeChat once more, for calls that may be made twice: they read, or give the same again.

trouble on its side   busy (-1 and its like), an HTTP status of 5xx
on the way            never sent, no answer in time, cut off
not repeated          the quota of a minute: 60 seconds are longer than anybody waits

Both tries together take no longer than one call may.
"""

import secrets
import time
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from wechatlogin.wechat import deadline, errors

_SHORTEST_PAUSE = timedelta(milliseconds=100)
_JITTER_MILLISECONDS = 200
_T = TypeVar("_T")


def ask_again(call: Callable[[], _T]) -> _T:
    """Return what the call brings, after a second try where the first met trouble that passes.

    :raise PlatformError: if the second try failed too, or none would help.
    """
    return _repeated(call, _has_passing_trouble)


def ask_again_when_answered(call: Callable[[], _T]) -> _T:
    """Do the same unless WeChat kept silent, for a call that others wait for.

    :raise PlatformError: if the second try failed too, or none would help.
    """
    return _repeated(call, _is_troubled)


def _repeated(call: Callable[[], _T], is_worth_it: Callable[[errors.PlatformError], bool]) -> _T:
    with deadline.within(deadline.PATIENCE):
        return _called_twice(call, is_worth_it)


def _called_twice(
    call: Callable[[], _T], is_worth_it: Callable[[errors.PlatformError], bool]
) -> _T:
    try:
        return call()
    except (errors.WeChatBusy, errors.WeChatUnreachable) as err:
        if not is_worth_it(err):
            raise
    # Everybody whom WeChat turned away would otherwise come back at the same moment.
    pause = _SHORTEST_PAUSE + timedelta(milliseconds=secrets.randbelow(_JITTER_MILLISECONDS))
    time.sleep(pause.total_seconds())
    return call()


def _is_troubled(err: errors.PlatformError) -> bool:
    if isinstance(err, errors.WeChatBusy):
        # Without a number it was not WeChat that turned the call away: too many of ours hang.
        return err.errcode is not None and err.retry_after == errors.BUSY_PAUSE
    return isinstance(err, errors.WeChatDown)


def _has_passing_trouble(err: errors.PlatformError) -> bool:
    is_lost = isinstance(err, errors.WeChatUnreachable) and not isinstance(
        err, errors.WeChatGarbled
    )
    return is_lost or _is_troubled(err)
