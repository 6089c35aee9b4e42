"""How long, and how often, an account may write first (reference 6.2).

the person sent a message     5 messages in 48 h
a menu click                  3 in a minute
a new follower                3 in a minute
a scan                        3 in a minute
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from wechatlogin.simulator.errors import PlatformError

SHORT = timedelta(minutes=1)
LONG = timedelta(hours=48)


@dataclass
class Window:
    closes: datetime
    left: int


def opened_by(trigger: str, *, now: datetime, after_text: int) -> Window | None:
    """Return the window that a trigger opens, or None if it opens none."""
    if trigger == "message":
        return Window(now + LONG, after_text)
    if trigger in {"CLICK", "subscribe", "SCAN"}:
        return Window(now + SHORT, 3)
    return None


def spend(windows: Mapping[str, Window], *, now: datetime) -> None:
    """Take one message out of the window that closes first.

    :raise PlatformError: 45015 if no window is open, 45047 if all that are open are empty.
    """
    still_open = [window for window in windows.values() if window.closes > now]
    if not still_open:
        raise PlatformError(45015)
    usable = [window for window in still_open if window.left > 0]
    if not usable:
        raise PlatformError(45047)
    min(usable, key=lambda window: window.closes).left -= 1
