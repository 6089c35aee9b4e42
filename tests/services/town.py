"""A site whose WeChat is the simulator, its accounts, its programs and its people."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import SecretStr

from tests.servers import Account, Simulator
from tests.stories import start_attempt
from wechatlogin.config import FollowPolicy
from wechatlogin.extensions import db
from wechatlogin.models import Application, Attempt, Identity, WeChatAppRow
from wechatlogin.services import (
    accounts,
    applications,
    attempt_status,
    followers_only,
    wechat_apps,
)
from wechatlogin.services.accounts import Sighting
from wechatlogin.services.applications import NewApplication
from wechatlogin.services.pauses import Pauses
from wechatlogin.services.site import Site
from wechatlogin.services.wechat_apps import NewWeChatApp
from wechatlogin.wechat.app import AppKind, Platform
from wechatlogin.wechat.http import WeChatHTTP

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
SOON = NOW + timedelta(minutes=1)
STALE = NOW + timedelta(minutes=11)
USER_INFO = "/cgi-bin/user/info"
GROUP = "the open-platform account"


@dataclass(frozen=True)
class Town:
    """A site whose WeChat is the simulator, and the people there."""

    site: Site
    simulator: Simulator

    def account(self, kind: AppKind = AppKind.SERVICE, group: str | None = None) -> WeChatAppRow:
        """Register an account on both sides."""
        account = Account()
        mine = {"appid": account.appid, "secret": account.secret, "kind": kind.value, "domains": []}
        self.simulator.call("POST", "/simulator/apps", mine)
        new = NewWeChatApp(
            appid=account.appid,
            secret=SecretStr(account.secret),
            kind=kind,
            name="晨光书店",
            open_platform_group=group,
        )
        return wechat_apps.save(self.site.vault, new, now=NOW)

    def application(
        self, follow: FollowPolicy = FollowPolicy.REQUIRE, appids: tuple[str, ...] = ()
    ) -> Application:
        """Register a program."""
        new = NewApplication("林记茶铺", follow=follow, appids=appids)
        return applications.verify(applications.create(self.site.vault, new, now=NOW).client_id)

    def meet(
        self, row: WeChatAppRow, *, really_follows: bool = False, knows: bool | None = None
    ) -> tuple[str, Identity]:
        """Let a person be known to us; whether they really follow is the simulator's to tell."""
        person = self.simulator.add_person()
        openid = self.simulator.openid(person, row.appid)
        # Only whoever has dealt with an account is known to it.
        self.simulator.follow(person, row.appid)
        if not really_follows:
            self.simulator.unfollow(person, row.appid)
        sighting = Sighting(openid, follows=knows)
        return person, accounts.find_or_create_identity(row, sighting, now=NOW)

    def asked(self, identity: Identity) -> int:
        """Return how often WeChat was asked about a person."""
        return len(self.asked_of(identity.openid))

    def asked_of(self, openid: str) -> list[dict[str, Any]]:
        """Return the questions about an openid."""
        calls = self.simulator.calls(USER_INFO)
        return [call for call in calls if call["query"].get("openid") == openid]

    def confirm(self, attempt: Attempt, identity: Identity, now: datetime = SOON) -> Attempt:
        """Do what every way of logging in does in the end."""
        row = wechat_apps.verify(identity.appid)
        followers_only.find_out(self.site, attempt, row, identity.openid, now=now)
        return followers_only.confirm(attempt, identity, now=now)


def settle(site: Site, simulator: Simulator) -> Town:
    """Let a site have the simulator for its WeChat."""
    http = WeChatHTTP(Platform(simulator.url, simulator.url, simulator.url))
    return Town(replace(site, http=http, pauses=Pauses()), simulator)


def attempt_for(application: Application | None, row: WeChatAppRow, **more: Any) -> Attempt:
    given = {"appid": row.appid, "lifetime": timedelta(minutes=30), **more}
    return start_attempt(now=NOW, application=application, **given)


def status_of(attempt: Attempt, now: datetime = SOON) -> attempt_status.AttemptStatus:
    found = attempt_status.get_status(db.engine, attempt.id, now=now)
    assert found is not None
    return found


def a_waiting_attempt(
    town: Town, row: WeChatAppRow, knows: bool | None = None
) -> tuple[str, Identity, Attempt]:
    person, identity = town.meet(row, knows=knows)
    waiting = town.confirm(attempt_for(town.application(), row), identity)
    assert waiting.awaits_follow
    return person, identity, waiting
