"""The logins that websites wait for: one for each QR code of `/connect/qrconnect` (reference 2.3).

waiting ──scan──▶ scanned ──confirm──▶ confirmed
                   │    ▲
                cancel  scan
                   ▼    │
                 cancelled
"""

import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from wechatlogin.simulator.errors import AuthorizeRefused

LIFETIME = timedelta(minutes=5)
KEPT = 2 * LIFETIME
EXPIRED = 402
WAITING = 408
_CONTENT = re.compile(r"https?://[^/?#]+/connect/confirm\?uuid=([0-9A-Za-z_-]+)")


class Stage(StrEnum):
    WAITING = "waiting"
    SCANNED = "scanned"
    CANCELLED = "cancelled"
    CONFIRMED = "confirmed"


NUMBERS = {
    Stage.WAITING: WAITING,
    Stage.SCANNED: 404,
    Stage.CANCELLED: 403,
    Stage.CONFIRMED: 405,
}


@dataclass(frozen=True)
class WebsiteLogin:
    """One QR code on a website; `code` is there once it is confirmed."""

    uuid: str
    appid: str
    created: datetime
    stage: Stage = Stage.WAITING
    person_name: str | None = None
    code: str = field(default="", repr=False)

    @property
    def expires(self) -> datetime:
        """Return when the code stops working, however far it got."""
        return self.created + LIFETIME

    def number(self, now: datetime) -> int:
        """Return the wx_errcode that tells the page how far it is."""
        return NUMBERS[self.stage] if now < self.expires else EXPIRED

    def facts(self) -> dict[str, object]:
        """Return the login as the control side tells it."""
        return {"uuid": self.uuid, "appid": self.appid, "stage": self.stage.value}


class WebsiteLogins:
    """Every login that is not long over."""

    def __init__(self) -> None:
        self._by_uuid: dict[str, WebsiteLogin] = {}

    def begin(self, appid: str, *, now: datetime) -> WebsiteLogin:
        """Return a new login."""
        for old in [one for one in self._by_uuid.values() if one.created + KEPT <= now]:
            del self._by_uuid[old.uuid]
        begun = WebsiteLogin(secrets.token_urlsafe(12), appid, now)
        self.keep(begun)
        return begun

    def keep(self, login: WebsiteLogin) -> None:
        """Remember how far a login is."""
        self._by_uuid[login.uuid] = login

    def get(self, uuid: str) -> WebsiteLogin | None:
        """Return the login of a code, or None."""
        return self._by_uuid.get(uuid)

    def open(self, uuid: str, *, now: datetime) -> WebsiteLogin:
        """Return a login that somebody can still scan or decide.

        :raise AuthorizeRefused: if the code is unknown, too old or used up.
        """
        found = self.get(uuid)
        if found is None or found.stage is Stage.CONFIRMED:
            raise AuthorizeRefused(text="二维码已失效")
        if found.number(now) == EXPIRED:
            raise AuthorizeRefused(text="二维码已过期，请刷新后再扫描")
        return found

    def newest(self) -> WebsiteLogin | None:
        """Return the login that began last, or None."""
        return max(self._by_uuid.values(), key=lambda one: one.created, default=None)


def uuid_in(content: str) -> str | None:
    """Return the uuid that the text of a website's QR code holds, whatever its host, or None."""
    found = _CONTENT.fullmatch(content.strip())
    return found.group(1) if found else None
