"""An account's own access tokens, of the two kinds that know nothing of each other (reference 3).

classic   every call mints a new one; the one before lives on for 5 minutes
stable    calls return the same one until its last 5 minutes; `force_refresh` kills it at
          once, 20 times a day, at least 30 s apart, and is otherwise not heard
"""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from wechatlogin.simulator.errors import PlatformError
from wechatlogin.simulator.quotas import BEIJING

LIFETIME = timedelta(seconds=7200)
OVERLAP = timedelta(minutes=5)
FORCE_PAUSE = timedelta(seconds=30)
FORCES_A_DAY = 20
SHAPE = re.compile(r"\d{2}_[A-Za-z0-9_-]{130,}")


@dataclass
class _Record:
    appid: str
    stable: bool
    dies: datetime
    replaced: bool = False


class AccountTokens:
    """Every access token there is, and who it belongs to."""

    def __init__(self) -> None:
        self._records: dict[str, _Record] = {}
        self._stable: dict[str, str] = {}
        self._forced: dict[str, list[datetime]] = {}

    def issue_classic(self, appid: str, *, now: datetime) -> str:
        """Return a new token; those before it have 5 minutes left at most."""
        for record in self._records.values():
            if record.appid == appid and not record.stable and record.dies > now + OVERLAP:
                record.dies = now + OVERLAP
                record.replaced = True
        return self._mint(appid, stable=False, now=now)

    def issue_stable(self, appid: str, *, force: bool, now: datetime) -> tuple[str, int]:
        """Return the token in force, or a new one, with the seconds it has left."""
        token = self._stable.get(appid)
        record = self._records.get(token or "")
        if token and record and record.dies > now:
            if force and self._may_force(appid, now=now):
                self._kill(record, now=now)
            elif record.dies - now > OVERLAP:
                return token, int((record.dies - now).total_seconds())
        self._stable[appid] = self._mint(appid, stable=True, now=now)
        return self._stable[appid], int(LIFETIME.total_seconds())

    def owner(self, token: str, *, now: datetime) -> str:
        """Return the appid a token speaks for.

        :raise PlatformError: 41001 if there is none, 40014 if it is no token at all, 42001 if
            its time is over, 40001 if it is unknown or was replaced.
        """
        if not token:
            raise PlatformError(41001)
        record = self._records.get(token)
        if record is None:
            raise PlatformError(40001 if SHAPE.fullmatch(token) else 40014)
        if record.dies <= now:
            raise PlatformError(40001 if record.replaced else 42001)
        return record.appid

    def kill(self, appid: str, *, now: datetime) -> None:
        """Make every token of the account die at this moment, as a stranger's call would."""
        for record in self._records.values():
            if record.appid == appid and record.dies > now:
                self._kill(record, now=now)

    def _mint(self, appid: str, *, stable: bool, now: datetime) -> str:
        token = f"{88 if stable else 87}_{secrets.token_urlsafe(102)}"
        self._records[token] = _Record(appid, stable, now + LIFETIME)
        return token

    def _kill(self, record: _Record, *, now: datetime) -> None:
        record.dies = now
        record.replaced = True

    def _may_force(self, appid: str, *, now: datetime) -> bool:
        today = now.astimezone(BEIJING).date()
        past = [at for at in self._forced.get(appid, []) if at.astimezone(BEIJING).date() == today]
        if len(past) >= FORCES_A_DAY or (past and now - past[-1] < FORCE_PAUSE):
            return False
        self._forced[appid] = [*past, now]
        return True
