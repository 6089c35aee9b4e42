"""Signs of WeChat's on their way into the database.

Each process collects what its calls and pushes show of an account: failures, WeChat's clock, and
how WeChat's check of our address and its pushes went. When a request, a command or a thread ends
its application context, what has come up is written down, outside of every unit of writes. Nobody
who logs in waits for more than that, and nobody fails because of it.

    Signs        what this process has seen and not yet written down
    Watch        hears of the calls of one account (`wechat.http.Watcher`)
    write_down   moves it into `platform_errors` and `account_health`
"""

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from wechatlogin import clock
from wechatlogin.models import AccountHealth, PlatformErrorCount
from wechatlogin.models.transaction import check_writing, count_changed, let_go, repeatable, write
from wechatlogin.wechat.errors import PlatformError

log = logging.getLogger(__name__)

#: Anybody can send us pushes to refuse, and must not make us write for each.
REFUSAL_INTERVAL = timedelta(seconds=5)
CLOCK_INTERVAL = timedelta(minutes=1)
#: A date in HTTP has whole seconds: on average the moment was half of one later.
_HALF_SECOND = timedelta(seconds=0.5)
_ERRMSG_LENGTH = 255
_PATH_LENGTH = 64
_REASON_LENGTH = 128


@dataclass(frozen=True)
class Failure:
    """What is counted together."""

    appid: str
    hour: datetime
    path: str
    code: str
    errcode: int


@dataclass(frozen=True)
class Tally:
    """How often a failure came up, and the last of them."""

    count: int
    first_at: datetime
    last_at: datetime
    errmsg: str | None
    rid: str | None

    def plus(self, later: "Tally") -> "Tally":
        """Return both as one."""
        return replace(later, count=self.count + later.count, first_at=self.first_at)


class Signs:
    """What this process has seen and not yet written down."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures: dict[Failure, Tally] = {}
        self._accounts: dict[str, dict[str, object]] = {}
        self._noted: dict[tuple[str, str], datetime] = {}

    def note_failure(self, appid: str, err: PlatformError, *, now: datetime) -> None:
        """Count a call that failed."""
        hour = now.replace(minute=0, second=0, microsecond=0)
        failure = Failure(appid, hour, err.path[:_PATH_LENGTH], err.code, err.errcode or 0)
        errmsg = err.errmsg[:_ERRMSG_LENGTH] or None
        self.add(failure, Tally(1, now, now, errmsg, err.rid))

    def note_clock(self, appid: str, ahead: timedelta, *, now: datetime) -> None:
        """Keep how far WeChat's clock is ahead of ours."""
        if self._is_due(appid, "clock", CLOCK_INTERVAL, now):
            milliseconds = round(ahead / timedelta(milliseconds=1))
            self.keep(appid, {"clock_ahead_ms": milliseconds, "clock_seen_at": now})

    def note_verified(self, appid: str, *, now: datetime) -> None:
        """Keep that WeChat has checked our address and was satisfied."""
        if self._is_due(appid, "verified", REFUSAL_INTERVAL, now):
            self.keep(appid, {"verified_at": now})

    def note_refusal(self, appid: str, reason: str, *, now: datetime) -> None:
        """Keep that a push was refused."""
        if self._is_due(appid, "refused", REFUSAL_INTERVAL, now):
            self.keep(appid, {"refused_at": now, "refused_reason": reason[:_REASON_LENGTH]})

    def add(self, failure: Failure, tally: Tally) -> None:
        """Add to the count of a failure."""
        with self._lock:
            known = self._failures.get(failure)
            self._failures[failure] = known.plus(tally) if known else tally

    def keep(self, appid: str, values: Mapping[str, object]) -> None:
        """Keep columns of an account's row until they are written."""
        with self._lock:
            self._accounts.setdefault(appid, {}).update(values)

    def take_failure(self) -> tuple[Failure, Tally] | None:
        """Take a count away to write it down."""
        with self._lock:
            return self._failures.popitem() if self._failures else None

    def take_account(self) -> tuple[str, dict[str, object]] | None:
        """Take an account's columns away to write them down."""
        with self._lock:
            return self._accounts.popitem() if self._accounts else None

    def check_empty(self) -> bool:
        """Tell whether there is nothing to write down."""
        return not self._failures and not self._accounts

    def _is_due(self, appid: str, what: str, interval: timedelta, now: datetime) -> bool:
        with self._lock:
            last = self._noted.get((appid, what))
            if last is not None and now - last < interval:
                return False
            self._noted[appid, what] = now
            return True


@dataclass(frozen=True)
class Watch:
    """Hears of the calls of one account (`wechat.http.Watcher`)."""

    signs: Signs
    appid: str

    def note_failure(self, err: PlatformError) -> None:
        """Count a call that failed."""
        self.signs.note_failure(self.appid, err, now=clock.now())

    def note_date(self, date: datetime, took: timedelta) -> None:
        """Work out how far WeChat's clock is ahead; the answer was half of the way under way."""
        now = clock.now()
        ahead = date + _HALF_SECOND - (now - took / 2)
        self.signs.note_clock(self.appid, ahead, now=now)


def write_down(signs: Signs) -> None:
    """Write down what has come up; what cannot be written stays for the next time."""
    if signs.check_empty() or check_writing():
        return
    # Whatever the session holds is over now, and may be broken.
    let_go()
    try:
        while (counted := signs.take_failure()) is not None:
            _write_failure(signs, *counted)
        while (kept := signs.take_account()) is not None:
            _write_account(signs, *kept)
    except SQLAlchemyError as err:
        log.warning("what WeChat's calls showed could not be written: %s", type(err).__name__)


def _write_failure(signs: Signs, failure: Failure, tally: Tally) -> None:
    try:
        if _add(failure, tally):
            return
        try:
            _insert(PlatformErrorCount, {**vars(failure), **vars(tally)})
        except IntegrityError:
            # Another process has met the same a moment ago.
            _add(failure, tally)
    except SQLAlchemyError:
        signs.add(failure, tally)
        raise


@repeatable
def _add(failure: Failure, tally: Tally) -> bool:
    counted = update(PlatformErrorCount).filter_by(**vars(failure))
    changes = {
        "count": PlatformErrorCount.count + tally.count,
        "last_at": tally.last_at,
        "errmsg": tally.errmsg,
        "rid": tally.rid,
    }
    with write():
        return count_changed(counted.values(changes)) == 1


def _write_account(signs: Signs, appid: str, values: dict[str, object]) -> None:
    try:
        if _change(appid, values):
            return
        try:
            _insert(AccountHealth, {"appid": appid, **values})
        except IntegrityError:
            # Another process has met the account for the first time, too.
            _change(appid, values)
    except SQLAlchemyError:
        signs.keep(appid, values)
        raise


@repeatable
def _change(appid: str, values: dict[str, object]) -> bool:
    with write():
        changed = update(AccountHealth).where(AccountHealth.appid == appid).values(values)
        return count_changed(changed) == 1


@repeatable
def _insert(
    table: type[PlatformErrorCount] | type[AccountHealth], values: dict[str, object]
) -> None:
    with write() as session:
        session.execute(insert(table).values(values))
