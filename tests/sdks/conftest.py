"""An account that other SDKs work for, and a way to run those that are written for Node."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.servers import ROOT, Account, Simulator

HERE = ROOT / "tests" / "sdks"
DOMAIN = "shop.example"
REDIRECT = f"http://{DOMAIN}/back?from=wechat"


@dataclass(frozen=True)
class NodeSDK:
    """One SDK for Node, working for one account at the simulator."""

    script: str
    base: str
    account: Account

    def calls(self, *calls: tuple[Any, ...]) -> list[dict[str, Any]]:
        """Make these calls, each (method, …), and return `{value}` or `{error}` of each."""
        order = {
            "base": self.base,
            "appid": self.account.appid,
            "secret": self.account.secret,
            "calls": calls,
        }
        done = subprocess.run(
            ["node", HERE / self.script],
            input=json.dumps(order),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return list(json.loads(done.stdout))

    def values(self, *calls: tuple[Any, ...]) -> list[Any]:
        """Make these calls, which have to succeed, and return what each brought."""
        outcomes = self.calls(*calls)
        assert not [one for one in outcomes if "error" in one], outcomes
        return [one.get("value") for one in outcomes]


@pytest.fixture
def account(simulator: Simulator) -> Account:
    """A certified service account without a callback."""
    account = Account()
    simulator.add_app(account, host=DOMAIN, callback_url=None)
    simulator.call("DELETE", "/simulator/calls")
    return account


@pytest.fixture
def follower(simulator: Simulator, account: Account) -> str:
    """Somebody who follows the account."""
    person = simulator.add_person()
    simulator.follow(person, account.appid)
    return person


@pytest.fixture
def co_wechat_api(node_modules: Path, simulator: Simulator, account: Account) -> NodeSDK:
    return NodeSDK("co_wechat_api.cjs", simulator.url, account)


@pytest.fixture
def co_wechat_oauth(node_modules: Path, simulator: Simulator, account: Account) -> NodeSDK:
    return NodeSDK("co_wechat_oauth.cjs", simulator.url, account)
