"""Phones that confirm logins, one after the other, at a pace, or many at once.

Each login is scanned by somebody new and has its number; what it takes to confirm it is known here.
"""

import secrets
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Engine, insert

from benchmarks import scans
from benchmarks.clients import Answer, Request, Visitor, form, is_ok, is_redirect, verify
from benchmarks.services import Installed
from tests.flows.phones import WECHAT_IOS
from tests.waiters import SECRET
from wechatlogin import clock
from wechatlogin.config import ConfirmPolicy
from wechatlogin.models import Attempt, Purpose, Status, Way
from wechatlogin.vault import sha256_hex

NUMBER = 42
LIFETIME = timedelta(hours=1)
#: Connections over which a pace is kept, and a burst comes.
PACING = 8
BURSTING = 32


@dataclass(frozen=True)
class Phones:
    """How logins are confirmed at one server."""

    url: str
    request: Callable[[str], Request]
    is_done: Callable[[Answer], bool]

    def confirm_in_turn(self, ids: Sequence[str]) -> None:
        """Confirm one after the other, with a breath between two."""
        self._confirm(ids, phones=1, due=lambda place: 0.0, breath=0.005)

    def confirm_at_once(self, ids: Sequence[str]) -> None:
        """Confirm as fast as the server does it."""
        self._confirm(ids, phones=BURSTING, due=lambda place: 0.0)

    def confirm_at_pace(self, ids: Sequence[str], per_second: float) -> None:
        """Confirm so many a second, whether or not those before are done."""
        self._confirm(ids, phones=PACING, due=lambda place: place / per_second)

    def _confirm(
        self,
        ids: Sequence[str],
        *,
        phones: int,
        due: Callable[[int], float],
        breath: float = 0.0,
    ) -> None:
        visitors = [Visitor(self.url) for _ in range(phones)]
        began = time.monotonic()

        def confirm_some(first: int) -> None:
            for place in range(first, len(ids), phones):
                time.sleep(max(breath, due(place) - (time.monotonic() - began)))
                verify(visitors[first].send(self.request(ids[place])), self.is_done)
            visitors[first].close()

        with ThreadPoolExecutor(phones) as threads:
            list(threads.map(confirm_some, range(phones)))


def of_service(house: Installed, url: str) -> Phones:
    """Return the phones of people who tap the number on the service's own page."""
    body, headers = form(number=str(NUMBER), decision="")

    def request(attempt_id: str) -> Request:
        path = f"/confirm/{_token(house, attempt_id)}"
        return Request(path, "POST", body, {**headers, "User-Agent": WECHAT_IOS})

    return Phones(url, request, is_redirect)


def of_baseline(url: str) -> Phones:
    """Return what wakes the desktops of a baseline."""
    return Phones(url, lambda attempt_id: Request(f"/wake/{attempt_id}", "POST"), is_ok)


def add_scanned(house: Installed, engine: Engine, count: int) -> list[str]:
    """Write so many attempts, each scanned by somebody new, and return their ids."""
    now = clock.now()
    ids = [secrets.token_hex(16) for _ in range(count)]
    rows = [
        {
            "id": attempt_id,
            "scene": secrets.token_hex(16),
            "binding_hash": sha256_hex(SECRET),
            "way": Way.SCAN,
            "purpose": Purpose.LOGIN,
            "status": Status.SCANNED,
            "confirm": ConfirmPolicy.NUMBER,
            "confirm_hash": sha256_hex(_token(house, attempt_id)),
            "appid": house.account.appid,
            "openid": scans.new_openid(),
            "number": NUMBER,
            "choices": [17, NUMBER, 83],
            "restarts": 0,
            "tries": 0,
            "browser": "Windows · Edge",
            "created_at": now,
            "scanned_at": now,
            "expires_at": now + LIFETIME,
        }
        for attempt_id in ids
    ]
    with engine.begin() as connection:
        connection.execute(insert(Attempt), rows)
    return ids


def _token(house: Installed, attempt_id: str) -> str:
    # The service derives it from the person, too; that it is one which nobody guesses is enough.
    return house.site.vault.derive_token("confirm", attempt_id)
