"""A website app under test: its login page, and the phone that scans the code there."""

import re
from dataclasses import dataclass
from typing import Any

from werkzeug.test import TestResponse

from tests.simulator.platform import CALLBACK, WECHAT, Platform

WEBSITE = "wx00000000000000d4"
DESKTOP = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/142.0.0.0 Safari/537.36"


@dataclass(frozen=True)
class Website:
    """The steps of a login at a website."""

    platform: Platform

    def page(self, **given: str) -> TestResponse:
        """Open the login page in a desktop browser."""
        query = {
            "appid": WEBSITE,
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": "snsapi_login",
            "state": "abc123",
            **given,
        }
        return self.platform.client.get(
            "/connect/qrconnect", query_string=query, headers={"User-Agent": DESKTOP}
        )

    def uuid(self, **given: str) -> str:
        """Open the login page and return the uuid on it."""
        found = re.search(
            r'<img class="qrcode lightBorder" src="/connect/qrcode/([0-9A-Za-z_-]{16})"',
            self.page(**given).text,
        )
        assert found
        return found.group(1)

    def poll(self, uuid: str, last: str = "") -> str:
        """Ask how far the login is, and return the script."""
        query = {"uuid": uuid, "_": "1", **({"last": last} if last else {})}
        return self.platform.client.get("/connect/l/qrconnect", query_string=query).text

    def number(self, uuid: str, last: str = "") -> int:
        """Ask how far the login is, and return the wx_errcode."""
        found = re.fullmatch(r"window\.wx_errcode=(\d+);window\.wx_code='';", self.poll(uuid, last))
        assert found
        return int(found.group(1))

    def code(self, uuid: str) -> str:
        """Return the code of a confirmed login."""
        found = re.fullmatch(
            r"window\.wx_errcode=405;window\.wx_code='([0-9A-Za-z]{32})';", self.poll(uuid)
        )
        assert found
        return found.group(1)

    def decide(self, uuid: str, decision: str, name: str = "lin") -> Any:
        """Let a person scan, confirm or cancel."""
        return self.platform.person(name, "qrconnect", uuid=uuid, decision=decision)

    def opened(self, uuid: str, name: str = "lin") -> TestResponse:
        """Open the phone's page."""
        return self.platform.client.get(
            "/connect/confirm", query_string={"uuid": uuid}, headers=holding(name)
        )

    def answered(self, uuid: str, decision: str, name: str = "lin") -> TestResponse:
        """Press a button of the phone's page."""
        return self.platform.client.post(
            "/connect/confirm", data={"uuid": uuid, "decision": decision}, headers=holding(name)
        )


def holding(name: str) -> dict[str, str]:
    """Return the headers of the phone that somebody holds."""
    return {"User-Agent": WECHAT, "X-Simulator-Person": name}
