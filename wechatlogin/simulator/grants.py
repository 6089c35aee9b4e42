"""What a person's consent turns into: a code, then a user token and its refresh token.

code            32 characters, one use, 5 minutes, only with the appid it was issued to
access token    2 hours; what it may read depends on the scope and on a snapshot page
refresh token   30 days from the consent, whatever is refreshed meanwhile
"""

import secrets
import string
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from wechatlogin.simulator.errors import PlatformError
from wechatlogin.simulator.people import Person, derived_id
from wechatlogin.simulator.switches import Switches

ACCESS_LIFETIME = timedelta(seconds=7200)
REFRESH_LIFETIME = timedelta(days=30)
ALPHABET = string.ascii_letters + string.digits


class Snapshot(StrEnum):
    """Whether the person only saw a snapshot page (reference 1.7)."""

    NONE = "none"
    FLAGGED = "flagged"
    UNFLAGGED = "unflagged"


@dataclass(frozen=True)
class Consent:
    """Who agreed to what; the person of a snapshot page is somebody WeChat made up."""

    appid: str
    person: Person
    scope: str
    snapshot: Snapshot = Snapshot.NONE


@dataclass(frozen=True)
class UserToken:
    consent: Consent
    access_token: str
    refresh_token: str
    access_dies: datetime
    refresh_dies: datetime
    revoked: bool = False

    @property
    def openid(self) -> str:
        """Return the openid that goes with the token."""
        return self.consent.person.openid(self.consent.appid)


@dataclass
class _Code:
    consent: Consent
    dies: datetime
    spent: bool = False


class Grants:
    """Every code and user token there is."""

    def __init__(self) -> None:
        self._codes: dict[str, _Code] = {}
        self._by_access: dict[str, UserToken] = {}
        self._by_refresh: dict[str, UserToken] = {}

    def issue_code(self, consent: Consent, *, now: datetime, lifetime: int) -> str:
        """Return a code for the redirect."""
        code = "".join(secrets.choice(ALPHABET) for _ in range(32))
        self._codes[code] = _Code(consent, now + timedelta(seconds=lifetime))
        return code

    def redeem(self, code: str, *, appid: str, now: datetime, switches: Switches) -> UserToken:
        """Return the token a code is good for; it is spent by that.

        :raise PlatformError: as `spend` does.
        """
        return self._keep(_mint(self.spend(code, appid=appid, now=now, switches=switches), now=now))

    def spend(self, code: str, *, appid: str, now: datetime, switches: Switches) -> Consent:
        """Return the consent that a code stands for, this once.

        :raise PlatformError: 41008 without a code, 40029 if it is unknown, another account's
            or too old, 40163 if it is spent.
        """
        if not code:
            raise PlatformError(41008)
        record = self._codes.get(code)
        if record is None or record.consent.appid != appid:
            raise PlatformError(40029)
        if record.spent:
            raise PlatformError(switches.spent_code, "code been used")
        if record.dies <= now:
            raise PlatformError(switches.expired_code)
        record.spent = True
        return record.consent

    def refresh(self, refresh_token: str, *, appid: str, now: datetime, rotates: bool) -> UserToken:
        """Return the token with a longer life: the same one, unless it is dead.

        :raise PlatformError: 40030 if it is unknown or another account's, 42002 if its 30 days
            are over, 42007 if the person took the consent back.
        """
        if not refresh_token:
            raise PlatformError(41003)
        token = self._by_refresh.get(refresh_token)
        if token is None or token.consent.appid != appid:
            raise PlatformError(40030)
        if token.revoked:
            raise PlatformError(42007)
        if token.refresh_dies <= now:
            raise PlatformError(42002)
        fresh = token.access_token if token.access_dies > now else _mint_token("access")
        renewed = replace(token, access_token=fresh, access_dies=now + ACCESS_LIFETIME)
        if rotates:
            del self._by_refresh[refresh_token]
            renewed = replace(renewed, refresh_token=_mint_token("refresh"))
        return self._keep(renewed)

    def holder(self, access_token: str, openid: str, *, now: datetime) -> UserToken:
        """Return the user token, if it is alive and this openid's.

        :raise PlatformError: 41001 or 41009 if one is missing, 40001 if the token is unknown,
            42001 if it expired, 42007 if it was taken back, 40003 if it is somebody else's.
        """
        if not access_token:
            raise PlatformError(41001)
        if not openid:
            raise PlatformError(41009)
        token = self._by_access.get(access_token)
        if token is None:
            raise PlatformError(40001)
        if token.revoked:
            raise PlatformError(42007)
        if token.access_dies <= now:
            raise PlatformError(42001)
        if token.openid != openid:
            raise PlatformError(40003)
        return token

    def revoke(self, person: Person, appid: str) -> None:
        """Kill both tokens of every consent the person gave this account."""
        for token in list(self._by_access.values()):
            if token.consent.person.name == person.name and token.consent.appid == appid:
                self._keep(replace(token, revoked=True))

    def _keep(self, token: UserToken) -> UserToken:
        self._by_access[token.access_token] = token
        self._by_refresh[token.refresh_token] = token
        return token


def snapshot_person(person: Person, *, appid: str, switches: Switches) -> Person:
    """Return whom a snapshot page shows instead of the person (reference 1.7)."""
    if switches.snapshot_identity == "real":
        return person
    name = f"snapshot-{derived_id('visit', appid, person.name, secrets.token_hex(8))}"
    shared = switches.snapshot_unionid == "shared"
    unionid = derived_id("snapshot", appid if shared else name)
    return Person(name, "微信用户", unionid=unionid, has_avatar=True)


def _mint(consent: Consent, *, now: datetime) -> UserToken:
    return UserToken(
        consent,
        access_token=_mint_token("access"),
        refresh_token=_mint_token("refresh"),
        access_dies=now + ACCESS_LIFETIME,
        refresh_dies=now + REFRESH_LIFETIME,
    )


def _mint_token(purpose: str) -> str:
    return f"{'86' if purpose == 'access' else '85'}_{secrets.token_urlsafe(66)}"
