"""Calls to WeChat that are not worth repeating for a while."""

import threading
from datetime import datetime, timedelta, timezone

from wechatlogin.errors import WeChatError
from wechatlogin.wechat.errors import OperatorNeeded, QuotaExhausted

BEIJING = timezone(timedelta(hours=8))
AFTER_TROUBLE = timedelta(seconds=5)
AFTER_REFUSAL = timedelta(seconds=60)


class Pauses:
    """Which calls of which account are paused in this process, and until when."""

    def __init__(self) -> None:
        self._until: dict[tuple[str, str], datetime] = {}
        self._lock = threading.Lock()

    def check_paused(self, appid: str, call: str, *, now: datetime) -> bool:
        """Tell whether the call failed so recently that it would only fail again."""
        with self._lock:
            until = self._until.get((appid, call))
        return until is not None and now < until

    def pause(self, appid: str, call: str, err: WeChatError, *, now: datetime) -> None:
        """Pause a call as long as its error asks for."""
        with self._lock:
            self._until[appid, call] = _resume_at(err, now)


def _resume_at(err: WeChatError, now: datetime) -> datetime:
    if isinstance(err, QuotaExhausted):
        # WeChat's daily quotas begin anew at midnight in Beijing.
        tomorrow = now.astimezone(BEIJING).date() + timedelta(days=1)
        return datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=BEIJING)
    return now + (AFTER_REFUSAL if isinstance(err, OperatorNeeded) else AFTER_TROUBLE)
