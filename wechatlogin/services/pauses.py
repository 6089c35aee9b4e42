"""Calls to WeChat that are not worth repeating for a while.

a daily quota is used up            until midnight in Beijing
the quota of a minute               60 s
the secret, our address, …          60 s, or as long as WeChat's administrator shut us out
anything else                       5 s, for callers that can do without (`pause`)

A call that found no slot pauses nothing: the slots remember by themselves that WeChat is slow.
"""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from wechatlogin import clock
from wechatlogin.errors import WeChatError
from wechatlogin.wechat import errors
from wechatlogin.wechat.access_token import CLASSIC_PATH, STABLE_PATH
from wechatlogin.wechat.errors import (
    NoSlot,
    OperatorNeeded,
    PlatformError,
    QuotaExhausted,
    WeChatBusy,
)

BEIJING = timezone(timedelta(hours=8))
AFTER_TROUBLE = timedelta(seconds=5)
#: Where a token is fetched, these are about AppID and secret, by which codes are exchanged too.
_SECRET_WRONG = frozenset({40001, 40013, 40125})


@dataclass(frozen=True)
class _Pause:
    until: datetime
    #: What WeChat said, where a call is refused in its stead.
    said: PlatformError | None = None


class Pauses:
    """Which calls of which account are paused in this process, and until when."""

    def __init__(self) -> None:
        self._pauses: dict[tuple[str, str], _Pause] = {}
        self._lock = threading.Lock()

    def check_paused(self, appid: str, call: str, *, now: datetime) -> bool:
        """Tell whether the call failed so recently that it would only fail again."""
        return self._get(appid, call, now) is not None

    def pause(self, appid: str, call: str, err: WeChatError, *, now: datetime) -> None:
        """Pause a call as long as its error asks for."""
        if isinstance(err, NoSlot):
            return
        self._keep(appid, call, _Pause(_resume_at(err, now)))

    def verify_open(self, appid: str, path: str, *, now: datetime) -> None:
        """Return if WeChat may be asked.

        :raise PlatformError: what it said last, if it would only say it again.
        """
        found = self._get(appid, path, now)
        if found is not None and found.said is not None:
            raise found.said.anew()

    def verify_secret(self, appid: str, *, now: datetime) -> None:
        """Return unless WeChat has just said that it does not know the account by this secret.

        Without an access token people can still log in; with a wrong secret nobody can.

        :raise OperatorNeeded: what it said.
        """
        for path in (STABLE_PATH, CLASSIC_PATH):
            found = self._get(appid, path, now)
            if found is not None and found.said is not None and found.said.errcode in _SECRET_WRONG:
                raise found.said.anew()

    def note_failure(self, appid: str, err: PlatformError, *, now: datetime) -> None:
        """Pause the path of a failed call if what WeChat said holds for a while."""
        if err.errcode is not None and _holds(err):
            self._keep(appid, err.path, _Pause(_resume_at(err, now), said=err.anew()))

    def _get(self, appid: str, call: str, now: datetime) -> _Pause | None:
        with self._lock:
            found = self._pauses.get((appid, call))
        return found if found is not None and now < found.until else None

    def _keep(self, appid: str, call: str, pause: _Pause) -> None:
        with self._lock:
            self._pauses[appid, call] = pause


@dataclass(frozen=True)
class AccountBreaker:
    """The pauses of one account (`wechat.breaker.Breaker`)."""

    pauses: Pauses
    appid: str

    def verify_open(self, path: str) -> None:
        """Return if WeChat may be asked.

        :raise PlatformError: what it said last, if it would only say it again.
        """
        self.pauses.verify_open(self.appid, path, now=clock.now())

    def note_failure(self, err: PlatformError) -> None:
        """Pause the path of a failed call if what WeChat said holds for a while."""
        self.pauses.note_failure(self.appid, err, now=clock.now())


def _holds(err: PlatformError) -> bool:
    match err:
        case QuotaExhausted():
            return True
        case WeChatBusy():
            return err.retry_after == errors.MINUTE_QUOTA_PAUSE
        case OperatorNeeded():
            # Elsewhere it is one call among several; without a token there is none.
            return err.path in {STABLE_PATH, CLASSIC_PATH}
        case _:
            return False


def _resume_at(err: WeChatError, now: datetime) -> datetime:
    match err:
        case QuotaExhausted():
            # WeChat's daily quotas begin anew at midnight in Beijing.
            tomorrow = now.astimezone(BEIJING).date() + timedelta(days=1)
            return datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=BEIJING)
        case OperatorNeeded():
            return now + err.retry_after
        case WeChatBusy():
            return now + max(AFTER_TROUBLE, err.retry_after)
        case _:
            return now + AFTER_TROUBLE
