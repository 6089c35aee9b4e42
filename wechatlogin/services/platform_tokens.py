"""WeChat's access token of an account, shared by all processes through one row.

    get     the stored token; in its last minutes whoever takes the lease has it renewed aside
    renew   the token that WeChat just refused is replaced, unless somebody has done so already

One renewal runs at a time: the lease is taken by a conditional UPDATE and the row is read again
under it. While the stored token lives nobody waits for that; where there is none, all do: in each
process one thread looks for the lease, the others wait for their turn after it, and are told what
it was told if WeChat gave it none. A holder that was killed blocks nobody for longer than the lease
lasts.
"""

import logging
import os
import secrets
import socket
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from pydantic import SecretStr
from sqlalchemy import bindparam, case, or_, select, update
from sqlalchemy.exc import IntegrityError

from wechatlogin import clock, metrics
from wechatlogin.errors import WeChatError
from wechatlogin.extensions import db
from wechatlogin.models import PlatformToken
from wechatlogin.models.transaction import count_changed, repeatable, write
from wechatlogin.services.pauses import BEIJING
from wechatlogin.services.token_turns import TokenTurns
from wechatlogin.vault import Vault, equal
from wechatlogin.wechat.access_token import STABLE_PATH, IssuedToken, fetch_stable_token
from wechatlogin.wechat.app import WeChatApp
from wechatlogin.wechat.breaker import AlwaysOpen, Breaker
from wechatlogin.wechat.errors import AccessTokenRejected, WeChatBusy
from wechatlogin.wechat.http import WeChatHTTP

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=10)
#: A token is renewed this long before its end. WeChat hands out a new one in the last 5 minutes.
AHEAD = timedelta(minutes=5)
#: WeChat ignores a forced renewal that comes sooner after the last.
FORCE_INTERVAL = timedelta(seconds=30)
PATIENCE_SECONDS = 12.0
LOOK_AGAIN_SECONDS = 0.05

_STORED = (
    select(PlatformToken)
    .where(PlatformToken.appid == bindparam("appid"))
    .execution_options(populate_existing=True)
)

#: Does a piece of work, here or in a thread that nobody waits for (`services.site.Site.aside`).
Aside = Callable[[Callable[[], None]], None]


def at_once(work: Callable[[], None]) -> None:
    """Do the work here and now."""
    work()


class DatabaseAccessTokens:
    """The access token of one account (`wechat.access_token.AccessTokens`)."""

    def __init__(
        self,
        vault: Vault,
        http: WeChatHTTP,
        app: WeChatApp,
        *,
        breaker: Breaker | None = None,
        turns: TokenTurns | None = None,
        aside: Aside = at_once,
    ) -> None:
        self._vault = vault
        self._http = http
        self._app = app
        self._breaker = breaker or AlwaysOpen()
        self._turns = turns or TokenTurns()
        self._aside = aside
        self._holder = secrets.token_hex(16)

    def get(self) -> SecretStr:
        """Return a token that should work.

        :raise WeChatError: if WeChat gives none.
        """
        row = self._read()
        now = clock.now()
        stored = self._open(row)
        if stored is None or row is None or row.expires_at is None or now >= row.expires_at:
            return self._replace(None)
        if now >= row.expires_at - AHEAD and self._take_lease(now):
            self._aside(self._renew_ahead)
        return stored

    def get_with_lifetime(self) -> IssuedToken:
        """Return the same with the time that it has left, for somebody else who keeps it.

        :raise WeChatError: if WeChat gives none.
        """
        token = self.get()
        row, now = self._read(), clock.now()
        stored = self._open(row)
        if row is None or stored is None or row.expires_at is None or not _same(stored, token):
            # It has been replaced since.
            return IssuedToken(token, timedelta(0))
        return IssuedToken(token, max(row.expires_at - now, timedelta(0)))

    def renew(self, failed: SecretStr) -> SecretStr:
        """Return another token than the one that WeChat refused.

        :raise AccessTokenRejected: if WeChat insists on the refused one.
        :raise WeChatError: if WeChat gives none.
        """
        stored = self._open(self._read())
        if stored is not None and not _same(stored, failed):
            return stored
        return self._replace(failed)

    def _renew_ahead(self) -> None:
        """Renew the token under the lease that is ours already."""
        try:
            with self._http.slots.taken(STABLE_PATH):
                if self._renewed_meanwhile(None) is None:
                    self._fetch(None)
        except WeChatError as err:
            # The lease is left to run out, so that WeChat is not asked again at every visit.
            log.warning("an access token could not be renewed ahead: %s", err.code)
        else:
            self._release_lease()

    def _replace(self, failed: SecretStr | None) -> SecretStr:
        """Fetch a token under the lease, or wait for whoever holds it to have done so."""
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        # Whoever waits for a turn needs no connection to the database.
        db.session.commit()
        with (
            self._http.slots.taken(STABLE_PATH),
            self._turns.taken(self._app.appid, seconds=PATIENCE_SECONDS) as turn,
        ):
            if (renewed := self._renewed_meanwhile(failed)) is not None:
                return renewed
            turn.verify_hopeful()
            return self._replace_under_lease(failed, give_up_at)

    def _replace_under_lease(self, failed: SecretStr | None, give_up_at: float) -> SecretStr:
        while not self._take_lease(clock.now()):
            if time.monotonic() > give_up_at:
                raise WeChatBusy(path=STABLE_PATH)
            time.sleep(LOOK_AGAIN_SECONDS)
            if (renewed := self._renewed_meanwhile(failed)) is not None:
                return renewed
        try:
            # Whoever held the lease before us may have renewed it just now.
            return self._renewed_meanwhile(failed) or self._fetch(failed)
        finally:
            self._release_lease()

    def _renewed_meanwhile(self, failed: SecretStr | None) -> SecretStr | None:
        row = self._read()
        stored = self._open(row)
        if stored is None or row is None or row.expires_at is None:
            return None
        if failed is not None:
            return None if _same(stored, failed) else stored
        return stored if clock.now() < row.expires_at - AHEAD else None

    def _fetch(self, failed: SecretStr | None) -> SecretStr:
        self._breaker.verify_open(STABLE_PATH)
        issued = fetch_stable_token(self._http, self._app)
        forced = False
        if failed is not None and _same(issued.access_token, failed):
            # WeChat believes in the token that it refuses; it lets us insist once in 30 s.
            row = self._read()
            now = clock.now()
            if row is not None and row.forced_at and now < row.forced_at + FORCE_INTERVAL:
                raise AccessTokenRejected(path=STABLE_PATH, errcode=40001)
            issued, forced = fetch_stable_token(self._http, self._app, force_refresh=True), True
        self._store(issued, forced=forced)
        return issued.access_token

    def _read(self) -> PlatformToken | None:
        # A read of its own: an older snapshot would hide what another process has renewed.
        db.session.commit()
        return db.session.scalar(_STORED, {"appid": self._app.appid})

    def _open(self, row: PlatformToken | None) -> SecretStr | None:
        if row is None or row.sealed_token is None:
            return None
        return SecretStr(self._vault.open(row.sealed_token))

    @repeatable
    def _take_lease(self, now: datetime) -> bool:
        row = self._read()
        if row is None:
            self._create_row()
        elif row.lease_holder != self._holder and row.lease_until and row.lease_until >= now:
            # Whoever cannot have it does not wait for the right to write either.
            return False
        free = or_(
            PlatformToken.lease_until.is_(None),
            PlatformToken.lease_until < now,
            PlatformToken.lease_holder == self._holder,
        )
        ours = update(PlatformToken).where(PlatformToken.appid == self._app.appid, free)
        with write():
            taken = count_changed(ours.values(lease_holder=self._holder, lease_until=now + LEASE))
        return taken == 1

    def _release_lease(self) -> None:
        self._update(lease_holder=None, lease_until=None)

    def _store(self, issued: IssuedToken, *, forced: bool) -> None:
        now = clock.now()
        metrics.TOKEN_REFRESHES.labels("yes" if forced else "no").inc()
        today = now.astimezone(BEIJING).date()
        changes: dict[str, object] = {"forced_at": now} if forced else {}
        self._update(
            sealed_token=self._vault.seal(issued.access_token.get_secret_value()),
            expires_at=now + issued.expires_in,
            refreshed_at=now,
            refreshes=PlatformToken.refreshes + 1,
            refreshes_today=case(
                (PlatformToken.refreshes_day == today, PlatformToken.refreshes_today + 1), else_=1
            ),
            refreshes_day=today,
            refreshed_by=_this_process(),
            **changes,
        )

    @repeatable
    def _update(self, **values: object) -> None:
        """Write to the row only while the lease is ours."""
        with write() as session:
            session.execute(
                update(PlatformToken)
                .where(
                    PlatformToken.appid == self._app.appid,
                    PlatformToken.lease_holder == self._holder,
                )
                .values(**values)
            )

    @repeatable
    def _create_row(self) -> None:
        try:
            with write() as session:
                session.add(PlatformToken(appid=self._app.appid, refreshes=0))
        except IntegrityError:
            # Another process created it a moment ago.
            return


def _this_process() -> str:
    """Return the machine and process, of which an operator reads who renewed a token."""
    process = f":{os.getpid()}"
    return socket.gethostname()[: 64 - len(process)] + process


def _same(first: SecretStr, second: SecretStr) -> bool:
    return equal(first.get_secret_value(), second.get_secret_value())
