"""An account that can send messages through the simulator, and a follower of it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from pydantic import SecretStr

from tests.servers import TEMPLATE_ID, Account, Simulator
from wechatlogin import clock
from wechatlogin.models import Identity, WeChatAppRow
from wechatlogin.services import accounts, wechat_apps
from wechatlogin.services.accounts import Sighting
from wechatlogin.services.site import Site
from wechatlogin.services.wechat_apps import NewWeChatApp
from wechatlogin.wechat.app import AppKind, Platform
from wechatlogin.wechat.http import WeChatHTTP

TEMPLATE_PATH = "/cgi-bin/message/template/send"
TEXT_PATH = "/cgi-bin/message/custom/send"
FIELDS = {"character_string1": "{code}", "thing2": "{minutes} 分钟内有效"}
TEMPLATE = {
    "template_id": TEMPLATE_ID,
    "title": "验证码",
    "content": "验证码：{{character_string1.DATA}}\n有效期：{{thing2.DATA}}",
}


@dataclass(frozen=True)
class Messaging:
    """A site whose WeChat is the simulator, an account on both sides, and a person."""

    site: Site
    simulator: Simulator
    account: Account
    row: WeChatAppRow
    person: str
    identity: Identity

    def chat(self) -> list[str]:
        """Return what the account has sent to the person, as `kind: text`."""
        said = self.simulator.chat(self.person, self.account.appid)
        return [f"{one['kind']}: {one['text']}" for one in said]

    def kinds(self) -> list[str]:
        """Return the kinds of the messages that the person has got."""
        return [line.partition(":")[0] for line in self.chat()]

    def calls(self, path: str) -> list[dict[str, Any]]:
        """Return the calls of a path that are for the person, those that a fault struck too."""
        openid = self.simulator.openid(self.person, self.account.appid)
        calls = self.simulator.calls(path)
        return [call for call in calls if (call["body"] or {}).get("touser") == openid]


def set_up(
    site: Site,
    simulator: Simulator,
    *,
    kind: AppKind = AppKind.SERVICE,
    template: bool = True,
    follows: bool = True,
    templates: tuple[dict[str, Any], ...] = (TEMPLATE,),
) -> Messaging:
    """Register an account with the simulator and let somebody follow it."""
    account = Account()
    mine = {"appid": account.appid, "secret": account.secret, "kind": kind.value, "domains": []}
    simulator.call("POST", "/simulator/apps", {**mine, "templates": list(templates)})
    person = simulator.add_person()
    if follows:
        simulator.follow(person, account.appid)
    here = replace(
        site.speaking("zh_CN"),
        http=WeChatHTTP(Platform(simulator.url, simulator.url, simulator.url)),
    )
    new = NewWeChatApp(
        appid=account.appid,
        secret=SecretStr(account.secret),
        kind=kind,
        name="晨光书店",
        template_id=TEMPLATE_ID if template else None,
        template_fields=FIELDS if template else None,
    )
    row = wechat_apps.save(site.vault, new, now=clock.now())
    sighting = Sighting(simulator.openid(person, account.appid))
    identity = accounts.find_or_create_identity(row, sighting, now=clock.now())
    return Messaging(here, simulator, account, row, person, identity)


def with_language(site: Site, translate_into: Callable[..., str]) -> Site:
    """Return a site whose sentences come from this function."""
    return replace(site, translate_into=translate_into)
