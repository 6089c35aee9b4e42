"""How often an account may call what (reference 3.5); days are Beijing's."""

from collections import Counter
from datetime import datetime, timedelta, timezone

from wechatlogin.simulator.apps import Account, Kind
from wechatlogin.simulator.errors import PlatformError

BEIJING = timezone(timedelta(hours=8))
CLEARANCES_A_MONTH = 10

DAILY: dict[str, tuple[int, int]] = {
    "/cgi-bin/token": (2_000, 200),
    "/cgi-bin/stable_token": (500_000, 500_000),
    "/cgi-bin/getcallbackip": (5_000, 5_000),
    "/cgi-bin/get_api_domain_ip": (5_000, 5_000),
    "/cgi-bin/qrcode/create": (100_000, 10_000),
    "/cgi-bin/message/custom/send": (500_000, 50_000),
    "/cgi-bin/message/template/send": (100_000, 100_000),
    "/cgi-bin/template/get_all_private_template": (100_000, 10_000),
    "/cgi-bin/user/info": (5_000_000, 500_000),
    "/cgi-bin/user/info/batchget": (5_000_000, 500_000),
    "/cgi-bin/ticket/getticket": (1_000_000, 100_000),
    "/cgi-bin/callback/check": (5_000, 5_000),
}
PER_MINUTE: dict[str, int] = {
    "/cgi-bin/stable_token": 10_000,
    "/sns/oauth2/access_token": 50_000,
    "/sns/oauth2/refresh_token": 50_000,
    "/sns/userinfo": 50_000,
    "/sns/auth": 50_000,
}


class Quotas:
    """The counters of every account."""

    def __init__(self) -> None:
        self._days: Counter[tuple[str, str, str]] = Counter()
        self._minutes: Counter[tuple[str, str, int]] = Counter()
        self._clearances: Counter[tuple[str, str]] = Counter()

    def spend(self, account: Account, path: str, *, now: datetime, user_info: int) -> None:
        """Count one call.

        :raise PlatformError: 45011 if the minute is full, 45009 if the day is.
        """
        minute = (account.appid, path, int(now.timestamp() // 60))
        most = account.quotas.get(f"{path}:minute", PER_MINUTE.get(path))
        if most is not None and self._minutes[minute] >= most:
            raise PlatformError(45011)
        limit = daily_limit(account, path, user_info=user_info)
        day = (account.appid, path, _day(now))
        if limit is not None and self._days[day] >= limit:
            raise PlatformError(45009)
        self._minutes[minute] += 1
        self._days[day] += 1

    def used(self, appid: str, path: str, *, now: datetime) -> int:
        """Return how many calls of the day are spent."""
        return self._days[(appid, path, _day(now))]

    def clear(self, appid: str, *, now: datetime) -> None:
        """Give the account its day back.

        :raise PlatformError: 48006 if that was done ten times this month.
        """
        month = (appid, _day(now)[:7])
        if self._clearances[month] >= CLEARANCES_A_MONTH:
            raise PlatformError(48006)
        self._clearances[month] += 1
        for key in [key for key in self._days if key[0] == appid]:
            del self._days[key]


def daily_limit(account: Account, path: str, *, user_info: int) -> int | None:
    """Return how many calls a day the account has, or None where there is no limit."""
    if path in account.quotas:
        return account.quotas[path]
    if path not in DAILY:
        return None
    normal, test = DAILY[path]
    if account.kind is Kind.TEST:
        return test
    return user_info if path.startswith("/cgi-bin/user/info") else normal


def _day(now: datetime) -> str:
    return now.astimezone(BEIJING).strftime("%Y-%m-%d")
